"""Where jobs, results and snapshots are kept: SQLAlchemy Core over SQLite or PostgreSQL, and a folder of blobs."""

from tailmass.store.store import Store
from tailmass.store.tokens import SCOPES, Token, digest, issue

__all__ = ["SCOPES", "Store", "Token", "digest", "issue"]
