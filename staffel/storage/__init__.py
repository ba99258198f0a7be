"""Tables, the engine, the unit of work, one repository an aggregate, and the sender of hints."""
