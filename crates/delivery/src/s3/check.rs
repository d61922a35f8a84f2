//! Tries a destination step by step, from the name of its host to an object in its bucket, so
//! that the first step that fails says what to mend.
//!
//! | step | what is done | what fails there |
//! |---|---|---|
//! | `resolve` | the host's name is resolved, its addresses checked | a name that does not exist, an address that may not be used |
//! | `connect` | a TCP connection is made | nothing listens, a firewall |
//! | `tls` | anyone's question is asked | a certificate that is not good, no TLS at all |
//! | `region` | its answer names the bucket's region | another region |
//! | `credentials` | the service's own are fetched, or STS is asked for the role | no identity, a trust policy without the external id |
//! | `write` | a small object is written | no bucket, no permission, wrong keys, KMS |
//! | `guarded` | it is written again where none stands | never fails: it tells what the store can |
//! | `abort` | an upload that does not exist is aborted | never fails: it tells what is allowed |

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use model::destination::{Access, Destination, Endpoint, Scheme};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::other_region;
use super::guard::ResolveError;
use super::patience::CONNECT_TIMEOUT;
use super::requests::S3Store;
use crate::check::{CheckOutcome, CheckStep};
use crate::store::{PutObject, Store, StoreError, StoreErrorKind as Kind, UploadId};

/// For resolving a name; the system's resolver tries several servers.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(10);
const NAMES: [&str; 8] =
    ["resolve", "connect", "tls", "region", "credentials", "write", "guarded", "abort"];

/// Walks all steps; those behind one that failed are skipped.
pub(super) async fn walk(store: &S3Store, to: &Destination, key: &str) -> Vec<CheckStep> {
    let mut steps = Vec::with_capacity(NAMES.len());
    let walked = take_steps(store, to, key, &mut steps).await;
    if let Err(error) = walked {
        let name = NAMES[steps.len()];
        steps.push(CheckStep::of(name, Err(error)));
    }
    for name in &NAMES[steps.len()..] {
        steps.push(skipped(name, "a step before it failed", None));
    }
    steps
}

/// Each step adds itself when it is done; the one that fails is the next to be added.
async fn take_steps(
    store: &S3Store,
    to: &Destination,
    key: &str,
    steps: &mut Vec<CheckStep>,
) -> Result<(), StoreError> {
    let there = address(store, to)?;
    if store.connections.goes_through_proxy(to) {
        steps.push(skipped("resolve", "requests go through a proxy, which resolves names", None));
        steps.push(skipped("connect", "requests go through a proxy", None));
    } else {
        let addresses = resolve(store, to, &there).await?;
        steps.push(done("resolve", format!("`{}` is at {}", there.host, list(&addresses))));
        let connected = connect(&there, &addresses).await?;
        steps.push(done("connect", format!("{connected} answers")));
    }
    let region = ask_anyone(store, to).await?;
    steps.push(match there.scheme {
        Scheme::Https => done("tls", format!("the connection to `{}` is secure", there.host)),
        Scheme::Http => skipped("tls", "the endpoint is spoken to in the clear", None),
    });
    steps.push(see_region(to, region.as_deref())?);
    steps.push(credentials(store, to).await?);
    let written = store.put(to, PutObject::probe(key)).await?;
    steps.push(done("write", format!("wrote `{key}`, ETag {}", written.etag)));
    steps.push(try_guard(store, to, key).await);
    steps.push(try_abort(store, to, key).await);
    Ok(())
}

fn done(name: &'static str, detail: String) -> CheckStep {
    CheckStep { name, outcome: CheckOutcome::Ok, detail, mend: None }
}

fn skipped(name: &'static str, detail: &str, mend: Option<&str>) -> CheckStep {
    let (detail, mend) = (detail.to_owned(), mend.map(str::to_owned));
    CheckStep { name, outcome: CheckOutcome::Skipped, detail, mend }
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Where requests for the destination go.
fn address(store: &S3Store, to: &Destination) -> Result<Endpoint, StoreError> {
    let own = store.connections.own_endpoint();
    let mut there = match (&to.endpoint, own) {
        (Some(endpoint), _) => endpoint.clone(),
        (None, Some(url)) => Endpoint::parse(url).map_err(|wrong| {
            StoreError::new(Kind::NoIdentity, format!("the operator's {wrong}"))
        })?,
        (None, None) => {
            let suffix = if to.region.starts_with("cn-") { ".cn" } else { "" };
            let host = format!("s3.{}.amazonaws.com{suffix}", to.region);
            Endpoint { scheme: Scheme::Https, host, port: None }
        }
    };
    let is_address = there.host.parse::<IpAddr>().is_ok();
    if !is_address && !store.connections.is_path_style(to) {
        there.host = format!("{}.{}", to.bucket, there.host);
    }
    Ok(there)
}

async fn resolve(
    store: &S3Store,
    to: &Destination,
    there: &Endpoint,
) -> Result<Vec<IpAddr>, StoreError> {
    let guard = store.connections.guard(to);
    if let Ok(address) = there.host.parse() {
        let checked = guard.check(&there.host, address);
        checked.map_err(|refused| StoreError::new(Kind::Unreachable, refused.to_string()))?;
        return Ok(vec![address]);
    }
    let failed = |message: String, mend: &str| {
        let error = StoreError::new(Kind::Unreachable, message);
        StoreError { mend: Some(mend.to_owned()), ..error }
    };
    match timeout(RESOLVE_TIMEOUT, guard.resolve(&there.host)).await {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error @ ResolveError::Unresolved(_))) => {
            Err(failed(error.to_string(), "check the host, the region and the bucket's name"))
        }
        Ok(Err(error @ ResolveError::NotPublic(_))) => {
            Err(failed(error.to_string(), "name an endpoint with a public address"))
        }
        Err(_) => Err(failed(
            format!("the name `{}` was not resolved within {RESOLVE_TIMEOUT:?}", there.host),
            "the operator has to look at the resolver",
        )),
    }
}

