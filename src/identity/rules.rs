//! What names, addresses and passwords may be.

use crate::credentials::Secret;
use crate::http::FieldErrors;

/// Characters of a user name.
const NAME_MIN: usize = 3;
/// Characters of a user name.
const NAME_MAX: usize = 64;
/// Words that mean nobody and oneself wherever a person is named.
const RESERVED: [&str; 2] = ["none", "me"];
/// Bytes of a password: hashing longer ones would be work for nothing.
pub(super) const PASSWORD_MAX: usize = 1_024;
/// Characters of an e-mail address (RFC 5321 §4.5.3.1.3, without the brackets).
const EMAIL_MAX: usize = 254;
/// A password that falls within so many guesses is a common one: the size of the lists of
/// common passwords that the UK's NCSC advises to refuse.
const GUESSES_MIN: u64 = 100_000;
/// Characters of a password that are searched for common words.
const SEARCHED_MAX: usize = 100;
/// Passwords that stand in manuals and example files: known to everyone, whatever their score.
const PUBLISHED: [&str; 8] = [
    "admin@123",
    "admin@1234",
    "admin123!",
    "analyst@123",
    "changeme!",
    "change-me",
    "plum-orbit-cello-93",
    "watchpost",
];

/// What is wrong, by field, gathered before anything is refused.
#[derive(Debug, Default)]
pub(super) struct Faults(FieldErrors);

impl Faults {
    pub(super) fn note(&mut self, field: &str, what: impl Into<String>) {
        self.0
            .entry(field.to_owned())
            .or_default()
            .push(what.into());
    }

    pub(super) fn finish(self) -> Result<(), super::IdentityError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(super::IdentityError::Refused(self.0))
        }
    }

    /// Checks a new user name.
    pub(super) fn username(&mut self, name: &str) {
        if !(NAME_MIN..=NAME_MAX).contains(&name.chars().count()) {
            self.note(
                "username",
                format!("must have {NAME_MIN} to {NAME_MAX} characters"),
            );
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._@-".contains(c);
        if !name.chars().all(allowed) {
            self.note("username", "may contain A-Z, a-z, 0-9 and . _ @ - only");
        }
        if RESERVED.contains(&name_key(name).as_str()) {
            self.note(
                "username",
                "must not be none or me: those words mean nobody and oneself",
            );
        }
    }

    /// Checks an e-mail address: one `@` with something on both sides, no spaces.
    pub(super) fn email(&mut self, email: Option<&str>) {
        let Some(email) = email else { return };
        let parts = email.rsplit_once('@');
        let shaped = parts.is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !local.contains('@')
        });
        let plain = |c: char| !c.is_whitespace() && !c.is_control();
        if !shaped || !email.chars().all(plain) || email.chars().count() > EMAIL_MAX {
            self.note("email", "must be an address such as mara@example.org");
        }
    }

    /// Notes each reason against a password.
    pub(super) fn password(&mut self, field: &str, reasons: Vec<String>) {
        for reason in reasons {
            self.note(field, reason);
        }
    }
}

/// A user name as it is compared: lower case, cut after what any name can have.
pub(super) fn name_key(name: &str) -> String {
    name.trim()
        .chars()
        .take(NAME_MAX.saturating_add(1))
        .map(|c| match c {
            // PostgreSQL text cannot hold it; no name contains either.
            '\0' => '\u{fffd}',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

/// An address as it is stored: trimmed, and an empty one is none.
pub(super) fn tidy(email: Option<String>) -> Option<String> {
    email
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// Why a password cannot even be looked at, whoever it belongs to.
pub(super) fn too_long(password: &Secret) -> Option<String> {
    (password.expose().len() > PASSWORD_MAX)
        .then(|| format!("must have at most {PASSWORD_MAX} bytes"))
}

/// Every reason against a new password; costs about a millisecond.
pub(super) fn against(
    password: &Secret,
    length_min: u8,
    username: &str,
    email: Option<&str>,
) -> Vec<String> {
    if let Some(reason) = too_long(password) {
        return vec![reason];
    }
    let text = password.expose();
    let mut reasons = Vec::new();
    if text.chars().count() < usize::from(length_min) {
        reasons.push(format!("must have at least {length_min} characters"));
    }
    let lower = text.to_lowercase();
    if lower == username.to_lowercase() {
        reasons.push("must not be the user name".to_owned());
    } else if PUBLISHED.contains(&lower.as_str()) || is_common(text, username, email) {
        reasons.push("is too common: it would be among the first guesses".to_owned());
    }
    reasons
}

fn is_common(text: &str, username: &str, email: Option<&str>) -> bool {
    let searched: String = text.chars().take(SEARCHED_MAX).collect();
    let own = [username, email.unwrap_or_default(), "watchpost"];
    zxcvbn::zxcvbn(&searched, &own).guesses() < GUESSES_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(password: &str) -> Vec<String> {
        against(
            &Secret::new(password.to_owned()),
            8,
            "mara.lind",
            Some("mara@example.org"),
        )
    }

    #[test]
    fn common_short_and_own_names_are_refused_as_passwords() {
        for bad in [
            "short1!",
            "password",
            "Password1",
            "12345678",
            "qwerty123",
            "iloveyou",
            "Admin@123",
            "watchpost",
            "MARA.LIND",
            "mara.lind1",
            "aaaaaaaa",
            "",
        ] {
            assert!(!reasons(bad).is_empty(), "{bad}");
        }
        assert_eq!(
            reasons("1234"),
            [
                "must have at least 8 characters",
                "is too common: it would be among the first guesses"
            ]
        );
        assert_eq!(
            reasons(&"x".repeat(1_025)),
            ["must have at most 1024 bytes"]
        );
    }

    #[test]
    fn uncommon_passwords_of_any_script_are_accepted() {
        for good in [
            "plum-orbit-cello-94",
            "Str0ngP@ss",
            "correct horse battery",
            "zwölf Äpfel im Schrank",
            "пароль-длинный-77",
            "🦀🐙🦑🐡🦈🐳🐋🦭",
        ] {
            assert_eq!(reasons(good), Vec::<String>::new(), "{good}");
        }
    }

    fn faults(check: impl FnOnce(&mut Faults)) -> Vec<String> {
        let mut faults = Faults::default();
        check(&mut faults);
        faults.0.into_values().flatten().collect()
    }

    #[test]
    fn user_names_are_short_and_plain() {
        for good in [
            "abc",
            "nonesuch",
            "Mara.Lind-2_x",
            "mara@example.org",
            &"a".repeat(64),
        ] {
            assert!(faults(|it| it.username(good)).is_empty(), "{good}");
        }
        for bad in [
            "",
            "ab",
            &"a".repeat(65),
            "ma ra",
            "märä",
            "a/b/c",
            "a\0bc",
            "<b>",
            "none",
            "None",
            "me",
        ] {
            assert!(!faults(|it| it.username(bad)).is_empty(), "{bad}");
        }
        assert_eq!(name_key(" MaRa "), "mara");
        assert_eq!(name_key("a\0"), "a\u{fffd}");
        assert_eq!(name_key(&"X".repeat(500)).len(), 65);
    }

    #[test]
    fn addresses_have_two_sides() {
        for good in ["a@b", "mara+x@example.org"] {
            assert!(faults(|it| it.email(Some(good))).is_empty(), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c",
            "a@b@c",
            "a@b\0",
            &format!("{}@b", "a".repeat(300)),
        ] {
            assert!(!faults(|it| it.email(Some(bad))).is_empty(), "{bad}");
        }
        assert_eq!(tidy(Some("  ".to_owned())), None);
    }
}
