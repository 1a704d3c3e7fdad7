"""Item similarity models: what the items of a user's history give to their neighbours."""
