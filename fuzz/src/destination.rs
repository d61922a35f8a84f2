//! Whatever a destination says: its redacted form holds no secret of it, and a change that
//! carries the redacted form keeps the secrets.

use model::destination::{Access, Destination, redacted, restore_secrets};

/// Tries these bytes.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let shown = redacted(text);
    let Ok(destination) = Destination::parse(text) else { return };
    if let Access::Keys { secret_access_key, session_token, .. } = &destination.access {
        for secret in [Some(secret_access_key), session_token.as_ref()].into_iter().flatten() {
            // A short secret may stand in the bucket's name by chance.
            let secret = secret.expose();
            assert!(secret.len() < 16 || !shown.contains(secret), "{shown}");
        }
    }
    let restored = restore_secrets(&shown, text).expect("the mask stands for what was there");
    assert_eq!(Destination::parse(&restored).as_ref(), Ok(&destination));
}
