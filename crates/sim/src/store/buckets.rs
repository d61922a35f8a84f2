//! What the store holds, and the wire on which requests travel to it.
//!
//! It watches what it is told to do: an object that changes, or that appears without a seal, is a
//! violation at the moment when it happens.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use delivery::StoreErrorKind;
use flate2::Compression;
use flate2::read::{GzEncoder, MultiGzDecoder};

use super::fate::Fate;
use super::manners::{Guard, Manners};
use crate::catalog::MemoryCatalog;
use crate::flaw::Flaw;
use crate::storm::Storm;
use crate::violation::Rule;

/// Where an object stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.key)
    }
}

/// A visible object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub body: Bytes,
    /// Its ETag.
    pub etag: String,
}

/// What a request asks for.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    Put { place: Place, body: Bytes, guarded: bool },
    Begin { place: Place },
    Part { upload: String, number: u32, body: Bytes },
    Complete { upload: String, tags: Vec<String>, guarded: bool },
    Abort { upload: String },
    Head { place: Place },
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { place, body, .. } => {
                write!(f, "put {place} {} {}", body.len(), tag(body))
            }
            Self::Begin { place } => write!(f, "begin {place}"),
            Self::Part { upload, number, body } => {
                write!(f, "part {upload} {number} {} {}", body.len(), tag(body))
            }
            Self::Complete { upload, tags, .. } => write!(f, "complete {upload} of {}", tags.len()),
            Self::Abort { upload } => write!(f, "abort {upload}"),
            Self::Head { place } => write!(f, "head {place}"),
        }
    }
}

/// What a request that was carried out gives.
#[derive(Debug)]
pub(crate) struct Done {
    /// The object's or part's ETag, or the upload's id; empty where no object stands.
    pub(crate) tag: String,
    /// The object's length.
    pub(crate) bytes: Option<u64>,
}

pub(crate) type Outcome = Result<Done, StoreErrorKind>;

/// The manners of a bucket that nothing was drawn for.
const KIND: Manners = Manners { guard: Guard::Known, lets_abort: true, lets_look: true };

/// All buckets.
#[derive(Debug)]
pub(crate) struct Buckets {
    storm: Arc<Storm>,
    ledger: Arc<MemoryCatalog>,
    flaw: Flaw,
    manners: BTreeMap<&'static str, Manners>,
    objects: BTreeMap<Place, Object>,
    /// Where somebody else's object stands.
    intruders: BTreeSet<Place>,
    /// Where delivery has written, or may write with a request that is under way.
    tried: BTreeSet<Place>,
    life: u64,
    uploads: BTreeMap<String, Upload>,
    uploads_begun: u64,
    wire: BTreeMap<(Duration, u64), Work>,
    /// Requests that come twice, and the second time of each: what was refused does not come again.
    twins: BTreeMap<u64, u64>,
    outcomes: BTreeMap<u64, Outcome>,
    sent: u64,
}

#[derive(Debug)]
struct Upload {
    place: Place,
    /// In which life of the process it was begun.
    life: u64,
    parts: BTreeMap<u32, Bytes>,
}

impl Buckets {
    pub(crate) fn new(
        storm: Arc<Storm>,
        ledger: Arc<MemoryCatalog>,
        flaw: Flaw,
        manners: BTreeMap<&'static str, Manners>,
    ) -> Self {
        Self {
            manners,
            intruders: BTreeSet::new(),
            tried: BTreeSet::new(),
            life: 0,
            storm,
            ledger,
            flaw,
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
            uploads_begun: 0,
            wire: BTreeMap::new(),
            twins: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            sent: 0,
        }
    }

    pub(crate) fn objects(&self) -> Vec<(Place, Object)> {
        self.objects.iter().map(|(place, object)| (place.clone(), object.clone())).collect()
    }

    /// The process lives anew.
    pub(crate) fn begin_life(&mut self) {
        self.life += 1;
    }

    fn manners(&self, bucket: &str) -> Manners {
        self.manners.get(bucket).copied().unwrap_or(KIND)
    }

