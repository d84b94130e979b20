//! The filter of a block: what may be in which of its parts.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use super::token::{Token, finished};

/// Slices a filter is cut into by the hash of a token.
pub(crate) const SLICES: u8 = 64;
/// Bits for each token of a part, and how many of them it sets: of 700 parts without a token one
/// looks as if it had it.
const BITS_EACH: usize = 14;
const PROBES: u64 = 8;
/// Most different tokens of a part; one with more is left open: it is looked at each time.
const TOKENS_MAX: usize = 65_536;

/// Tokens are hashes already.
#[derive(Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// The tokens of one part, as they are gathered.
#[derive(Debug, Default)]
pub(super) struct Part {
    tokens: HashSet<Token, BuildHasherDefault<AsIs>>,
    /// It holds more than is kept.
    pub(super) is_open: bool,
}

impl Part {
    pub(super) fn add(&mut self, token: Token) {
        if self.tokens.len() < TOKENS_MAX {
            self.tokens.insert(token);
        } else if !self.tokens.contains(&token) {
            self.is_open = true;
        }
    }
}

/// The slice a token is in.
pub(crate) fn slice_of(token: Token) -> u8 {
    u8::try_from(token >> 58).unwrap_or(0)
}

/// Where the bits of a token of a part are, in a slice of so many bits.
fn places(token: Token, part: u64, bits: u64) -> impl Iterator<Item = usize> {
    let hash = finished(token.wrapping_add(part.wrapping_mul(0xa076_1d64_78bd_642f)));
    let (mut place, step) = (hash & 0xffff_ffff, (hash >> 32) | 1);
    (0..PROBES).map(move |_| {
        place = place.wrapping_add(step) & 0xffff_ffff;
        usize::try_from(place.wrapping_mul(bits) >> 32).unwrap_or(0)
    })
}

/// Makes the slices of a block's filter: for each its bits, empty where nothing is in it.
pub(super) fn slices(parts: &[Part]) -> Vec<Vec<u8>> {
    let mut sorted: Vec<Vec<(Token, u64)>> = vec![Vec::new(); usize::from(SLICES)];
    for (number, part) in (0_u64..).zip(parts) {
        if part.is_open {
            continue;
        }
        for token in &part.tokens {
            if let Some(slice) = sorted.get_mut(usize::from(slice_of(*token))) {
                slice.push((*token, number));
            }
        }
    }
    sorted
        .into_iter()
        .map(|tokens| {
            let bytes = tokens.len().saturating_mul(BITS_EACH).div_ceil(8);
            let mut slice = vec![0_u8; bytes];
            for (token, part) in tokens {
                for place in places(token, part, bits_of(&slice)) {
                    if let Some(byte) = slice.get_mut(place / 8) {
                        *byte |= 1 << (place % 8);
                    }
                }
            }
            slice
        })
        .collect()
}

fn bits_of(slice: &[u8]) -> u64 {
    u64::try_from(slice.len())
        .unwrap_or(u64::MAX)
        .saturating_mul(8)
}

/// Whether a part may hold a token, by its slice.
pub(crate) fn may_hold(slice: &[u8], token: Token, part: u64) -> bool {
    !slice.is_empty()
        && places(token, part, bits_of(slice)).all(|place| {
            slice
                .get(place / 8)
                .is_some_and(|byte| byte & (1 << (place % 8)) != 0)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::blocks::token::{About, numbered};

    #[test]
    fn what_is_in_a_part_is_found_there_and_seldom_elsewhere() {
        let parts: Vec<Part> = (0..16_i64)
            .map(|part| {
                let mut made = Part::default();
                for n in 0..1_000 {
                    made.add(numbered(About::Address, part * 1_000 + n));
                }
                made
            })
            .collect();
        let made = slices(&parts);
        let holds = |n: i64, part: u64| {
            let token = numbered(About::Address, n);
            may_hold(&made[usize::from(slice_of(token))], token, part)
        };
        let mut wrong = 0;
        for n in 0..16_000_i64 {
            for part in 0..16_u64 {
                let found = holds(n, part);
                if n / 1_000 == i64::try_from(part).unwrap() {
                    assert!(found, "{n} in {part}");
                } else {
                    wrong += u32::from(found);
                }
            }
        }
        assert!(wrong < 240_000 / 400, "{wrong} of 240,000");
    }

    #[test]
    fn a_part_with_too_much_is_left_open() {
        let mut part = Part::default();
        for n in 0..70_000 {
            part.add(numbered(About::Address, n));
        }
        assert!(part.is_open);
        assert!(slices(&[part]).iter().all(Vec::is_empty));
        assert!(!may_hold(&[], 7, 0));
    }
}
