//! What makes two destinations one bucket.

use std::fmt;

use model::destination::{Destination, Endpoint};

/// A bucket of a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The store's address; `None` for Amazon S3.
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) bucket: String,
}

impl Place {
    pub(crate) fn of(to: &Destination) -> Self {
        Self { endpoint: to.endpoint.clone(), bucket: to.bucket.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.endpoint {
            Some(endpoint) => write!(f, "{endpoint}/{}", self.bucket),
            None => write!(f, "s3://{}", self.bucket),
        }
    }
}
