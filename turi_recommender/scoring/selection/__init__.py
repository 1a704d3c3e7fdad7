"""Which scores are the best, and how equal ones are ordered, as Turi Create does it.

`topk` chooses the items to recommend and `similar` the similar items. `nth_element` is the
algorithm by which the library's C++ runtime chooses; ties among similar items depend on it.
`estimates` lets it choose where few scores are known exactly.
"""
