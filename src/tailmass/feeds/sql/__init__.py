"""Databases: the rows of a table or a query, in the order of time."""
