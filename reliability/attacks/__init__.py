"""What `reliability.hostile` does to a service, by subject."""
