"""How much is done at once, kept ready, or looked at first.

None of these numbers changes an answer: they trade time for memory, or small models for large ones.
Modules read them as ``limits.NAME``, so that tests can make a small catalogue take many steps.

Times are medians on one thread of a shared virtual machine with 2 cores. *tail* and *flat* are the
models of docs/benchmarks.md (233,397 items, 32 factors), where bounds help and where they cannot.
"""

from __future__ import annotations

# -- ids -----------------------------------------------------------------------------------

STRINGS_AT_A_TIME = 1 << 15
"""Strings hashed in one step: bounds the arrays of hash terms, one word for each byte."""

HASHED_AT_A_TIME = 1 << 19
"""Bytes of strings hashed in one step, likewise: a catalogue may have few, long strings."""

HASH_WEIGHTS = 1 << 12
"""Random weights of a string's hash; the bytes of a longer string take them in turn."""

DENSE_RANGE = 4
"""Ids that are integers from a range of up to so many times their number are not sorted: each is
put into its place of the range, which takes 16 bytes for each id for a moment, and a tenth of the
time."""

MANY_IDS = 8
"""From this many ids on, one call looks them all up, which takes as long as five calls for one id.
Each call also lets go of the interpreter, and then waits for whichever thread holds it."""

IDS_AT_A_TIME = 1 << 16
"""Ids in one part of `IdIndex.chunks` unless the caller names a size: half a MiB of integers."""

# -- queries -------------------------------------------------------------------------------

CONTEXTS = 1024
"""Combinations of side data that are kept translated; shops ask with few, each many times."""

LONG_TEXT = 64
"""Side data with a longer text than this (in characters) is not kept: it bounds the memory."""

SHOWN_COLUMNS = 30
"""Names of side columns that an error lists."""

USUAL_HISTORY = 512
"""Items of a history up to which a user counts as a usual one: 512 items of 64 neighbours each are
32,768 neighbours, which take about 3 ms to add up."""

USUAL_VALUE = 8.0
"""Largest x = scale * (value - shift) of a usual number: scaling makes the trained ones about 1."""

# -- selection -----------------------------------------------------------------------------

SELECT_BLOCK = 512
"""Scores whose maximum stands for them while the k-th largest is bounded from below.

The 10th largest of 233,397 scores of which all but 500 are 0: 30 ms by a partition alone, 0.14 ms
with blocks of 512.
"""

SELECT_FEW = 64
"""A list of up to so many scores is sorted by Python: 64 take 9.0 us, and 9.9 us by numpy.

Of 128 scores the best 10 take 12.5 us by Python and 10.1 us by numpy.
"""

NTH_ELEMENT_FEW = 256
"""Up to so many scores, steps in Python cost less than the numpy calls that replace them.

256 scores take 33 us in Python and 122 us by numpy, 1024 take 104 us and 161 us: the difference
shrinks, and a list of many equal scores takes Python longer.
"""

# -- diversity -----------------------------------------------------------------------------

DRAW_WORK = 1 << 6
"""Elementary operations for each item and round of a draw by hashes: 10 rounds among 233,000 items
take 106 ms, which is 45 ns each."""

LIKENESS_WORK = 24
"""The same for each factor of items that are compared: 10 rounds among 233,397 items of 32 factors
take 1.9 s, which is 25 ns for each factor."""

ORDER_WORK = 1 << 5
"""Elementary operations for each item where the library's selection runs on all of them: 116,212
take 2.8 ms."""

# -- neighbours ----------------------------------------------------------------------------

HISTORIES_AT_ONCE = 64
"""Users whose neighbours are added up in one pass; bounds the pass's temporary arrays.

512 users with 10 items of 64 neighbours each: 75 ms one at a time, 60 - 68 ms for anything from 8
to 64 at once, 100 ms all at once.
"""

