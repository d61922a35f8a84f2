//! What must hold in a catalogue as a whole: its schema, its installation, its key.

use model::{InstallationId, UnixNanos};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row};

use super::columns::{Columns, During};
use crate::vault::{Unopened, Vault};
use crate::{CatalogError, Result};

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// `lpct` in ASCII, as in the first migration.
const APPLICATION_ID: i64 = 0x6c70_6374;

/// The tables whose soundness is looked at when the catalogue is opened. They stay small; the
/// ledger does not.
const CHECKED_TABLES: [&str; 7] =
    ["installation", "account", "zone", "token", "job", "revision", "cursor"];

/// What a database turned out to be.
#[derive(Debug)]
pub(super) enum Found {
    /// A catalogue that this program can use, of this schema version.
    Sound { schema: i64 },
    /// Something else.
    Foreign,
    /// A catalogue of a newer version.
    Newer { found: i64, supported: i64 },
    /// A catalogue that is damaged or contradicts itself.
    Broken(String),
}

/// Brings the database to the schema of this program.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<()> {
    MIGRATOR.run(connection).await.map_err(sqlx::Error::from).during("be migrated")
}

/// Says what the database is. Reads only.
pub(super) async fn check(connection: &mut SqliteConnection) -> sqlx::Result<Found> {
    let application: i64 =
        sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    if application != APPLICATION_ID {
        return Ok(Found::Foreign);
    }
    let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(&mut *connection)
        .await?;
    let found = found.unwrap_or(0);
    let supported = supported();
    if found > supported {
        return Ok(Found::Newer { found, supported });
    }
    for table in CHECKED_TABLES {
        let check = AssertSqlSafe(format!("PRAGMA quick_check('{table}')"));
        let said: String = sqlx::query_scalar(check).fetch_one(&mut *connection).await?;
        if said != "ok" {
            return Ok(Found::Broken(format!("table `{table}`: {said}")));
        }
    }
    contradiction(connection, found).await
}

/// The schema version that this program brings a catalogue to.
pub(super) fn supported() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// A catalogue never means "no customers" by accident.
async fn contradiction(connection: &mut SqliteConnection, schema: i64) -> sqlx::Result<Found> {
    let row = sqlx::query(
        "SELECT
            (SELECT count(*) FROM installation) AS installations,
            EXISTS (SELECT 1 FROM job) AS jobs,
            EXISTS (SELECT 1 FROM cursor) OR EXISTS (SELECT 1 FROM batch) AS ledger",
    )
    .fetch_one(&mut *connection)
    .await?;
    if row.try_get::<i64, _>("installations")? != 1 {
        return Ok(Found::Broken("it names no installation".to_owned()));
    }
    if row.try_get("ledger")? && !row.try_get::<bool, _>("jobs")? {
        let what = "there is a delivery ledger, but not a single job that it could belong to";
        return Ok(Found::Broken(what.to_owned()));
    }
    Ok(Found::Sound { schema })
}

/// Gives a new catalogue its installation id, and a text by which its key is known.
pub(super) async fn found(
    connection: &mut SqliteConnection,
    vault: &Vault,
    now: UnixNanos,
) -> Result<InstallationId> {
    let mut random = [0; InstallationId::DIGITS];
    aws_lc_rs::rand::fill(&mut random)
        .expect("AWS-LC ends the process where it finds no randomness");
    let id = InstallationId::from_random(random);
    sqlx::query("INSERT INTO installation (id, key_check, created_at) VALUES ($1, $2, $3)")
        .bind(id.as_str())
        .bind(vault.seal(b"", &key_check_place(&id)))
        .bind(now.0)
        .execute(connection)
        .await
        .during("be created")?;
    Ok(id)
}

/// The installation, once the key has proved to be the right one.
pub(super) async fn installation(
    connection: &mut SqliteConnection,
    vault: &Vault,
) -> Result<InstallationId> {
    let row = sqlx::query("SELECT id, key_check FROM installation")
        .fetch_one(connection)
        .await
        .during("be opened")?;
    let id: InstallationId = row
        .text("id")?
        .parse()
        .map_err(|error| CatalogError::Damaged(format!("table `installation`: {error}")))?;
    match vault.open(&row.bytes("key_check")?, &key_check_place(&id)) {
        Ok(_) => Ok(id),
        Err(Unopened::WrongKey) => Err(CatalogError::WrongKey { what: "the catalogue".to_owned() }),
        Err(error) => Err(CatalogError::Damaged(format!("its key check: {error}"))),
    }
}

pub(super) fn key_check_place(installation: &InstallationId) -> String {
    format!("logpush key check {installation}")
}
