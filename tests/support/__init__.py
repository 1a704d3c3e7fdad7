"""What tests, proofs and benchmarks share: waiting, ports, processes, raw HTTP, the service."""
