//! An S3 server in this process that takes whatever it is sent and answers at once.
//!
//! It checks no signature and writes no file, so that it takes little from the machine's cores. It
//! keeps the compressed bytes, and counts the records in them when the run is over.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

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

/// What was put, by path and part number; an object that was put in one request is its own part 0.
type Objects = BTreeMap<(String, u32), Bytes>;

/// The server and what it was sent.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    objects: Arc<Mutex<Objects>>,
}

impl Sink {
    pub(crate) async fn serve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let objects = Arc::<Mutex<Objects>>::default();
        let shared = Arc::clone(&objects);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let objects = Arc::clone(&shared);
                let service = service_fn(move |request| answer(request, Arc::clone(&objects)));
                tokio::spawn(async move {
                    let connection = http1::Builder::new();
                    let served = connection.serve_connection(TokioIo::new(stream), service).await;
                    drop(served);
                });
            }
        });
        Self { address, objects }
    }

    /// The number of lines in all objects of the logs, and the objects' bytes.
    pub(crate) fn read_back(&self) -> (u64, u64) {
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let mut by_path = BTreeMap::<&str, Vec<&[u8]>>::new();
        for ((path, _), bytes) in objects.iter() {
            by_path.entry(path).or_default().push(bytes);
        }
        let mut counts = (0, 0);
        for (path, parts) in by_path {
            let is_of_logs = std::path::Path::new(path).extension().is_some_and(|end| end == "gz");
            if is_of_logs {
                let bytes = parts.concat();
                counts.0 += lines(&bytes);
                counts.1 += bytes.len() as u64;
            }
        }
        counts
    }
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
    objects: Arc<Mutex<Objects>>,
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
            let part = part.map_or(0, |number| number.parse().unwrap());
            objects.lock().unwrap_or_else(PoisonError::into_inner).insert((path, part), body);
            status(200, "")
        }
        Method::POST if has_upload => status(
            200,
            "<CompleteMultipartUploadResult><ETag>\"0\"</ETag></CompleteMultipartUploadResult>",
        ),
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
