"""Elasticsearch and OpenSearch: what searches find there, for pulls and for schedulers, and results on their way in."""
