//! A store like S3 that misbehaves: late, refusing, forgetful, losing answers to what it has done.
//!
//! ```text
//!  delivery ──request──► wire ──due──► buckets      its effect may come before the answer, after
//!           ◄──answer───                            it, instead of it, or never
//! ```
//!
//! What was sent may arrive after the process that sent it has died.

mod buckets;
mod fate;
mod manners;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use base64::Engine as _;
use bytes::Bytes;
use delivery::{Content, PartTag, PutObject, Store, StoreError, StoreErrorKind, Stored, UploadId};
use model::destination::Destination;

use crate::catalog::MemoryCatalog;
use crate::flaw::Flaw;
use crate::rng::Rng;
use crate::storm::Storm;

pub(crate) use buckets::{Buckets, Done, Outcome, Work, gunzip, tag};
pub use buckets::{Object, Place};
pub use fate::StoreRates;
pub(crate) use fate::{Fate, draw};
pub use manners::{Guard, Manners};

/// A store in a storm.
#[derive(Debug)]
pub struct SimStore {
    storm: Arc<Storm>,
    rates: StoreRates,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    rng: Rng,
    /// Buckets that refuse everything for now.
    refusing: Vec<(String, StoreErrorKind)>,
    buckets: Buckets,
}

impl SimStore {
    /// An empty store, as rough as `rates` say, whose buckets have `manners`, by name. `ledger`
    /// tells it what is sealed, so that it sees what is published too early.
    pub fn new(
        storm: Arc<Storm>,
        rates: StoreRates,
        manners: BTreeMap<&'static str, Manners>,
        ledger: Arc<MemoryCatalog>,
        flaw: Flaw,
        rng: Rng,
    ) -> Self {
        let buckets = Buckets::new(Arc::clone(&storm), ledger, flaw, manners);
        let state = State { rng, refusing: Vec::new(), buckets };
        Self { storm, rates, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the bucket refuses everything with this error, or nothing any more.
    pub fn refuse(&self, bucket: &str, refusal: Option<StoreErrorKind>) {
        let mut state = self.state();
        state.refusing.retain(|(name, _)| name != bucket);
        state.refusing.extend(refusal.map(|kind| (bucket.to_owned(), kind)));
    }

    /// Whether the bucket refuses everything.
    pub fn refuses(&self, bucket: &str) -> bool {
        self.state().refusing.iter().any(|(name, _)| name == bucket)
    }

    /// The process lives anew.
    pub fn begin_life(&self) {
        self.state().buckets.begin_life();
    }

    /// Somebody else puts an object at a place where delivery has not written yet, if the bucket
    /// keeps what others have written; says whether they did.
    pub fn intrude(&self, place: &Place) -> bool {
        self.state().buckets.intrude(place)
    }

    /// Whoever put objects where delivery writes removes them.
    pub fn withdraw(&self) {
        self.state().buckets.withdraw();
    }

    /// Uploads that are open and may be aborted, and where they go.
    pub fn open_uploads(&self) -> Vec<(String, Place)> {
        self.state().buckets.open_uploads()
    }

    /// All that is on the wire arrives.
    pub fn clear_wire(&self) {
        self.state().buckets.deliver_wire(None);
    }

    /// The objects that are visible, by place.
    pub fn objects(&self) -> Vec<(Place, Object)> {
        self.state().buckets.objects()
    }

    /// Sends `work` and waits for the answer.
    async fn call(&self, to: &Destination, work: Work) -> Result<Done, StoreError> {
        self.storm.switch.step().await;
        let fate = self.fate(to);
        let what = work.to_string();
        let sent = Sent::new(self, work, &fate);
        Storm::pass(fate.until_done.min(fate.until_answer)).await;
        self.deliver_wire();
        Storm::pass(fate.until_answer.saturating_sub(fate.until_done)).await;
        self.storm.switch.step().await;
        self.deliver_wire();
        let answer = match (fate.error, sent.outcome()) {
            (None, Some(outcome)) => outcome,
            (Some(kind), _) => Err(kind),
            (None, None) => Err(StoreErrorKind::NoAnswer),
        };
        self.storm.trace.note(|| match &answer {
            Ok(_) => format!("store: {what}: done"),
            Err(kind) => format!("store: {what}: {kind:?}"),
        });
        answer.map_err(|kind| StoreError::new(kind, format!("the store answers {kind:?}")))
    }

    fn fate(&self, to: &Destination) -> Fate {
        let State { rng, refusing, .. } = &mut *self.state();
        let refusal = refusing.iter().find(|(bucket, _)| *bucket == to.bucket);
        if self.storm.is_calm() && refusal.is_none() {
            return Fate::CALM;
        }
        let fate = draw(rng, self.rates, refusal.map(|(_, kind)| *kind));
        if let Some(sight) = fate.sight() {
            self.storm.saw(sight);
        }
        fate
    }

    fn deliver_wire(&self) {
        let now = self.storm.clock.elapsed();
        self.state().buckets.deliver_wire(Some(now));
    }
}

/// A request that was sent and whose sender may give up on it, or die.
struct Sent<'s> {
    store: &'s SimStore,
    /// Its number on the wire, where it will have an effect.
    number: Option<u64>,
    /// Whether it arrives although its sender is gone.
    outlives: bool,
}

impl<'s> Sent<'s> {
    fn new(store: &'s SimStore, work: Work, fate: &Fate) -> Self {
        let now = store.storm.clock.elapsed();
        let number = store.state().buckets.send_off(now, work, fate);
        Self { store, number, outlives: fate.outlives }
    }

