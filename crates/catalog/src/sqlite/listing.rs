//! Lists, a page at a time, with how many items there are in all.

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row, Sqlite};

use super::SqliteCatalog;
use super::columns::During;
use crate::{Page, Paged, Result};

/// A query that is given its values.
pub(super) type Question = Query<'static, Sqlite, SqliteArguments>;

/// What is listed. Both queries take the same values; that of the rows takes LIMIT and OFFSET
/// behind them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing {
    /// What cannot be done where it fails.
    pub(super) action: &'static str,
    /// Counts the items.
    pub(super) count: &'static str,
    /// Gives the rows of a page, in their order.
    pub(super) rows: &'static str,
}

impl SqliteCatalog {
    /// A page of a list: `bind` gives both queries their values, `read` makes an item of a row.
    /// Count and rows are of the same state.
    pub(super) async fn list<T>(
        &self,
        listing: Listing,
        page: Page,
        bind: impl Fn(Question) -> Question,
        read: impl Fn(&SqliteRow) -> Result<T>,
    ) -> Result<Paged<T>> {
        let Listing { action, count, rows } = listing;
        let (limit, offset) = limit_and_offset(page);
        let (count, rows) = (bind(sqlx::query(count)), bind(sqlx::query(rows)));
        let mut tx = self.snapshot().await?;
        let counted = count.fetch_one(&mut *tx).await.during(action)?;
        let total: i64 = counted.try_get(0).during(action)?;
        let rows = rows.bind(limit).bind(offset).fetch_all(&mut *tx).await.during(action)?;
        let items = rows.iter().map(read).collect::<Result<_>>()?;
        Ok(Paged { items, total: total as u64 })
    }
}

/// The LIMIT and OFFSET of a page.
pub(super) fn limit_and_offset(page: Page) -> (i64, i64) {
    let before = i64::from(page.number.saturating_sub(1)).saturating_mul(i64::from(page.size));
    (i64::from(page.size), before)
}
