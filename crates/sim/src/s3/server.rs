//! The server as a test holds it: what it is told, and what it has seen.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::backend::Backend;
use super::buckets::{Bucket, BucketSettings, Object, Upload};
use super::checksum;
use super::connection::serve;
use super::fault::Fault;
use super::gate::{Gate, Keys, User};
use super::operation::{Asked, Operation};
use super::rule::{Rule, Rules};

/// The keys that every server knows.
pub const ACCESS_KEY: &str = "AKIATESTTESTTESTTEST";
/// Their secret half.
pub const SECRET_KEY: &str = "test-secret-test-secret-test-secret-test";
/// The account of the one who has them, and of buckets' owners where nothing else is said.
pub const ACCOUNT: &str = "111122223333";
/// The one who has them, as policies name it.
pub const PRINCIPAL: &str = "arn:aws:iam::111122223333:user/logpush";

/// A request that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What it asked for.
    pub operation: Operation,
    /// Of which bucket.
    pub bucket: String,
    /// Of which key; empty where it was for the bucket.
    pub key: String,
    /// Whether it came with `If-None-Match`.
    pub is_conditional: bool,
    /// The fault that it met.
    pub fault: Option<&'static str>,
    /// The status that the server gave it, whether the client learnt of it or not.
    pub status: Option<u16>,
}

/// What the parts of a server share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    uploads_begun: AtomicU64,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) buckets: BTreeMap<String, Bucket>,
    pub(super) users: BTreeMap<String, User>,
    rules: Rules,
    requests: Vec<Request>,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn next_upload_id(&self) -> String {
        format!("upload-{}", self.uploads_begun.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// The fault that a request meets.
    pub(super) fn meet(&self, asked: &Asked) -> Option<Fault> {
        self.state().rules.choose(asked)
    }

    /// Notes a request, and gives its number.
    pub(super) fn note(&self, asked: Asked, fault: Option<&Fault>) -> usize {
        let Asked { operation, bucket, key, is_conditional } = asked;
        let fault = fault.map(Fault::name);
        let requests = &mut self.state().requests;
        requests.push(Request { operation, bucket, key, is_conditional, fault, status: None });
        requests.len() - 1
    }

    pub(super) fn note_status(&self, number: usize, status: u16) {
        if let Some(request) = self.state().requests.get_mut(number) {
            request.status = Some(status);
        }
    }
}

/// An S3 server on loopback that misbehaves as it is told.
pub struct S3Server {
    shared: Arc<Shared>,
    service: S3Service,
    address: SocketAddr,
    serving: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for S3Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        if let Some(serving) = self.serving().take() {
            serving.abort();
        }
    }
}

impl S3Server {
    /// A server with these buckets, whose chance this seed decides. It ends with its runtime, or
    /// when it is dropped.
    ///
    /// # Panics
    ///
    /// Where no port of the loopback address can be had.
    pub async fn start(seed: u64, buckets: &[&str]) -> Self {
        let state = State {
            buckets: BTreeMap::new(),
            users: BTreeMap::new(),
            rules: Rules::new(seed),
            requests: Vec::new(),
        };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), uploads_begun: AtomicU64::new(0) });
        let mut service = S3ServiceBuilder::new(Backend(Arc::clone(&shared)));
        service.set_auth(Keys(Arc::clone(&shared)));
        service.set_access(Gate(Arc::clone(&shared)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let service = service.build();
        let server = Self { shared, service, address, serving: Mutex::new(None) };
        server.add_user(User {
            access_key_id: ACCESS_KEY.to_owned(),
            secret_access_key: SECRET_KEY.to_owned(),
            session_token: None,
            principal: PRINCIPAL.to_owned(),
        });
        buckets.iter().for_each(|name| server.set_bucket(name, BucketSettings::default()));
        server.serve(listener);
        server
    }

    fn serving(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, listener: TcpListener) {
        let serving = serve(listener, self.service.clone(), Arc::clone(&self.shared));
        *self.serving() = Some(tokio::spawn(serving));
    }

    /// Where it listens, as a client writes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on nothing answers at its address; open connections are cut.
    pub async fn leave(&self) {
        let serving = self.serving().take();
        if let Some(serving) = serving {
            serving.abort();
            // It was told to end, which is no error.
            let _ = serving.await;
        }
    }

    /// Answers again, with all that stood in its buckets.
    ///
    /// # Panics
    ///
    /// Where another program has taken its port meanwhile.
    pub async fn come_back(&self) {
        for _ in 0..100 {
            if let Ok(listener) = TcpListener::bind(self.address).await {
                return self.serve(listener);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the port of {} stays taken", self.address);
    }

    /// Adds a bucket, or sets up one that is there anew.
    pub fn set_bucket(&self, name: &str, settings: BucketSettings) {
        self.shared.state().buckets.entry(name.to_owned()).or_default().settings = settings;
    }

    /// Adds somebody with keys, or gives them other ones.
    pub fn add_user(&self, user: User) {
        self.shared.state().users.insert(user.access_key_id.clone(), user);
    }

    /// Adds a rule, after those that are there: the first that has it so decides.
    pub fn add_rule(&self, rule: Rule) {
        self.shared.state().rules.add(rule);
    }

    /// Takes back all rules.
    pub fn heal(&self) {
        self.shared.state().rules.clear();
    }

    /// How often which fault was met.
    pub fn faults_met(&self) -> BTreeMap<&'static str, u64> {
        self.shared.state().rules.met().clone()
    }

    /// The requests that came in, in their order.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// How many requests for an operation on a bucket came in.
    pub fn count(&self, bucket: &str, operation: Operation) -> usize {
        let state = self.shared.state();
        let of = |request: &&Request| request.bucket == bucket && request.operation == operation;
        state.requests.iter().filter(of).count()
    }

    /// A bucket's objects, in the order of their keys; none where there is no such bucket.
    pub fn objects(&self, bucket: &str) -> Vec<Object> {
        let state = self.shared.state();
        let bucket = state.buckets.get(bucket);
        bucket.map(|bucket| bucket.objects.values().cloned().collect()).unwrap_or_default()
    }

    /// Puts an object at a key, as somebody else does, in place of what stands there.
    pub fn put_object(&self, bucket: &str, key: &str, body: impl Into<Bytes>) {
        let body = body.into();
        let etag = checksum::etag(&body);
        let (key, headers) = (key.to_owned(), BTreeMap::new());
        let object = Object { key, body, etag, headers, writes: 1, changes: 0, checksum: None };
        if let Some(bucket) = self.shared.state().buckets.get_mut(bucket) {
            bucket.objects.insert(object.key.clone(), object);
        }
    }

    /// Removes an object, as somebody else does; says whether there was one.
    pub fn remove_object(&self, bucket: &str, key: &str) -> bool {
        let mut state = self.shared.state();
        state.buckets.get_mut(bucket).is_some_and(|bucket| bucket.objects.remove(key).is_some())
    }

    /// A bucket's uploads in parts that were left open.
    pub fn uploads(&self, bucket: &str) -> Vec<Upload> {
        let state = self.shared.state();
        let bucket = state.buckets.get(bucket);
        bucket.map(|bucket| bucket.uploads.values().cloned().collect()).unwrap_or_default()
    }

    /// The objects, over all buckets, that were written a second time with other bytes.
    pub fn changed(&self) -> Vec<String> {
        let state = self.shared.state();
        let changed = state.buckets.iter().flat_map(|(name, bucket)| {
            let changed = bucket.objects.values().filter(|object| object.changes > 0);
            changed.map(move |object| format!("{name}/{}", object.key))
        });
        changed.collect()
    }
}
