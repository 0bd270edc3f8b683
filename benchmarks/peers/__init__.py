"""Detectors of others behind the contract of the evaluation kit, one a file: `scores(timestamps, values) -> (n,)`.

Each is strictly causal, takes its parameters from its library's documentation, and was never tuned on labels. Where
an algorithm needs a choice that its documentation does not make, such as the length of a window, the file says which
one was made; it is the same for all data. They run in the environment of `benchmarks/requirements.txt`.
"""
