"""What can be seen from outside: metrics, one log line per request, other logs, and spans."""
