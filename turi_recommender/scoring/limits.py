"""How much is done at once, kept ready, or looked at first.

None of these numbers changes an answer: they only trade time for memory. Modules read them as
``limits.NAME``, so that tests can make a small catalogue many steps.
"""

from __future__ import annotations

# -- ids -----------------------------------------------------------------------------------

STRINGS_AT_A_TIME = 1 << 15
"""Strings hashed in one step: bounds the arrays of hash terms, one word for each byte."""

HASH_WEIGHTS = 1 << 12
"""Random weights of a string's hash; the bytes of a longer string take them in turn."""

IDS_AT_A_TIME = 1 << 16
"""Ids in one part of `IdIndex.chunks` unless the caller names a size: half a MiB of integers."""

# -- queries -------------------------------------------------------------------------------

CONTEXTS = 1024
"""Combinations of side data that are kept translated; shops ask with few, each many times."""

LONG_TEXT = 64
"""Side data with a longer text than this (in characters) is not kept, so memory stays bounded."""

# -- selection -----------------------------------------------------------------------------

SELECT_BLOCK = 512
"""Scores whose maximum stands for them while the k-th largest is bounded from below."""

SELECT_FEW = 64
"""A list of up to so many scores is sorted by Python before numpy is called once."""

NTH_ELEMENT_FEW = 256
"""Up to so many scores, steps in Python cost less than the numpy calls that replace them."""

# -- neighbours ----------------------------------------------------------------------------

HISTORIES_AT_ONCE = 64
"""Users whose neighbours are added up in one pass; bounds the pass's temporary arrays."""

COLD_ANSWERS = 64
"""Answers for users without a history that are kept, one for each k."""

# -- factorization -------------------------------------------------------------------------

QUERIES_AT_ONCE = 32
"""Users that share a matrix product; their scores of one step stay in the processor's cache."""

EXACT_WORK = 1 << 11
"""Up to so many items times factors, scoring all exactly costs less than searching first."""

EXACT_CHUNK = 1 << 12
"""Items scored exactly in one step, so that the products stay in the processor's cache."""

SEARCH_BLOCK = 256
"""Items that share one bound; a scan can stop at the beginning of each block."""

SEARCH_FIRST = 256
"""Items of the first step: usually enough to know a good lower bound of the k-th best."""

SEARCH_GROWTH = 4
"""Each step reaches so many times as far as the one before; the first one covers this times k."""

SEARCH_LARGEST = 1 << 14
"""Items of the largest step: their vectors and scores stay in the processor's cache."""

FOLD_CHUNK = 1 << 14
"""Rows of factors that are copied to float64 at a time while a model is loaded."""

TYPICAL_USERS = 512
"""Users whose median length stands for that of all when items are put into order."""

BOUND_LENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)
"""Lengths of a query's vector, in units of the typical one, at which blocks' bounds are kept."""
