"""What is to be computed: sample it, solve it, show it. NumPy and Numba only."""
