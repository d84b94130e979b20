//! Protocol Buffers, field by field, without copying: what a body holds is looked at once, where it
//! lies. A decoder that builds every message first would need a hundred times a hostile body's size.

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum WireError {
    #[error("ends within a field")]
    Cut,
    #[error("a number is longer than ten bytes")]
    Number,
    #[error("a field has the number 0 or a kind that does not exist")]
    Kind,
    #[error("a field is of another kind than it should be")]
    Other,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    pub(in super::super) fn bytes(self) -> Result<&'a [u8], WireError> {
        match self {
            Field::Bytes(bytes) => Ok(bytes),
            _ => Err(WireError::Other),
        }
    }

    pub(in super::super) fn varint(self) -> Result<u64, WireError> {
        match self {
            Field::Varint(number) => Ok(number),
            _ => Err(WireError::Other),
        }
    }

    pub(in super::super) fn fixed64(self) -> Result<u64, WireError> {
        match self {
            Field::Fixed64(number) => Ok(number),
            _ => Err(WireError::Other),
        }
    }
}

/// The fields of a message, in the order they came.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Message<'a>(pub(in super::super) &'a [u8]);

impl<'a> Message<'a> {
    /// The next field with its number; `None` at the end.
    pub(in super::super) fn next(&mut self) -> Result<Option<(u32, Field<'a>)>, WireError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = u32::try_from(self.varint()?).map_err(|_| WireError::Kind)?;
        let number = key >> 3;
        if number == 0 {
            return Err(WireError::Kind);
        }
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| WireError::Cut)?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or(WireError::Cut)?;
                self.0 = rest;
                Field::Bytes(bytes)
            }
            5 => Field::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(WireError::Kind),
        };
        Ok(Some((number, field)))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (array, rest) = self.0.split_first_chunk().ok_or(WireError::Cut)?;
        self.0 = rest;
        Ok(*array)
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let mut number = 0_u64;
        for place in 0..10_u32 {
            let (&byte, rest) = self.0.split_first().ok_or(WireError::Cut)?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << place.saturating_mul(7).min(63);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(WireError::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u32, Field<'_>)>, WireError> {
        let mut message = Message(bytes);
        let mut fields = Vec::new();
        while let Some(field) = message.next()? {
            fields.push(field);
        }
        Ok(fields)
    }

    #[test]
    fn every_kind_of_field_is_read() {
        let bytes = [
            0x08, 0x96, 0x01, // 1: varint 150
            0x11, 1, 0, 0, 0, 0, 0, 0, 0, // 2: fixed64 1
            0x1a, 2, b'h', b'i', // 3: bytes
            0x25, 2, 0, 0, 0, // 4: fixed32 2
        ];
        assert_eq!(
            all(&bytes).unwrap(),
            [
                (1, Field::Varint(150)),
                (2, Field::Fixed64(1)),
                (3, Field::Bytes(b"hi")),
                (4, Field::Fixed32(2)),
            ]
        );
        let most = [0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        assert_eq!(all(&most).unwrap(), [(1, Field::Varint(u64::MAX))]);
    }

    #[test]
    fn broken_messages_are_refused() {
        for (bytes, error) in [
            (&[0x08][..], WireError::Cut),
            (&[0x0a, 3, b'a'], WireError::Cut),
            (
                &[0x0a, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
                WireError::Cut,
            ),
            (&[0x09, 1], WireError::Cut),
            (
                &[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
                WireError::Number,
            ),
            (&[0x00], WireError::Kind),
            (&[0x0b], WireError::Kind),
        ] {
            assert_eq!(all(bytes), Err(error), "{bytes:?}");
        }
    }
}
