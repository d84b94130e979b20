//! What somebody may have meant: the known word nearest to a mistyped one.

/// Longest word that is compared, in characters: the work grows with its square.
const WORD_MAX: usize = 32;

/// The candidate that begins with the word or is at most a third of its letters away from it.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    if length == 0 || length > WORD_MAX {
        return None;
    }
    let far = (length / 3).clamp(1, 3);
    candidates
        .filter_map(|candidate| {
            let known = candidate.to_lowercase();
            if length >= 2 && known.starts_with(&word) {
                return Some((0, candidate));
            }
            let distance = distance(&word, &known);
            // Of a single letter nothing may be left over by chance.
            (distance <= far && distance < length).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters to insert, delete, replace or swap with their neighbour to get from one word
/// to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().take(WORD_MAX).collect();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    // The row before that, and its letter: what a swap goes back to.
    let mut before: Option<(char, Vec<usize>)> = None;
    for (number, a) in from.chars().enumerate() {
        let mut left = number.saturating_add(1);
        let mut row = vec![left];
        for (place, b) in to.iter().enumerate() {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX);
            let replaced = at(&above, place).saturating_add(usize::from(a != *b));
            let moved = left
                .min(at(&above, place.saturating_add(1)))
                .saturating_add(1);
            let swapped = before.as_ref().and_then(|(letter, row)| {
                let back = place.checked_sub(1)?;
                let is_swap = letter == b && to.get(back) == Some(&a);
                is_swap.then(|| at(row, back).saturating_add(1))
            });
            left = replaced.min(moved).min(swapped.unwrap_or(usize::MAX));
            row.push(left);
        }
        before = Some((a, std::mem::replace(&mut above, row)));
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistyped_words_lead_to_known_ones() {
        let near = |word| {
            nearest(
                word,
                ["severity", "status", "source", "id", "ip"].into_iter(),
            )
        };
        for (word, meant) in [
            ("sevrity", Some("severity")),
            ("Stauts", Some("status")),
            ("sev", Some("severity")),
            ("suorce", Some("source")),
            ("di", Some("id")),
            ("ib", Some("id")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(near(word), meant, "{word}");
        }
    }

    #[test]
    fn distances_are_right() {
        for (a, b, n) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), n, "{a} {b}");
        }
    }
}
