//! An S3 server in this process that takes whatever it is sent and answers at once.
//!
//! It checks no signature and writes no file, so that it takes little from the machine's cores. It
//! keeps the compressed bytes and counts the records in them when the run is over, or, where they
//! would be too many, counts them in each object as soon as it is whole and keeps the numbers.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::ETAG;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

pub(crate) const NAME: &str = "burritobot";
pub(crate) const ACCESS_KEY: &str = "AKIABENCHBENCHBENCH1";
pub(crate) const SECRET_KEY: &str = "bench-secret-bench-secret-bench-secret-1";

/// What becomes of an object's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// They stay in memory.
    Bytes,
    /// Their lines are counted, and they are dropped.
    Counts,
}

/// What is known of an object.
#[derive(Debug, Default)]
struct Object {
    /// By part number; what was put in one request is its own part 0. Empty once it is counted.
    parts: BTreeMap<u32, Bytes>,
    /// Its lines and its bytes, once they are counted.
    counts: Option<(u64, u64)>,
    /// When it became visible: it was put, or completed.
    visible: Option<Instant>,
}

impl Object {
    /// It is whole now.
    fn publish(&mut self, keeping: Keeping) {
        // Putting the same object again does not make it visible anew.
        self.visible.get_or_insert_with(Instant::now);
        if keeping == Keeping::Counts {
            let bytes = self.bytes();
            self.counts = Some((lines(&bytes), bytes.len() as u64));
            self.parts.clear();
        }
    }

    fn bytes(&self) -> Vec<u8> {
        self.parts.values().map(Bytes::as_ref).collect::<Vec<_>>().concat()
    }

    fn counts(&self) -> (u64, u64) {
        self.counts.unwrap_or_else(|| {
            let bytes = self.bytes();
            (lines(&bytes), bytes.len() as u64)
        })
    }
}

/// What was put, by path.
#[derive(Debug)]
struct Store {
    keeping: Keeping,
    objects: Mutex<BTreeMap<String, Object>>,
}

impl Store {
    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Object>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, path: String, part: Option<u32>, body: Bytes) {
        let mut objects = self.objects();
        let object = objects.entry(path).or_default();
        object.parts.insert(part.unwrap_or(0), body);
        if part.is_none() {
            object.publish(self.keeping);
        }
    }

    fn complete(&self, path: &str) {
        if let Some(object) = self.objects().get_mut(path) {
            object.publish(self.keeping);
        }
    }
}

/// The server and what it was sent.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    store: Arc<Store>,
}

impl Sink {
    pub(crate) async fn serve(keeping: Keeping) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let store = Arc::new(Store { keeping, objects: Mutex::default() });
        let shared = Arc::clone(&store);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let store = Arc::clone(&shared);
                let service = service_fn(move |request| answer(request, Arc::clone(&store)));
                tokio::spawn(async move {
                    let connection = http1::Builder::new();
                    let served = connection.serve_connection(TokioIo::new(stream), service).await;
                    drop(served);
                });
            }
        });
        Self { address, store }
    }

    /// The number of lines in all objects of the logs that are visible, and the objects' bytes.
    pub(crate) fn read_back(&self) -> (u64, u64) {
        let mut counts = (0, 0);
        for (path, object) in self.store.objects().iter() {
            if is_of_logs(path) && object.visible.is_some() {
                let (lines, bytes) = object.counts();
                counts.0 += lines;
                counts.1 += bytes;
            }
        }
        counts
    }

    /// When each object of the logs became visible, and what it holds, in the order of their keys.
    pub(crate) fn objects(&self) -> Vec<(Instant, Vec<u8>)> {
        let objects = self.store.objects();
        let of_logs = objects.iter().filter(|(path, _)| is_of_logs(path));
        let visible = of_logs.filter_map(|(_, object)| Some((object.visible?, object)));
        visible.map(|(at, object)| (at, decompressed(&object.bytes()))).collect()
    }
}

fn is_of_logs(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|end| end == "gz")
}

fn decompressed(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut text).unwrap();
    text
}

/// Lines of gzipped NDJSON, whether or not a newline follows the last.
fn lines(bytes: &[u8]) -> u64 {
    let mut decoder = MultiGzDecoder::new(bytes);
    let mut chunk = vec![0; 1 << 20];
    let (mut newlines, mut last) = (0, b'\n');
    loop {
        let read = decoder.read(&mut chunk).unwrap();
        let Some(&end) = chunk[..read].last() else { break };
        newlines += memchr::memchr_iter(b'\n', &chunk[..read]).count() as u64;
        last = end;
    }
    newlines + u64::from(last != b'\n')
}

async fn answer(
    request: Request<Incoming>,
    store: Arc<Store>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let method = request.method().clone();
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(status(400, "")),
    };
    let has_upload = query.contains("uploadId=");
    let answer = match method {
        Method::PUT => {
            let part = query.split('&').find_map(|pair| pair.strip_prefix("partNumber="));
            let part = part.map(|number| number.parse().unwrap());
            // Counting takes a while where it is done at once.
            tokio::task::block_in_place(|| store.put(path, part, body));
            status(200, "")
        }
        Method::POST if has_upload => {
            tokio::task::block_in_place(|| store.complete(&path));
            status(
                200,
                "<CompleteMultipartUploadResult><ETag>\"0\"</ETag></CompleteMultipartUploadResult>",
            )
        }
        Method::POST => status(
            200,
            "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>",
        ),
        Method::DELETE => status(204, ""),
        _ => status(404, ""),
    };
    Ok(answer)
}

fn status(code: u16, body: &'static str) -> Response<Full<Bytes>> {
    let answer = Response::builder().status(code).header(ETAG, "\"0\"");
    answer.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}
