"""Limits that are not settings, each with the reason or the measurement behind it."""

from __future__ import annotations

# -- where scoring runs (models/engine.py) ---------------------------------------------------------
# A hop to a thread and back costs about 0.1 ms, which is more than a few users or items take, so
# such requests are answered on the event loop. Larger requests must not hold up others, neither
# while they are scored nor while the answer is written.
INLINE_ROWS = 4
INLINE_ANSWERS = 1000

# A model that takes longer than this for a row, as measured when it is loaded, is not asked on the
# event loop.
INLINE_SECONDS = 0.005
# Longer steps on the event loop than these are taken in turn: requests of 64 connections can arrive
# in one round of the loop. Parsing and pricing 512 bytes of rows takes up to half a millisecond, as
# does an answer of a hundred rows.
SHORT_SECONDS = 0.0005
SHORT_ANSWERS = 100
SHORT_BODY_BYTES = 512
# As long as this has not passed in a round of the loop, one more such step may begin in it.
TURN_SECONDS = 0.005
# After a round that took the processor for longer, no such step begins for some rounds. In one of
# them a connection is accepted, in the next a probe is read, and in the third it is answered.
LONG_ROUND_SECONDS = 0.01
RESTING_ROUNDS = 4
# Items that a query names, to allow or to exclude them, times its rows; each takes a microsecond to
# find, and some more to score.
INLINE_ITEMS = 100

# Values that are looked at for one user to find similar ones: users times factors. A million take
# two milliseconds, if they are in the page cache.
INLINE_COMPARED = 1_000_000
# Users times users that are compared in one piece, which share a pass through the file. Of 1.4
# million users with 32 factors, these are two, and take 0.1 s; up to 1.4 s where many are so alike
# that all of them have to be compared exactly (on a busy machine).
PIECE_COMPARISONS = 1 << 22
# Most values that a request may look at for similar users: of as many users, those similar to 111.
# They take 5 to 30 s.
MAX_COMPARED = 5_000_000_000

# Users and items for which a model is asked to see how fast it is; fewer if they take this long.
PACE_SAMPLES = 8
SLOW_SECONDS = 0.25

# Dear queries are answered in pieces of about this length; between them the work ends early if
# nobody waits for it any more, and other threads get their turn.
PIECE_SECONDS = 0.05
PIECE_WORK = 50_000_000
# Most elementary operations (turi_recommender: `extra_work`) of a single row, which is the smallest
# piece: some ten seconds.
MAX_ROW_WORK = 5_000_000_000

# Rows of small requests that one call of a model answers, before other connections get their turn.
# From 32 rows on, a row takes no less time than in a larger batch (docs/benchmarks.md).
BATCH_ROWS = 32
# And not so many that a slow model holds up others: a probe on a new connection waits for three
# rounds of the loop.
BATCH_SECONDS = 0.05
# Nor of so many answers that writing them does.
BATCH_ANSWERS = 4000
# Small baskets are answered together, too: those that can be read in this time, of up to 20 items.
SHARED_SECONDS = 0.0001

# A value that a query brings along, in interactions, baskets or side data, to check and translate.
# What is not a basket is read again for each piece of the query.
ENTRY_SECONDS = 0.000005
# An item of `item_data` for each row, to score it and to sort it in among the others.
SCORED_ITEM_SECONDS = 0.000003

# Threads for dear work. Two keep the cores of a small pod busy; NumPy lets go of the interpreter in
# long calls, so the event loop goes on.
DEAR_THREADS = 2

# How long a thread may keep the interpreter when another wants it. Each time that the event loop
# has let go of it, it waits so long for each of the threads above. With bodies of 45,000 and more
# entries of dictionaries on 64 connections, the longest wait of a probe was 210 ms at the usual
# 5 ms, and is 150 ms: medians of 24 trials each on a busy machine, whose noise is as large.
SWITCH_SECONDS = 0.001

# -- requests --------------------------------------------------------------------------------------
# Bodies that are still arriving hold memory, but no place. Beyond this many bytes in all, large
# ones are refused. No caller may take more than half.
ARRIVING_BYTES = 64 * 1024 * 1024
# Parts of bodies that are smaller than this are not counted: there is at most one per connection.
UNCOUNTED_BODY_BYTES = 16 * 1024
# Larger bodies that are parsed at the same time, all together. The smallest values of JSON take two
# bytes, and some 40 when they are parsed; two threads work on what comes of them.
PARSED_BODIES_BYTES = 2 * 1024 * 1024
# How long a caller that was refused counts as one that wants a place.
WANTING_SECONDS = 30.0
REMEMBERED_CALLERS = 1000

