//! Which whole segments retention would give up: a pure rule, the same for every journal.
//!
//! **Rules.** Only sealed segments expire. By age, a segment has expired when its newest frame
//! has; by bytes, the segments that ended first go first, whatever partition they stand in.

use model::time::NANOS_PER_SECOND;
use model::{Offset, OffsetRange, Partition, UnixNanos};

use crate::Retention;

/// A sealed segment, as retention sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// Its frames.
    pub(crate) range: OffsetRange,
    /// When its newest frame arrived.
    pub(crate) newest: UnixNanos,
    /// Bytes that it occupies.
    pub(crate) bytes: u64,
}

/// Where the expired segments of `partition` end; `None` where none has expired.
///
/// `sealed` holds the sealed segments of all partitions, each partition's oldest first; `total`
/// is what the whole journal occupies.
pub(crate) fn expired(
    sealed: &[Vec<Span>],
    total: u64,
    partition: Partition,
    retention: Retention,
    now: UnixNanos,
) -> Option<Offset> {
    let index = usize::from(partition.0);
    let own = sealed.get(index).map_or(&[][..], Vec::as_slice);
    let by_age = retention.max_age_seconds.and_then(|seconds| {
        let age = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(NANOS_PER_SECOND);
        let oldest_kept = UnixNanos(now.0.saturating_sub(age));
        own.iter().take_while(|span| span.newest < oldest_kept).last()
    });
    let by_bytes = retention.max_bytes.and_then(|max| {
        let mut oldest_first: Vec<_> = sealed
            .iter()
            .enumerate()
            .flat_map(|(at, spans)| spans.iter().map(move |s| (at, s)))
            .collect();
        oldest_first.sort_by_key(|(at, span)| (span.newest, *at, span.range.first));
        let mut left = total;
        let beyond = oldest_first.into_iter().take_while(|(_, span)| {
            let over = left > max;
            left = left.saturating_sub(span.bytes);
            over
        });
        beyond.filter(|(at, _)| *at == index).last().map(|(_, span)| span)
    });
    by_age.into_iter().chain(by_bytes).map(|span| span.range.next).max()
}
