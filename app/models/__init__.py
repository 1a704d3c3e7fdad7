"""Which models are loaded, which part each plays, and how a new version comes in."""