    /// Uploads that are open and may be aborted.
    pub(crate) fn open_uploads(&self) -> Vec<(String, Place)> {
        let abortable =
            |(_, upload): &(&String, &Upload)| self.manners(&upload.place.bucket).lets_abort;
        let open = self.uploads.iter().filter(abortable);
        open.map(|(id, upload)| (id.clone(), upload.place.clone())).collect()
    }

    /// Somebody else puts an object at a place where delivery has not written yet; says whether
    /// they did.
    pub(crate) fn intrude(&mut self, place: &Place) -> bool {
        let is_free = !self.objects.contains_key(place) && !self.tried.contains(place);
        if is_free && self.manners(&place.bucket).protect() {
            let body = Bytes::from_static(b"somebody else's");
            self.objects.insert(place.clone(), Object { etag: tag(&body), body });
            self.intruders.insert(place.clone());
            return true;
        }
        false
    }

    /// Whoever put objects where delivery writes removes them.
    pub(crate) fn withdraw(&mut self) {
        for place in std::mem::take(&mut self.intruders) {
            self.objects.remove(&place);
        }
    }

    /// Puts a request on the wire, to arrive at `due`, and gives its number.
    pub(crate) fn send(&mut self, due: Duration, work: Work) -> u64 {
        self.sent += 1;
        match &work {
            Work::Put { place, .. } => _ = self.tried.insert(place.clone()),
            Work::Complete { upload, .. } => {
                let place = self.uploads.get(upload).map(|upload| upload.place.clone());
                self.tried.extend(place);
            }
            _ => {}
        }
        self.wire.insert((due, self.sent), work);
        self.sent
    }

    /// Puts a request on the wire that meets this fate, and gives its number where it is carried
    /// out. It may come twice, where the store does what it asks for.
    pub(crate) fn send_off(&mut self, now: Duration, work: Work, fate: &Fate) -> Option<u64> {
        if !fate.is_done {
            return None;
        }
        let due = now + fate.until_done;
        let twin = fate.again.map(|again| self.send(due + again, work.clone()));
        let number = self.send(due, work);
        self.twins.extend(twin.map(|twin| (number, twin)));
        Some(number)
    }

    /// Takes a request off the wire, if it is still on it.
    pub(crate) fn recall(&mut self, number: u64) {
        self.wire.retain(|(_, on_wire), _| *on_wire != number);
        self.outcomes.remove(&number);
    }

    /// What became of a request; `None` where it has not arrived.
    pub(crate) fn take_outcome(&mut self, number: u64) -> Option<Outcome> {
        self.outcomes.remove(&number)
    }

    /// Carries out what has arrived by `now`; without a time, everything on the wire.
    pub(crate) fn deliver_wire(&mut self, now: Option<Duration>) {
        while let Some(first) = self.wire.first_entry() {
            if now.is_some_and(|now| first.key().0 > now) {
                return;
            }
            let ((_, number), work) = first.remove_entry();
            let outcome = self.carry_out(work);
            match self.twins.remove(&number) {
                Some(twin) if outcome.is_err() => self.recall(twin),
                Some(_) => self.storm.saw("a request comes twice"),
                None => {}
            }
            self.outcomes.insert(number, outcome);
        }
    }

    fn carry_out(&mut self, work: Work) -> Outcome {
        match work {
            Work::Put { place, body, guarded } => self.make_visible(place, body, guarded),
            Work::Begin { place } => {
                self.uploads_begun += 1;
                let id = format!("upload-{}", self.uploads_begun);
                let upload = Upload { place, life: self.life, parts: BTreeMap::new() };
                self.uploads.insert(id.clone(), upload);
                Ok(Done { tag: id, bytes: None })
            }
            Work::Part { upload, number, body } => {
                let upload = self.uploads.get_mut(&upload).ok_or(StoreErrorKind::NoSuchUpload)?;
                let tag = tag(&body);
                upload.parts.insert(number, body);
                Ok(Done { tag, bytes: None })
            }
            Work::Complete { upload, tags, guarded } => self.complete(&upload, &tags, guarded),
            Work::Abort { upload } => self.abort(&upload),
            Work::Head { place } => self.look(&place),
        }
    }

