"""Both theorems as functions: programs and transformers as protocols, protocols as transformers. One file an arrow."""
