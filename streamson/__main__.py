"""``python -m streamson`` and ``streamson`` are the command line."""

import signal
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Until there is something to finish, Ctrl-C ends at once: an import has nothing to say.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from streamson.cli import main as run_command_line

    run_command_line()


if __name__ == "__main__":
    main()
