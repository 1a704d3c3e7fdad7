"""Measurements, each a command: real output, ratios within one run."""
