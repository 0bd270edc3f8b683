"""What watches results; empty until the alert endpoints arrive."""
