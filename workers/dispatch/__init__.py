"""What keeps jobs moving: the window of each tier, and the reconciler that finds what got stuck."""
