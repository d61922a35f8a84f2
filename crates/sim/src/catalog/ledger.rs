//! The delivery ledger in memory.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use catalog::{
    BatchRecord, BatchState, CatalogError, Cursor, Delivered, Ledger, Loss, OpenUpload, Page,
    Paged, Result, Totals, UploadedPart,
};
use model::{Batch, JobId, Offset, OffsetRange, Partition, UnixNanos};

use super::{MemoryCatalog, State, not_found, paged};

#[async_trait]
impl Ledger for MemoryCatalog {
    async fn take_over(&self) -> Result<()> {
        let mut state = self.state();
        state.owner += 1;
        self.owner.store(state.owner, Ordering::Relaxed);
        Ok(())
    }

    async fn check_owner(&self) -> Result<()> {
        self.step().map(drop)
    }

    async fn cursors(&self, job: JobId) -> Result<Vec<Cursor>> {
        let state = self.state();
        let mine = state.cursors.iter().filter(|((of, _), _)| *of == job);
        Ok(mine.map(|(&(_, partition), &next)| Cursor { partition, next }).collect())
    }

    async fn all_cursors(&self) -> Result<Vec<(JobId, Cursor)>> {
        let state = self.state();
        let living = state.cursors.iter().filter(|((job, _), _)| !state.is_deleted(*job));
        let cursors =
            living.map(|(&(job, partition), &next)| (job, Cursor { partition, next })).collect();
        Ok(cursors)
    }

    async fn begin(&self, job: JobId, begin: &[Cursor]) -> Result<()> {
        let mut state = self.step()?;
        state.job(job)?;
        state.begin(job, begin);
        Ok(())
    }

    async fn seal(&self, batch: &Batch, now: UnixNanos) -> Result<()> {
        let Batch { job, partition, range, .. } = *batch;
        if range.is_empty() {
            let what = format!("a batch of job {job} holds no frame: {range}");
            return Err(CatalogError::Conflict(what));
        }
        let mut state = self.step()?;
        if state.is_deleted(job) {
            return Err(CatalogError::Fenced(format!("job {job} is deleted, or never was")));
        }
        if state.cursors.get(&(job, partition)) != Some(&range.first) {
            let what = format!("job {job} does not stand at {} in {partition}", range.first);
            return Err(CatalogError::Fenced(what));
        }
        if !state.job(job)?.revisions.iter().any(|one| one.revision == batch.revision) {
            return Err(not_found("revision", &format!("{} of job {job}", batch.revision)));
        }
        state.move_cursor(job, partition, range);
        let key = (job, partition, range.first);
        state.keys.insert(batch.key.clone(), key);
        let record =
            BatchRecord { batch: batch.clone(), sealed_at: now, state: BatchState::Sealed };
        state.batches.insert(key, record);
        Ok(())
    }

    async fn pass_over(&self, passed: &[(JobId, Partition, OffsetRange)]) -> Result<usize> {
        let mut state = self.step()?;
        let moved = passed
            .iter()
            .filter(|(job, partition, range)| state.move_cursor(*job, *partition, *range));
        Ok(moved.count())
    }

    async fn settle(
        &self,
        job: JobId,
        partition: Partition,
        first: Offset,
        what: Delivered,
    ) -> Result<()> {
        let mut state = self.step()?;
        let name = || format!("of job {job} from {first} in partition {partition}");
        let record = state.batches.get_mut(&(job, partition, first));
        let record = record.ok_or_else(|| not_found("batch", &name()))?;
        match record.state {
            BatchState::Delivered(_) => return Ok(()),
            BatchState::Lost => {
                return Err(CatalogError::Fenced(format!("the batch {} was given up", name())));
            }
            BatchState::Sealed => {}
        }
        record.state = BatchState::Delivered(what.clone());
        let batch = record.batch.clone();
        state.close_uploads((job, partition, first), batch.revision);
        state.add_delivered(&batch, &what);
        let Some(entry) = state.jobs.get_mut(&job) else { return Ok(()) };
        let had_failed = entry.job.failure.take().is_some();
        entry.job.last_complete = entry.job.last_complete.max(Some(batch.end));
        entry.totals.batches += 1;
        entry.totals.records += batch.records;
        entry.totals.raw_bytes += batch.raw_bytes;
        entry.totals.object_bytes += what.object_bytes;
        if had_failed {
            state.add_event(job, what.recovery());
        }
        Ok(())
    }

    async fn unseal(&self, job: JobId, partition: Partition, first: Offset) -> Result<()> {
        let mut state = self.step()?;
        let refusal = |why: &str| {
            let what = format!("job {job} in partition {partition}, from {first} on: {why}");
            Err(CatalogError::Fenced(what))
        };
        let from = (job, partition, first);
        let until = (job, partition, Offset(u64::MAX));
        if !state.batches.contains_key(&from) {
            return refusal("no batch begins there");
        }
        let taken: Vec<_> = state.batches.range(from..=until).map(|(&key, _)| key).collect();
        if taken.iter().any(|key| state.batches[key].state != BatchState::Sealed) {
            return refusal("a batch is delivered or lost already");
        }
        for key in taken {
            if let Some(record) = state.batches.remove(&key) {
                state.keys.remove(&record.batch.key);
            }
        }
        state.cursors.insert((job, partition), first);
        Ok(())
    }

