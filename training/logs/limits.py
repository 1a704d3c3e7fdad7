"""How large what a log makes large may become, each with its reason."""

from __future__ import annotations

# Rows that are texts at the same time: some 30 MB. What is kept of a row are a few numbers.
CHUNK_ROWS = 1 << 16
# At some 60 bytes per event while a log is read, 6 GB.
MOST_ROWS = 100_000_000
# A line of an event log has some fifty bytes, and a file without line ends is no log.
LINE_BYTES = 1 << 20
# Columns that a message names.
SHOWN_COLUMNS = 30
# A shop has a handful of kinds of events. With more, the column holds something else.
EVENT_NAMES = 1000
# Each value of a context column has factors of its own, and they can only be learnt from many
# events.
CONTEXT_VALUES = 10_000
# Of an id or a category, which are kept. Ids are a few dozen characters long; a URL may be one.
TEXT_CHARACTERS = 1000
