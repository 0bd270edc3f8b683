"""Static pages that speak REST only; empty until the first page arrives."""
