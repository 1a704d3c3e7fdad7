"""Promises of the service, each a command that measures it and fails where it is broken."""
