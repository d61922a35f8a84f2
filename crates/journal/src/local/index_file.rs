//! The index file of a sealed segment: its marks and notes, so that opening the journal does not
//! read the segment.
//!
//! **Rules.** The file is made durable before the next segment begins. It is not the truth: where
//! it is missing or broken, or speaks of another length of the segment, it is made again from the
//! segment. The one thing that only it knows is the idempotency keys of a segment that has been
//! trimmed; that is why it outlives its segment by a day where it has any.

use std::fs;
use std::io::{self, IoSlice};
use std::path::Path;

use bytes::{Buf, BufMut, TryGetError};
use model::{Id, Offset, OffsetRange, Scope, UnixNanos};
use thiserror::Error;

use super::disk::Disk;
use super::format::{SegmentId, scope_code, scope_kind_of};
use super::index::{Mark, Notes, SegmentIndex};
use crate::keys::StoredKey;
use crate::{IdempotencyKey, QuarantineRef};

const MAGIC: [u8; 8] = *b"\xFFLPIDX\r\n";
const VERSION: u32 = 1;

/// Why an index file is of no use.
#[derive(Debug, Error)]
pub(super) enum IndexFileError {
    #[error("it is not an index file of version {VERSION}")]
    Foreign,
    #[error("its checksum does not match")]
    Checksum,
    #[error("it ends too early")]
    Short(#[from] TryGetError),
    #[error("its content contradicts itself")]
    Content,
    #[error("it speaks of another length of the segment")]
    Length,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes the index file of `segment`, and makes it durable.
pub(super) fn write(
    disk: &dyn Disk,
    path: &Path,
    segment: SegmentId,
    (index, notes): (&SegmentIndex, &Notes),
) -> io::Result<()> {
    let bytes = encode(segment, index, notes);
    let file = disk.create(path)?;
    disk.write(&file, &mut [IoSlice::new(&bytes)])?;
    disk.sync(&file)
}

/// Reads the index file of `segment`.
pub(super) fn read(
    path: &Path,
    segment: SegmentId,
) -> Result<(SegmentIndex, Notes), IndexFileError> {
    decode(segment, &fs::read(path)?)
}

fn encode(segment: SegmentId, index: &SegmentIndex, notes: &Notes) -> Vec<u8> {
    let mut body = Vec::with_capacity(64 + index.marks.len() * 24 + notes.count() * 64);
    body.put_u64_le(index.range.next.0);
    body.put_u64_le(index.end);
    body.put_i64_le(index.newest.0);
    body.put_u32_le(index.marks.len() as u32);
    body.put_u32_le(notes.keys.len() as u32);
    body.put_u32_le(notes.quarantine.len() as u32);
    for mark in &index.marks {
        body.put_u64_le(mark.offset.0);
        body.put_u64_le(mark.position);
        body.put_i64_le(mark.arrival.0);
    }
    for stored in &notes.keys {
        body.put_slice(&stored.key.key);
        body.put_slice(&stored.key.content);
        body.put_u64_le(stored.range.first.0);
        body.put_u64_le(stored.range.next.0);
        body.put_i64_le(stored.arrival.0);
    }
    for place in &notes.quarantine {
        body.put_u64_le(place.offset.0);
        body.put_i64_le(place.arrival.0);
        body.put_u32_le(place.records);
        body.put_u8(scope_code(place.scope.kind));
        body.put_slice(place.scope.id.as_bytes());
        body.put_u8(place.dataset.len() as u8);
        body.put_slice(place.dataset.as_bytes());
    }
    let mut file = Vec::with_capacity(16 + body.len());
    file.put_slice(&MAGIC);
    file.put_u32_le(VERSION);
    file.put_u32_le(segment.checksum(&[&body]));
    file.put_slice(&body);
    file
}

fn decode(segment: SegmentId, mut bytes: &[u8]) -> Result<(SegmentIndex, Notes), IndexFileError> {
    bytes = bytes.strip_prefix(&MAGIC).ok_or(IndexFileError::Foreign)?;
    if bytes.try_get_u32_le()? != VERSION {
        return Err(IndexFileError::Foreign);
    }
    if bytes.try_get_u32_le()? != segment.checksum(&[bytes]) {
        return Err(IndexFileError::Checksum);
    }
    let range = OffsetRange::new(segment.base, Offset(bytes.try_get_u64_le()?));
    let end = bytes.try_get_u64_le()?;
    let newest = UnixNanos(bytes.try_get_i64_le()?);
    let [marks, keys, places] =
        [bytes.try_get_u32_le()?, bytes.try_get_u32_le()?, bytes.try_get_u32_le()?];
    // The counts are collected one by one: a wrong one ends at the end of the bytes.
    let marks = (0..marks).map(|_| decode_mark(&mut bytes)).collect::<Result<_, _>>()?;
    let keys = (0..keys).map(|_| decode_key(&mut bytes)).collect::<Result<_, _>>()?;
    let quarantine =
        (0..places).map(|_| decode_place(segment, &mut bytes)).collect::<Result<_, _>>()?;
    if range.is_empty() || bytes.has_remaining() {
        return Err(IndexFileError::Content);
    }
    Ok((SegmentIndex { marks, range, end, newest }, Notes { keys, quarantine }))
}

fn decode_mark(bytes: &mut &[u8]) -> Result<Mark, IndexFileError> {
    Ok(Mark {
        offset: Offset(bytes.try_get_u64_le()?),
        position: bytes.try_get_u64_le()?,
        arrival: UnixNanos(bytes.try_get_i64_le()?),
    })
}

fn decode_key(bytes: &mut &[u8]) -> Result<StoredKey, IndexFileError> {
    let mut key = IdempotencyKey { key: [0; 16], content: [0; 16] };
    bytes.try_copy_to_slice(&mut key.key)?;
    bytes.try_copy_to_slice(&mut key.content)?;
    let first = Offset(bytes.try_get_u64_le()?);
    let next = Offset(bytes.try_get_u64_le()?);
    let arrival = UnixNanos(bytes.try_get_i64_le()?);
    Ok(StoredKey { key, range: OffsetRange::new(first, next), arrival })
}

fn decode_place(segment: SegmentId, bytes: &mut &[u8]) -> Result<QuarantineRef, IndexFileError> {
    let offset = Offset(bytes.try_get_u64_le()?);
    let arrival = UnixNanos(bytes.try_get_i64_le()?);
    let records = bytes.try_get_u32_le()?;
    let kind = scope_kind_of(bytes.try_get_u8()?).ok_or(IndexFileError::Content)?;
    let mut id = [0; 16];
    bytes.try_copy_to_slice(&mut id)?;
    let mut dataset = vec![0; usize::from(bytes.try_get_u8()?)];
    bytes.try_copy_to_slice(&mut dataset)?;
    Ok(QuarantineRef {
        partition: segment.partition,
        offset,
        arrival,
        scope: Scope { kind, id: Id::from_bytes(id) },
        dataset: String::from_utf8(dataset).map_err(|_| IndexFileError::Content)?,
        records,
    })
}

#[cfg(test)]
mod tests {
    use model::Partition;
    use proptest::prelude::*;

    use super::*;

    const SEGMENT: SegmentId = SegmentId { partition: Partition(3), base: Offset(7) };

    fn sample() -> (SegmentIndex, Notes) {
        let mut index = SegmentIndex::new(SEGMENT, UnixNanos(1));
        let place = super::super::index::Place { position: 64, bytes: 100 };
        index.add(Offset(7), UnixNanos(2), place);
        let key = IdempotencyKey { key: [1; 16], content: [2; 16] };
        let range = OffsetRange::new(Offset(7), Offset(8));
        let quarantined = QuarantineRef {
            partition: SEGMENT.partition,
            offset: Offset(7),
            arrival: UnixNanos(2),
            scope: Scope::zone(Id::from_bytes([9; 16])),
            dataset: "http_requests".to_owned(),
            records: 5,
        };
        let keys = vec![StoredKey { key, range, arrival: UnixNanos(2) }];
        (index, Notes { keys, quarantine: vec![quarantined] })
    }

    #[test]
    fn an_index_reads_back_as_it_was_written() {
        let (index, notes) = sample();
        let bytes = encode(SEGMENT, &index, &notes);
        assert_eq!(decode(SEGMENT, &bytes).unwrap(), (index, notes));
    }

    #[test]
    fn an_index_of_another_segment_is_refused() {
        let (index, notes) = sample();
        let bytes = encode(SEGMENT, &index, &notes);
        let other = SegmentId { base: Offset(8), ..SEGMENT };
        assert!(matches!(decode(other, &bytes), Err(IndexFileError::Checksum)));
    }

    #[test]
    fn an_index_cut_or_changed_anywhere_is_refused() {
        let (index, notes) = sample();
        let bytes = encode(SEGMENT, &index, &notes);
        for at in 0..bytes.len() {
            assert!(decode(SEGMENT, &bytes[..at]).is_err(), "cut at {at}");
            let mut changed = bytes.clone();
            changed[at] ^= 0x20;
            assert!(decode(SEGMENT, &changed).is_err(), "changed at {at}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_body_with_a_right_checksum_is_decoded_or_refused(
            body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut file = MAGIC.to_vec();
            file.put_u32_le(VERSION);
            file.put_u32_le(SEGMENT.checksum(&[&body]));
            file.extend(body);
            let _either = decode(SEGMENT, &file);
        }
    }
}