# Values of a JSON body, by its commas and brackets. A thousand users with thirty side columns each,
# and two full lists of items, have 35,000. A body with one error per value took 0.9 s to validate.
MAX_VALUES = 50_000
# Smaller bodies are not counted: they cannot hold so many.
FEW_BODY_BYTES = 16 * 1024

# Bodies of requests for administrators: a version is all that one of them says.
ADMIN_BODY_BYTES = 4096

# -- answers ---------------------------------------------------------------------------------------
# Bytes of a row of an answer beside its ids and the names of its columns.
ROW_BYTES = 60
# Bytes that an answer has for each row of the request, beside its id and the name of its column:
# what the answer was made of, and the name of the model, which has no more than 255.
ANSWERED_BYTES = 160
# Ids up to this length cannot make the answer to a short query large: a thousand answers of two ids
# take a megabyte.
BRIEF_ID_BYTES = 80
# Bytes of a term beside its name and the item or column that it is about, and of a list of terms
# beside its terms. The kind of a term is counted here.
TERM_BYTES = 100
WHY_BYTES = 40
# A character can become so many bytes of JSON.
JSON_GROWTH = 6
# A character of an id can become six bytes of JSON, and fourteen where JSON is written into JSON.
TEXT_GROWTH = 14
# Answers that are being made or sent, all together. For a moment, both the parts of an answer and
# the whole are in memory.
ANSWER_BUDGET_BYTES = 128 * 1024 * 1024
SMALL_ANSWER_BYTES = 256 * 1024

# A body of a thousand bad rows is not worth a thousand messages.
SHOWN_ERRORS = 20
# Names of fields and columns that an error lists, as far as there are so many.
SHOWN_NAMES = 30
# Unknown side values that an answer names, and how much of a text.
SHOWN_UNKNOWN_VALUES = 20
SHOWN_TEXT = 100
# Values of lists and dictionaries that are looked at for that; each takes some 5 us.
SOUGHT_VALUES = 10_000
# pydantic lists all errors of a body or none, at 3 microseconds each, on the event loop.
LISTED_ERRORS = 5000

# Parts of an answer that the server is given at once; it waits until most of a part has been taken
# before it takes the next.
DELIVERED_AT_ONCE_BYTES = 256 * 1024
# Answers from this size on are compressed for clients that take gzip. A usual answer of ten rows
# is a tenth of it, and fits into one packet.
COMPRESSED_FROM_BYTES = 16 * 1024
# What is compressed or unpacked on the event loop: up to a millisecond.
CODED_AT_ONCE_BYTES = 64 * 1024
CODING_THREADS = 2
# What is unpacked on the event loop, packed: a mebibyte of blocks that unpack to nothing takes
# 80 ms.
UNPACKED_AT_ONCE_BYTES = 4096
# An Accept-Encoding that is longer counts as none: each part of it is looked at.
MAX_ACCEPTED_CODINGS_BYTES = 1024

# -- checks of a new version (models/successor.py) -------------------------------------------------
# Known users and items, of the old and of the new version, for which a new version has to answer.
SUCCESSOR_SAMPLES = 16

# Longest time to read a version, seconds: a disk that has gone away never answers. The manifest
# of a model of 10 GB takes some 30 s on one core.
LOAD_SECONDS = 600.0
# Versions that wait to be loaded, one after the other.
WAITING_SWAPS = 8

# What was loaded without being hashed is hashed in the background. Seconds between two looks
# whether there is anything: the first one is after the service has become ready.
RECHECK_LOOK_SECONDS = 1.0
# How many times as long as a piece of it took the thread then rests, and for how long at most. A
# piece is a quarter of a mebibyte, half a millisecond: 690 MB take a tenth of a core for 20 s.
RECHECK_REST = 9.0
RECHECK_REST_SECONDS = 1.0
# Longest time for one model: what takes longer is a disk that has gone away.
RECHECK_SECONDS = 3600.0

