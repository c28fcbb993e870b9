"""Looking inside a model of a task: attention against its pointers, ablations, patching, probes, and one report."""
