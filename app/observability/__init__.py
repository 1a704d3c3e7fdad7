"""What is seen from outside: metrics, one log line per request, logs and spans."""
