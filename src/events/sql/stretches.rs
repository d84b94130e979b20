//! Which stretches of the blocks may hold what is looked for.

use store::{StoreError, Tx};

use super::super::blocks::{Token, may_hold, slice_of};
use super::blocks::{self, Block, Range};

/// A stretch to be looked at; of parts of blocks it is known how many events they hold at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) range: Range,
    pub(super) events: Option<i64>,
}

/// For each block the parts that may hold a token of every group, as bits.
pub(super) fn candidates(
    tx: &mut Tx<'_>,
    blocks: &[Block],
    groups: &[Vec<Token>],
) -> Result<Vec<u64>, StoreError> {
    let mut left: Vec<u64> = blocks.iter().map(all_parts).collect();
    let firsts = blocks.iter().map(|block| block.range.first);
    let (Some(first), Some(last)) = (firsts.clone().min(), firsts.max()) else {
        return Ok(left);
    };
    // Blocks come in the order of their ids, one way or the other.
    let is_upwards = blocks
        .first()
        .is_some_and(|block| block.range.first == first);
    for group in groups {
        if left.iter().all(|parts| *parts == 0) {
            break;
        }
        let mut any: Vec<u64> = blocks.iter().map(open_parts).collect();
        for token in group {
            let firsts = Range { first, last };
            blocks::bits(tx, slice_of(*token), firsts, |block, bits| {
                let found = blocks.binary_search_by(|other| {
                    let order = other.range.first.cmp(&block);
                    if is_upwards { order } else { order.reverse() }
                });
                let Ok(at) = found else { return };
                if let (Some(left), Some(any)) = (left.get(at), any.get_mut(at)) {
                    let parts = (0_u64..64).filter(|part| left & !*any & (1 << part) != 0);
                    *any |= parts
                        .filter(|part| may_hold(bits, *token, *part))
                        .fold(0, |bits, part| bits | (1 << part));
                }
            })?;
        }
        for (left, any) in left.iter_mut().zip(any) {
            *left &= any;
        }
    }
    Ok(left)
}

fn parts_of(block: &Block) -> usize {
    block.starts.len() / 8
}

pub(super) fn all_parts(block: &Block) -> u64 {
    let parts = u32::try_from(parts_of(block)).unwrap_or(u32::MAX).min(63);
    (1_u64 << parts).wrapping_sub(1)
}

fn open_parts(block: &Block) -> u64 {
    block.open_parts.cast_unsigned()
}

/// What is to be walked of a range, in this order: what no block covers, and of the blocks the
/// parts that may hold something. Then what lies beyond the last block.
pub(super) fn stretches(
    blocks: &[Block],
    candidates: &[u64],
    range: Range,
    upwards: bool,
    is_end: bool,
) -> (Vec<Stretch>, Range) {
    let mut found = Vec::new();
    let mut rest = range;
    let hole = |first, last| Stretch {
        range: Range { first, last },
        events: None,
    };
    for (block, candidates) in blocks.iter().zip(candidates) {
        let (first, last) = (block.range.first, block.range.last);
        if upwards {
            found.push(hole(rest.first, first.saturating_sub(1)));
            rest.first = rest.first.max(last.saturating_add(1));
        } else {
            found.push(hole(last.saturating_add(1), rest.last));
            rest.last = rest.last.min(first.saturating_sub(1));
        }
        let mut parts = parts(block, *candidates);
        if !upwards {
            parts.reverse();
        }
        found.extend(parts.into_iter().map(|part| Stretch {
            range: Range {
                first: part.range.first.max(range.first),
                last: part.range.last.min(range.last),
            },
            ..part
        }));
    }
    if is_end {
        found.push(hole(rest.first, rest.last));
    }
    found.retain(|stretch| stretch.range.first <= stretch.range.last);
    (found, rest)
}

/// How many events a part of a block can hold: all but the last hold as many as each other, and the
/// last one has one or more.
fn most_of_a_part(events: i64, parts: i64) -> i64 {
    let before_the_last = parts.saturating_sub(1);
    events
        .saturating_sub(1)
        .checked_div(before_the_last)
        .unwrap_or(events)
        .max(1)
}

/// The parts of a block that may hold something, oldest first.
fn parts(block: &Block, candidates: u64) -> Vec<Stretch> {
    let (starts, _) = block.starts.as_chunks::<8>();
    let starts: Vec<i64> = starts.iter().map(|id| i64::from_be_bytes(*id)).collect();
    let count = i64::try_from(starts.len()).unwrap_or(i64::MAX);
    let each = most_of_a_part(block.events, count);
    let ends = starts
        .iter()
        .skip(1)
        .map(|next| next.saturating_sub(1))
        .chain(std::iter::once(block.range.last));
    starts
        .iter()
        .zip(ends)
        .zip(0_u64..)
        .filter(|(_, part)| candidates & (1 << part.min(&63)) != 0)
        .map(|((first, last), _)| Stretch {
            range: Range {
                first: *first,
                last,
            },
            events: Some(each),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_holds_more_than_is_said_of_it() {
        for part in 1..40_i64 {
            for events in 1..400 {
                let parts = (events + part - 1) / part;
                let most = most_of_a_part(events, parts);
                assert!(
                    most >= part.min(events),
                    "{events} in parts of {part}: {most}"
                );
                // A full block is taken for little more than it is.
                assert!(
                    parts < 9 || most <= part + part / 8 + 1,
                    "{events} {part}: {most}"
                );
            }
        }
    }
}
