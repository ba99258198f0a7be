"""The machine room: claims jobs, runs them on providers, records what came of them."""
