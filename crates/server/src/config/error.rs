//! What can be wrong with the settings.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// Settings that cannot be used, and where they stand.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the settings file `{path}`: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file holds nothing.
    #[error(
        "the settings file `{path}` is empty: bring its settings back, or leave --config away to \
         run by the defaults"
    )]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file held settings before and holds none now.
    #[error(
        "the settings file `{path}` held {keys} settings and holds none any more: that is no wish \
         for the defaults; bring its settings back"
    )]
    Emptied {
        /// The file.
        path: PathBuf,
        /// How many there were.
        keys: usize,
    },
    /// A key of the file does not exist.
    #[error("`{path}` line {line}: unknown key `{key}`{}", DidYouMean(.nearest))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, with its sections.
        key: String,
        /// The key that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The file is not TOML, or a value has another type than its key's.
    #[error("`{path}` line {line}: {message}")]
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// An environment variable names no key.
    #[error("the environment variable `{variable}` names no key{}", DidYouMean(.nearest))]
    UnknownVariable {
        /// The variable.
        variable: String,
        /// The variable that was probably meant.
        nearest: Option<String>,
    },
    /// An environment variable has a value that its key does not take.
    #[error("the environment variable `{variable}`: {message}")]
    Variable {
        /// The variable.
        variable: String,
        /// What is wrong with its value.
        message: String,
    },
    /// A value is out of its bounds.
    #[error("`{key}` is {found}: expected {expected}")]
    OutOfBounds {
        /// The key.
        key: &'static str,
        /// Its value, or what is wrong with it where it is secret.
        found: String,
        /// What is allowed.
        expected: String,
    },
}

struct DidYouMean<'a, T>(&'a Option<T>);

impl<T: fmt::Display> fmt::Display for DidYouMean<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => f.write_str("; docs/configuration.md lists the keys"),
        }
    }
}
