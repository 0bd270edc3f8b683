"""What pulls or makes rows: Elasticsearch and OpenSearch, and the generated airline data of the demo."""
