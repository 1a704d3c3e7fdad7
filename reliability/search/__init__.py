"""The search for the worst request: what can be asked, how it is asked, and what it does."""
