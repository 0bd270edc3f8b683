"""Columns to probabilities: buckets, features, models."""
