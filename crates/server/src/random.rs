//! Ids and secrets out of the system's randomness.

use aws_lc_rs::rand;
use model::Id;
use thiserror::Error;

/// The system has no random bytes to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

/// Characters of a token: 40 of 62 are more than 238 bits.
const TOKEN_CHARS: usize = 40;

/// Random bytes.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// An id that nothing has.
pub(crate) fn random_id() -> Result<Id, NoRandomness> {
    random_bytes().map(Id::from_bytes)
}

/// The text of a new token.
pub(crate) fn token_text() -> Result<String, NoRandomness> {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(TOKEN_CHARS);
    while text.len() < TOKEN_CHARS {
        for byte in random_bytes::<64>()? {
            // Of 256 values the first 248 fall evenly on 62 characters.
            if byte < 248 && text.len() < TOKEN_CHARS {
                text.push(char::from(ALPHABET[usize::from(byte % 62)]));
            }
        }
    }
    Ok(text)
}
