"""Families of stock Hugging Face models, each a file: the modules that it is made of, and its arrays."""
