//! The demo's own S3 server: s3s-fs over real HTTP on loopback, with keys that are checked.
//!
//! A bucket is a folder under its root, an object a file in it; files of its own begin with a dot
//! and stand in the root itself. So the demo reads objects back as files.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::DemoError;
use crate::cli::hex;

/// An S3 server with one bucket. It stops when it is dropped.
#[derive(Debug)]
pub(super) struct Bucket {
    address: SocketAddr,
    folder: PathBuf,
    access_key_id: String,
    secret_access_key: String,
    server: JoinHandle<()>,
}

impl Bucket {
    /// The bucket's name.
    pub(super) const NAME: &str = "burritobot";

    /// Starts a server with data under `root`, on a port that the system chooses, with new keys.
    pub(super) async fn start(root: &Path) -> Result<Self, DemoError> {
        let folder = root.join(Self::NAME);
        let failed = |source| DemoError::Bucket { path: folder.clone(), source };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let files = FileSystem::new(root)
            .map_err(|error| failed(io::Error::other(format!("{error:?}"))))?;
        let (access_key_id, secret_access_key) = keys()?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(&*access_key_id, &*secret_access_key));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let server = tokio::spawn(serve(listener, service.build()));
        Ok(Self { address, folder, access_key_id, secret_access_key, server })
    }

    /// Where the server answers.
    pub(super) fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The keys that it knows: id and secret.
    pub(super) fn keys(&self) -> (&str, &str) {
        (&self.access_key_id, &self.secret_access_key)
    }

    /// The folder that is the bucket.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
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
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
}

async fn answer(stream: TcpStream, service: S3Service) {
    // A client that goes away is nothing to do something about.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// A new pair of keys, of the length that Amazon's have.
fn keys() -> Result<(String, String), DemoError> {
    let mut random = [0_u8; 28];
    rand::fill(&mut random).map_err(|_| DemoError::NoRandomness)?;
    let digits = hex(&random).to_uppercase();
    let (id, secret) = digits.split_at(16);
    Ok((format!("DEMO{id}"), secret.to_owned()))
}
