//! The option `compression`: how an object is compressed.

/// How an object is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// gzip (RFC 1952), which every reader knows: `.log.gz`.
    #[default]
    Gzip,
    /// Zstandard (RFC 8878): `.log.zst`.
    Zstd,
}

impl Compression {
    /// Every compression, in the order in which messages list them.
    pub const ALL: [Self; 2] = [Self::Gzip, Self::Zstd];

    /// `gzip` or `zstd`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}