/// Connects to the first address that answers.
async fn connect(there: &Endpoint, addresses: &[IpAddr]) -> Result<SocketAddr, StoreError> {
    let mut last = None;
    for &address in addresses {
        let socket = SocketAddr::new(address, there.port_or_default());
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(socket)).await {
            Ok(Ok(_)) => return Ok(socket),
            Ok(Err(error)) => last = Some(format!("{socket}: {error}")),
            Err(_) => last = Some(format!("{socket}: no connection within {CONNECT_TIMEOUT:?}")),
        }
    }
    let mend = "check the endpoint's port, and the firewalls between".to_owned();
    let error = StoreError::new(Kind::Unreachable, last.unwrap_or_default());
    Err(StoreError { mend: Some(mend), ..error })
}

/// Asks for the bucket as anyone may, and gives the region that the answer tells. Any answer will
/// do, a refusal most of all: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>.
async fn ask_anyone(store: &S3Store, to: &Destination) -> Result<Option<String>, StoreError> {
    let client = store.connections.anonymous(to)?;
    let sending = client.head_bucket().bucket(&to.bucket).send();
    let answer = timeout(Duration::from_secs(30), sending).await;
    match answer {
        Ok(Ok(found)) => Ok(found.bucket_region),
        Ok(Err(error)) => match error.raw_response() {
            Some(answer) => Ok(answer.headers().get("x-amz-bucket-region").map(str::to_owned)),
            None => store.ask(to, async { Err::<(), _>(error) }).await.map(|()| None),
        },
        Err(_) => Err(StoreError::new(Kind::NoAnswer, "no answer came within 30 s")),
    }
}

fn see_region(to: &Destination, told: Option<&str>) -> Result<CheckStep, StoreError> {
    let asked = &to.region;
    match (other_region(to, told), told) {
        (Some(region), _) if to.endpoint.is_none() => {
            let message = format!("the bucket `{}` is in `{region}`, not in `{asked}`", to.bucket);
            let mend = Some(format!("write `region={region}` in the destination"));
            Err(StoreError { mend, ..StoreError::new(Kind::WrongRegion, message) })
        }
        (_, Some(told)) => Ok(done("region", format!("the bucket is in `{told}`"))),
        (_, None) => Ok(skipped("region", "the store does not tell the bucket's region", None)),
    }
}

async fn credentials(store: &S3Store, to: &Destination) -> Result<CheckStep, StoreError> {
    let Some(identity) = store.connections.identity(to) else {
        return Ok(done("credentials", "the destination brings its keys".to_owned()));
    };
    let credentials = identity.credentials().await?;
    let id = credentials.access_key_id();
    Ok(done(
        "credentials",
        match &to.access {
            Access::Role { role_arn, .. } => format!("took on the role `{role_arn}`"),
            _ => format!("the service's own, access key id `{id}`"),
        },
    ))
}

async fn try_guard(store: &S3Store, to: &Destination, key: &str) -> CheckStep {
    let again = PutObject { guarded: true, ..PutObject::probe(key) };
    match store.put(to, again).await {
        Err(StoreError { kind: Kind::AlreadyThere, .. }) => {
            done("guarded", "the store never overwrites when asked not to".to_owned())
        }
        Ok(_) => skipped("guarded", "the store overwrites although asked not to", None),
        Err(error) => skipped("guarded", &error.message, None),
    }
}

/// Whoever may abort is told that there is nothing to abort; others are told nothing.
async fn try_abort(store: &S3Store, to: &Destination, key: &str) -> CheckStep {
    let none = UploadId { key: key.to_owned(), id: "logpush-check".to_owned() };
    match store.abort_upload(to, &none).await {
        Ok(()) | Err(StoreError { kind: Kind::NoSuchUpload, .. }) => {
            done("abort", "uploads in parts can be given up".to_owned())
        }
        Err(error) if error.kind == Kind::AccessDenied => skipped(
            "abort",
            "uploads in parts that are given up stay behind",
            Some("allow `s3:AbortMultipartUpload`, or add a lifecycle rule that removes them"),
        ),
        Err(error) => skipped("abort", &error.message, None),
    }
}
