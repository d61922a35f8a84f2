//! Records: one JSON object a line, read without building a tree.
//!
//! - The door checks a record once, with `Checker`: RFC 8259, UTF-8, the dataset's types.
//! - After the door `Scanner` finds the values of the fields that are wanted, as slices of the
//!   line. It trusts the check, but no input whatever makes it panic.
//! - Both read top-level keys through `Keys`, which guesses the next key from the one before.

mod block;
mod checker;
mod json;
mod keys;
mod lines;
mod refusal;
mod scanner;
mod structure;
#[cfg(test)]
mod tests;

pub use checker::Checker;
pub use lines::{Line, Lines};
pub use refusal::{Found, Refusal};
pub use scanner::{ScanError, Scanner};
