//! Lines of key=value.

use super::{Draft, Format, each_line, text};

/// Lines of key=value.
pub const FORMAT: Format = Format {
    name: "keyvalue",
    aliases: &[],
    title: "Lines of key=value",
    read: |body, cx, sink| each_line(body, sink, |line| text::read(line, Draft::default(), cx)),
};