    fn abort(&mut self, id: &str) -> Outcome {
        let upload = self.uploads.get(id).ok_or(StoreErrorKind::NoSuchUpload)?;
        if !self.manners(&upload.place.bucket).lets_abort {
            self.storm.saw("an abort is refused");
            return Err(StoreErrorKind::AccessDenied);
        }
        let tag = upload.place.key.clone();
        self.uploads.remove(id);
        self.storm.saw("an upload in parts is aborted");
        Ok(Done { tag, bytes: None })
    }

    fn look(&self, place: &Place) -> Outcome {
        if !self.manners(&place.bucket).lets_look {
            self.storm.saw("a look at an object is refused");
            return Err(StoreErrorKind::AccessDenied);
        }
        self.storm.saw("an object is looked at");
        let object = self.objects.get(place);
        Ok(object.map_or(Done { tag: String::new(), bytes: None }, |object| Done {
            tag: object.etag.clone(),
            bytes: Some(object.body.len() as u64),
        }))
    }

    fn complete(&mut self, id: &str, tags: &[String], guarded: bool) -> Outcome {
        let upload = self.uploads.get(id).ok_or(StoreErrorKind::NoSuchUpload)?;
        let held: Vec<String> = upload.parts.values().map(tag).collect();
        let is_row = upload.parts.keys().copied().eq(1..=upload.parts.len() as u32);
        if !is_row || held != tags {
            return Err(StoreErrorKind::Refused);
        }
        let body: Vec<u8> = upload.parts.values().flatten().copied().collect();
        let (place, life) = (upload.place.clone(), upload.life);
        let done = self.make_visible(place, body.into(), guarded)?;
        self.uploads.remove(id);
        if life < self.life {
            self.storm.saw("an upload of an earlier life is completed");
        }
        self.storm.saw("an upload in parts is completed");
        Ok(done)
    }

    fn make_visible(&mut self, place: Place, body: Bytes, guarded: bool) -> Outcome {
        match self.manners(&place.bucket).guard {
            Guard::Known if guarded && self.objects.contains_key(&place) => {
                self.storm.saw("a guarded write finds an object");
                return Err(StoreErrorKind::AlreadyThere);
            }
            Guard::Refused if guarded => {
                self.storm.saw("a guarded write is refused");
                return Err(StoreErrorKind::NotSupported);
            }
            _ => {}
        }
        self.check_sealed(&place);
        let object = Object { etag: tag(&body), body };
        let done = Done { tag: object.etag.clone(), bytes: Some(object.body.len() as u64) };
        self.write(place.clone(), object);
        if self.flaw == Flaw::RewritesObjects {
            self.write_again_with_less(place);
        }
        Ok(done)
    }

    fn check_sealed(&self, place: &Place) {
        if self.ledger.batch_of_key(&place.key).is_none() {
            let what = format!("{place} becomes visible, and no batch is sealed for it");
            self.storm.violated(Rule::SealThenPublish, what);
        }
    }

    fn write(&mut self, place: Place, object: Object) {
        if self.intruders.remove(&place) {
            let what = format!("{place} is somebody else's and is written over");
            self.storm.violated(Rule::OthersAreLeftAlone, what);
        }
        match self.objects.get(&place) {
            None => {
                self.objects.insert(place, object);
            }
            Some(before) if before.body == object.body => {
                self.storm.saw("an object is written again, to the same bytes");
            }
            Some(before) => {
                let is_same = gunzip(&before.body) == gunzip(&object.body);
                let kind =
                    if is_same { "the same content in other bytes" } else { "other content" };
                let what = format!("{place} is visible and is written again with {kind}");
                self.storm.violated(Rule::ObjectsNeverChange, what);
                self.objects.insert(place, object);
            }
        }
    }

