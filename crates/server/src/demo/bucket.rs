//! The demo's own S3 server: s3s-fs over real HTTP on loopback, with keys that are checked.
//!
//! A bucket is a folder under its root, an object a file in it; files of its own begin with a dot
//! and stand in the root itself. So the demo reads objects back as files.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use delivery::s3::{S3Settings, StaticKeys};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::DemoError;
use crate::cli::hex;
use crate::random::random_bytes;

/// The bucket's name.
pub(super) const BUCKET: &str = "burritobot";
/// The path in the bucket that the demo's job pushes to.
pub(super) const LOGS: &str = "logs";

/// An address and keys, known before the server answers: the service is told them first, and
/// takes the lock of the data directory before anything in it is touched.
#[derive(Debug)]
pub(super) struct Reserved {
    listener: TcpListener,
    address: SocketAddr,
    keys: StaticKeys,
}

/// The server, answering. It stops when it is dropped.
#[derive(Debug)]
pub(super) struct Bucket {
    folder: PathBuf,
    server: JoinHandle<()>,
}

impl Reserved {
    /// Takes a port that the system chooses, and makes new keys.
    pub(super) async fn new() -> Result<Self, DemoError> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(DemoError::BucketAddress)?;
        let address = listener.local_addr().map_err(DemoError::BucketAddress)?;
        // Of the lengths that Amazon's have.
        let id = hex(&random_bytes::<8>()?).to_uppercase();
        let keys = StaticKeys {
            access_key_id: format!("DEMO{id}"),
            secret_access_key: hex(&random_bytes::<20>()?),
        };
        Ok(Self { listener, address, keys })
    }

    /// What makes a service take this server for Amazon's.
    pub(super) fn s3_settings(&self) -> S3Settings {
        S3Settings {
            endpoint_url: Some(format!("http://{}", self.address)),
            keys: Some(self.keys.clone()),
            allow_private_endpoints: vec![self.address.ip().to_string()],
            ..S3Settings::default()
        }
    }

    /// Begins to answer, with data under `root`.
    pub(super) fn open(self, root: &Path) -> Result<Bucket, DemoError> {
        let folder = root.join(BUCKET);
        let failed = |source| DemoError::Bucket { path: folder.clone(), source };
        std::fs::create_dir_all(folder.join(LOGS)).map_err(failed)?;
        let files = FileSystem::new(root)
            .map_err(|error| failed(io::Error::other(format!("{error:?}"))))?;
        let StaticKeys { access_key_id, secret_access_key } = self.keys;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(access_key_id, secret_access_key));
        let server = tokio::spawn(serve(self.listener, service.build()));
        Ok(Bucket { folder, server })
    }
}

impl Bucket {
    /// The folder that is the bucket.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of the objects of the demo's job.
    pub(super) fn logs(&self) -> PathBuf {
        self.folder.join(LOGS)
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, service: S3Service) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(answer(stream, service.clone()))),
            // Such as too many open files; delivery tries again.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn answer(stream: TcpStream, service: S3Service) {
    // A client that goes away is nothing to do something about.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
