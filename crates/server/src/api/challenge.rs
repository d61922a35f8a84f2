//! Proof that a bucket is the customer's: a token that only who can read the bucket can know.
//!
//! The token is a JWT (RFC 7519) with HMAC-SHA-256 (`HS256`, RFC 7518). It names the kind and id
//! of the scope, a digest of the whole destination string, a fingerprint of bucket and path, and
//! when it expires. The destination itself is not in it, as it stands in a file that others may
//! read.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use model::destination::Destination;
use model::{Scope, UnixNanos};
use serde::{Deserialize, Serialize};

use crate::instant::rfc3339;

/// Length of the key, in bytes.
pub(crate) const KEY_BYTES: usize = 32;
/// How long a token is good.
const VALID_SECONDS: i64 = 7 * 24 * 60 * 60;
/// Longest token that is looked at, in characters.
const TOKEN_CHARS_MAX: usize = 4096;
/// `{"alg":"HS256","typ":"JWT"}`. A token with another header is not one of ours.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// Signs and checks tokens.
pub(crate) struct Signer {
    key: hmac::Key,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    scope: String,
    id: String,
    destination: String,
    place: String,
    exp: i64,
}

impl Signer {
    /// A signer with this key.
    pub(crate) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// The token for a destination, of which `text` is the string.
    pub(crate) fn sign(
        &self,
        scope: Scope,
        text: &str,
        destination: &Destination,
        now: UnixNanos,
    ) -> String {
        let claims =
            Claims { exp: now.seconds() + VALID_SECONDS, ..claims(scope, text, destination) };
        let payload = serde_json::to_vec(&claims).expect("claims are plain texts and a number");
        self.sign_payload(&payload)
    }

    /// The token that holds this payload.
    pub(crate) fn sign_payload(&self, payload: &[u8]) -> String {
        let signed = format!("{HEADER}.{}", BASE64URL.encode(payload));
        let signature = hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", BASE64URL.encode(signature))
    }

    /// Checks the token for a destination, of which `text` is the string.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn check(
        &self,
        token: &str,
        scope: Scope,
        text: &str,
        destination: &Destination,
        now: UnixNanos,
    ) -> Result<(), String> {
        let found = self.read(token.trim())?;
        let wanted = claims(scope, text, destination);
        if (&found.scope, &found.id) != (&wanted.scope, &wanted.id) {
            return Err("the challenge is for another account or zone".to_owned());
        }
        if found.place != wanted.place {
            return Err("the challenge is for another bucket or path".to_owned());
        }
        if found.destination != wanted.destination {
            let what = "the challenge is for this bucket and path, but with other parameters; \
                        ask for one with the very same destination";
            return Err(what.to_owned());
        }
        if found.exp <= now.seconds() {
            let at = UnixNanos::from_seconds(found.exp).unwrap_or_default();
            return Err(format!("the challenge expired at {}; ask for a new one", rfc3339(at)));
        }
        Ok(())
    }

    /// What a token claims that was signed with this key.
    fn read(&self, token: &str) -> Result<Claims, String> {
        let altered =
            || "the challenge is not one that this service wrote, or was altered".to_owned();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/+._-".contains(&b);
        if token.len() > TOKEN_CHARS_MAX || !token.bytes().all(allowed) {
            return Err(format!(
                "the challenge may have at most {TOKEN_CHARS_MAX} characters of A-Z, a-z, 0-9, \
                 `/`, `+`, `.`, `_` and `-`"
            ));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or_else(altered)?;
        let signature = BASE64URL.decode(signature).map_err(|_| altered())?;
        hmac::verify(&self.key, signed.as_bytes(), &signature).map_err(|_| altered())?;
        let payload = signed.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('.'));
        let payload = BASE64URL.decode(payload.ok_or_else(altered)?).map_err(|_| altered())?;
        serde_json::from_slice(&payload).map_err(|_| altered())
    }
}

