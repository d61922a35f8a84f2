//! How a journal on the local disk is laid out and bounded.

/// Settings of a [`super::LocalJournal`]. All may change from one opening to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalSettings {
    /// How many partitions there are at least. Where the directory has more, it keeps them.
    pub partitions: u16,
    /// Bytes after which a segment is sealed and the next one begins. A larger append has a
    /// segment of its own. Retention and trimming go by whole segments.
    pub segment_bytes: u64,
    /// Seconds after its first frame that a segment is sealed when the next append comes, so that
    /// a partition with little traffic can be trimmed too.
    pub segment_seconds: u64,
    /// Bytes that are written before each fdatasync: as many waiting appends as fit are made
    /// durable by one, and a larger append takes several.
    pub commit_bytes_max: usize,
    /// Bytes of appends that may wait for each partition's writer; more wait outside, in
    /// [`append`](crate::Journal::append).
    pub queue_bytes_max: usize,
    /// Bytes of the newest frames that each partition keeps in memory for its readers.
    pub tail_bytes_max: usize,
    /// Free bytes of the file system that appends never use up: below, they are refused.
    pub free_bytes_min: u64,
    /// How many idempotency keys are remembered at most, over all partitions; beyond it the
    /// oldest are forgotten before their 24 hours are over. A key takes about 150 bytes of memory.
    pub idempotency_keys_max: usize,
}

impl Default for LocalSettings {
    fn default() -> Self {
        Self {
            partitions: 1,
            segment_bytes: 128 << 20,
            segment_seconds: 60 * 60,
            commit_bytes_max: 4 << 20,
            queue_bytes_max: 32 << 20,
            tail_bytes_max: 16 << 20,
            free_bytes_min: 256 << 20,
            idempotency_keys_max: 1_000_000,
        }
    }
}
