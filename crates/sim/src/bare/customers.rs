//! What customers do: they add, change, move, pause and delete jobs, at the worst moment too.

use catalog::{Actor, Cursor, Job, JobChange, Jobs};
use delivery::StoreErrorKind;
use model::{JobId, Partition};

use super::world::{World, now};
use crate::history::{BUCKETS, Wish};
use crate::world::{JobStory, RevisionStory};

const JOBS_MAX: usize = 3;

impl World {
    pub(super) fn customers_act(&mut self) {
        if self.stories.is_empty() || (self.stories.len() < JOBS_MAX && self.rng.per_mille(40)) {
            self.add_job();
        }
        if self.rng.per_mille(25) {
            self.change_job();
        }
        if self.rng.per_mille(20) {
            self.toggle();
        }
        if self.rng.per_mille(3) {
            self.delete();
        }
        if self.rng.per_mille(15) {
            self.change_weather();
        }
    }

    /// Customers change all their jobs at once.
    pub(super) fn change_every_job(&mut self) {
        for job in now(self.catalog.jobs(None)).unwrap_or_default() {
            self.change(&job);
        }
    }

    fn actor(&self) -> Actor {
        Actor::system(self.now())
    }

    fn begins(&self) -> Vec<Cursor> {
        let ends = (0..).map(Partition).zip(self.ends());
        ends.map(|(partition, next)| Cursor { partition, next }).collect()
    }

    fn change_weather(&mut self) {
        let bucket = self.rng.pick(&BUCKETS);
        let refusal = self.rng.pick(&[
            None,
            Some(StoreErrorKind::AccessDenied),
            Some(StoreErrorKind::NoSuchBucket),
            Some(StoreErrorKind::SlowDown),
        ]);
        self.storm.trace.note(|| format!("world: {bucket} refuses {refusal:?}"));
        self.refusing.remove(bucket);
        self.refusing.extend(refusal.map(|kind| (bucket, kind)));
    }

    fn add_job(&mut self) {
        let (scope, wish) = (self.any_zone(), Wish::draw(&mut self.rng));
        let change = JobChange {
            spec: wish.spec(),
            name: None,
            kind: String::new(),
            frequency: "high".to_owned(),
            enabled: true,
        };
        let begin = self.begins();
        let job = now(self.catalog.add_job(scope, change, &begin, &self.actor()))
            .expect("the zone is there");
        self.storm.trace.note(|| format!("world: job {} is added: {wish:?}", job.id));
        let revisions = vec![RevisionStory { revision: job.revision, wish, since: self.elapsed() }];
        let begin = self.ends();
        self.stories.insert(job.id, JobStory { scope, begin, revisions, is_deleted: false });
    }

    fn pick(&mut self) -> Option<Job> {
        let living = self.stories.iter().filter(|(_, story)| !story.is_deleted);
        let ids: Vec<JobId> = living.map(|(&id, _)| id).collect();
        if ids.is_empty() {
            return None;
        }
        let id = self.rng.pick(&ids);
        now(self.catalog.job(id)).ok()
    }

    fn change_job(&mut self) {
        if let Some(job) = self.pick() {
            self.change(&job);
        }
    }

    fn change(&mut self, job: &Job) {
        let Some(story) = self.stories.get(&job.id) else { return };
        let wish = story.wish().clone();
        let wish = if self.rng.per_mille(300) {
            wish.moved(&mut self.rng)
        } else {
            wish.changed(&mut self.rng)
        };
        let change = JobChange { spec: wish.spec(), ..JobChange::none(job) };
        let changed = self.apply(job, change);
        self.storm
            .trace
            .note(|| format!("world: job {} becomes {}: {wish:?}", job.id, changed.revision));
        let since = self.elapsed();
        if changed.revision > job.revision
            && let Some(story) = self.stories.get_mut(&job.id)
        {
            story.revisions.push(RevisionStory { revision: changed.revision, wish, since });
        }
    }

    fn apply(&self, job: &Job, change: JobChange) -> Job {
        let (begin, by) = (self.begins(), self.actor());
        let changed = self.catalog.change_job(job.id, job.revision, change, &begin, &by);
        now(changed).expect("nobody else changes jobs")
    }

    fn toggle(&mut self) {
        if let Some(job) = self.pick() {
            self.enable(&job, !job.enabled);
        }
    }

    fn enable(&self, job: &Job, enabled: bool) {
        self.apply(job, JobChange { enabled, ..JobChange::none(job) });
        self.storm.trace.note(|| format!("world: job {} enabled: {enabled}", job.id));
    }

    pub(super) fn resume_all(&self) {
        for job in now(self.catalog.jobs(None)).unwrap_or_default() {
            if !job.enabled {
                self.enable(&job, true);
            }
        }
    }

    fn delete(&mut self) {
        let Some(job) = self.pick() else { return };
        now(self.catalog.delete_job(job.id, &self.actor())).expect("it is there");
        self.storm.trace.note(|| format!("world: job {} is deleted", job.id));
        if let Some(story) = self.stories.get_mut(&job.id) {
            story.is_deleted = true;
        }
    }
}
