//! A real S3 server in this process, with one bucket that can be read back.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;

pub(crate) const NAME: &str = "burritobot";
pub(crate) const ACCESS_KEY: &str = "AKIABENCHBENCHBENCH1";
pub(crate) const SECRET_KEY: &str = "bench-secret-bench-secret-bench-secret-1";

/// The bucket and its server.
pub(crate) struct Bucket {
    root: tempfile::TempDir,
    pub(crate) address: SocketAddr,
}

impl Bucket {
    pub(crate) async fn serve() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(NAME)).unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let server = Arc::new(Builder::new(TokioExecutor::new()));
            while let Ok((stream, _)) = listener.accept().await {
                let (server, service) = (Arc::clone(&server), service.clone());
                tokio::spawn(async move {
                    let served = server.serve_connection(TokioIo::new(stream), service).await;
                    drop(served);
                });
            }
        });
        Self { root, address }
    }

    /// The number of lines in all objects, and the objects' bytes.
    pub(crate) fn read_back(&self) -> (u64, u64) {
        let mut counts = (0, 0);
        read_folder(&self.root.path().join(NAME), &mut counts);
        counts
    }
}

fn read_folder(folder: &Path, (lines, bytes): &mut (u64, u64)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let mut below = (0, 0);
            read_folder(&path, &mut below);
            *lines += below.0;
            *bytes += below.1;
        } else if path.extension().is_some_and(|ending| ending == "gz") {
            let file = std::fs::File::open(&path).unwrap();
            *bytes += file.metadata().unwrap().len();
            *lines += BufReader::new(MultiGzDecoder::new(file)).split(b'\n').count() as u64;
        }
    }
}
