//! ArcSight Common Event Format.

use super::{Draft, Format, each_line, text};

/// ArcSight Common Event Format.
pub const FORMAT: Format = Format {
    name: "cef",
    aliases: &[],
    title: "ArcSight Common Event Format",
    read: |body, cx, sink| each_line(body, sink, |line| text::read(line, Draft::default(), cx)),
};
