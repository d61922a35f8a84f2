//! A real S3 server in this process: s3s-fs over HTTP, its buckets as folders.
//!
//! Signatures are checked. Buckets must exist, as on S3. What each request asked for besides its
//! content is noted, as the server keeps none of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, HttpResponse, S3Result, s3_error};
use tokio::net::TcpListener;

use crate::objects::Object;

pub(crate) const ACCESS_KEY: &str = "AKIATESTTESTTESTTEST";
pub(crate) const SECRET_KEY: &str = "test-secret-test-secret-test-secret-test";

/// A request for an object, and what it asked for besides its content.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Such as `PutObject`.
    pub(crate) operation: String,
    pub(crate) key: String,
    pub(crate) acl: Option<String>,
    pub(crate) encryption: Option<String>,
}

/// Refuses what S3 refuses and this server does not, and notes what is asked for.
struct Gate {
    root: PathBuf,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(s3_error!(AccessDenied));
        }
        if let Some(bucket) = context.s3_path().get_bucket_name()
            && !self.root.join(bucket).is_dir()
        {
            return Err(s3_error!(NoSuchBucket));
        }
        check_checksum(context)?;
        if let Some((_, key)) = context.s3_path().as_object() {
            self.asked.lock().unwrap().push(Asked {
                operation: context.s3_op().name().to_owned(),
                key: key.to_owned(),
                acl: header(context, "x-amz-acl"),
                encryption: header(context, "x-amz-server-side-encryption"),
            });
        }
        Ok(())
    }
}

/// Content without a signed digest must come with a signed checksum, and a checksum that is
/// announced must be there: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>.
fn check_checksum(context: &S3AccessContext<'_>) -> S3Result<()> {
    if !matches!(context.s3_op().name(), "PutObject" | "UploadPart") {
        return Ok(());
    }
    let algorithm = header(context, "x-amz-sdk-checksum-algorithm").unwrap_or_default();
    let name = format!("x-amz-checksum-{}", algorithm.to_ascii_lowercase());
    let signed = header(context, "authorization").is_some_and(|signed| signed.contains(&name));
    if algorithm.is_empty() || header(context, &name).is_none() || !signed {
        return Err(s3_error!(InvalidRequest, "the content has no signed checksum"));
    }
    Ok(())
}

fn header(context: &S3AccessContext<'_>, name: &str) -> Option<String> {
    Some(context.headers().get(name)?.to_str().unwrap().to_owned())
}

/// A real S3 server in this process.
pub(crate) struct S3Server {
    root: tempfile::TempDir,
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    late: Duration,
}

impl S3Server {
    /// A server that answers, with these buckets.
    pub(crate) async fn start(buckets: &[&str]) -> Self {
        let (server, listener) = Self::bound(buckets).await;
        server.serve(listener);
        server
    }

    /// A server that does what it is asked for at once, and says so late.
    pub(crate) async fn slow(buckets: &[&str], late: Duration) -> Self {
        let (server, listener) = Self::bound(buckets).await;
        let server = Self { late, ..server };
        server.serve(listener);
        server
    }

    /// A server at whose address nothing answers yet.
    pub(crate) async fn away(buckets: &[&str]) -> Self {
        Self::bound(buckets).await.0
    }

    async fn bound(buckets: &[&str]) -> (Self, TcpListener) {
        let root = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { root, address, asked: Arc::default(), late: Duration::ZERO };
        buckets.iter().for_each(|bucket| server.create_bucket(bucket));
        (server, listener)
    }

    /// Lets a server that is away answer from now on.
    pub(crate) async fn come_back(&self) {
        for _ in 0..100 {
            if let Ok(listener) = TcpListener::bind(self.address).await {
                return self.serve(listener);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the port of {} stays taken", self.address);
    }

    fn serve(&self, listener: TcpListener) {
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(self.root.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let asked = Arc::clone(&self.asked);
        service.set_access(Gate { root: self.root.path().to_owned(), asked });
        tokio::spawn(accept(listener, service.build(), self.late));
    }

    pub(crate) fn create_bucket(&self, name: &str) {
        std::fs::create_dir(self.root.path().join(name)).unwrap();
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests for keys of objects with records.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.key.ends_with(".log.gz")).cloned().collect()
    }

    /// The folder that is a bucket.
    pub(crate) fn folder(&self, bucket: &str) -> PathBuf {
        self.root.path().join(bucket)
    }

    /// A bucket's file, such as a challenge.
    pub(crate) fn text(&self, bucket: &str, key: &str) -> String {
        std::fs::read_to_string(self.root.path().join(bucket).join(key)).unwrap()
    }

    /// A bucket's objects with records, in the order of their keys.
    pub(crate) fn objects(&self, bucket: &str) -> Vec<Object> {
        objects_below(&self.root.path().join(bucket))
    }
}

async fn accept(listener: TcpListener, service: S3Service, late: Duration) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = service.clone();
        let answer = service_fn(move |request| answer(service.clone(), request, late));
        tokio::spawn(async move {
            // A client that was killed in the middle is nothing to complain about.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

/// Does what is asked for, whether the client waits for the answer or not.
async fn answer(
    service: S3Service,
    request: Request<Incoming>,
    late: Duration,
) -> Result<HttpResponse, HttpError> {
    let done = tokio::spawn(async move { service.call(request.map(Body::from)).await });
    let response = done.await.unwrap();
    tokio::time::sleep(late).await;
    response
}

/// The objects with records that a bucket's folder holds, in the order of their keys.
pub(crate) fn objects_below(bucket: &Path) -> Vec<Object> {
    let mut found = Vec::new();
    let mut open = vec![bucket.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(".log.gz") {
                let key = path.strip_prefix(bucket).unwrap().to_str().unwrap().to_owned();
                found.push(Object { key, bytes: std::fs::read(&path).unwrap() });
            }
        }
    }
    found.sort_by(|one, other| one.key.cmp(&other.key));
    found
}
