//! Splunk HTTP Event Collector.
