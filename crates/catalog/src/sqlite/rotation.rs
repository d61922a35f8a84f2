//! Encrypts anew, under the newest key, what is encrypted under an older one.
//!
//! Some rows at a time, each time in a transaction: whatever a crash leaves can be read with one
//! of the keys, and the next start goes on. The key check comes last.

use model::{JobId, Revision};

use super::columns::{Columns, During};
use super::schema::key_check_place;
use super::{SqliteCatalog, sql};
use crate::Result;

/// Destinations that one transaction encrypts anew.
const ROWS_AT_ONCE: u32 = 500;

impl SqliteCatalog {
    /// Brings everything under the newest key, where there are older ones.
    pub(super) async fn rotate(&self) -> Result<()> {
        if !self.vault.has_older_keys() {
            return Ok(());
        }
        while self.rotate_some(ROWS_AT_ONCE).await? > 0 {}
        self.rotate_key_check().await
    }

    /// Encrypts some destinations anew; says how many.
    async fn rotate_some(&self, most: u32) -> Result<usize> {
        const ACTION: &str = "encrypt destinations under the new key";
        let mut tx = self.write().await?;
        let rows = sqlx::query(sql!("revisions_of_older_keys"))
            .bind(self.vault.header().to_vec())
            .bind(most)
            .fetch_all(&mut *tx)
            .await
            .during(ACTION)?;
        for row in &rows {
            let (job, revision) = (JobId(row.unsigned("job")?), Revision(row.number("revision")?));
            let plain = self.open_destination(&row.bytes("destination")?, job, revision)?;
            let place = self.destination_place(job, revision);
            sqlx::query("UPDATE revision SET destination = $3 WHERE job = $1 AND revision = $2")
                .bind(job.0 as i64)
                .bind(i64::from(revision.0))
                .bind(self.vault.seal(plain.as_bytes(), &place))
                .execute(&mut *tx)
                .await
                .during(ACTION)?;
        }
        tx.commit().await.during(ACTION)?;
        Ok(rows.len())
    }

    async fn rotate_key_check(&self) -> Result<()> {
        const ACTION: &str = "note the new key";
        let mut tx = self.write().await?;
        sqlx::query("UPDATE installation SET key_check = $1 WHERE substr(key_check, 1, 5) <> $2")
            .bind(self.vault.seal(b"", &key_check_place(&self.installation)))
            .bind(self.vault.header().to_vec())
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        tx.commit().await.during(ACTION)
    }
}