    async fn undelivered(&self, job: Option<JobId>) -> Result<Vec<Batch>> {
        let state = self.state();
        let wanted = |record: &&BatchRecord| {
            let of = record.batch.job;
            record.state == BatchState::Sealed
                && job.map_or_else(|| !state.is_deleted(of), |job| job == of)
        };
        Ok(state.batches.values().filter(wanted).map(|record| record.batch.clone()).collect())
    }

    async fn batches(&self, job: JobId, page: Page) -> Result<Paged<BatchRecord>> {
        let state = self.state();
        let mine = state.batches.values().filter(|record| record.batch.job == job);
        let mut mine: Vec<BatchRecord> = mine.cloned().collect();
        mine.sort_by_key(|BatchRecord { batch, sealed_at, .. }| {
            std::cmp::Reverse((*sealed_at, batch.partition, batch.range.first))
        });
        Ok(paged(mine.into_iter(), page))
    }

    async fn batches_in_order(
        &self,
        job: JobId,
        (partition, first): (Partition, Offset),
        limit: u32,
    ) -> Result<Vec<BatchRecord>> {
        let state = self.state();
        let mine = state.batches.range((job, partition, first)..);
        let mine = mine.map(|(_, record)| record).take_while(|record| record.batch.job == job);
        Ok(mine.take(limit as usize).cloned().collect())
    }

    async fn give_up(&self, loss: &Loss) -> Result<()> {
        let Loss { job, partition, range, .. } = *loss;
        let mut state = self.step()?;
        state.job(job)?;
        let same =
            |known: &Loss| (known.job, known.partition, known.range) == (job, partition, range);
        if state.losses.iter().any(same) {
            return Ok(());
        }
        state.losses.push(loss.clone());
        for (_, record) in state.batches.range_mut((job, partition, Offset(0))..) {
            let BatchRecord { batch, state, .. } = record;
            let overlaps = batch.range.first < range.next && batch.range.next > range.first;
            let is_of = (batch.job, batch.partition) == (job, partition);
            if is_of && overlaps && *state == BatchState::Sealed {
                *state = BatchState::Lost;
            }
        }
        if let Some(next) = state.cursors.get_mut(&(job, partition))
            && range.contains(*next)
        {
            *next = range.next;
        }
        state.add_event(job, loss.event());
        state.figures_at(job, loss.at).dropped_records += loss.records;
        Ok(())
    }

    async fn losses(&self, job: JobId) -> Result<Vec<Loss>> {
        let state = self.state();
        let mut losses: Vec<Loss> =
            state.losses.iter().filter(|loss| loss.job == job).cloned().collect();
        losses.sort_by_key(|loss| std::cmp::Reverse((loss.at, loss.partition, loss.range.first)));
        Ok(losses)
    }

    async fn totals(&self, job: JobId) -> Result<Totals> {
        let state = self.state();
        state.jobs.get(&job).map(|entry| entry.totals).ok_or_else(|| not_found("job", &job))
    }

    async fn open_upload(&self, upload: &OpenUpload) -> Result<()> {
        self.step()?.open_upload(upload)
    }

    async fn note_part(
        &self,
        job: JobId,
        partition: Partition,
        first: Offset,
        upload_id: &str,
        part: UploadedPart,
    ) -> Result<()> {
        self.step()?.note_part((job, partition, first), upload_id, part)
    }

    async fn close_upload(
        &self,
        job: JobId,
        partition: Partition,
        first: Offset,
        upload_id: &str,
    ) -> Result<()> {
        self.step()?.uploads.remove(&(job, partition, first, upload_id.to_owned()));
        Ok(())
    }

    async fn open_uploads(&self, job: Option<JobId>) -> Result<Vec<OpenUpload>> {
        let state = self.state();
        let wanted = |upload: &&OpenUpload| job.is_none_or(|job| upload.job == job);
        Ok(state.uploads.values().filter(wanted).cloned().collect())
    }
}

impl State {
    fn add_delivered(&mut self, batch: &Batch, what: &Delivered) {
        let figures = self.figures_at(batch.job, what.at);
        figures.batches += 1;
        figures.records += batch.records;
        figures.raw_bytes += batch.raw_bytes;
        figures.object_bytes += what.object_bytes;
        figures.upload_millis += what.duration_millis;
        figures.upload_millis_max = figures.upload_millis_max.max(what.duration_millis);
    }

    /// Moves the cursor of a job that is not deleted over `range`, if it stands at its start;
    /// says whether it did.
    fn move_cursor(&mut self, job: JobId, partition: Partition, range: OffsetRange) -> bool {
        if self.is_deleted(job) || range.is_empty() {
            return false;
        }
        match self.cursors.get_mut(&(job, partition)) {
            Some(next) if *next == range.first => {
                *next = range.next;
                true
            }
            _ => false,
        }
    }
}
