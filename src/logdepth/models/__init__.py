"""Trainable transformers: their configs, their weights, and looking inside. Needs torch."""
