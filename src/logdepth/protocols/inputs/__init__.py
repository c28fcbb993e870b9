"""Inputs of problems: how each kind is read from a file, drawn at random, and how large it is."""
