"""Arrays in, arrays out: every loop over rows or series, compiled by numba."""
