//! Doors to what reads bytes from outside and is not public otherwise: bodies of requests and
//! proofs of ownership. For fuzz targets, and for the test that replays their corpora.

use model::destination::Destination;
use model::{Scope, UnixNanos};

use crate::api::Signer;

pub use crate::ingest::apart::{Apart, Bounds, take_apart};

/// Signs proofs of ownership, and checks them.
#[derive(Debug)]
pub struct Challenges {
    signer: Signer,
}

impl Challenges {
    /// With this key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self { signer: Signer::new(key) }
    }

    /// The token for a destination, of which `text` is the string.
    pub fn sign(
        &self,
        scope: Scope,
        text: &str,
        destination: &Destination,
        now: UnixNanos,
    ) -> String {
        self.signer.sign(scope, text, destination, now)
    }

    /// A token with any payload, signed rightly.
    pub fn sign_payload(&self, payload: &[u8]) -> String {
        self.signer.sign_payload(payload)
    }

    /// Checks a token for a destination, of which `text` is the string.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn check(
        &self,
        token: &str,
        scope: Scope,
        text: &str,
        destination: &Destination,
        now: UnixNanos,
    ) -> Result<(), String> {
        self.signer.check(token, scope, text, destination, now)
    }
}
