"""Limits of training that are not options, each with its reason."""

from __future__ import annotations

# Buffers of item similarity. Turi Create takes 8 GiB unless it is told otherwise: 327,336 pairs of
# 97,356 visitors and 223,390 items took 54 s and 8.5 GB so, and take 3 s and 0.4 GB with these.
# RetailRocket's 2.7 million pairs take 11 s and 1.4 GB, and no less with larger buffers.
SIMILARITY_BUFFERS = 1 << 30

# The latest events that a factorization machine of the visit learns from. It takes 0.1 ms an event
# on one processor, and what strangers come for changes with time: the latest are worth the most.
VISIT_EVENTS = 500_000

# Visitors of the test part by whom the gate judges a role, unless it is told otherwise
# (app/gate/decide.py). With fewer, intervals are too wide, and a run trains what will be refused.
JUDGING_VISITORS = 50
