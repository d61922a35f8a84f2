//! Where settings come from, so that they can be read again while the service runs.
//!
//! **Rule.** A file that has become empty is doubt and no wish for defaults: it is refused, and
//! what is in force stays.

use std::net::SocketAddr;
use std::path::PathBuf;

use catalog::Older;
use toml::{Table, Value};

use super::{Config, ConfigError, Environment, raw};

/// A file, the environment, and what the command line lays over both.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The settings file, if there is one.
    pub file: Option<PathBuf>,
    /// The environment, as the process was started with it.
    pub environment: Environment,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
    /// `--accept-older-catalog`.
    pub older_catalog: Older,
}

/// Settings, and how many keys of the file they were read from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Keys that stood in the file.
    pub keys: usize,
}

impl Source {
    /// Reads the settings.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let table = match &self.file {
            Some(path) => raw::read_file(path)?,
            None => Table::new(),
        };
        let keys = keys(&table);
        let mut config = raw::resolve(table, &self.environment)?.validate()?;
        if let Some(data_dir) = &self.data_dir {
            config.data_dir.clone_from(data_dir);
        }
        config.listen = self.listen.unwrap_or(config.listen);
        config.older_catalog = self.older_catalog;
        Ok(Loaded { config, keys })
    }

    /// Reads them again, where `before` are in force.
    pub fn load_again(&self, before: &Loaded) -> Result<Loaded, ConfigError> {
        let loaded = self.load()?;
        match &self.file {
            Some(path) if loaded.keys == 0 && before.keys > 0 => {
                Err(ConfigError::Emptied { path: path.clone(), keys: before.keys })
            }
            _ => Ok(loaded),
        }
    }
}

/// Keys with a value, in all sections.
fn keys(table: &Table) -> usize {
    let of = |value: &Value| value.as_table().map_or(1, keys);
    table.values().map(of).sum()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn source(text: &str) -> (tempfile::NamedTempFile, Source) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let source = Source { file: Some(file.path().to_owned()), ..Source::default() };
        (file, source)
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let (_file, mut source) = source("data_dir = 'a'\nlisten = '127.0.0.1:1'\n");
        source.data_dir = Some("b".into());
        source.listen = Some(([127, 0, 0, 1], 2).into());
        let Loaded { config, keys } = source.load().unwrap();
        assert_eq!((config.data_dir, config.listen.port(), keys), ("b".into(), 2, 2));
    }

    #[test]
    fn a_file_without_a_key_may_begin_and_may_not_follow_one_with_keys() {
        let (file, source) = source("# nothing yet\n");
        let nothing = source.load().unwrap();
        assert_eq!(nothing.keys, 0);
        source.load_again(&nothing).unwrap();
        fs::write(file.path(), "[api]\nrequests_burst = 7\n[log]\nlevel = 'warn'\n").unwrap();
        let some = source.load_again(&nothing).unwrap();
        assert_eq!((some.keys, some.config.api.requests_burst), (2, 7));
        for text in ["", " \n\n", "# nothing\n", "[api]\n"] {
            fs::write(file.path(), text).unwrap();
            let error = source.load_again(&some).unwrap_err().to_string();
            assert!(error.contains(&file.path().display().to_string()), "{error}");
        }
        fs::remove_file(file.path()).unwrap();
        assert!(matches!(source.load_again(&some), Err(ConfigError::Unreadable { .. })));
    }

    #[test]
    fn an_empty_file_is_refused_from_the_beginning() {
        let (_file, source) = source("\n  \n");
        let error = source.load().unwrap_err().to_string();
        assert!(error.contains("is empty") && error.contains("--config"), "{error}");
    }
}
