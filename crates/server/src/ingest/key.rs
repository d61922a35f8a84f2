//! Digests: of idempotency keys, of bodies, and of scopes to find their partition.

use aws_lc_rs::digest::{Context, SHA256};
use catalog::Grant;
use crc_fast::{CrcAlgorithm, Digest};
use journal::IdempotencyKey;
use model::{Partition, Scope, ScopeKind};

use super::Destined;
use super::manifest::{KeyName, Manifest};

/// The request's key, bounded to where the request goes, with the digest of what it holds.
///
/// The digest of the content is a checksum and not proof against forgery: a client that forges
/// two bodies of one digest under its own key deceives nobody but itself. Where the content is the
/// key, it goes into that whole, since a checksum alone would take two bodies for one too easily.
pub(super) fn digest(
    name: &KeyName,
    destined: Destined,
    dataset: &str,
    manifest: &Manifest,
    body: &[u8],
) -> IdempotencyKey {
    let content = content(manifest, body);
    let mut key = Context::new(&SHA256);
    let mut part = |bytes: &[u8]| {
        key.update(&(bytes.len() as u64).to_le_bytes());
        key.update(bytes);
    };
    part(place(destined).as_bytes());
    part(dataset.as_bytes());
    match name {
        KeyName::Given(text) => part(text.as_bytes()),
        // No text that is given is empty, so that neither kind can be taken for the other.
        KeyName::Content => [b"", &content[..], body].into_iter().for_each(part),
    }
    let mut digest = [0; 16];
    digest.copy_from_slice(&key.finish().as_ref()[..16]);
    IdempotencyKey { key: digest, content }
}

fn place(destined: Destined) -> String {
    match destined {
        Destined::To(scope) => scope.to_string(),
        Destined::PerRecord(Grant::Scope(scope)) => format!("per record of {scope}"),
        Destined::PerRecord(Grant::Installation) => "per record".to_owned(),
    }
}

/// Checksum and length of the decoded body with what the request says of it.
fn content(manifest: &Manifest, body: &[u8]) -> [u8; 16] {
    let mut crc = Digest::new(CrcAlgorithm::Crc64Nvme);
    let Manifest { format, first_line, source, .. } = manifest;
    crc.update(format!("{format:?} {first_line} {source:?}\n").as_bytes());
    crc.update(body);
    let mut content = [0; 16];
    content[..8].copy_from_slice(&crc.finalize().to_le_bytes());
    content[8..].copy_from_slice(&(body.len() as u64).to_le_bytes());
    content
}

/// The partition of a scope among `partitions`: always the same.
pub(super) fn partition(scope: Scope, partitions: u16) -> Partition {
    let kind = match scope.kind {
        ScopeKind::Account => 0,
        ScopeKind::Zone => 1,
    };
    let mut crc = Digest::new(CrcAlgorithm::Crc64Nvme);
    crc.update(&[kind]);
    crc.update(scope.id.as_bytes());
    among(crc.finalize(), partitions)
}

/// The partition of a request whose records have many scopes, by its key.
pub(super) fn partition_of_key(key: &IdempotencyKey, partitions: u16) -> Partition {
    let mut first = [0; 8];
    first.copy_from_slice(&key.key[..8]);
    among(u64::from_le_bytes(first), partitions)
}

fn among(hash: u64, partitions: u16) -> Partition {
    Partition((hash % u64::from(partitions.max(1))) as u16)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use model::Id;

    use super::*;

    #[test]
    fn a_scopes_partition_never_changes() {
        let zone = Scope::zone(Id::from_bytes([1; 16]));
        let account = Scope::account(Id::from_bytes([1; 16]));
        // The numbers are a promise: a job's objects of a scope come from one partition.
        assert_eq!(partition(zone, 1000), Partition(782));
        assert_eq!(partition(account, 1000), Partition(40));
        assert_eq!(partition(zone, 1), Partition(0));
    }

    #[test]
    fn a_key_is_bounded_to_scope_and_dataset_and_knows_its_content() {
        let zone = Destined::To(Scope::zone(Id::from_bytes([1; 16])));
        let other = Destined::PerRecord(Grant::Installation);
        let plain = Manifest::read(&HeaderMap::new(), &[]).unwrap();
        let numbered = [("first_line".to_owned(), "2".to_owned())];
        let numbered = Manifest::read(&HeaderMap::new(), &numbered).unwrap();
        let name = |text: &str| KeyName::Given(text.to_owned());
        let k = name("k");
        let first = digest(&k, zone, "d", &plain, b"body");
        assert_eq!(first, digest(&k, zone, "d", &plain, b"body"));
        for (text, destined, dataset) in [("l", zone, "d"), ("k", other, "d"), ("k", zone, "e")] {
            assert_ne!(digest(&name(text), destined, dataset, &plain, b"body").key, first.key);
        }
        assert_ne!(digest(&k, zone, "d", &plain, b"other").content, first.content);
        assert_ne!(digest(&k, zone, "d", &numbered, b"body").content, first.content);
        assert_eq!(digest(&k, zone, "d", &numbered, b"body").key, first.key);
    }

    #[test]
    fn content_that_is_its_own_key_has_another_key_where_anything_differs() {
        let zone = Destined::To(Scope::zone(Id::from_bytes([1; 16])));
        let other = Destined::PerRecord(Grant::Installation);
        let plain = Manifest::read(&HeaderMap::new(), &[]).unwrap();
        let named = [("source".to_owned(), "a.log".to_owned())];
        let named = Manifest::read(&HeaderMap::new(), &named).unwrap();
        let key = |destined, dataset, manifest, body: &[u8]| {
            digest(&KeyName::Content, destined, dataset, manifest, body)
        };
        let first = key(zone, "d", &plain, b"body");
        assert_eq!(first, key(zone, "d", &plain, b"body"));
        for different in [
            key(other, "d", &plain, b"body"),
            key(zone, "e", &plain, b"body"),
            key(zone, "d", &named, b"body"),
            key(zone, "d", &plain, b"Body"),
            digest(&KeyName::Given("body".to_owned()), zone, "d", &plain, b"body"),
        ] {
            assert_ne!(different.key, first.key);
        }
    }
}
