//! The service's own identity and the roles that it takes on: credentials that are fetched, kept
//! while they last, and fetched anew in time.
//!
//! - New ones are fetched [`MARGIN`] before the old ones end; where that fails, the old ones serve
//!   until their end.
//! - Credentials that a store calls expired or unknown are forgotten, and the next attempt fetches
//!   new ones by the whole chain: keys that were rotated in a profile are seen.
//! - One fetch at a time for each identity, however many uploads wait for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future;
use aws_sdk_s3::config::{Credentials, IdentityCache, ProvideCredentials};
use model::destination::Access;
use tokio::time::{Instant, timeout};

use super::bounded::Bounded;
use super::error;
use super::patience::CONNECT_TIMEOUT;
use crate::store::{StoreError, StoreErrorKind};

/// How long before their end credentials are fetched anew.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// How often, at most, an identity is fetched while it still has credentials.
const PAUSE: Duration = Duration::from_secs(10);
/// How long fetching may take: the chain may ask a container or an instance, and STS.
const FETCH_TIMEOUT: Duration = Duration::from_secs(20);
/// Roles whose credentials are kept.
const ROLES_MAX: usize = 1_000;
/// What the owner of a role sees as the session's name.
const SESSION_NAME: &str = "logpush";

/// All identities that are not the keys of a destination.
#[derive(Debug)]
pub(super) struct Identities {
    service: Arc<Identity>,
    sts: aws_sdk_sts::Client,
    roles: Mutex<Bounded<Role, Arc<Identity>>>,
}

/// A role of a customer's, with the word that says on whose behalf it is taken on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Role {
    arn: String,
    external_id: Option<String>,
}

impl Identities {
    /// With `keys` as the service's own, or by the standard chain without them.
    pub(super) fn new(
        own: &SdkConfig,
        sts_endpoint: Option<&str>,
        keys: Option<Credentials>,
    ) -> Self {
        let source = keys.map_or_else(|| Source::Chain(Box::new(own.clone())), Source::Keys);
        let service = Arc::new(Identity::new(source));
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_timeout(FETCH_TIMEOUT)
            .build();
        let mut config = aws_sdk_sts::config::Builder::from(own)
            .credentials_provider(Provider(Arc::clone(&service)))
            .identity_cache(IdentityCache::no_cache())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        if let Some(url) = sts_endpoint {
            config = config.endpoint_url(url);
        }
        let sts = aws_sdk_sts::Client::from_conf(config.build());
        Self { service, sts, roles: Mutex::new(Bounded::new(ROLES_MAX)) }
    }

    /// The identity that signs for such access; `None` for a destination's own keys.
    pub(super) fn of(&self, access: &Access) -> Option<Arc<Identity>> {
        match access {
            Access::ServiceIdentity => Some(Arc::clone(&self.service)),
            Access::Role { role_arn, external_id } => {
                let role = Role { arn: role_arn.clone(), external_id: external_id.clone() };
                let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
                Some(roles.get_or_insert(&role, || {
                    let (sts, service) = (self.sts.clone(), Arc::clone(&self.service));
                    Arc::new(Identity::new(Source::Role { role: role.clone(), sts, service }))
                }))
            }
            Access::Keys { .. } => None,
        }
    }
}

/// Where an identity's credentials come from.
#[derive(Debug)]
enum Source {
    Keys(Credentials),
    Chain(Box<SdkConfig>),
    Role { role: Role, sts: aws_sdk_sts::Client, service: Arc<Identity> },
}

/// Credentials and where they come from.
#[derive(Debug)]
pub(super) struct Identity {
    source: Source,
    held: tokio::sync::Mutex<Option<Held>>,
}

#[derive(Debug, Clone)]
struct Held {
    credentials: Credentials,
    fetched: Instant,
    /// When they end, by this program's steady clock.
    until: Option<Instant>,
}

impl Held {
    fn new(credentials: Credentials, now: SystemTime) -> Self {
        let fetched = Instant::now();
        let left = credentials.expiry().map(|end| end.duration_since(now).unwrap_or_default());
        Self { credentials, fetched, until: left.map(|left| fetched + left) }
    }

