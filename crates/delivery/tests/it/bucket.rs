//! A real S3 server in this process, and its buckets as folders.

use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s::{S3Result, s3_error};
use tokio::net::TcpListener;

pub(crate) const ACCESS_KEY: &str = "AKIATESTTESTTESTTEST";
pub(crate) const SECRET_KEY: &str = "test-secret-test-secret-test-secret-test";

/// Refuses what S3 refuses and the server's file system does not: buckets that do not exist.
struct ExistingBuckets(PathBuf);

#[async_trait::async_trait]
impl S3Access for ExistingBuckets {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(s3_error!(AccessDenied));
        }
        match context.s3_path().get_bucket_name() {
            Some(bucket) if !self.0.join(bucket).is_dir() => Err(s3_error!(NoSuchBucket)),
            _ => Ok(()),
        }
    }
}

/// A real S3 server in this process.
pub(crate) struct S3Server {
    root: tempfile::TempDir,
    pub(crate) address: SocketAddr,
}

impl S3Server {
    pub(crate) async fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        let store = s3s_fs::FileSystem::new(root.path()).unwrap();
        let mut service = S3ServiceBuilder::new(store);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        service.set_access(ExistingBuckets(root.path().to_owned()));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let server = Arc::new(Builder::new(TokioExecutor::new()));
            while let Ok((stream, _)) = listener.accept().await {
                let (server, service) = (Arc::clone(&server), service.clone());
                tokio::spawn(async move {
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { root, address }
    }

    pub(crate) fn create_bucket(&self, name: &str) {
        std::fs::create_dir(self.root.path().join(name)).unwrap();
    }

    /// The keys of a bucket's objects below a folder, in order.
    pub(crate) fn keys(&self, bucket: &str) -> Vec<String> {
        let bucket = self.root.path().join(bucket);
        let mut keys = Vec::new();
        walk(&bucket, &mut |path| {
            let key = path.strip_prefix(&bucket).unwrap().to_str().unwrap().to_owned();
            keys.push(key);
        });
        keys.sort();
        keys
    }

    /// An object's bytes.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Vec<u8> {
        std::fs::read(self.root.path().join(bucket).join(key)).unwrap()
    }

    /// An object's lines, decompressed.
    pub(crate) fn lines(&self, bucket: &str, key: &str) -> Vec<String> {
        let bytes = self.object(bucket, key);
        let mut text = String::new();
        MultiGzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// The server keeps its own notes in files that begin with a dot.
fn walk(dir: &Path, found: &mut impl FnMut(PathBuf)) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let is_note = path.file_name().unwrap().to_string_lossy().starts_with('.');
        if path.is_dir() {
            walk(&path, found);
        } else if !is_note {
            found(path);
        }
    }
}
