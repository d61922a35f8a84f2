//! The file of the keys: a line of text for each, the newest first, readable by its owner only.
//!
//! It is made once, whole or not at all, and no key is ever taken out of it: without the key that
//! they are encrypted under, the destinations in the catalogue are lost. A new key is added by
//! putting a longer file in its place.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;

use super::{KEY_BYTES, Vault, format_key};
use crate::publish::{create_private, discard, publish, replace, unfinished};
use crate::{CatalogError, Result};

/// A file longer than this is some other file.
const FILE_BYTES_MAX: u64 = 16 << 10;

/// The vault under the key in the file at `path`, which is made where there is none.
pub(super) fn read_or_create(path: &Path) -> Result<Vault> {
    match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            create(path)?;
            read(&File::open(path).map_err(CatalogError::io("open", path))?, path)
        }
        file => read(&file.map_err(CatalogError::io("open", path))?, path),
    }
}

fn create(path: &Path) -> Result<()> {
    publish(&write_unfinished(path, "")?, path)
}

/// Puts a new key before those in the file.
pub(super) fn add(path: &Path) -> Result<()> {
    let file = File::open(path).map_err(CatalogError::io("open", path))?;
    let text = read_text(&file, path)?;
    parse(&text, path)?;
    replace(&write_unfinished(path, &text)?, path)
}

/// Writes a new key, and after it the keys that there were, beside the file.
fn write_unfinished(path: &Path, older: &str) -> Result<PathBuf> {
    let mut key = [0; KEY_BYTES];
    rand::fill(&mut key).expect("AWS-LC ends the process where it finds no randomness");
    let unfinished = unfinished(path);
    discard(&unfinished)?;
    let mut file = create_private(&unfinished)?;
    writeln!(file, "{}", format_key(&key))
        .and_then(|()| file.write_all(older.as_bytes()))
        .and_then(|()| file.sync_all())
        .map_err(CatalogError::io("write", &unfinished))?;
    Ok(unfinished)
}

fn read(file: &File, path: &Path) -> Result<Vault> {
    parse(&read_text(file, path)?, path)
}

fn read_text(file: &File, path: &Path) -> Result<String> {
    refuse_if_others_may_read(file, path)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(CatalogError::io("read", path))?;
    Ok(text)
}

fn parse(text: &str, path: &Path) -> Result<Vault> {
    Vault::from_text(text).map_err(|error| match error {
        CatalogError::Key(why) => CatalogError::Key(format!(
            "`{}` holds {why}; bring the file back from a backup, since nothing else opens what \
             was encrypted under it",
            path.display()
        )),
        other => other,
    })
}

#[cfg(unix)]
fn refuse_if_others_may_read(file: &File, path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = file.metadata().map_err(CatalogError::io("read", path))?;
    let mode = metadata.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(CatalogError::Key(format!(
        "`{path}` has mode {mode:04o}, so that others than its owner can use it: \
         `chmod 600 {path}`",
        path = path.display()
    )))
}

#[cfg(not(unix))]
fn refuse_if_others_may_read(_file: &File, _path: &Path) -> Result<()> {
    Ok(())
}
