"""Factorization models: a score is a sum of weights and of products of factors.

`recommender` answers: `features` turns a query into weights and factors, `search` finds the few
items of the `catalogue` that can be among the best, and `exact` scores these in the library's own
order of float32 operations (`float32`). The search is made of `fold` (each item's side data becomes
part of its vector), `translate` (a query becomes what these are multiplied by), `context_order`
(the best items of a context, in `fronts`), `bounds` (what no score can exceed) and `scan` (step by
step through the catalogue); queries with numbers far outside the trained range have a search of
their own (`odd`). For similar items and users, `cosine_filter` does what the search does for
recommendations. `work` tells from a query's sizes how long all of that takes.
"""