    fn lasts(&self, margin: Duration) -> bool {
        self.until.is_none_or(|until| Instant::now() + margin < until)
    }

    fn is_fresh(&self) -> bool {
        self.fetched.elapsed() < PAUSE
    }
}

impl Identity {
    fn new(source: Source) -> Self {
        Self { source, held: tokio::sync::Mutex::default() }
    }

    /// Credentials that last for now.
    pub(super) async fn credentials(&self) -> Result<Credentials, StoreError> {
        let mut held = self.held.lock().await;
        let good =
            |held: &Held| held.lasts(MARGIN) || (held.lasts(Duration::ZERO) && held.is_fresh());
        if let Some(held) = held.as_ref().filter(|held| good(held)) {
            return Ok(held.credentials.clone());
        }
        match self.fetch().await {
            Ok(fetched) => {
                let credentials = fetched.credentials.clone();
                *held = Some(fetched);
                Ok(credentials)
            }
            Err(error) => match held.as_mut().filter(|held| held.lasts(Duration::ZERO)) {
                Some(held) => {
                    tracing::warn!(%error, "cannot renew credentials yet; the old ones still serve");
                    held.fetched = Instant::now();
                    Ok(held.credentials.clone())
                }
                None => Err(error),
            },
        }
    }

    /// Drops what is held, as a store does not take it any more. What was fetched a moment ago
    /// stays: it is not what the store was shown.
    pub(super) async fn forget(&self) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| !held.is_fresh()) {
            *held = None;
        }
    }

    async fn fetch(&self) -> Result<Held, StoreError> {
        match &self.source {
            Source::Keys(keys) => Ok(Held::new(keys.clone(), SystemTime::UNIX_EPOCH)),
            Source::Chain(own) => fetch_by_chain(own).await,
            Source::Role { role, sts, service } => take_on(role, sts, service).await,
        }
    }
}

/// The chain is made anew for each fetch, so that it reads files and settings again.
async fn fetch_by_chain(own: &SdkConfig) -> Result<Held, StoreError> {
    let fetching = async {
        let chain = DefaultCredentialsChain::builder().region(own.region().cloned()).build().await;
        chain.provide_credentials().await
    };
    match timeout(FETCH_TIMEOUT, fetching).await {
        Ok(Ok(credentials)) => Ok(Held::new(credentials, now(own.time_source()))),
        Ok(Err(error)) => Err(error::without_identity(&error)),
        Err(_) => Err(StoreError::new(
            StoreErrorKind::NoIdentity,
            format!("the service's own AWS credentials did not come within {FETCH_TIMEOUT:?}"),
        )),
    }
}

async fn take_on(
    role: &Role,
    sts: &aws_sdk_sts::Client,
    service: &Identity,
) -> Result<Held, StoreError> {
    let asked = sts
        .assume_role()
        .role_arn(&role.arn)
        .set_external_id(role.external_id.clone())
        .role_session_name(SESSION_NAME);
    let taken = match asked.send().await {
        Ok(taken) => taken,
        Err(error) => {
            let error = error::of_role(&role.arn, &error);
            if error.kind == StoreErrorKind::ExpiredCredentials {
                service.forget().await;
            }
            return Err(error);
        }
    };
    let given = taken.credentials.ok_or_else(|| {
        StoreError::new(StoreErrorKind::Unavailable, "AWS STS answered without credentials")
    })?;
    let expiry = SystemTime::try_from(given.expiration).ok();
    let token = Some(given.session_token);
    let credentials =
        Credentials::new(given.access_key_id, given.secret_access_key, token, expiry, "role");
    Ok(Held::new(credentials, now(sts.config().time_source())))
}

/// The time of day that requests are signed by.
fn now(source: Option<aws_smithy_async::time::SharedTimeSource>) -> SystemTime {
    source.unwrap_or_default().now()
}

/// Gives an identity's credentials to a client, at each request.
#[derive(Debug)]
pub(super) struct Provider(pub(super) Arc<Identity>);

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.0.credentials().await.map_err(CredentialsError::provider_error)
        })
    }
}
