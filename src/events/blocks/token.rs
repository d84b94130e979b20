//! What can be looked for in an event, as numbers: the same on every machine and in every version,
//! because they are kept in the database.

/// One thing an event can be found by, hashed. Two different ones are the same number once in
/// 10¹⁹: a block is then looked at in vain, never passed over.
pub(crate) type Token = u64;

/// What a token is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum About {
    Severity = 1,
    Source = 2,
    Type = 3,
    Country = 4,
    Address = 5,
    Tag = 6,
    Attribute = 7,
    Word = 8,
}

const START: u64 = 0x9c2f_5b1d_3e74_a68f;
const STEP: u64 = 0xd6e8_feb8_6659_fd93;

/// A token in the making: texts one after the other, each told apart from the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Making(u64);

impl Making {
    pub(crate) const fn new(about: About) -> Self {
        Self(stir(START ^ about as u64))
    }

    /// Adds a text.
    pub(crate) fn text(self, text: &[u8]) -> Self {
        let (words, rest) = text.as_chunks::<8>();
        let mut state = self.0;
        for word in words {
            state = stir(state ^ u64::from_le_bytes(*word));
        }
        let mut last = [0_u8; 8];
        for (place, byte) in last.iter_mut().zip(rest) {
            *place = *byte;
        }
        // The length keeps `ab`, `c` apart from `a`, `bc`.
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        Self(stir(stir(state ^ u64::from_le_bytes(last)) ^ length))
    }

    pub(crate) const fn token(self) -> Token {
        finished(self.0)
    }
}

/// The token of a number, such as a source's.
pub(crate) const fn numbered(about: About, number: i64) -> Token {
    finished(stir(Making::new(about).0 ^ number.cast_unsigned()))
}

/// The token of a text; `None` stands for an event without one.
pub(crate) fn worded(about: About, text: Option<&str>) -> Token {
    let making = Making::new(about);
    text.map_or(making, |text| making.text(text.as_bytes()))
        .token()
}

const fn stir(state: u64) -> u64 {
    let state = state.wrapping_mul(STEP);
    state ^ (state >> 32)
}

/// Spreads what was stirred over all bits: the first six choose the slice.
pub(super) const fn finished(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Filters are kept in the database: a token that changes would hide events.
    #[test]
    fn tokens_are_the_same_for_ever() {
        let tokens = [
            numbered(About::Source, 7),
            worded(About::Tag, Some("ssh")),
            worded(About::Address, None),
        ];
        assert_eq!(tokens, TOKENS);
    }

    const TOKENS: [u64; 3] = [
        3_871_918_233_531_845_034,
        9_518_128_819_803_110_723,
        9_318_576_550_369_679_313,
    ];

    #[test]
    fn texts_are_told_apart_by_where_they_end() {
        let of = |texts: &[&str]| {
            let making = Making::new(About::Attribute);
            let made = texts
                .iter()
                .fold(making, |it, text| it.text(text.as_bytes()));
            made.token()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a", ""]), of(&["a"]));
        assert_ne!(of(&["abcdefgh"]), of(&["abcdefgh\0"]));
        assert_ne!(
            worded(About::Tag, Some("x")),
            worded(About::Country, Some("x"))
        );
    }
}
