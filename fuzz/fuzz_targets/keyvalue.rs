#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    watchpost_fuzz::read(&watchpost::adapters::keyvalue::FORMAT, bytes);
});
