//! Access tokens: JWT (RFC 7519), HMAC-SHA-256, 15 minutes, checked in memory.

use std::time::Duration;

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::IdentityError;
use crate::credentials::Secret;
use crate::secrets::Secrets;

/// How long an access token counts.
pub(super) const ACCESS_LIFE: Duration = Duration::from_mins(15);
/// How far the clocks of two servers may differ, in seconds.
const LEEWAY: i64 = 60;
/// Bytes of a token; ours have about 400.
const TOKEN_MAX: usize = 2_048;
const ISSUER: &str = "watchpost";
const AUDIENCE: &str = "watchpost-api";
const KIND: &str = "access";

/// Each claim is required and has its one type: a number written as text is no number.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    typ: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
}

/// What a valid access token says; whether its session still lives, the database knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) user: i64,
    pub(super) session: String,
}

/// Random bytes as base64url: 22 characters for 16, 43 for 32.
pub(super) fn random<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; N]>())
}

/// What is stored of an opaque token or key. They have 256 random bits: a fast hash is enough.
pub(super) fn digest(secret: &Secret) -> [u8; 32] {
    Sha256::digest(secret.expose().as_bytes()).into()
}

/// Signs an access token.
pub(super) fn issue(
    secrets: &Secrets,
    user: i64,
    session: &str,
    now: Timestamp,
) -> Result<Secret, IdentityError> {
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: user.to_string(),
        sid: session.to_owned(),
        typ: KIND.to_owned(),
        exp: now.plus(ACCESS_LIFE).seconds(),
        nbf: now.seconds(),
        iat: now.seconds(),
        jti: random::<16>(),
    };
    let key = EncodingKey::from_secret(secrets.signing());
    encode(&Header::new(Algorithm::HS256), &claims, &key)
        .map(Secret::new)
        .map_err(IdentityError::Signing)
}

/// Reads an access token of ours that counts now.
pub(super) fn read(secrets: &Secrets, token: &str, now: Timestamp) -> Option<Access> {
    if token.len() > TOKEN_MAX {
        return None;
    }
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[AUDIENCE]);
    // The library reads the system's clock; both times are checked below with ours.
    rules.validate_exp = false;
    rules.validate_nbf = false;
    let key = DecodingKey::from_secret(secrets.signing());
    let claims = decode::<Claims>(token, &key, &rules).ok()?.claims;
    let now = now.seconds();
    let counts = claims.typ == KIND
        && claims.exp > now
        && claims.nbf <= now.saturating_add(LEEWAY)
        && claims.iat <= now.saturating_add(LEEWAY);
    counts.then_some(())?;
    Some(Access {
        user: claims.sub.parse().ok()?,
        session: claims.sid,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;

    fn now() -> Timestamp {
        Timestamp::from_millis(NOW * 1_000)
    }

    fn secrets() -> Secrets {
        Secrets::derive(&[7; 32]).unwrap()
    }

    fn claims() -> Value {
        json!({
            "iss": "watchpost", "aud": "watchpost-api", "sub": "5", "sid": "s", "typ": "access",
            "exp": NOW + 900, "nbf": NOW, "iat": NOW, "jti": "j",
        })
    }

    fn signed(claims: &Value, secrets: &Secrets, algorithm: Algorithm) -> String {
        let key = EncodingKey::from_secret(secrets.signing());
        encode(&Header::new(algorithm), claims, &key).unwrap()
    }

    fn reads(claims: &Value) -> bool {
        read(
            &secrets(),
            &signed(claims, &secrets(), Algorithm::HS256),
            now(),
        )
        .is_some()
    }

    #[test]
    fn a_token_counts_for_fifteen_minutes() {
        let token = issue(&secrets(), 5, "s", now()).unwrap();
        let at = |seconds: i64| {
            let then = Timestamp::from_millis((NOW + seconds) * 1_000);
            read(&secrets(), token.expose(), then)
        };
        let access = Access {
            user: 5,
            session: "s".to_owned(),
        };
        assert_eq!(at(0), Some(access.clone()));
        assert_eq!(at(899), Some(access.clone()));
        assert_eq!(at(900), None);
        assert_eq!(at(-60), Some(access), "clocks may differ by a minute");
        assert_eq!(at(-61), None);
    }

    #[test]
    fn every_claim_is_required_and_typed() {
        assert!(reads(&claims()));
        for name in [
            "iss", "aud", "sub", "sid", "typ", "exp", "nbf", "iat", "jti",
        ] {
            let mut without = claims();
            without.as_object_mut().unwrap().remove(name);
            assert!(!reads(&without), "without {name}");
            for odd in [json!(null), json!([]), json!({}), json!(true), json!("x")] {
                let mut other = claims();
                if matches!(name, "sid" | "jti") && odd.is_string() {
                    continue;
                }
                other[name] = odd.clone();
                assert!(!reads(&other), "{name} = {odd}");
            }
        }
        for (name, value) in [
            ("exp", json!((NOW + 900).to_string())),
            ("exp", json!(1e30)),
            ("exp", json!(NOW)),
            ("nbf", json!(NOW.to_string())),
            ("nbf", json!(NOW + 61)),
            ("iat", json!(NOW + 61)),
            ("iss", json!("other")),
            ("aud", json!("other")),
            ("aud", json!(["watchpost-api"])),
            ("typ", json!("refresh")),
            ("sub", json!(5)),
        ] {
            let mut other = claims();
            other[name] = value.clone();
            assert!(!reads(&other), "{name} = {value}");
        }
    }

    #[test]
    fn only_our_key_and_algorithm_count() {
        let other = Secrets::derive(&[8; 32]).unwrap();
        let foreign = signed(&claims(), &other, Algorithm::HS256);
        assert_eq!(read(&secrets(), &foreign, now()), None);
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            let token = signed(&claims(), &secrets(), algorithm);
            assert_eq!(read(&secrets(), &token, now()), None, "{algorithm:?}");
        }
        let ours = signed(&claims(), &secrets(), Algorithm::HS256);
        let body = ours.split('.').nth(1).unwrap();
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"None","typ":"JWT"}"#,
            r#"{"alg":"RS256"}"#,
        ] {
            let header = URL_SAFE_NO_PAD.encode(header);
            let signature = ours.split('.').nth(2).unwrap();
            for token in [
                format!("{header}.{body}."),
                format!("{header}.{body}.{signature}"),
            ] {
                assert_eq!(read(&secrets(), &token, now()), None, "{token}");
            }
        }
    }

    #[test]
    fn what_is_no_access_token_does_not_count() {
        for text in ["", ".", "..", "a.b.c", &random::<32>(), &"a".repeat(5_000)] {
            assert_eq!(read(&secrets(), text, now()), None, "{text}");
        }
    }
}
