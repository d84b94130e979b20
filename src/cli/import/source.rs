//! Where lines come from: a file or standard input, as it is, gzip or zstd.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What gzip begins with (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// What zstd begins with (RFC 8878, 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// An opened input of which nothing was read.
pub(super) struct Source {
    input: Box<dyn Read + Send>,
    size: Option<u64>,
    bytes: Unfolded,
}

/// How many bytes of the input were read, before they were unfolded.
#[derive(Clone, Debug, Default)]
pub(super) struct Unfolded(Arc<AtomicU64>);

impl Unfolded {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whether the path means standard input.
pub(super) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Source {
    /// Opens a file; `-` is standard input.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let bytes = Unfolded::default();
        if is_standard_input(path) {
            return Ok(Self {
                input: Box::new(io::stdin()),
                size: None,
                bytes,
            });
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // A pipe or a device has no size.
        let size = metadata.is_file().then_some(metadata.len());
        Ok(Self {
            input: Box::new(file),
            size,
            bytes,
        })
    }

    /// Its size in bytes, where that is known.
    pub(super) const fn size(&self) -> Option<u64> {
        self.size
    }

    /// Counts what is read.
    pub(super) fn unfolded(&self) -> Unfolded {
        self.bytes.clone()
    }

    /// The text, unfolded where it is compressed.
    pub(super) fn text(self) -> io::Result<Box<dyn Read + Send>> {
        let mut input = Counted {
            inner: self.input,
            bytes: self.bytes,
        };
        let mut magic = Vec::new();
        input.by_ref().take(4).read_to_end(&mut magic)?;
        let gzip = magic.starts_with(&GZIP);
        let zstd = magic.starts_with(&ZSTD);
        let whole = Cursor::new(magic).chain(input);
        if gzip {
            // Logs that were rotated and joined are several streams.
            Ok(Box::new(flate2::read::MultiGzDecoder::new(whole)))
        } else if zstd {
            Ok(Box::new(zstd::stream::read::Decoder::new(whole)?))
        } else {
            Ok(Box::new(whole))
        }
    }
}

struct Counted {
    inner: Box<dyn Read + Send>,
    bytes: Unfolded,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes
            .0
            .fetch_add(u64::try_from(read).unwrap_or_default(), Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(bytes: &[u8]) -> io::Result<String> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("events");
        std::fs::write(&path, bytes)?;
        let source = Source::open(&path)?;
        assert_eq!(source.size(), u64::try_from(bytes.len()).ok());
        let unfolded = source.unfolded();
        let text = io::read_to_string(source.text()?)?;
        assert_eq!(usize::try_from(unfolded.bytes()).unwrap(), bytes.len());
        Ok(text)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_compressed_is_unfolded() {
        assert_eq!(read(b"").unwrap(), "");
        assert_eq!(read(b"{}\n").unwrap(), "{}\n");
        assert_eq!(
            read(&[gzip("a\n"), gzip("b\n")].concat()).unwrap(),
            "a\nb\n"
        );
        let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
        assert_eq!(
            read(&[zstd("a\n"), zstd("b\n")].concat()).unwrap(),
            "a\nb\n"
        );
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let whole = gzip(&"some text\n".repeat(100));
        assert!(read(&whole[..whole.len() - 9]).is_err());
    }
}