NEIGHBOURS_AT_ONCE = 1 << 18
"""Neighbours that are added up in one step; each takes some 80 bytes of temporary arrays.

64 users with 2,000 items of 64 neighbours each: 629 MiB and 2.7 s without this bound, 73 MiB and
2.0 s with 2**20, 18 MiB and 2.5 s with 2**18. One user with 60,000 items: 243 MiB and 1.7 s, 72 MiB
and 0.5 s, 22 MiB and 0.5 s. With 2**16 that one takes 0.8 s.
"""

COLD_ANSWERS = 64
"""Answers for users without a history that are kept, one for each k."""

SHOWN_SHARES = 10
"""Items of a history that explain a score one by one; the others make one term together."""

# -- factorization -------------------------------------------------------------------------

QUERIES_AT_ONCE = 32
"""Users that share a matrix product; their scores of one step stay in the processor's cache.

128 users of *tail* take 19.0 ms one at a time, 6.0 ms by 8, 4.3 ms by 32 and 4.1 ms together; of
*flat* 300, 183, 107 and 132 ms.
"""

EXACT_WORK = 1 << 11
"""Up to so many items times factors, all items are scored exactly, without a search.

2048: one user takes 0.09 ms, and 0.15 ms with a search, but 32 users 1.4 and 1.0 ms. At 4096 it is
0.10 and 0.15 ms for one user, 3.5 and 1.0 ms for 32.
"""

EXACT_CHUNK = 1 << 12
"""Items scored exactly in one step, so that the products stay in the processor's cache.

The best 20,000 items of *tail* take 10.1 ms by 1024, 9.4 ms by 4096 and 10.6 ms by 65,536; for
*flat* it makes no difference.
"""

EXACT_VALUES = 1 << 22
"""Products that one step of exact scoring holds at most (float32: 16 MiB). A query of thousands of
features gets smaller steps than `EXACT_CHUNK`."""

KEPT_FEATURES = 32
"""Longest combination of features that is kept ready; longer ones would fill the memory."""

USUAL_SIDE = 128
"""Words of a user's side data up to which the user counts as a usual one; no more than make
`USUAL_SIDE_VALUES` with their factors, but always `KEPT_FEATURES`. Each word can be a feature, and
takes 3 - 5 us to read: 128 take half a millisecond, and 3 ms to score with 32 factors."""

USUAL_SIDE_VALUES = 1 << 13
"""Factors of all these features together; see there."""

SEARCHED_FEATURES = 1 << 8
"""Features of a query, or of an item, up to which a search finds few items. Of 20,000 items with 32
factors, 38 are left with 128 features, 1,054 with 256, and all of them with 512: what the sums can
be off by is then more than what scores differ by."""

VALUE_WORK = 4
"""Elementary operations for each factor of each feature and item that is scored exactly."""

FEATURE_WORK = 1 << 12
"""Multiplications in the time that it takes to read one feature and its factors."""

SIDE_VALUES = 1 << 18
"""Factors of side features of one long row that are taken in one step (float32: 1 MiB)."""

ADDED_VALUES = 1 << 16
"""Values of many rows that are added one after the other in one step."""

SIDE_SLOTS = 64
"""Features that are added one at a time, those of all items in one step; a longer row of side
features is added by itself from there on, and so are a query's features if there are more.

One item with 300,000 side features of 8 factors: 17 s one at a time, 0.06 s as one row.
"""

SEARCH_BLOCK = 256
"""Items that share one bound; a scan can stop at the beginning of each block."""

SEARCH_FIRST = 256
"""Items of the first step; it should be enough for a good lower bound of the k-th best.

One user of *tail* takes 0.18 ms with 64, 0.15 ms with 256, 0.16 ms with 1024 and 0.19 ms with 4096.
"""

SEARCH_GROWTH = 4
"""Each step reaches so many times as far as the one before; the first covers this times k.

From 2 to 16 the time is the same within 5 per cent, in *tail* and in *flat*.
"""

SEARCH_LARGEST = 1 << 16
"""Items of the largest step for one user.

One user of *flat* takes 3.5 ms with 4096, 2.4 ms with 16,384 and 2.0 ms with 65,536.
"""

