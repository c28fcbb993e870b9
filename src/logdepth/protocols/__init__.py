"""Protocols: the library of parallel algorithms on the machines of `logdepth.mpc`."""
