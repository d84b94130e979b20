//! Whatever line or bytes come, an event within the limits comes of it.

use proptest::prelude::*;

use super::*;

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "<[0-9]{1,4}>",
        "1 | |- |\\[|\\]|\"|=|:|%|\\\\",
        "[A-Z][a-z]{2} [0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,12})?(Z|[+-][0-9]{2}:?[0-9]{2})?",
        "[a-z]{1,9}\\[[0-9]{1,9}\\]: ",
        "\\[[a-z@]{1,9}( [a-z]{1,3}=\"[a-z\\\\\"\\]]{0,9}\"){0,3}\\]",
        ".{0,20}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_line_comes_an_event_within_the_limits_comes_of_it(line in hostile()) {
        let header = header_of(&line);
        prop_assert!(line.contains(header.message));
        read(&line);
    }

    #[test]
    fn whatever_bytes_come_none_is_too_much(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes);
    }
}
