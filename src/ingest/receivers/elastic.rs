//! What bulk clients of Elasticsearch and OpenSearch need.
