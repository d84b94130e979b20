//! Loki's push API.
