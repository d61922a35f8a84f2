//! Clients of S3, one for each way of reaching a store, and the connections below them.
//!
//! Connections to Amazon, and to where the operator says that S3 is, are shared by all. Those to
//! endpoints that tenants name go through the guard, and never through a proxy, which would
//! resolve names on its own.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    Credentials, IdentityCache, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{ConnectorBuilder, tls};
use aws_types::service_config::ServiceConfigKey;
use model::destination::{Access, Addressing, Destination, Endpoint};

use super::bounded::Bounded;
use super::guard::{AddressGuard, Allowed, InvalidAllowance};
use super::identity::{Identities, Identity, Provider};
use super::patience::CONNECT_TIMEOUT;
use super::settings::{S3Settings, StaticKeys};
use crate::store::{StoreError, StoreErrorKind};

/// Clients that are kept for further requests, each with its connections.
const CLIENTS_MAX: usize = 1_000;
/// Ports of tenants' endpoints whose connections are kept.
const PORTS_MAX: usize = 100;

/// What tells one client from another.
#[derive(Clone, PartialEq, Eq, Hash)]
struct ClientKey {
    region: String,
    endpoint: Option<Endpoint>,
    path_style: bool,
    signer: Signer,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Signer {
    Service,
    Role { arn: String, external_id: Option<String> },
    Keys { id: String, secret: String, token: Option<String> },
}

impl Signer {
    fn of(access: &Access) -> Self {
        match access {
            Access::ServiceIdentity => Self::Service,
            Access::Role { role_arn, external_id } => {
                Self::Role { arn: role_arn.clone(), external_id: external_id.clone() }
            }
            Access::Keys { access_key_id, secret_access_key, session_token } => Self::Keys {
                id: access_key_id.clone(),
                secret: secret_access_key.expose().to_owned(),
                token: session_token.as_ref().map(|token| token.expose().to_owned()),
            },
        }
    }
}

/// All clients.
#[derive(Debug)]
pub(super) struct Connections {
    /// The service's own addresses.
    own: SdkConfig,
    /// Where the service's own settings say that S3 is, if not at Amazon.
    own_endpoint: Option<String>,
    /// The operator's proxy, by `HTTPS_PROXY` and its kin.
    proxy: ProxyConfig,
    guard: RwLock<AddressGuard>,
    identities: Identities,
    clients: Mutex<Bounded<ClientKey, Client>>,
    /// By port, as the guard's allowances may be for one port only.
    guarded: Mutex<Bounded<u16, SharedHttpClient>>,
}

impl Connections {
    /// Reads the service's own settings; connects to nothing yet.
    pub(super) async fn by(settings: S3Settings) -> Result<Self, InvalidAllowance> {
        let guard = RwLock::new(guard_of(&settings.allow_private_endpoints)?);
        let proxy = ProxyConfig::from_env();
        let own = aws_config::defaults(BehaviorVersion::latest())
            .region(own_region())
            .no_credentials()
            .http_client(http(AddressGuard::open(), Some(proxy.clone())))
            .load()
            .await;
        let own_endpoint = settings.endpoint_url.or_else(|| named_endpoint(&own));
        let keys = settings.keys.map(|StaticKeys { access_key_id, secret_access_key }| {
            Credentials::new(access_key_id, secret_access_key, None, None, "settings")
        });
        let identities = Identities::new(&own, settings.sts_endpoint_url.as_deref(), keys);
        Ok(Self {
            own,
            own_endpoint,
            proxy,
            guard,
            identities,
            clients: Mutex::new(Bounded::new(CLIENTS_MAX)),
            guarded: Mutex::new(Bounded::new(PORTS_MAX)),
        })
    }

