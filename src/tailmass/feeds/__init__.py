"""Rows in, from Elasticsearch, OpenSearch and the airline data of the demo; results out, to where dashboards are."""
