//! The environment: read from the process once, and laid over what the file says.

use std::collections::BTreeMap;

use model::spelling::nearest;
use serde::Deserialize;
use toml::{Table, Value};

use super::keys::VARIABLE_PREFIX;
use super::raw::RawConfig;
use super::{ConfigError, KEYS, Key};

/// Variables by name.
pub type Environment = BTreeMap<String, String>;

/// Variables with our prefix that are not the service's: those of the commands, and those that
/// Kubernetes makes for a service of the name `logpush`.
const FOREIGN: [&str; 4] = ["LOGPUSH_URL", "LOGPUSH_TOKEN", "LOGPUSH_SERVICE_*", "LOGPUSH_PORT*"];

/// The variables of this process that begin with `LOGPUSH_`. The only place that reads them.
pub fn process_environment() -> Environment {
    let texts = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    texts.filter(|(name, _)| name.starts_with(VARIABLE_PREFIX)).collect()
}

/// Lays the variables over `table`. An empty variable counts as absent.
pub(super) fn overlay(table: &mut Table, environment: &Environment) -> Result<(), ConfigError> {
    for (variable, value) in environment {
        if !variable.starts_with(VARIABLE_PREFIX) || is_foreign(variable) || value.is_empty() {
            continue;
        }
        let key = KEYS.iter().find(|key| key.variable() == *variable);
        let key = key.ok_or_else(|| unknown(variable))?;
        check_alone(key, variable, value)?;
        insert(table, key.path, Value::String(value.clone()));
    }
    Ok(())
}

fn is_foreign(variable: &str) -> bool {
    FOREIGN.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => variable.starts_with(beginning),
        None => variable == *pattern,
    })
}

fn unknown(variable: &str) -> ConfigError {
    let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
    ConfigError::UnknownVariable {
        variable: variable.to_owned(),
        nearest: nearest(variable, known.iter().map(String::as_str)).map(str::to_owned),
    }
}

/// Reads the value as if it were the only setting, so that an error can name its variable.
fn check_alone(key: &Key, variable: &str, value: &str) -> Result<(), ConfigError> {
    let mut alone = Table::new();
    insert(&mut alone, key.path, Value::String(value.to_owned()));
    RawConfig::deserialize(alone).map(drop).map_err(|error| ConfigError::Variable {
        variable: variable.to_owned(),
        message: error.message().trim_end().to_owned(),
    })
}

fn insert(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((section, rest)) => {
            let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            // What is no table here was refused when the file was read.
            if let Value::Table(section) = section {
                insert(section, rest, value);
            }
        }
    }
}