    /// Connects to these private places from now on, and to no others. Clients are made anew, so
    /// that no connection of before is used again.
    pub(super) fn allow(&self, private: &[String]) -> Result<(), InvalidAllowance> {
        let guard = guard_of(private)?;
        let mut in_force = self.guard.write().unwrap_or_else(PoisonError::into_inner);
        if *in_force == guard {
            return Ok(());
        }
        *in_force = guard;
        drop(in_force);
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// The guard for connections to this port.
    fn guard_for_port(&self, port: u16) -> AddressGuard {
        self.guard.read().unwrap_or_else(PoisonError::into_inner).for_port(port)
    }

    /// The client for a destination, made at its first use.
    pub(super) fn client(&self, to: &Destination) -> Result<Client, StoreError> {
        self.check_literal_address(to)?;
        let key = ClientKey {
            region: to.region.clone(),
            endpoint: to.endpoint.clone(),
            path_style: self.is_path_style(to),
            signer: Signer::of(&to.access),
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(clients.get_or_insert(&key, || Client::from_conf(self.signing(to).build())))
    }

    /// A client that signs nothing, to see what a store says to anyone.
    pub(super) fn anonymous(&self, to: &Destination) -> Result<Client, StoreError> {
        self.check_literal_address(to)?;
        Ok(Client::from_conf(self.config(to).allow_no_auth().build()))
    }

    /// The identity that signs for a destination; `None` where it brings its keys.
    pub(super) fn identity(&self, to: &Destination) -> Option<Arc<Identity>> {
        self.identities.of(&to.access)
    }

    /// The guard of the addresses that are connected to for a destination.
    pub(super) fn guard(&self, to: &Destination) -> AddressGuard {
        match &to.endpoint {
            Some(endpoint) => self.guard_for_port(endpoint.port_or_default()),
            None => AddressGuard::open(),
        }
    }

    /// Whether requests for a destination go through the operator's proxy. What stands in for
    /// Amazon is taken to be near.
    pub(super) fn goes_through_proxy(&self, to: &Destination) -> bool {
        to.endpoint.is_none() && self.own_endpoint.is_none() && !self.proxy.is_disabled()
    }

    /// Where the operator says that Amazon S3 is.
    pub(super) fn own_endpoint(&self) -> Option<&str> {
        self.own_endpoint.as_deref()
    }

    /// Stand-ins for Amazon seldom have names for buckets.
    pub(super) fn is_path_style(&self, to: &Destination) -> bool {
        let is_stand_in = to.endpoint.is_none() && self.own_endpoint.is_some();
        to.addressing == Addressing::Path || is_stand_in
    }

    fn config(&self, to: &Destination) -> aws_sdk_s3::config::Builder {
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build();
        let mut config = aws_sdk_s3::config::Builder::from(&self.own)
            .region(Region::new(to.region.clone()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::no_cache())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            // What is read is compared with the ledger.
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .force_path_style(self.is_path_style(to));
        match &to.endpoint {
            Some(endpoint) => {
                config = config.endpoint_url(endpoint.to_string());
                config = config.http_client(self.guarded(endpoint.port_or_default()));
            }
            None => {
                if let Some(url) = &self.own_endpoint {
                    config = config.endpoint_url(url);
                }
            }
        }
        config
    }

    fn signing(&self, to: &Destination) -> aws_sdk_s3::config::Builder {
        let config = self.config(to);
        if let Some(identity) = self.identities.of(&to.access) {
            return config.credentials_provider(Provider(identity));
        }
        let Access::Keys { access_key_id, secret_access_key, session_token } = &to.access else {
            return config;
        };
        let token = session_token.as_ref().map(|token| token.expose().to_owned());
        let secret = secret_access_key.expose();
        config.credentials_provider(Credentials::new(
            access_key_id,
            secret,
            token,
            None,
            "destination",
        ))
    }

    fn guarded(&self, port: u16) -> SharedHttpClient {
        let mut guarded = self.guarded.lock().unwrap_or_else(PoisonError::into_inner);
        guarded.get_or_insert(&port, || http(self.guard_for_port(port), None))
    }

    /// A host that is an address is never resolved, so the guard looks at it here.
    fn check_literal_address(&self, to: &Destination) -> Result<(), StoreError> {
        let Some(endpoint) = &to.endpoint else { return Ok(()) };
        let Ok(address) = endpoint.host.parse() else { return Ok(()) };
        self.guard(to)
            .check(&endpoint.host, address)
            .map_err(|refused| StoreError::new(StoreErrorKind::Unreachable, refused.to_string()))
    }
}

/// The guard that lets these private places through.
fn guard_of(private: &[String]) -> Result<AddressGuard, InvalidAllowance> {
    let allowed: Result<Vec<Allowed>, _> = private.iter().map(|text| text.parse()).collect();
    Ok(AddressGuard::new(allowed?))
}

/// The region that the service's own identity is looked up in. Destinations name theirs, so the
/// instance's metadata, which a machine elsewhere does not have, is not asked.
fn own_region() -> RegionProviderChain {
    RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .or_else(Region::new("us-east-1"))
}

/// The address for S3 that the environment or the profile names.
fn named_endpoint(own: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id("s3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let for_s3 = key.ok().and_then(|key| own.service_config()?.load_config(key));
    for_s3.or_else(|| own.endpoint_url().map(str::to_owned))
}

/// Connections to what `resolver` says, directly or through a proxy.
pub(super) fn http(resolver: AddressGuard, proxy: Option<ProxyConfig>) -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_with_connector_fn(move |settings, components| {
        let aws_lc = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let mut connector = ConnectorBuilder::default().tls_provider(aws_lc);
        connector.set_connector_settings(settings.cloned());
        connector.set_proxy_config(proxy.clone());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.build_with_resolver(resolver.clone())
    })
}