SEARCH_SCORES = 1 << 19
"""Scores of the largest step for many users: bounds its arrays.

32 users of *flat* take 115 ms with 2**16, 68 ms with 2**18 and 60 ms with 2**19.
"""

BOUND_LENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)
"""Lengths of a query's vector, in units of the typical one, at which blocks' bounds are kept."""

SEARCH_RATES = 2
"""Numbers of features for which the items' errors are kept ready: with a context, and without."""

CONTEXT_ORDERS = 64
"""Contexts whose best items are kept in their own order. At any moment, the visits of a shop are in
few contexts. Each takes some 90 KB with 32 factors."""

CONTEXT_ASKED = 4
"""Queries in a context before its order is made, which takes as long as some ten queries: whoever
asks in a new context each time has none made."""

CONTEXT_HEAD = 1 << 21
"""Factors of the items, best first in the order that all queries share, among which a context
chooses: 65,536 items with 32 factors, which takes 1.5 ms."""

CONTEXT_FRONTS = (1 << 6, 1 << 9, 1 << 12)
"""Items at the beginning of a context's order that are looked at together: first so many, then, if
that is not enough, all of the next. They must be `SEARCH_GROWTH` times as many as are wanted."""

CONTEXT_MISSES = 8
"""Queries that may look in vain in a context's order before it counts as of no help, if they are
more than a quarter."""

FRONT_KEPT = 1 << 6
"""Items of a front up to which their vectors are kept with it, and where each stands."""

FRONT_VALUES = 1 << 20
"""Factors that are copied at a time where queries look in different fronts (float32: 4 MiB)."""

ODD_PRODUCTS = 8
"""Features whose products with all items are kept for queries with several odd numbers, 4 bytes for
each item: with 32 factors, a quarter of what the items' factors take."""

ODD_SIDES = 64
"""Directions along the factors of one feature whose farthest items, and what each block reaches at
most, are kept: some 10 - 20 KiB each for 233,397 items."""

ODD_ENDS = 256
"""Items that reach farthest along odd features, about; they are looked at first."""

ODD_MORE_ENDS = 1024
"""The same, where after that many blocks are left: one of the farthest items in each, perhaps."""

ODD_AT_ONCE = 4
"""Odd features up to which a search looks for blocks first; with more it looks at all items."""

ODD_BLOCKS = 16
"""From so many more blocks on, the k best so far are scored exactly, which raises the bar."""

ODD_FEW = 32
"""Items, besides twice `k`, from which on the same is done for items."""

ODD_SIDE = 8
"""Side features of an item up to which blocks have boxes of factors: one for each of these, of 8
bytes for each factor and block."""

FOLD_CHUNK = 1 << 14
"""Rows of factors that are copied to float64 at a time while a model is loaded."""

TYPICAL_USERS = 512
"""Users whose median length stands for that of all when items are put into order."""

USER_VALUES = 1 << 18
"""Factors of users that are read from the file in one step (float32: 1 MiB).

One of 1,407,580 users with 32 factors: 18 ms with 2**17, 15 ms with 2**18. Of larger blocks the
product is one that the linear algebra library takes several threads for, which wait for each other.
"""

USER_PRODUCTS = 1 << 23
"""Inner products of users with users that one pass through the file makes at most (float32: 32
MiB), but always those of one user."""

FOLDED_VALUES = 1 << 18
"""Factors of items that are copied to float64 at a time while the vector of a basket is made."""

PRODUCTS_AT_ONCE = 4
"""Multiplications of a product of large matrices in the time of an elementary operation, at least:
those of 233,397 items with 32 factors take 20 ms on a busy machine, and count as 60."""

USUAL_FOLDING = 1 << 20
"""Multiplications up to which the vector of a basket is a usual one: a basket of 5 items takes 0.03
ms with 32 factors, 0.08 ms with 64 (280,000), and 0.33 ms with 128 (2.2 million)."""
