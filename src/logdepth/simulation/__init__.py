"""Both theorems of the paper, as functions: protocols as transformers, transformers as protocols. No torch."""
