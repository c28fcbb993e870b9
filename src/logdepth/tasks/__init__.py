"""What is to be computed: sample it, encode it, solve it, class its errors, point, show it. NumPy and Numba only."""
