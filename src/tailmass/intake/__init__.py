"""Bytes to columns: gunzip, split records, timestamps."""
