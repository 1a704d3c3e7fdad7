"""The search for queries with numbers far outside the trained range."""
