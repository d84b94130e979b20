//! Tables of names that every member of every record is looked up in.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// What names mean. The names that are there are ours: nobody can choose some that collide.
pub(super) type Names<N, M> = HashMap<N, M, BuildHasherDefault<Mix>>;

/// Mixes eight bytes at a time.
#[derive(Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut eight = [0; 8];
            for (to, from) in eight.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.write_u64(u64::from_le_bytes(eight));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x51_7c_c1_b7_27_22_0a_95);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
