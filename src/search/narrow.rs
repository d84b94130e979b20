//! Values of a closed list that several conditions leave.

/// Narrows the values that are left (all when empty) to those named, or to the others when
/// `negated`; `false`, with nothing changed, when none would be left.
pub fn narrow<T: Copy + PartialEq>(
    left: &mut Vec<T>,
    all: &[T],
    negated: bool,
    named: &[T],
) -> bool {
    let stays = |it: &T| (left.is_empty() || left.contains(it)) && named.contains(it) != negated;
    let kept: Vec<T> = all.iter().copied().filter(stays).collect();
    if kept.is_empty() {
        return false;
    }
    *left = if kept.len() == all.len() {
        Vec::new()
    } else {
        kept
    };
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_leave_what_all_of_them_leave() {
        let mut left = Vec::new();
        assert!(narrow(&mut left, &[1, 2, 3], true, &[2]));
        assert_eq!(left, [1, 3]);
        assert!(narrow(&mut left, &[1, 2, 3], false, &[3, 2]));
        assert_eq!(left, [3]);
        assert!(
            !narrow(&mut left, &[1, 2, 3], true, &[3]),
            "nothing is left"
        );
        assert_eq!(left, [3]);
        let mut left = Vec::new();
        assert!(narrow(&mut left, &[1, 2], false, &[2, 1]));
        assert_eq!(left, [0_i32; 0], "all of them is any of them");
    }
}
