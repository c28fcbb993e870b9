"""The model of massively parallel computation, and nothing else: spec, mail, protocol, ledger, engines."""
