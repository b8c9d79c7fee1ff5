"""Machine code that is kept on disk, so that only the first run has to compile it."""

import logging
from collections.abc import Callable
from typing import Any

_log = logging.getLogger(__name__)


def kept(decorator: Callable[..., Any], *args: Any, **options: Any) -> Callable[[Any], Any]:
    """Return a decorator of numba with its cache on; off where there is no folder to write to.

    numba keeps the code beside the source, else in the user's own cache folder.
    """

    def compile_function(function: Any) -> Any:
        try:
            return decorator(*args, cache=True, **options)(function)
        except RuntimeError as error:
            _log.info("machine code can't be kept: %s", error)
            return decorator(*args, **options)(function)

    return compile_function
