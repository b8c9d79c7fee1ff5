"""Memory that LLVM, which makes machine code, need not hold once that is made."""

import ctypes
import sys
from pathlib import Path
from typing import Final

LIBRARY: Final = "libllvmlite"
_DONT_NEED: Final = 4  # MADV_DONTNEED, <bits/mman-linux.h>


def release_llvm() -> None:
    """Give back the pages of the library's file: some 60 MB, of which nothing is needed at rest.

    What is called again comes back from the file by itself. Pages that differ from it are kept.
    Elsewhere than on Linux nothing is done.
    """
    if sys.platform != "linux":
        return
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for begin, end in _unchanged_mappings(Path("/proc/self/smaps").read_text()):
        advise(begin, end - begin, _DONT_NEED)  # what is refused stays


def _unchanged_mappings(text: str) -> list[tuple[int, int]]:
    """Return where the library's file is mapped, and nothing written.

    Parameters
    ----------
    text
        As of proc(5), smaps.
    """
    found = []
    begin = end = 0
    is_code = False
    for line in text.splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            is_code = words[1] == "r-xp" and LIBRARY in words[-1]
            begin, end = (int(word, 16) for word in words[0].split("-"))
        elif is_code and words[:2] == ["Anonymous:", "0"]:
            found.append((begin, end))
    return found
