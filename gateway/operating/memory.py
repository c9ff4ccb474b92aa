"""Giving memory back to the system after something large was needed for a moment (a start, a new model).

glibc keeps what was freed in the middle of its heaps until it is asked (malloc_trim(3)); here that is 20
to 40 MB a process.
"""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Takes some milliseconds; does nothing where the C library is another."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
