"""Serve Turi Create recommenders over HTTP, without Turi Create."""

__version__ = "0.1.0"
