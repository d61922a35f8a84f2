//! Objects of the job that the ledger does not know.
//!
//! The buckets are listed where batches went, page by page. An object counts as the job's by its
//! name alone, which holds installation and job: those of other jobs, challenges and whatever else
//! lies in the bucket are passed over.

use std::fmt;
use std::sync::Arc;

use catalog::{BatchState, Job};
use model::Revision;
use model::destination::Destination;
use model::object_key::ObjectName;

use super::look::Waits;
use super::{Revised, Verifier, VerifyError, Window};
use crate::store::{ListedObject, Listing, StoreError};

/// How far listing has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListCursor {
    /// Which of the places where batches went, from 0.
    pub place: usize,
    /// The last key of it that was listed.
    pub after: Option<String>,
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Keys that were listed, of whomever.
    pub keys: u64,
    /// Those of the job that the ledger does not know.
    pub extra: Vec<ExtraObject>,
    /// A place that could not be listed.
    pub unlisted: Option<UnlistedPlace>,
    /// Where to go on; `None` where all was listed.
    pub next: Option<ListCursor>,
}

/// A place that could not be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlistedPlace {
    /// Bucket and prefix.
    pub place: String,
    /// Why not.
    pub error: StoreError,
}

/// An object of the job that should not be where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraObject {
    /// The bucket that it is in.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub bytes: u64,
    /// Why it should not be there.
    pub why: Extra,
}

/// Why an object should not be where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extra {
    /// No batch of the ledger begins where its name says.
    NoBatch,
    /// The ledger has the batch at another key.
    OtherKey(String),
    /// The ledger has the batch in another bucket.
    OtherPlace(String),
    /// The ledger has given the batch up.
    GivenUp,
}

impl fmt::Display for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBatch => f.write_str("no batch of the ledger begins where its name says"),
            Self::OtherKey(key) => write!(f, "the ledger has its batch at `{key}`"),
            Self::OtherPlace(bucket) => write!(f, "the ledger has its batch in `{bucket}`"),
            Self::GivenUp => f.write_str("the ledger has given its batch up"),
        }
    }
}

/// A place where batches of the job went.
#[derive(Debug, Clone)]
struct Place {
    to: Destination,
    prefix: String,
}

impl Place {
    fn of(to: &Destination) -> Self {
        Self { to: to.clone(), prefix: to.path.fixed_prefix() }
    }

    fn is_same_bucket(&self, other: &Destination) -> bool {
        (&self.to.endpoint, &self.to.bucket) == (&other.endpoint, &other.bucket)
    }

    /// Whether a listing of it lists all of `other` as well.
    fn holds(&self, other: &Self) -> bool {
        self.is_same_bucket(&other.to) && other.prefix.starts_with(&self.prefix)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.to.bucket, self.prefix)
    }
}

impl Verifier {
    /// Lists the next page of where batches of these revisions went, and of where the job pushes
    /// now, and finds what is the job's, lies in `window`, and is not in the ledger.
    pub async fn list(
        &self,
        job: &Job,
        revisions: &[Revision],
        from: ListCursor,
        window: Window,
    ) -> Result<Listed, VerifyError> {
        let places = self.places(job, revisions).await?;
        let mut listed = Listed { keys: 0, extra: Vec::new(), unlisted: None, next: None };
        let ListCursor { place: number, after } = from;
        let Some(place) = places.get(number) else { return Ok(listed) };
        let next_place = Some(ListCursor { place: number + 1, after: None });
        let next_place = next_place.filter(|next| next.place < places.len());
        match self.list_place(place, after.as_deref()).await {
            Ok(Listing { objects, is_last }) => {
                listed.keys = objects.len() as u64;
                let last = objects.last().map(|object| object.key.clone());
                for object in objects {
                    listed.extra.extend(self.extra(place, object, window).await?);
                }
                let on = Some(ListCursor { place: number, after: last });
                listed.next = if is_last { next_place } else { on };
            }
            Err(error) => {
                listed.unlisted = Some(UnlistedPlace { place: place.to_string(), error });
                listed.next = next_place;
            }
        }
        Ok(listed)
    }

    async fn list_place(&self, place: &Place, after: Option<&str>) -> Result<Listing, StoreError> {
        let mut waits = Waits::default();
        loop {
            match self.room.store.list(&place.to, &place.prefix, after).await {
                Err(error) if waits.pass_after(&error).await => {}
                listed => return listed,
            }
        }
    }

    /// Where batches of these revisions went, and where the job pushes now, each place once.
    async fn places(&self, job: &Job, revisions: &[Revision]) -> Result<Vec<Place>, VerifyError> {
        let mut places: Vec<Place> = Vec::new();
        for &revision in revisions.iter().chain([&job.revision]) {
            let revised: Arc<Revised> = self.revised(revision).await?;
            let place = Place::of(&revised.to);
            if !places.iter().any(|known| known.holds(&place)) {
                places.retain(|known| !place.holds(known));
                places.push(place);
            }
        }
        Ok(places)
    }

    /// The object as an extra one, where it is the job's and should not be there.
    async fn extra(
        &self,
        place: &Place,
        object: ListedObject,
        window: Window,
    ) -> Result<Option<ExtraObject>, VerifyError> {
        let ListedObject { key, bytes } = object;
        let Some(name) = ObjectName::read(&key) else { return Ok(None) };
        let is_ours = name.installation == *self.room.catalog.installation()
            && name.job == self.job
            && window.touches(name.start, name.end);
        if !is_ours {
            return Ok(None);
        }
        let why = self.why_extra(place, &key, &name).await?;
        let bucket = place.to.bucket.clone();
        Ok(why.map(|why| ExtraObject { bucket, key, bytes, why }))
    }

    async fn why_extra(
        &self,
        place: &Place,
        key: &str,
        name: &ObjectName,
    ) -> Result<Option<Extra>, VerifyError> {
        let from = (name.partition, name.first);
        let found = self.room.catalog.batches_in_order(self.job, from, 1).await?;
        let begins = |partition, first| (partition, first) == from;
        let found = found.into_iter().next();
        let found = found.filter(|record| begins(record.batch.partition, record.batch.range.first));
        let Some(record) = found else { return Ok(Some(Extra::NoBatch)) };
        if record.batch.key != key {
            return Ok(Some(Extra::OtherKey(record.batch.key)));
        }
        if record.state == BatchState::Lost {
            return Ok(Some(Extra::GivenUp));
        }
        let revised = self.revised(record.batch.revision).await?;
        let is_there = place.is_same_bucket(&revised.to);
        Ok((!is_there).then(|| Extra::OtherPlace(revised.to.bucket.clone())))
    }
}
