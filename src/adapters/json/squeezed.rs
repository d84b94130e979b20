//! Names of members without case and punctuation: `Source-IP`, `source_ip` and `srcIp` as they are
//! compared.

use super::names::NAME_MAX;

/// A name in small letters and digits, behind the names of the objects around it.
#[derive(Clone, Copy)]
pub(super) struct Squeezed {
    bytes: [u8; NAME_MAX],
    length: usize,
}

impl Squeezed {
    pub(super) const EMPTY: Self = Self {
        bytes: [0; NAME_MAX],
        length: 0,
    };

    /// The name with another behind it; `None` when it is too long or not ASCII.
    pub(super) fn then(mut self, name: &str) -> Option<Self> {
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() {
                *self.bytes.get_mut(self.length)? = byte.to_ascii_lowercase();
                self.length = self.length.saturating_add(1);
            } else if !byte.is_ascii() {
                return None;
            }
        }
        Some(self)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}
