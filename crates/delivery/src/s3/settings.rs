//! How the service itself reaches S3 and STS.

use std::fmt;

/// The service's own identity and addresses. What is absent comes from the standard AWS chain:
/// environment, shared profile, web identity, container, instance metadata; and the addresses
/// from `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL_STS` and `AWS_ENDPOINT_URL`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct S3Settings {
    /// Where Amazon S3 is looked for instead of at its own addresses.
    pub endpoint_url: Option<String>,
    /// Where AWS STS, which gives out roles, is looked for instead of at its own addresses.
    pub sts_endpoint_url: Option<String>,
    /// The service's own keys.
    pub keys: Option<StaticKeys>,
    /// Hosts, addresses and networks that tenants may name as endpoints although they are not
    /// public.
    pub allow_private_endpoints: Vec<String>,
}

/// A pair of keys.
#[derive(Clone, PartialEq, Eq)]
pub struct StaticKeys {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
}

impl fmt::Debug for StaticKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticKeys")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}
