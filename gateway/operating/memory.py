"""What the C library is told of our use of memory; each does nothing where that library is not glibc."""

from __future__ import annotations

import ctypes

_ARENA_MAX = -8
"""M_ARENA_MAX of malloc.h (https://man7.org/linux/man-pages/man3/mallopt.3.html)."""


def keep_one_heap() -> None:
    """Let all threads take memory from one heap, before the first of them begins.

    glibc gives threads heaps of their own, so that they need not wait for each other; ours wait for the
    interpreter anyway, and what is left over in several heaps is 7 MB a process.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)


def give_back() -> None:
    """Give memory back to the system after something large was needed for a moment (a start, a new model).

    glibc keeps what was freed in the middle of its heaps until it is asked (malloc_trim(3)); here that is 20
    to 40 MB a process. Takes some milliseconds.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
