//! What tells most paths apart without comparing them.

/// What paths are compared by first: those with different marks are different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(u32);

/// A set of marks that may hold more than was put in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks(u64);

impl Mark {
    /// Of a path's length and its end, which tells paths apart sooner than their beginning.
    pub(super) fn of(path: &str) -> Self {
        let mut end = [0; 8];
        let bytes = path.as_bytes();
        match bytes.last_chunk() {
            Some(last) => end = *last,
            None => end.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from),
        }
        let mixed = u64::from_le_bytes(end) ^ (path.len() as u64);
        // Fibonacci hashing: the upper half depends on every bit.
        let [.., a, b, c, d] = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
        Self(u32::from_le_bytes([a, b, c, d]))
    }

    const fn bit(self) -> u64 {
        1 << (self.0 >> 26)
    }
}

impl Marks {
    pub(super) const fn add(&mut self, mark: Mark) {
        self.0 |= mark.bit();
    }

    pub(super) const fn may_hold(self, mark: Mark) -> bool {
        self.0 & mark.bit() != 0
    }
}
