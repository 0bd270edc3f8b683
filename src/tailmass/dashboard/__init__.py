"""Static pages that speak REST only; `server/page.py` serves them."""