# -- records ---------------------------------------------------------------------------------------
# Combinations of route, method and status whose counters are kept at hand. A client can write any
# method, so there is no end to the combinations.
KEPT_COUNTERS = 1000
# From one page of metrics to the next, which all share who ask meanwhile. A page takes a
# millisecond, and ten where there are many routes and statuses.
METRICS_PAUSE_SECONDS = 0.05
# Lines of the access log are written together, at most this long after the first of them. A write
# for each takes 1.4 microseconds into a file, and as long as its reader into a pipe that is full.
ACCESS_LOG_FLUSH_SECONDS = 0.05
# Longest x-request-id that is taken over from a client.
REQUEST_ID_LENGTH = 100

# -- connections (http/protocol.py, http/acceptor.py)-----------------------------------------------
# Time that a client has to send the request line and headers.
HEADER_SECONDS = 15.0
# Connections that are taken from the system in one round of the event loop, at some microseconds
# each; that are looked at, whether the client is still there; and that are opened. When the event
# loop accepted them, one client that opened, used and left 5,000 connections per second made a
# probe on a new connection wait for up to 2 s; now it waits for up to 0.23 s. With 16 opened at
# once, it waited twice as long as with 4, which open as many in all.
ACCEPTED_AT_ONCE = 256
LOOKED_AT_AT_ONCE = 256
OPENED_AT_ONCE = 4
# If more wait than that, one in so many is opened in a round: with 4 per round and three times as
# many requests as the service can take, those of one address waited for 2.7 s; with one in eight,
# clients that left 770 KB behind made a probe wait for 0.4 s, and with one in 32 for 0.15 s.
OPENED_OF_WAITING = 32
# Connections of one address that wait to be opened: as many as the system keeps by default, since
# all callers may come through one proxy. Further ones are closed.
WAITING_CONNECTIONS = 4096
# When the system has run out of file descriptors: how long none are accepted, how many idle
# connections are closed, of the address that has most of them, and how long the log says it once.
ACCEPT_PAUSE_SECONDS = 0.1
CLOSED_AT_ONCE = 16
TOLD_AGAIN_SECONDS = 60.0
# Before the service stops: connections that are still taken, as many as the system keeps; and
# rounds of the event loop in which they are read: one until the socket is looked at, one until it
# is read, and some for those that are read in turn.
TAKEN_AT_THE_END = 4096
READING_ROUNDS = 10
# Header lines of a request: each of them costs a call of Python, and browsers and proxies send some
# thirty. 64 connections that sent 6,400 each made a probe wait for up to 3 s.
MAX_HEADERS = 128
# Path of a request, as it is written. The longest that a route has, with the name of a model, is a
# third of it. Each %-escape takes some 0.2 microseconds to read: 64 connections that sent 2,600 of
# them in each path made a probe wait for 0.3 s.
MAX_PATH_BYTES = 1024
# Bytes that may frame a chunked body, trailers included, beside one for each FRAMED_BYTES of it.
# Chunks of 100 bytes and more may come without end; clients send some kilobytes in each. The parser
# and its callbacks take 1 - 2 microseconds per chunk: a mebibyte in chunks of 100 bytes takes
# 12 - 20 ms, over several reads, and a body of tiny chunks is refused after 5,500 of them, which
# take 2 - 8 ms (measured on a busy machine).
FRAMING_BYTES = 16 * 1024
FRAMED_BYTES = 16
# What the parser is given at once. The event loop reads 256,000 bytes at a time, in which there can
# be 14,000 requests or 43,000 chunks: those are looked at in between, and requests that came behind
# another one are not even parsed until that one is answered.
PARSED_AT_ONCE = 16 * 1024
# And less where there are many line ends: each can be the end of a header or of a chunk, for each
# of which the parser calls Python. 64 connections that send such bytes come to 30 ms per round.
MANY_LINES = 128
PARSED_AT_ONCE_OF_LINES = 1024
# Bytes of an answer that a client must read in the time that a request may take.
LEAST_READ = 64 * 1024

# -- comparisons (compare/) ------------------------------------------------------------------------
# The command keeps all payloads in memory, and two answers for each that is under way. The
# service takes bodies of a mebibyte by default; an answer of a thousand users with a hundred rows
# each has 7 MB.
COMPARED_LINE_BYTES = 8 * 1024 * 1024
COMPARED_FILE_BYTES = 256 * 1024 * 1024
COMPARED_ANSWER_BYTES = 32 * 1024 * 1024
COMPARED_AT_ONCE = 100