    fn outcome(&self) -> Option<Result<Done, StoreErrorKind>> {
        self.store.state().buckets.take_outcome(self.number?)
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        if !self.outlives {
            self.store.state().buckets.recall(number);
        }
    }
}

#[async_trait]
impl Store for SimStore {
    async fn put(&self, to: &Destination, object: PutObject<'_>) -> Result<Stored, StoreError> {
        let PutObject { key, body, guarded, .. } = object;
        let work = Work::Put { place: place(to, key), body, guarded };
        Ok(stored(self.call(to, work).await?))
    }

    async fn begin_upload(
        &self,
        to: &Destination,
        key: &str,
        _: Content,
    ) -> Result<UploadId, StoreError> {
        let done = self.call(to, Work::Begin { place: place(to, key) }).await?;
        Ok(UploadId { key: key.to_owned(), id: done.tag })
    }

    async fn put_part(
        &self,
        to: &Destination,
        upload: &UploadId,
        number: u32,
        body: Bytes,
    ) -> Result<PartTag, StoreError> {
        let checksum = Some(checksum_of(&body));
        let done = self.call(to, Work::Part { upload: upload.id.clone(), number, body }).await?;
        Ok(PartTag { etag: done.tag, checksum })
    }

    async fn complete_upload(
        &self,
        to: &Destination,
        upload: &UploadId,
        parts: &[PartTag],
        guarded: bool,
    ) -> Result<Stored, StoreError> {
        let tags = parts.iter().map(|part| part.etag.clone()).collect();
        let work = Work::Complete { upload: upload.id.clone(), tags, guarded };
        Ok(stored(self.call(to, work).await?))
    }

    async fn abort_upload(&self, to: &Destination, upload: &UploadId) -> Result<(), StoreError> {
        self.call(to, Work::Abort { upload: upload.id.clone() }).await.map(drop)
    }

    async fn head(&self, to: &Destination, key: &str) -> Result<Option<Stored>, StoreError> {
        let done = self.call(to, Work::Head { place: place(to, key) }).await?;
        Ok((!done.tag.is_empty()).then(|| stored(done)))
    }
}

fn place(to: &Destination, key: &str) -> Place {
    Place { bucket: to.bucket.clone(), key: key.to_owned() }
}

fn stored(done: Done) -> Stored {
    Stored { etag: done.tag, checksum: None, bytes: done.bytes }
}

/// The CRC-64/NVME of a part, which destinations use unless they say otherwise.
fn checksum_of(body: &Bytes) -> String {
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, body);
    base64::engine::general_purpose::STANDARD.encode(sum.to_be_bytes())
}
