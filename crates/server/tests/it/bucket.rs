//! An S3 server on loopback with one bucket, whose objects are files.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use delivery::s3::{S3Settings, StaticKeys};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The bucket's name.
pub(crate) const NAME: &str = "burritobot";

pub(crate) struct Bucket {
    root: TempDir,
    address: SocketAddr,
}

impl Bucket {
    pub(crate) async fn start() -> Self {
        let root = tempfile::tempdir().expect("a folder for the bucket");
        std::fs::create_dir(root.path().join(NAME)).expect("a bucket");
        let mut service = S3ServiceBuilder::new(FileSystem::new(root.path()).expect("a store"));
        service.set_auth(SimpleAuth::from_single("KEYID", "SECRET"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(serve(listener, service.build()));
        Self { root, address }
    }

    /// What makes a service take this server for Amazon's.
    pub(crate) fn s3_settings(&self) -> S3Settings {
        S3Settings {
            endpoint_url: Some(format!("http://{}", self.address)),
            keys: Some(StaticKeys {
                access_key_id: "KEYID".to_owned(),
                secret_access_key: "SECRET".to_owned(),
            }),
            allow_private_endpoints: vec![self.address.ip().to_string()],
            ..S3Settings::default()
        }
    }

    /// A destination in this bucket with keys that it does not know.
    pub(crate) fn with_wrong_keys(&self) -> String {
        let address = self.address;
        format!(
            "s3://{NAME}/logs?region=us-east-1&access-key-id=WRONG&secret-access-key=verysecret\
             &endpoint=http://{address}"
        )
    }

    /// Where a key's object is.
    pub(crate) fn file(&self, key: &str) -> PathBuf {
        self.root.path().join(NAME).join(key)
    }
}

async fn serve(listener: TcpListener, service: S3Service) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = service.clone();
        tokio::spawn(async move {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // That the client goes away is no failure.
            let _ = connection.await;
        });
    }
}
