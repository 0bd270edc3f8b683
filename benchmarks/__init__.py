"""Speed, and quality beside others: `python -m benchmarks`."""
