//! Bulk requests of Elasticsearch and OpenSearch clients.
