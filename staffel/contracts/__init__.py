"""Pure values shared by every room: no I/O, no framework, no import of another room."""
