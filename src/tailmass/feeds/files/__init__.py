"""Files, here or elsewhere: which there are, their records as they are, and how these arrive once."""
