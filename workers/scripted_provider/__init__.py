"""A stand-in for model providers that follows a script: for tests, faults, benchmarks and demonstrations."""
