#![no_main]

use watchpost::adapters::Format;
use watchpost::adapters::alertmanager::{FORMAT, posted};

/// What Prometheus posts: alerts without the message around them.
const POSTED: Format = Format {
    read: posted,
    ..FORMAT
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    watchpost_fuzz::read(&POSTED, bytes);
});
