//! What a lane starts from: the compiled job, its cursors, and its undelivered batches.

use std::collections::HashMap;
use std::sync::Arc;

use catalog::{CatalogError, Cursor, Job, JobRevision, Loss, OpenUpload};
use journal::Bounds;
use model::compiled_job::CompiledJob;
use model::destination::{Destination, Placeholder};
use model::{
    BatchLimits, Frequency, JobId, JobSpec, Offset, OffsetRange, Partition, Revision, Scope,
    ScopeKind,
};

use crate::lane::JobPlan;
use crate::protocol::recover::Stand;
use crate::protocol::upload::Upload;
use crate::room::Room;
use crate::supervisor::StartError;
use crate::upload::SealedBatch;

/// Reads what lanes start from.
#[derive(Debug)]
pub(crate) struct Plans {
    room: Arc<Room>,
}

impl Plans {
    pub(crate) fn new(room: Arc<Room>) -> Self {
        Self { room }
    }

    /// The plan of the job's current revision.
    pub(crate) async fn current(&self, job: &Job) -> Result<Arc<JobPlan>, StartError> {
        let limits = job.spec.batch_limits(Frequency::named(&job.frequency));
        self.compile(job.id, job.revision, job.scope, &job.spec, limits).await
    }

    /// Where a batch of this revision goes: its place, by today's keys where the job is still
    /// there.
    pub(crate) async fn destination(
        &self,
        id: JobId,
        revision: Revision,
    ) -> Result<Destination, StartError> {
        Ok(self.revision(id, revision).await?.1)
    }

    /// The plan of a revision, and where its batches go, as [`Plans::destination`] says.
    pub(crate) async fn revision(
        &self,
        id: JobId,
        revision: Revision,
    ) -> Result<(Arc<JobPlan>, Destination), StartError> {
        let plan = self.room.catalog.revision(id, revision).await?;
        let plan = self.past(&plan).await?;
        let old = plan.compiled.destination().clone();
        let current = match self.room.catalog.job(id).await {
            Ok(job) => self.current(&job).await?,
            Err(CatalogError::NotFound { .. }) => return Ok((plan, old)),
            Err(error) => return Err(error.into()),
        };
        let new = current.compiled.destination();
        let to = if new.same_place(&old) { new.clone() } else { old };
        Ok((plan, to))
    }

    /// The plan of a revision that has batches left: where they end is sealed, so that how often
    /// the job pushed then does not matter.
    async fn past(&self, old: &JobRevision) -> Result<Arc<JobPlan>, StartError> {
        let limits = old.spec.batch_limits(Frequency::High);
        self.compile(old.job, old.revision, old.scope, &old.spec, limits).await
    }

    async fn compile(
        &self,
        id: JobId,
        revision: Revision,
        scope: Scope,
        spec: &JobSpec,
        limits: BatchLimits,
    ) -> Result<Arc<JobPlan>, StartError> {
        let dataset = self
            .room
            .parts
            .datasets
            .get(&spec.dataset)
            .ok_or_else(|| StartError::NoDataset(spec.dataset.clone()))?;
        let compiled =
            CompiledJob::compile(spec, scope.kind, Arc::clone(dataset)).map_err(|issues| {
                let issues: Vec<String> = issues.iter().map(ToString::to_string).collect();
                StartError::Invalid(issues.join("; "))
            })?;
        let level = self.room.level.clone();
        let zone = self.zone_name(&compiled, scope).await?;
        Ok(Arc::new(JobPlan { id, revision, scope, zone, compiled, limits, level }))
    }

    /// The zone's name, where the job's path names it.
    async fn zone_name(
        &self,
        compiled: &CompiledJob,
        scope: Scope,
    ) -> Result<Option<String>, StartError> {
        let is_named = compiled.destination().path.names(Placeholder::Zone);
        if !is_named || scope.kind != ScopeKind::Zone {
            return Ok(None);
        }
        Ok(Some(self.room.catalog.zone(scope.id).await?.name))
    }

    /// Where the job stands in each partition. A partition that was added after the job began is
    /// read from its start. What expired while the job could not be delivered is given up on the
    /// record.
    pub(crate) async fn cursors(
        &self,
        job: &Job,
        partitions: usize,
    ) -> Result<HashMap<Partition, Offset>, StartError> {
        let known = self.room.catalog.cursors(job.id).await?;
        let mut cursors = HashMap::new();
        let mut added = Vec::new();
        for partition in (0..partitions as u16).map(Partition) {
            let Bounds { start, end } = self.room.journal.bounds(partition);
            let cursor = known.iter().find(|cursor| cursor.partition == partition);
            let cursor = cursor.map(|cursor| cursor.next);
            let next = match Stand::of(cursor, !known.is_empty(), start, end) {
                Stand::At(next) => next,
                Stand::Begins(next) => {
                    added.push(Cursor { partition, next });
                    next
                }
                Stand::Lost(range) => {
                    self.give_up(job, partition, range).await?;
                    range.next
                }
                Stand::OtherJournal => {
                    let cursor = cursor.unwrap_or_default();
                    return Err(StartError::OtherJournal { partition, cursor, end });
                }
            };
            cursors.insert(partition, next);
        }
        if !added.is_empty() {
            self.room.catalog.begin(job.id, &added).await?;
        }
        Ok(cursors)
    }

    /// Puts on record what is gone from the journal before it was delivered.
    async fn give_up(
        &self,
        job: &Job,
        partition: Partition,
        range: OffsetRange,
    ) -> Result<(), CatalogError> {
        tracing::error!(
            job = %job.id, %partition, frames = range.frames(),
            "frames are gone from the journal before they were delivered"
        );
        let at = self.room.clock.now();
        self.room.catalog.give_up(&Loss { job: job.id, partition, range, records: 0, at }).await
    }

    /// The job's batches that are sealed and not delivered, by partition and in order.
    pub(crate) async fn recovered(
        &self,
        job: &Job,
        current: &Arc<JobPlan>,
    ) -> Result<HashMap<Partition, Vec<SealedBatch>>, StartError> {
        let mut open: HashMap<_, Vec<OpenUpload>> = HashMap::new();
        for upload in self.room.catalog.open_uploads(Some(job.id)).await? {
            let batch = (upload.partition, upload.first, upload.revision);
            open.entry(batch).or_default().push(upload);
        }
        let mut plans = HashMap::from([(current.revision, Arc::clone(current))]);
        let mut recovered: HashMap<Partition, Vec<SealedBatch>> = HashMap::new();
        let undelivered = self.room.catalog.undelivered(Some(job.id)).await?;
        // Another owner may take back the seals of its own batches: those must not be uploaded here.
        self.room.catalog.check_owner().await?;
        for batch in undelivered {
            let plan = match plans.get(&batch.revision) {
                Some(plan) => Arc::clone(plan),
                None => {
                    let old = self.room.catalog.revision(job.id, batch.revision).await?;
                    let plan = self.past(&old).await?;
                    plans.insert(batch.revision, Arc::clone(&plan));
                    plan
                }
            };
            // Keys may have been renewed since; the place may not.
            let (new, old) = (current.compiled.destination(), plan.compiled.destination());
            let is_stranded = !new.same_place(old);
            let destination = if is_stranded { old.clone() } else { new.clone() };
            let id = (batch.partition, batch.range.first, batch.revision);
            let upload = Upload::recovered(open.remove(&id).unwrap_or_default());
            recovered.entry(batch.partition).or_default().push(SealedBatch {
                batch,
                plan,
                destination,
                spool: None,
                is_stranded,
                upload,
            });
        }
        Ok(recovered)
    }
}