    fn write_again_with_less(&mut self, place: Place) {
        let Some(content) = self.objects.get(&place).and_then(|object| gunzip(&object.body)) else {
            return;
        };
        let less =
            content.iter().position(|&byte| byte == b'\n').map_or(&[][..], |at| &content[at + 1..]);
        let mut encoder = GzEncoder::new(less, Compression::fast());
        let mut body = Vec::new();
        if encoder.read_to_end(&mut body).is_ok() {
            let body = Bytes::from(body);
            self.write(place, Object { etag: tag(&body), body });
        }
    }
}

/// What gzip members unfold to; `None` where they are damaged.
pub(crate) fn gunzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    MultiGzDecoder::new(body).read_to_end(&mut content).ok()?;
    Some(content)
}

/// The tag that a store gives to these bytes.
pub(crate) fn tag(body: &Bytes) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use model::{InstallationId, UnixNanos};

    use super::*;
    use crate::violation::Violation;

    fn buckets() -> (Buckets, Arc<Storm>) {
        let storm = Storm::new(UnixNanos(0), false);
        let ledger = Arc::new(MemoryCatalog::new(InstallationId::from_random([0; 12])));
        (Buckets::new(Arc::clone(&storm), ledger, Flaw::None, BTreeMap::new()), storm)
    }

    fn put(body: &'static str) -> Work {
        let place = Place { bucket: "amber".to_owned(), key: "logs/1".to_owned() };
        Work::Put { place, body: Bytes::from_static(body.as_bytes()), guarded: false }
    }

    #[test]
    fn a_request_arrives_when_it_is_due_unless_it_is_recalled() {
        let (mut buckets, _) = buckets();
        let number = buckets.send(Duration::from_secs(5), put("one"));
        buckets.deliver_wire(Some(Duration::from_secs(4)));
        assert!(buckets.take_outcome(number).is_none());
        assert!(buckets.objects().is_empty());
        buckets.deliver_wire(Some(Duration::from_secs(5)));
        assert!(matches!(buckets.take_outcome(number), Some(Ok(_))));
        assert_eq!(buckets.objects().len(), 1);

        let recalled = buckets.send(Duration::from_secs(6), put("two"));
        buckets.recall(recalled);
        buckets.deliver_wire(None);
        assert_eq!(buckets.objects()[0].1.body, "one");
    }

    #[test]
    fn an_object_that_changes_or_was_not_sealed_is_seen() {
        let (mut buckets, storm) = buckets();
        for body in ["one", "one", "two"] {
            buckets.send(Duration::ZERO, put(body));
        }
        buckets.deliver_wire(None);
        let rules: Vec<Rule> =
            storm.violations().iter().map(|Violation { rule, .. }| *rule).collect();
        let unsealed = Rule::SealThenPublish;
        assert_eq!(rules, [unsealed, unsealed, unsealed, Rule::ObjectsNeverChange]);
    }

    #[test]
    fn an_upload_is_completed_by_the_tags_of_all_its_parts() {
        let (mut buckets, _) = buckets();
        let place = Place { bucket: "amber".to_owned(), key: "logs/1".to_owned() };
        let id = buckets.carry_out(Work::Begin { place }).unwrap().tag;
        let mut tags = Vec::new();
        for (number, body) in [(1, "hello "), (2, "world")] {
            let body = Bytes::from_static(body.as_bytes());
            let part = Work::Part { upload: id.clone(), number, body };
            tags.push(buckets.carry_out(part).unwrap().tag);
        }
        let complete = |tags: &[String]| {
            let upload = id.clone();
            Work::Complete { upload, tags: tags.to_vec(), guarded: false }
        };
        assert_eq!(buckets.carry_out(complete(&tags[..1])).unwrap_err(), StoreErrorKind::Refused);
        assert!(buckets.objects().is_empty());
        buckets.carry_out(complete(&tags)).unwrap();
        assert_eq!(buckets.objects()[0].1.body, "hello world");
        let again = buckets.carry_out(complete(&tags)).unwrap_err();
        assert_eq!(again, StoreErrorKind::NoSuchUpload);
    }
}
