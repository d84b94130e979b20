//! A stream is cut into the same messages however it arrives, and what waits is bounded.

use proptest::prelude::*;

use super::*;

type Told = (String, Framing, bool);

/// What comes of a stream that arrives in the given parts.
fn parts<'a>(max: usize, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<Told> {
    let mut frames = Frames::new(max);
    let mut buffer: Vec<u8> = Vec::new();
    let mut told = Vec::new();
    let mut take = |buffer: &mut Vec<u8>, frames: &mut Frames, ended| {
        let mut rest = buffer.as_slice();
        while let Some(frame) = frames.next(&mut rest, ended) {
            assert!(frame.bytes.len() <= max);
            let text = String::from_utf8_lossy(frame.bytes).into_owned();
            told.push((text, frame.framing, frame.truncated));
        }
        let left = rest.len();
        buffer.drain(..buffer.len() - left);
    };
    for part in parts {
        buffer.extend(part);
        take(&mut buffer, &mut frames, false);
        assert!(buffer.len() <= max + 16, "what waits is bounded");
    }
    take(&mut buffer, &mut frames, true);
    assert!(buffer.is_empty());
    told
}

/// The same, however the stream is split into two or into single bytes.
fn told(stream: &[u8]) -> Vec<Told> {
    let whole = parts(1_000, [stream]);
    assert_eq!(parts(1_000, stream.chunks(1)), whole, "byte by byte");
    for at in 0..stream.len() {
        assert_eq!(
            parts(1_000, [&stream[..at], &stream[at..]]),
            whole,
            "split at {at}"
        );
    }
    whole
}

fn texts(stream: &[u8]) -> Vec<String> {
    told(stream).into_iter().map(|(text, ..)| text).collect()
}

fn count(message: &str) -> String {
    format!("{} {message}", message.len())
}

#[test]
fn counted_messages_follow_each_other_with_anything_between_them() {
    let (one, two) = ("<13>1 - a - - - - line 1\nline 2", "<13>2 <14>3");
    for between in ["", "\n", "\r\n", "\0", "\n\n"] {
        let stream = format!("{}{between}{}{between}", count(one), count(two));
        let told = told(stream.as_bytes());
        let expected = [one, two].map(|it| (it.to_owned(), Framing::OctetCounted, false));
        assert_eq!(told, expected, "{between:?}");
    }
    let inside = format!("{}{}", count("<13>x\n"), count("<13>y\r\n"));
    assert_eq!(texts(inside.as_bytes()), ["<13>x", "<13>y"]);
    let bare = format!("{}{}", count("<13>x"), count("no PRI"));
    assert_eq!(texts(bare.as_bytes()), ["<13>x", "no PRI"]);
}

#[test]
fn lines_end_with_lf_crlf_or_nul_and_the_last_at_the_close() {
    let told = told(b"<13>a\n\n<13>b\r\n<13>c\0<13>d\0\n<13>e");
    let expected = [
        ("<13>a", Framing::Lf),
        ("<13>b", Framing::Lf),
        ("<13>c", Framing::Nul),
        ("<13>d", Framing::Nul),
        ("<13>e", Framing::Lf),
    ];
    assert_eq!(
        told,
        expected.map(|(text, framing)| (text.to_owned(), framing, false))
    );
}

#[test]
fn a_stream_may_change_from_lines_to_counts_and_back() {
    let stream = format!(
        "<13>a\n{}{}<13>d\n{}\n",
        count("<13>b"),
        count("<13>c"),
        count("<13>e")
    );
    assert_eq!(
        texts(stream.as_bytes()),
        ["<13>a", "<13>b", "<13>c", "<13>d", "<13>e"]
    );
    let stream = format!("{}stray\n{}", count("<13>a"), count("<13>b"));
    assert_eq!(texts(stream.as_bytes()), ["<13>a", "stray", "<13>b"]);
}

