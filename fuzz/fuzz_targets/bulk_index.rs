#![no_main]

use watchpost::adapters::Format;
use watchpost::adapters::bulk;

/// Pairs whose actions need not name an index: the address does.
const INDEXED: Format = Format {
    read: |body, cx, sink| {
        let mut each = |_, read, document: &[u8]| sink(read, document);
        bulk::read(body.bytes, "logs-app-default", cx, &mut each)
    },
    ..bulk::FORMAT
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    watchpost_fuzz::read(&INDEXED, bytes);
});
