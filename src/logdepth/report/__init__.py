"""Pictures out of traces and records. Nothing is computed here."""