#[test]
fn digits_that_are_no_count_are_text() {
    let lines = [
        "2026 was a year",
        "12 <b>bold</b>",
        "007 <13>x",
        "99999999 <13>x",
        "123456789 <1>",
        "5",
    ];
    let stream = lines.join("\n");
    assert_eq!(texts(stream.as_bytes()), lines);
}

#[test]
fn no_line_can_make_those_behind_it_disappear() {
    let stream = b"<13>a\n500 <13>b\n<13>c\n<13>d\n";
    assert_eq!(texts(stream), ["<13>a", "500 <13>b", "<13>c", "<13>d"]);
}

#[test]
fn a_message_of_several_lines_stays_whole_where_nul_ends_messages() {
    let stream = b"<13>first\0<11>Traceback\n  File x\nError\0<13>next\0";
    let expected = ["<13>first", "<11>Traceback\n  File x\nError", "<13>next"];
    assert_eq!(texts(stream), expected);
    let at_once = parts(1_000, [&b"<11>Traceback\n  File x\0<13>b\n<13>c\0"[..]]);
    let at_once: Vec<&str> = at_once.iter().map(|(text, ..)| text.as_str()).collect();
    assert_eq!(at_once, ["<11>Traceback\n  File x", "<13>b", "<13>c"]);
}

#[test]
fn of_what_is_too_long_the_beginning_is_kept_and_the_rest_dropped() {
    let long = format!("<13>{}", "ü".repeat(600));
    let kept = format!("<13>{}", "ü".repeat(498));
    for stream in [
        format!("{}{}", count(&long), count("<13>next")),
        format!("{long}\n<13>next\n"),
        format!("{long}\0<13>next\0"),
    ] {
        let told = told(stream.as_bytes());
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!((told[0].0.as_str(), told[0].2), (kept.as_str(), true));
        assert_eq!((told[1].0.as_str(), told[1].2), ("<13>next", false));
    }
    let cut_off = count("<13>only half").replace("half", "h");
    assert_eq!(
        told(cut_off.as_bytes()),
        [("<13>only h".to_owned(), Framing::OctetCounted, true)]
    );
}

#[test]
fn a_datagram_is_a_message_unless_several_begin_in_it() {
    let of = |bytes: &'static [u8]| -> Vec<&'static str> {
        datagram(bytes)
            .map(|frame| std::str::from_utf8(frame.bytes).unwrap())
            .collect()
    };
    assert_eq!(of(b"<11>disk failed\0"), ["<11>disk failed"]);
    assert_eq!(
        of(b"<11>Traceback\n  File x\n"),
        ["<11>Traceback\n  File x"]
    );
    assert_eq!(of(b"<11>a\n<11>b\r\n<11>c\n"), ["<11>a", "<11>b", "<11>c"]);
    assert_eq!(of(b"{\"a\":1}\n{\"a\":2}\n"), ["{\"a\":1}", "{\"a\":2}"]);
    assert_eq!(of(b"\n\0"), [""; 0]);
}

#[test]
fn a_line_that_comes_byte_by_byte_is_looked_through_once() {
    // Quadratic, this would take minutes.
    let line = vec![b'x'; 300_000];
    let mut frames = Frames::new(1 << 20);
    for end in 0..line.len() {
        assert!(frames.next(&mut &line[..end], false).is_none());
    }
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,9} ",
        "<[0-9]{1,3}>",
        "[\n\r\0]",
        "[a-zü{}\\[\\]\" :]{0,12}",
        ".{0,6}",
    ]
}

proptest! {
    #[test]
    fn every_split_of_every_stream_ends_and_keeps_its_bounds(
        pieces in prop::collection::vec(piece(), 0..40),
        max in 1_usize..60,
        size in 1_usize..9,
    ) {
        let stream = pieces.concat();
        parts(max, stream.as_bytes().chunks(size));
        let kept: usize = datagram(stream.as_bytes()).map(|frame| frame.bytes.len()).sum();
        prop_assert!(kept <= stream.len());
    }
}
