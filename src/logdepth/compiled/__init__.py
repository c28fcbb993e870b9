"""A compiled model as a thing to keep: compile, save, load, verify, predict, explain."""
