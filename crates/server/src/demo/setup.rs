//! The demo's account, zone, tokens and job, made through the API as anyone would make them.
//!
//! What an earlier run in the same data directory left behind is used again.

use std::path::Path;

use model::synthetic::traffic::ZONE;
use serde_json::{Value, json};

use super::DemoError;
use super::bucket::{BUCKET, LOGS};
use crate::client::{Account, Client, ClientError, Job, NewToken, Token, Zone};

const ACCOUNT: &str = "Burrito Bot";
const JOB: &str = "demo";
const SENDER: &str = "demo traffic";
/// Fewest records that the API takes as a batch's limit.
const BATCH_RECORDS_MIN: u64 = 1_000;
/// Most records that the API takes as a batch's limit.
const BATCH_RECORDS_MAX: u64 = 1_000_000;
/// Time after which a batch should be full, so that objects are seen to appear.
const BATCH_SECONDS: u64 = 4;

/// What the job pushes.
const FIELDS: [&str; 20] = [
    "RayID",
    "EdgeStartTimestamp",
    "EdgeEndTimestamp",
    "ClientIP",
    "ClientCountry",
    "ClientASN",
    "ClientDeviceType",
    "ClientRequestMethod",
    "ClientRequestHost",
    "ClientRequestURI",
    "ClientRequestProtocol",
    "ClientRequestReferer",
    "ClientRequestUserAgent",
    "EdgeResponseStatus",
    "EdgeResponseBytes",
    "EdgeTimeToFirstByteMs",
    "EdgeColoCode",
    "CacheCacheStatus",
    "OriginResponseStatus",
    "RequestHeaders",
];

/// What the demo works with.
#[derive(Debug)]
pub(super) struct Setup {
    /// The zone's id.
    pub(super) zone: String,
    /// The job's number.
    pub(super) job: u64,
    /// The token of the sender of records, and its id.
    pub(super) sender: NewToken,
}

impl Setup {
    /// Makes what is missing. At `rate` records a second a batch fills within seconds.
    pub(super) async fn make(client: &Client, bucket: &Path, rate: u64) -> Result<Self, DemoError> {
        let account = account(client).await.map_err(doing("the account cannot be made"))?;
        let zone = zone(client, &account).await.map_err(doing("the zone cannot be made"))?;
        let sender = sender(client, &zone).await.map_err(doing("the token cannot be made"))?;
        let records = (rate * BATCH_SECONDS).clamp(BATCH_RECORDS_MIN, BATCH_RECORDS_MAX);
        let job = job(client, &zone, bucket, records).await?;
        Ok(Self { zone, job, sender })
    }

    /// Takes back what is of no use after this run: the sender's token.
    pub(super) async fn clear(&self, client: &Client) -> Result<(), DemoError> {
        client
            .delete(&format!("/user/tokens/{}", self.sender.id))
            .await
            .map_err(doing("the sender's token cannot be deleted"))
    }
}

fn doing(doing: &'static str) -> impl FnOnce(ClientError) -> DemoError {
    move |source| DemoError::Api { doing, source }
}

async fn account(client: &Client) -> Result<String, ClientError> {
    let accounts: Vec<Account> = client.list("/accounts", &[("name", ACCOUNT)]).await?;
    if let Some(account) = accounts.into_iter().find(|account| account.name == ACCOUNT) {
        return Ok(account.id);
    }
    let made: Account = client.post("/accounts", &json!({ "name": ACCOUNT })).await?;
    Ok(made.id)
}

async fn zone(client: &Client, account: &str) -> Result<String, ClientError> {
    let zones: Vec<Zone> = client.list("/zones", &[("name", ZONE)]).await?;
    if let Some(zone) = zones.into_iter().next() {
        return Ok(zone.id);
    }
    let made: Zone =
        client.post("/zones", &json!({ "name": ZONE, "account": { "id": account } })).await?;
    Ok(made.id)
}

/// A token that may send records into the zone and nothing else. Texts of tokens are stored
/// nowhere, so those that a killed run left behind are of no use.
async fn sender(client: &Client, zone: &str) -> Result<NewToken, ClientError> {
    let tokens: Vec<Token> = client.list("/user/tokens", &[]).await?;
    for token in tokens.into_iter().filter(|token| token.name == SENDER) {
        client.delete(&format!("/user/tokens/{}", token.id)).await?;
    }
    let body = json!({ "name": SENDER, "permissions": ["logs:ingest"], "zone_id": zone });
    client.post("/user/tokens", &body).await
}

/// The job, enabled: the one that is there, or a new one with proof of the bucket.
async fn job(client: &Client, zone: &str, bucket: &Path, records: u64) -> Result<u64, DemoError> {
    let jobs_path = format!("/zones/{zone}/logpush/jobs");
    let jobs: Vec<Job> =
        client.list(&jobs_path, &[]).await.map_err(doing("the jobs cannot be listed"))?;
    let mut body = json!({
        "enabled": true,
        "max_upload_records": records,
        "max_upload_interval_seconds": 30,
        "output_options": { "field_names": FIELDS, "timestamp_format": "rfc3339" },
    });
    if let Some(job) = jobs.into_iter().find(|job| job.name.as_deref() == Some(JOB)) {
        let path = format!("{jobs_path}/{}", job.id);
        let job: Job =
            client.put(&path, &body).await.map_err(doing("the job cannot be enabled"))?;
        return Ok(job.id);
    }
    let destination = format!("s3://{BUCKET}/{LOGS}/{{DATE}}?region=us-east-1");
    body["name"] = JOB.into();
    body["dataset"] = "http_requests".into();
    body["ownership_challenge"] = challenge(client, zone, bucket, &destination).await?.into();
    body["destination_conf"] = destination.into();
    let job: Job =
        client.post(&jobs_path, &body).await.map_err(doing("the job cannot be created"))?;
    Ok(job.id)
}

/// Has the service write its challenge into the bucket, and reads it there, as the bucket's owner
/// would: it is a file of the bucket's folder.
async fn challenge(
    client: &Client,
    zone: &str,
    bucket: &Path,
    destination: &str,
) -> Result<String, DemoError> {
    let path = format!("/zones/{zone}/logpush/ownership");
    let body = json!({ "destination_conf": destination });
    let answer: Value =
        client.post(&path, &body).await.map_err(doing("no ownership challenge is given"))?;
    let Some(file) = answer["filename"].as_str().filter(|_| answer["valid"] == json!(true)) else {
        let message = answer["message"].as_str().unwrap_or("no reason was given");
        return Err(DemoError::Challenge(message.to_owned()));
    };
    let path = bucket.join(file);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| DemoError::Challenge(format!("`{}`: {error}", path.display())))?;
    Ok(text.trim().to_owned())
}
