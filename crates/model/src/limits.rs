//! Everything that can grow, with its bound.

/// Most bytes of a frame's payload.
pub const FRAME_BYTES_MAX: usize = 1 << 20;
/// Most records in a frame.
pub const FRAME_RECORDS_MAX: usize = 500;
/// Most bytes of one record, without its newline.
pub const RECORD_BYTES_MAX: usize = 1_000_000;
/// Deepest nesting of arrays and objects within a record.
pub const RECORD_DEPTH_MAX: usize = 120;
/// Longest name of a dataset, in bytes.
pub const DATASET_NAME_BYTES_MAX: usize = 64;
/// Most subrequests that are joined to one request.
pub const SUBREQUESTS_MAX: usize = 50;
/// Uncompressed bytes after which a gzip member of an object ends, at the next frame boundary.
pub const GZIP_MEMBER_BYTES: usize = 1 << 20;

/// Records after which a batch closes when the job sets no limit at all.
pub const DEFAULT_BATCH_RECORDS: u64 = 100_000;
/// Seconds after which a batch closes when the job sets no limit at all.
pub const DEFAULT_BATCH_SECONDS: u64 = 30;
/// As [`DEFAULT_BATCH_RECORDS`], for jobs of low frequency.
pub const LOW_FREQUENCY_BATCH_RECORDS: u64 = 1_000_000;
/// As [`DEFAULT_BATCH_SECONDS`], for jobs of low frequency.
pub const LOW_FREQUENCY_BATCH_SECONDS: u64 = 300;
