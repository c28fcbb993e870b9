"""Section 5 of the paper, to run: the hard instances behind its bounds, and models played at a blackboard."""
