//! Small files that only their owner may read: whole or not there at all.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::StartError;
use crate::api::KEY_BYTES;
use crate::random::random_bytes;

/// The text of the file without the newline at its end; `None` where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<String>, StartError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim_end().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StartError::Io { action: "read", path: path.to_owned(), source }),
    }
}

/// Writes `text` and a newline to the file, durably; what was there is replaced.
pub(super) fn write(path: &Path, text: &str) -> Result<(), StartError> {
    let failed = |source| StartError::Io { action: "write", path: path.to_owned(), source };
    let unfinished = path.with_extension("new");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let write = || {
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(format!("{text}\n").as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(failed)
}

/// The key in the file, as hex digits; it is made where there is none.
pub(super) fn key(path: &Path) -> Result<[u8; KEY_BYTES], StartError> {
    if let Some(text) = read(path)? {
        return parse(&text).ok_or_else(|| StartError::Content {
            path: path.to_owned(),
            expected: "a key of 64 hex digits",
        });
    }
    let key: [u8; KEY_BYTES] = random_bytes()?;
    write(path, &hex(&key))?;
    Ok(key)
}

fn hex(key: &[u8; KEY_BYTES]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    key.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

fn parse(text: &str) -> Option<[u8; KEY_BYTES]> {
    if text.len() != 2 * KEY_BYTES || !text.is_ascii() {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ownership.key");
        let first = key(&path).unwrap();
        assert_eq!(key(&path).unwrap(), first);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_holds_no_key_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ownership.key");
        fs::write(&path, "short").unwrap();
        let error = key(&path).unwrap_err().to_string();
        assert!(error.contains("64 hex digits"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    }
}
