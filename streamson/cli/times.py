"""The log says when something happened, as long as a command runs for hours."""

import logging

from streamson._printable import PrintableFormatter


def tell_the_time() -> None:
    """Let each line of the log begin with the time of day."""
    formatter = PrintableFormatter("%(asctime)s %(message)s", "%H:%M:%S")
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter)
