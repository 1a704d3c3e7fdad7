"""The report of a training run: one page for people, and the same as JSON for programs."""
