"""Real PostgreSQL, Redis and a small language model from wheels, for a start with nothing but Python."""
