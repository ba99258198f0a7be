"""The doors: everything that submits jobs or asks after them."""
