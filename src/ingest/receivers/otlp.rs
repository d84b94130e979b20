//! OpenTelemetry logs over HTTP.
