//! OpenTelemetry logs (OTLP).
