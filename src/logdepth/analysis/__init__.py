"""Looking inside a k-hop model: attention against find^j, ablations, patching, probes, and one report."""
