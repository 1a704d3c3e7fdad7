"""Give memory that was needed for a while back to the system."""

from __future__ import annotations

import ctypes


def give_back_freed() -> None:
    """Return the pages of freed arrays to the system, where its C library can (glibc).

    Reading a large model allocates and frees many arrays. The allocator keeps most of their pages
    for later, which a process that only answers requests never has.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; Windows has no CDLL(None)
        return
    trim(0)
