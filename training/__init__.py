"""The code that runs on CPython 3.8 with real Turi Create: the trainer and the judge of answers."""
