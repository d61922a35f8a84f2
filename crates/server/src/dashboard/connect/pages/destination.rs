//! *Destination information*: where to, and how the service is let in.

use askama::Template;
use axum::response::Response;
use model::destination::policy::{Document, DocumentKind, Terms, documents};
use model::destination::{Destination, PathValues};
use model::object_key::{ObjectIdentity, ObjectNaming, object_key};
use model::output::Compression;
use model::time::NANOS_PER_SECOND;
use model::{JobId, Offset, Partition, ScopeKind};

use super::super::FormData;
use super::super::place::{Grant, Place, Service};
use super::super::steps::Step;
use super::super::walk::{At, Next, Walk};
use super::super::words::REGIONS;
use super::on;
use crate::api::ApiError;
use crate::dashboard::page::{Frame, rendered};

#[derive(Template)]
#[template(path = "connect/destination.html")]
struct Page {
    frame: Frame,
    walk: Walk,
    place: Place,
    is_amazon: bool,
    is_compatible: bool,
    is_r2: bool,
    grant: &'static str,
    regions: Vec<Region>,
    external_id: String,
    access_key_hint: &'static str,
    others: Vec<String>,
    /// What an object is called there.
    key: Option<String>,
    documents: Vec<Shown>,
    no_documents: Option<String>,
}

struct Region {
    code: String,
    title: String,
    is_chosen: bool,
}

struct Shown {
    name: &'static str,
    title: &'static str,
    purpose: &'static str,
    json: String,
    link: Option<String>,
}

pub(super) async fn show(at: &At<'_>, frame: Frame) -> Result<Response, ApiError> {
    let draft = &at.draft;
    let (place, service) = (&draft.place, draft.place.service);
    let destination = Destination::parse(&draft.destination());
    let (documents, no_documents) = match &destination {
        Ok(destination) => what_to_paste(at, destination),
        Err(_) => before_the_role(at).unwrap_or_else(|| (Vec::new(), Some(INCOMPLETE.to_owned()))),
    };
    let key = match &destination {
        Ok(destination) => Some(example_key(at, destination).await?),
        Err(_) => None,
    };
    rendered(&Page {
        frame,
        walk: at.walk(Step::Destination),
        is_amazon: service == Service::Amazon,
        is_compatible: service == Service::Compatible,
        is_r2: service == Service::R2,
        grant: place.grant().name(),
        regions: regions(&place.region),
        external_id: draft.external_id.clone(),
        access_key_hint: match service {
            Service::Amazon => "With access keys only.",
            Service::Compatible | Service::R2 => "The public half of the keys.",
        },
        others: place.others_shown(),
        key,
        documents,
        no_documents,
        place: place.clone(),
    })
}

/// All regions; one that is newer than this program is among them where it is the job's.
fn regions(chosen: &str) -> Vec<Region> {
    let known = REGIONS.iter().map(|&(code, name)| (code, format!("{name}, {code}")));
    let is_new = !chosen.is_empty() && REGIONS.iter().all(|(code, _)| *code != chosen);
    let new = is_new.then(|| (chosen, chosen.to_owned()));
    let region = |(code, title): (&str, String)| Region {
        code: code.to_owned(),
        title,
        is_chosen: code == chosen,
    };
    known.chain(new).map(region).collect()
}

const INCOMPLETE: &str = "It is shown once the destination is complete.";

/// Stands for a role that is not made yet, in documents that do not name it.
const SOME_ROLE: &str = "arn:aws:iam::000000000000:role/NAME";

/// What to paste for a role that has no ARN yet: to make it one needs its trust policy.
fn before_the_role(at: &At<'_>) -> Option<(Vec<Shown>, Option<String>)> {
    let Place { role_arn, .. } = &at.draft.place;
    if at.draft.place.grant() != Grant::Role || !role_arn.trim().is_empty() {
        return None;
    }
    let place = Place { role_arn: SOME_ROLE.to_owned(), ..at.draft.place.clone() };
    let destination = Destination::parse(&place.text(&at.draft.external_id)).ok()?;
    let (mut documents, none) = what_to_paste(at, &destination);
    documents.retain(|document| document.name != DocumentKind::KeyStatement.name());
    Some((documents, none))
}

fn what_to_paste(at: &At<'_>, destination: &Destination) -> (Vec<Shown>, Option<String>) {
    if at.draft.place.service != Service::Amazon {
        let text = "Give the keys the right to write objects below the path, and nothing else.";
        return (Vec::new(), Some(text.to_owned()));
    }
    let principal = at.call.app.principal.as_ref();
    let external_id = Some(at.draft.external_id.as_str());
    match documents(destination, Terms { principal, external_id, abort: false }) {
        Ok(found) => (found.into_iter().map(|one| shown(one, destination)).collect(), None),
        Err(error) => (Vec::new(), Some(format!("There is nothing to paste: {error}."))),
    }
}

fn shown(Document { kind, json }: Document, destination: &Destination) -> Shown {
    let title = match kind {
        DocumentKind::BucketPolicy => "Bucket policy",
        DocumentKind::AclStatement => "Statement for the ACL",
        DocumentKind::TrustPolicy => "Trust policy of the role",
        DocumentKind::RolePolicy => "Permissions of the role",
        DocumentKind::UserPolicy => "Permissions of the keys’ user",
        DocumentKind::KeyStatement => "Statement for the KMS key",
        DocumentKind::LifecycleRule => "Lifecycle rule",
    };
    let link = (kind == DocumentKind::BucketPolicy).then(|| console(destination, "permissions"));
    Shown { name: kind.name(), title, purpose: kind.purpose(), json, link }
}

/// The bucket's page in the Amazon S3 console. Names of buckets and regions need no escapes.
pub(super) fn console(destination: &Destination, tab: &str) -> String {
    let Destination { bucket, region, .. } = destination;
    format!("https://console.aws.amazon.com/s3/buckets/{bucket}?region={region}&tab={tab}")
}

/// What an object of this minute would be called.
async fn example_key(at: &At<'_>, destination: &Destination) -> Result<String, ApiError> {
    let app = &at.call.app;
    let scope = at.scope();
    let zone = match scope.kind {
        ScopeKind::Zone => Some(app.catalog.zone(scope.id).await?.name),
        ScopeKind::Account => None,
    };
    let end = at.call.now();
    let start = model::UnixNanos(end.0.saturating_sub(30 * NANOS_PER_SECOND));
    let dataset = at.draft.dataset.as_str();
    let job = at.draft.before.as_ref().map(|job| job.id);
    let values = PathValues { at: start, dataset: Some(dataset), zone: zone.as_deref(), job };
    let identity = ObjectIdentity {
        installation: app.catalog.installation(),
        job: job.unwrap_or(JobId(1)),
        partition: Partition(0),
        first: Offset(0),
    };
    let zone = zone.as_deref();
    let naming = ObjectNaming { start, end, dataset, zone, compression: Compression::Gzip };
    let key = object_key(&destination.path, &naming, identity);
    let name = key.rsplit('/').next().unwrap_or(&key);
    // Before there is a job its number is not known.
    Ok(model::object_key::file_key(&destination.path, &values, name))
}

pub(super) fn save(at: &mut At<'_>, form: &FormData) -> Next {
    at.draft.place.fill(form);
    if form.get("action") == Some("refresh") { Next::Mend } else { on(at, Step::Destination) }
}
