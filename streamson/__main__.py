"""``python -m streamson`` and ``streamson`` are the command line."""

# What `signal` is made of: to import that takes a moment, in which Ctrl-C would be a traceback.
import _signal as signal  # type: ignore[import-not-found]
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; by default with the process's own arguments."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Until there is something to finish, Ctrl-C ends at once: an import has nothing to say.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from streamson.cli import main as run_command_line

    run_command_line(arguments)


if __name__ == "__main__":
    main()
