"""Where jobs, results and snapshots are kept: SQLAlchemy Core over SQLite or PostgreSQL, and a folder of blobs."""

from tailmass.store.store import Store

__all__ = ["Store"]
