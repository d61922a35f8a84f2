//! Brings an older catalogue forward, by the mark of the one that is lost.
//!
//! | the mark says | the older catalogue gets |
//! |---|---|
//! | a lane stands at a frame | its cursor: what is before it is not delivered again |
//! | a batch is sealed and not delivered | the batch, at its key, if it still has the revision that made it; otherwise the lane reads from there again |
//! | the job is paused, deleted, or of a newer revision | the job paused: what was decided about it is gone, and a person has to look |
//! | a job had this number | never the number again |
//!
//! **Rule.** One transaction: a crash leaves the older catalogue or the one brought forward.

use model::{Batch, JobId, Offset, OffsetRange, Partition, Revision, UnixNanos};
use sqlx::sqlite::SqliteConnection;

use super::columns::{Columns, During};
use super::history::write_event;
use super::{SqliteCatalog, audit, ledger, sql};
use crate::history::KIND_RESTORED;
use crate::{Action, Actor, Cursor, JobEvent, Mark, MarkedJob, Result};

const ACTION: &str = "be brought forward";

/// What became of an older catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroughtForward {
    /// When the newest state that is known was written down.
    pub as_of: UnixNanos,
    /// Whether that is all there was: otherwise what was sealed afterwards, until the program
    /// ended, may be delivered again.
    pub is_final: bool,
    /// Lanes that stand where the mark says.
    pub lanes: usize,
    /// Batches that were sealed and not delivered, and are again.
    pub batches: usize,
    /// Jobs that were paused, since what was decided about them after the backup is gone.
    pub paused: Vec<JobId>,
    /// Jobs that were made after the backup and are gone.
    pub lost: Vec<JobId>,
    /// Frames that may be delivered a second time.
    pub again: Vec<(JobId, Partition, OffsetRange)>,
}

impl SqliteCatalog {
    /// Brings the catalogue to where the mark says that its successor stood.
    pub(super) async fn bring_forward(
        &self,
        mark: &Mark,
        now: UnixNanos,
    ) -> Result<BroughtForward> {
        let mut done = BroughtForward {
            as_of: mark.at,
            is_final: mark.is_final,
            lanes: 0,
            batches: 0,
            paused: Vec::new(),
            lost: Vec::new(),
            again: Vec::new(),
        };
        let mut tx = self.write().await?;
        let known: Vec<JobId> = mark.jobs.iter().map(|job| job.id).collect();
        done.lost = super::mark::unknown(&mut tx, &known).await?;
        for job in &mark.jobs {
            if done.lost.contains(&job.id) {
                continue;
            }
            for cursor in &job.cursors {
                bring_lane(&mut tx, mark, (job.id, *cursor), &mut done).await?;
            }
        }
        self.pause_outdated(&mut tx, mark, now, &mut done).await?;
        for (job, partition, frames) in &done.again {
            let message = format!(
                "the catalogue was restored from a backup: frames {frames} of partition \
                 {partition} may be delivered a second time"
            );
            let event = JobEvent::new(now, KIND_RESTORED, None, message);
            write_event(&mut tx, *job, &event).await?;
        }
        never_number_again(&mut tx, mark.last_job).await?;
        sqlx::query("UPDATE installation SET generation = max(generation, $1) + 1")
            .bind(mark.generation as i64)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        tx.commit().await.during(ACTION)?;
        Ok(done)
    }

    /// Pauses the jobs that are not what they last were.
    async fn pause_outdated(
        &self,
        tx: &mut SqliteConnection,
        mark: &Mark,
        now: UnixNanos,
        done: &mut BroughtForward,
    ) -> Result<()> {
        let rows =
            sqlx::query("SELECT id FROM job WHERE enabled AND deleted_at IS NULL ORDER BY id")
                .fetch_all(&mut *tx)
                .await
                .during(ACTION)?;
        for row in rows {
            let before = self.find_job(tx, JobId(row.unsigned("id")?)).await?;
            let Some(why) = outdated(before.revision, mark.job(before.id)) else { continue };
            sqlx::query(sql!("job_pause"))
                .bind(before.id.0 as i64)
                .bind(now.0)
                .execute(&mut *tx)
                .await
                .during(ACTION)?;
            let after = self.find_job(tx, before.id).await?;
            let account = audit::account_of(tx, before.scope).await?;
            let by = Actor::system(now);
            audit::write(tx, Action::of_job(&by, account, Some(&before), Some(&after))).await?;
            let message = format!(
                "paused: the catalogue was restored from a backup, and {why} after it was made; \
                 check the job, then resume or delete it"
            );
            let event = JobEvent::new(now, KIND_RESTORED, None, message);
            write_event(tx, before.id, &event).await?;
            done.paused.push(before.id);
        }
        Ok(())
    }
}

/// What had become of the job after the backup, where that is not what the backup says.
fn outdated(revision: Revision, known: Option<&MarkedJob>) -> Option<&'static str> {
    match known {
        None => Some(
            "the job was deleted (what it delivered before that it would deliver again, if it is \
             resumed)",
        ),
        Some(known) if known.revision != revision => Some("the job was changed"),
        Some(known) if !known.enabled => Some("the job was paused"),
        Some(_) => None,
    }
}

/// Brings one lane to where it stood.
async fn bring_lane(
    tx: &mut SqliteConnection,
    mark: &Mark,
    (job, at): (JobId, Cursor),
    done: &mut BroughtForward,
) -> Result<()> {
    let mut revisions = Vec::new();
    for row in sqlx::query("SELECT revision FROM revision WHERE job = $1")
        .bind(job.0 as i64)
        .fetch_all(&mut *tx)
        .await
        .during(ACTION)?
    {
        revisions.push(Revision(row.number("revision")?));
    }
    let is_known = |batch: &&Batch| revisions.contains(&batch.revision);
    let kept: Vec<&Batch> = mark.sealed_of(job, at.partition).take_while(is_known).collect();
    let unknown = mark.sealed_of(job, at.partition).nth(kept.len());
    let next = unknown.map_or(at.next, |batch| batch.range.first);
    set_lane(tx, job, Cursor { next, ..at }).await?;
    for batch in &kept {
        ledger::insert_batch(tx, batch, mark.at).await?;
    }
    done.lanes += 1;
    done.batches += kept.len();
    if next < at.next {
        done.again.push((job, at.partition, OffsetRange::new(next, at.next)));
    }
    Ok(())
}

/// Moves the cursor, and takes away what the older catalogue had sealed: the mark knows better.
async fn set_lane(tx: &mut SqliteConnection, job: JobId, at: Cursor) -> Result<()> {
    let Cursor { partition, next: Offset(next) } = at;
    for query in [sql!("cursor_put"), sql!("batches_forget_sealed")] {
        sqlx::query(query)
            .bind(job.0 as i64)
            .bind(partition.0)
            .bind(next as i64)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
    }
    Ok(())
}

/// Keeps numbers of jobs from being given a second time: they are part of objects' keys.
async fn never_number_again(tx: &mut SqliteConnection, last: JobId) -> Result<()> {
    let raised = sqlx::query("UPDATE sqlite_sequence SET seq = max(seq, $1) WHERE name = 'job'")
        .bind(last.0 as i64)
        .execute(&mut *tx)
        .await
        .during(ACTION)?;
    if raised.rows_affected() == 0 && last.0 > 0 {
        sqlx::query("INSERT INTO sqlite_sequence (name, seq) VALUES ('job', $1)")
            .bind(last.0 as i64)
            .execute(tx)
            .await
            .during(ACTION)?;
    }
    Ok(())
}
