"""The theorem's two directions, run: protocols, transformers and programs as one another."""
