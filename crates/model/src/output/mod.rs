//! What an object holds: the API's output options and the encoder made from them.
//!
//! ```text
//! batch_prefix  record  record_delimiter  record  record_delimiter  record  batch_suffix
//!
//! record = record_prefix  field  field_delimiter  field  …  record_suffix
//!        | record_prefix  record_template, filled in       record_suffix
//! ```

mod compression;
mod csv;
mod encoder;
mod logpull;
mod names;
mod options;
mod redaction;
mod template;

#[cfg(test)]
pub(crate) mod tests;

pub use compression::Compression;
pub use encoder::{Encoder, Newlines};
pub use logpull::{LOGPULL_POINTER, logpull_members};
pub use options::{OPTION_NAMES, OPTIONS_BYTES_MAX, OutputOptions, OutputType, POINTER};
pub use template::{Template, TemplatePiece};
