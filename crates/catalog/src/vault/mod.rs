//! Encrypts what the catalogue keeps for its customers but must not show: destinations.
//!
//! AES-256-GCM under a key of the installation's, which is never in the database. Older keys may
//! stand beside it, to open what was sealed before it was changed. A sealed text carries what is needed to open it, except the key, and is bound to its place: opened for
//! another row than it was sealed for, it counts as altered.
//!
//! ```text
//!   byte 0       1..5      5..17    17..
//!  ┌─────────┬───────────┬────────┬───────────────────┐
//!  │ version │  key id   │ nonce  │ ciphertext ‖ tag  │
//!  └─────────┴───────────┴────────┴───────────────────┘
//! ```

mod key_file;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use thiserror::Error;

use crate::{CatalogError, Result};

/// Length of a key, in bytes.
pub const KEY_BYTES: usize = 32;

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_LEN;

/// Seals secrets under the newest of its keys, and opens them with any. Clones share them.
///
/// The keys live in the memory of AWS-LC alone, which wipes them when the last clone goes.
#[derive(Clone)]
pub struct Vault {
    /// The newest first; never empty.
    keys: Arc<[Key]>,
}

struct Key {
    cipher: RandomizedNonceKey,
    id: [u8; KEY_ID_BYTES],
}

impl Key {
    fn new(key: &[u8; KEY_BYTES]) -> Self {
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, key)
            .expect("AES-256-GCM takes every key of 32 bytes");
        Self { cipher, id: key_id(key) }
    }
}

/// Why a sealed text cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unopened {
    /// It was sealed under another key.
    #[error("it was encrypted under another key")]
    WrongKey,
    /// It was sealed for another place, altered or cut.
    #[error("it was altered or moved")]
    Altered,
    /// It was sealed by a newer version of this program.
    #[error("its format {0} is newer than this program")]
    Version(u8),
}

impl Vault {
    /// A vault under this key.
    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        Self { keys: Arc::new([Key::new(&key)]) }
    }

    /// A vault under the keys in `text`, the newest first: each is 32 bytes in base64 or as 64
    /// hex digits, with space or line breaks between them. [`CatalogError::Key`] where there is
    /// none, or anything else.
    pub fn from_text(text: &str) -> Result<Self> {
        let refusal = |number: usize, length: usize| {
            CatalogError::Key(format!(
                "as key {number} a text of {length} characters that are not 32 bytes in base64 or \
                 as 64 hex digits (`openssl rand -base64 32` makes a key)"
            ))
        };
        let keys = (1..).zip(text.split_whitespace()).map(|(number, text)| {
            let key = parse_key(text).ok_or_else(|| refusal(number, text.chars().count()))?;
            Ok(Key::new(&key))
        });
        let keys = keys.collect::<Result<Vec<_>>>()?;
        if keys.is_empty() { Err(refusal(1, 0)) } else { Ok(Self { keys: keys.into() }) }
    }

    /// A vault under the key in the file at `path`, which is made where there is none. The file
    /// holds what [`Vault::from_text`] reads, and may be open to its owner only.
    pub fn open_or_create(path: &Path) -> Result<Self> {
        key_file::read_or_create(path)
    }

    /// Puts a new key before those in the file at `path`, which must be there. Who opens the file
    /// from now on seals under it; who has opened it goes on under the key of before.
    pub fn add_key(path: &Path) -> Result<()> {
        key_file::add(path)
    }

    /// Whether there is more than one key, so that something may be sealed under an older one.
    pub(crate) fn has_older_keys(&self) -> bool {
        self.keys.len() > 1
    }

    /// How everything that is sealed under the newest key begins.
    pub(crate) fn header(&self) -> [u8; 1 + KEY_ID_BYTES] {
        let [a, b, c, d] = self.keys[0].id;
        [VERSION, a, b, c, d]
    }

    /// Encrypts `plain`. It can be opened with the same `place` only, which says where it is
    /// kept and is not part of the result.
    pub fn seal(&self, plain: &[u8], place: &str) -> Vec<u8> {
        let mut text = plain.to_vec();
        let nonce = self.keys[0]
            .cipher
            .seal_in_place_append_tag(Aad::from(place), &mut text)
            .expect("AES-GCM takes every text that fits the memory");
        let mut sealed = Vec::with_capacity(HEADER_BYTES + text.len());
        sealed.extend_from_slice(&self.header());
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&text);
        sealed
    }

    /// Decrypts what [`Vault::seal`] made for `place`.
    pub fn open(&self, sealed: &[u8], place: &str) -> std::result::Result<Vec<u8>, Unopened> {
        let (header, text) = sealed.split_at_checked(HEADER_BYTES).ok_or(Unopened::Altered)?;
        let (version, header) = (header[0], &header[1..]);
        if version != VERSION {
            return Err(Unopened::Version(version));
        }
        let (key_id, nonce) = header.split_at(KEY_ID_BYTES);
        let key = self.keys.iter().find(|key| key_id == key.id).ok_or(Unopened::WrongKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unopened::Altered)?;
        let mut text = text.to_vec();
        let plain = key
            .cipher
            .open_in_place(nonce, Aad::from(place), &mut text)
            .map_err(|_| Unopened::Altered)?;
        Ok(plain.to_vec())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

/// Names a key without telling anything of it.
fn key_id(key: &[u8; KEY_BYTES]) -> [u8; KEY_ID_BYTES] {
    let hash = digest(&SHA256, &[b"logpush key id ".as_slice(), key].concat());
    let mut id = [0; KEY_ID_BYTES];
    id.copy_from_slice(&hash.as_ref()[..KEY_ID_BYTES]);
    id
}

fn parse_key(text: &str) -> Option<[u8; KEY_BYTES]> {
    let bytes = match text.len() {
        64 => text
            .as_bytes()
            .chunks_exact(2)
            .map(|pair| {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()
            })
            .collect::<Option<Vec<u8>>>()?,
        _ => BASE64.decode(text).ok()?,
    };
    bytes.try_into().ok()
}

/// The key as text, for its file.
fn format_key(key: &[u8; KEY_BYTES]) -> String {
    BASE64.encode(key)
}

#[cfg(test)]
mod tests;
