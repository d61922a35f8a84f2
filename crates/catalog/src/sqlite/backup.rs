//! Copies of a catalogue: backups, what a migration began with, and what is saved from a file
//! that was taken away.
//!
//! A copy is made by SQLite itself from one state of the database, while others write. It
//! appears whole or not at all, readable by its owner only, and replaces nothing.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::columns::During;
use super::file;
use super::schema::{self, Found};
use crate::publish::{create_private, discard, flush_folder_of, unfinished, with_suffix};
use crate::{CatalogError, Result};

/// Copies that a migration or a rescue leaves beside the catalogue: more would fill the disk.
const COPIES_MAX: u32 = 100;

/// Copies the catalogue at `path`, of which a service may be at work, to the new file `to`.
///
/// # Errors
/// [`CatalogError::Exists`] where `to` is there; what [`SqliteCatalog::open`] refuses, as far as
/// it can be seen without the key.
///
/// [`SqliteCatalog::open`]: super::SqliteCatalog::open
pub async fn back_up(path: &Path, to: &Path) -> Result<()> {
    if !file::exists(path)? {
        let source = std::io::Error::from(ErrorKind::NotFound);
        return Err(CatalogError::io("open", path)(source));
    }
    let mut connection = file::connect_to_read(path).await?;
    let copied = copy_if_sound(&mut connection, path, to).await;
    // Nothing was written, so there is nothing that closing could fail at.
    connection.close().await.ok();
    copied
}

async fn copy_if_sound(connection: &mut SqliteConnection, path: &Path, to: &Path) -> Result<()> {
    file::refuse_unsound(connection, path).await?;
    copy(connection, to).await
}

/// Copies the database of `connection` to the new file `to`.
pub(super) async fn copy(connection: &mut SqliteConnection, to: &Path) -> Result<()> {
    if to.symlink_metadata().is_ok() {
        return Err(CatalogError::Exists { path: to.to_owned() });
    }
    let unfinished = unfinished(to);
    discard(&unfinished)?;
    discard(&with_suffix(&unfinished, "-journal"))?;
    // SQLite copies into an empty file as into none: so its mode is ours.
    drop(create_private(&unfinished)?);
    let copied = fill(connection, &unfinished).await;
    let named = match copied {
        Ok(()) => give_name(&unfinished, to),
        Err(error) => Err(error),
    };
    if named.is_err() {
        discard(&unfinished).ok();
    }
    named
}

async fn fill(connection: &mut SqliteConnection, unfinished: &Path) -> Result<()> {
    let name = unfinished.to_str().ok_or_else(|| {
        let source = std::io::Error::new(ErrorKind::InvalidInput, "the name is not UTF-8");
        CatalogError::io("write", unfinished)(source)
    })?;
    sqlx::query("VACUUM INTO $1").bind(name).execute(connection).await.during("be copied")?;
    File::open(unfinished)
        .and_then(|file| file.sync_all())
        .map_err(CatalogError::io("flush", unfinished))?;
    let mut copy = file::connect_to_read(unfinished).await?;
    let found = schema::check(&mut copy).await;
    copy.close().await.ok();
    match found.during("be copied")? {
        Found::Sound { .. } => Ok(()),
        other => Err(CatalogError::Damaged(format!("its copy came out unsound: {other:?}"))),
    }
}

/// Gives the copy its name, where there is no such file.
fn give_name(unfinished: &Path, to: &Path) -> Result<()> {
    match std::fs::hard_link(unfinished, to) {
        Ok(()) => discard(unfinished)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(CatalogError::Exists { path: to.to_owned() });
        }
        // A file system without links, such as that of a memory stick.
        Err(_) => {
            std::fs::rename(unfinished, to).map_err(CatalogError::io("create", to))?;
        }
    }
    flush_folder_of(to).map_err(CatalogError::io("flush the folder of", to))
}

/// Copies the database of `connection` to a new file beside `path`, whose name ends in `suffix`
/// or, where that is taken, in `suffix` and a number.
pub(super) async fn copy_beside(
    connection: &mut SqliteConnection,
    path: &Path,
    suffix: &str,
) -> Result<PathBuf> {
    for number in 1..=COPIES_MAX {
        let to = match number {
            1 => with_suffix(path, suffix),
            _ => with_suffix(path, &format!("{suffix}.{number}")),
        };
        match copy(connection, &to).await {
            Ok(()) => return Ok(to),
            Err(CatalogError::Exists { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(CatalogError::Exists { path: with_suffix(path, suffix) })
}
