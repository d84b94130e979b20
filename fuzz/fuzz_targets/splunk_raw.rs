#![no_main]

use watchpost::adapters::Format;
use watchpost::adapters::splunk::{FORMAT, Metadata, read_raw};

/// Lines, and what the address says of them.
const RAW: Format = Format {
    read: |body, cx, sink| {
        let known = Metadata {
            host: Some("host-1".to_owned()),
            sourcetype: Some("linux_secure".to_owned()),
            time: Some("1795195450.25".to_owned()),
            ..Metadata::default()
        };
        read_raw(body.bytes, &known, cx, sink)
    },
    ..FORMAT
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    watchpost_fuzz::read(&RAW, bytes);
});
