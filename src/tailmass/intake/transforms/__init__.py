"""Fields made from other fields, and rows left out, before anything is analysed."""