/// The claims of a token for this destination, without their expiry.
fn claims(scope: Scope, text: &str, destination: &Destination) -> Claims {
    let endpoint = destination.endpoint.as_ref().map_or_else(String::new, ToString::to_string);
    let place = format!("{endpoint}\n{}\n{}", destination.bucket, destination.path);
    Claims {
        scope: scope.kind.name().to_owned(),
        id: scope.id.to_string(),
        destination: fingerprint(text),
        place: fingerprint(&place),
        exp: 0,
    }
}

/// A short name for a text, which tells nothing of it: 16 bytes of its SHA-256 in base64url.
pub(super) fn fingerprint(text: &str) -> String {
    BASE64URL.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use model::Id;
    use model::time::NANOS_PER_SECOND;

    use super::*;

    const TEXT: &str = "s3://bucket/logs?region=us-west-2";
    const NOW: UnixNanos = UnixNanos(1_700_000_000 * NANOS_PER_SECOND);

    fn zone(number: u8) -> Scope {
        Scope::zone(Id::from_bytes([number; 16]))
    }

    fn check_for(
        signer: &Signer,
        token: &str,
        scope: Scope,
        text: &str,
        now: UnixNanos,
    ) -> Result<(), String> {
        signer.check(token, scope, text, &Destination::parse(text).unwrap(), now)
    }

    fn token(signer: &Signer) -> String {
        signer.sign(zone(1), TEXT, &Destination::parse(TEXT).unwrap(), NOW)
    }

    #[test]
    fn a_token_is_good_for_what_it_was_made_for() {
        let signer = Signer::new(&[7; KEY_BYTES]);
        let token = token(&signer);
        assert_eq!(check_for(&signer, &token, zone(1), TEXT, NOW), Ok(()));
        assert_eq!(check_for(&signer, &format!(" {token}\n"), zone(1), TEXT, NOW), Ok(()));
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)));
        let header = BASE64URL.decode(HEADER).unwrap();
        assert_eq!(header, br#"{"alg":"HS256","typ":"JWT"}"#);
    }

    #[test]
    fn a_token_for_something_else_is_refused_and_says_which() {
        let signer = Signer::new(&[7; KEY_BYTES]);
        let token = token(&signer);
        let later = UnixNanos(NOW.0 + VALID_SECONDS * NANOS_PER_SECOND);
        let account = Scope::account(Id::from_bytes([1; 16]));
        for (scope, text, now, expected) in [
            (zone(2), TEXT, NOW, "another account or zone"),
            (account, TEXT, NOW, "another account or zone"),
            (zone(1), "s3://other/logs?region=us-west-2", NOW, "another bucket or path"),
            (zone(1), "s3://bucket/log?region=us-west-2", NOW, "another bucket or path"),
            (zone(1), "s3://bucket/logs?region=us-west-2&sse=AES256", NOW, "other parameters"),
            (zone(1), TEXT, later, "expired at 2023-11-21T22:13:20Z"),
        ] {
            let error = check_for(&signer, &token, scope, text, now).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_token_that_was_altered_or_is_foreign_is_refused() {
        let signer = Signer::new(&[7; KEY_BYTES]);
        let token = token(&signer);
        let payload = token.split('.').nth(1).unwrap();
        let claims = String::from_utf8(BASE64URL.decode(payload).unwrap()).unwrap();
        let forged = BASE64URL.encode(claims.replace("\"exp\":1", "\"exp\":9"));
        assert_ne!(forged, payload);
        let other = Signer::new(&[8; KEY_BYTES]);
        let unsigned = format!("{}.{payload}.", BASE64URL.encode(r#"{"alg":"none"}"#));
        for bad in [token.replace(payload, &forged), unsigned, String::new(), "a.b".to_owned()] {
            let error = check_for(&signer, &bad, zone(1), TEXT, NOW).unwrap_err();
            assert!(error.contains("altered"), "{error}");
        }
        assert!(check_for(&other, &token, zone(1), TEXT, NOW).is_err());
        assert!(check_for(&signer, "a b", zone(1), TEXT, NOW).unwrap_err().contains("4096"));
        let long = "a".repeat(TOKEN_CHARS_MAX + 1);
        assert!(check_for(&signer, &long, zone(1), TEXT, NOW).unwrap_err().contains("4096"));
    }
}
