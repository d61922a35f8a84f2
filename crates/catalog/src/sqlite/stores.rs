//! What stores have shown that they can do, in SQLite.

use async_trait::async_trait;
use model::UnixNanos;

use super::columns::{Columns, During};
use super::{SqliteCatalog, sql};
use crate::{CAPABILITIES_MAX, Capability, Result, Stores};

#[async_trait]
impl Stores for SqliteCatalog {
    async fn remember_capability(
        &self,
        place: &str,
        what: &str,
        value: &str,
        at: UnixNanos,
    ) -> Result<()> {
        const ACTION: &str = "remember what a store can do";
        let mut tx = self.write().await?;
        sqlx::query(sql!("capability_set"))
            .bind(place)
            .bind(what)
            .bind(value)
            .bind(at.0)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        sqlx::query(sql!("capabilities_trim"))
            .bind(CAPABILITIES_MAX)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        tx.commit().await.during(ACTION)
    }

    async fn capabilities(&self) -> Result<Vec<Capability>> {
        sqlx::query("SELECT * FROM capability ORDER BY place, what")
            .fetch_all(&mut *self.read().await?)
            .await
            .during("list what stores can do")?
            .iter()
            .map(|row| {
                Ok(Capability {
                    place: row.text("place")?,
                    what: row.text("what")?,
                    value: row.text("value")?,
                    at: row.instant("at")?,
                })
            })
            .collect()
    }
}
