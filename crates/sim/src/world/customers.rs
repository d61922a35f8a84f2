//! Those who own jobs, and what they wanted of them, revision by revision.

use std::collections::BTreeMap;
use std::time::Duration;

use catalog::{Actor, Cursor, Job, JobChange, Jobs};
use journal::{Clock, Journal};
use model::{Batch, JobId, Offset, Partition, Revision, Scope};

use super::World;
use crate::history::{Event, Wish};
use crate::rng::Rng;

/// All customers' jobs, deleted ones included.
#[derive(Debug, Default)]
pub struct Customers {
    /// The jobs by their number.
    pub stories: BTreeMap<JobId, JobStory>,
}

/// What was wanted of one job.
#[derive(Debug, Clone)]
pub struct JobStory {
    /// Whose it is.
    pub scope: Scope,
    /// Where it begins in each partition.
    pub begin: Vec<Offset>,
    /// Its revisions, from the first.
    pub revisions: Vec<RevisionStory>,
    /// Whether it is deleted.
    pub is_deleted: bool,
}

/// What was wanted of a job from some time on.
#[derive(Debug, Clone)]
pub struct RevisionStory {
    /// The revision.
    pub revision: Revision,
    /// What was wanted.
    pub wish: Wish,
    /// When it came into force, in elapsed time.
    pub since: Duration,
}

impl Customers {
    /// Whether a job that is not deleted goes to the bucket now.
    pub fn use_bucket(&self, bucket: &str) -> bool {
        let mut living = self.stories.values().filter(|story| !story.is_deleted);
        living.any(|story| story.wish().bucket == bucket)
    }

    /// Where a batch goes.
    pub fn bucket_of(&self, batch: &Batch) -> Option<&'static str> {
        let revisions = &self.stories.get(&batch.job)?.revisions;
        let revision = revisions.iter().find(|one| one.revision == batch.revision)?;
        Some(revision.wish.bucket)
    }
}

impl JobStory {
    /// What is wanted now.
    pub fn wish(&self) -> &Wish {
        &self.revisions.last().expect("a job has a first revision").wish
    }
}

impl World {
    /// Carries out what a customer does; says whether something has changed.
    pub(super) async fn change(&mut self, event: Event) -> bool {
        match event {
            Event::AddJob { zone, wish } => self.add_job(World::zone(zone), wish).await,
            Event::ChangeJob { choice } => {
                let mut rng = Rng::new(choice);
                let Some(id) = self.pick_job(&mut rng, |_| true) else { return false };
                let wish = self.customers.stories[&id].wish().changed(&mut rng);
                self.change_job(id, wish).await;
            }
            Event::MoveJob { bucket, choice } => {
                let mut rng = Rng::new(choice);
                let is_there = |story: &JobStory| story.wish().bucket == bucket;
                let Some(id) = self.pick_job(&mut rng, is_there) else { return false };
                let wish = self.customers.stories[&id].wish().moved(&mut rng);
                self.change_job(id, wish).await;
            }
            Event::Toggle { choice } => {
                let Some(id) = self.pick_job(&mut Rng::new(choice), |_| true) else { return false };
                let is_enabled = self.job(id).await.enabled;
                self.enable(id, !is_enabled).await;
            }
            Event::Delete { choice } => {
                let Some(id) = self.pick_job(&mut Rng::new(choice), |_| true) else { return false };
                self.storm.trace.note(|| format!("world: job {id} is deleted"));
                self.catalog.delete_job(id, &self.actor()).await.expect("it is there");
                if let Some(story) = self.customers.stories.get_mut(&id) {
                    story.is_deleted = true;
                }
            }
            _ => return false,
        }
        true
    }

    /// Lets all paused jobs go on.
    pub(super) async fn resume_all(&mut self) {
        for job in self.catalog.jobs(None).await.unwrap_or_default() {
            if !job.enabled {
                self.enable(job.id, true).await;
            }
        }
    }

    fn pick_job(&self, rng: &mut Rng, suits: impl Fn(&JobStory) -> bool) -> Option<JobId> {
        let suitable = |(_, story): &(&JobId, &JobStory)| !story.is_deleted && suits(story);
        let ids: Vec<JobId> =
            self.customers.stories.iter().filter(suitable).map(|(&id, _)| id).collect();
        (!ids.is_empty()).then(|| rng.pick(&ids))
    }

    async fn job(&self, id: JobId) -> Job {
        self.catalog.job(id).await.expect("only jobs that are not deleted are picked")
    }

    async fn add_job(&mut self, scope: Scope, wish: Wish) {
        let begin = self.ends();
        let change = JobChange {
            spec: wish.spec(),
            name: None,
            kind: String::new(),
            frequency: "high".to_owned(),
            enabled: true,
        };
        let added = self.catalog.add_job(scope, change, &begin, &self.actor()).await;
        let job = added.expect("the zone is there");
        self.storm.trace.note(|| format!("world: job {} is added: {wish:?}", job.id));
        let since = self.storm.clock.elapsed();
        let story = JobStory {
            scope,
            begin: begin.iter().map(|cursor| cursor.next).collect(),
            revisions: vec![RevisionStory { revision: job.revision, wish, since }],
            is_deleted: false,
        };
        self.customers.stories.insert(job.id, story);
    }

    async fn change_job(&mut self, id: JobId, wish: Wish) {
        let job = self.job(id).await;
        let before = job.revision;
        let change = JobChange { spec: wish.spec(), ..JobChange::none(&job) };
        let job = self.apply(&job, change).await;
        self.storm.trace.note(|| format!("world: job {id} becomes {}: {wish:?}", job.revision));
        if job.revision > before
            && let Some(story) = self.customers.stories.get_mut(&id)
        {
            let since = self.storm.clock.elapsed();
            story.revisions.push(RevisionStory { revision: job.revision, wish, since });
        }
    }

    async fn enable(&mut self, id: JobId, enabled: bool) {
        let job = self.job(id).await;
        let change = JobChange { enabled, ..JobChange::none(&job) };
        self.apply(&job, change).await;
        self.storm.trace.note(|| format!("world: job {id} enabled: {enabled}"));
    }

    async fn apply(&self, job: &Job, change: JobChange) -> Job {
        let (begin, by) = (self.ends(), self.actor());
        let changed = self.catalog.change_job(job.id, job.revision, change, &begin, &by).await;
        changed.expect("nobody else changes jobs")
    }

    fn actor(&self) -> Actor {
        Actor::system(self.storm.clock.now())
    }

    fn ends(&self) -> Vec<Cursor> {
        let partitions = (0..self.plan.partitions).map(Partition);
        let end = |partition| Cursor { partition, next: self.journal.bounds(partition).end };
        partitions.map(end).collect()
    }
}
