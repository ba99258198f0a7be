"""The fault bench: a fleet of real processes, the faults, and the oracle that judges what is left."""
