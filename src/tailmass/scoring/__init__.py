"""Probabilities to scores: rate calibration, bucket aggregation."""
