//! Where other programs send their records: one file a protocol, each answering as its clients expect.

pub mod alertmanager;
pub mod elastic;
pub mod format;
pub mod loki;
pub mod otlp;
pub mod splunk;
