//! What there is to say of each route beyond its row in the table of routes.

use schemars::JsonSchema;

use super::operation::{Kind, Operation, Parameter, delete, get, post, put, text};
use super::requests::{
    Challenge, DestinationOnly, NewAccount, NewToken, NewZone, Origin, Policy, PolicyOfOperator,
    job_to_change, new_job,
};
use crate::api::envelope::Verdict;
use crate::api::error::Code;
use crate::api::ledger::{ENTRIES, ENTRIES_MAX};
use crate::api::page::{PER_PAGE, PER_PAGE_MAX};
use crate::api::quarantine::{LINES, LINES_MAX};
use crate::api::{
    accounts, audit, destination, health, history, jobs, ledger, ownership, policy, standing,
    status, tokens, verify, zones,
};
use crate::ingest::Outcome;

/// The fields of a dataset.
#[derive(JsonSchema)]
#[schemars(transparent)]
#[expect(dead_code, reason = "describes what `datasets` writes field by field")]
struct DatasetFields(std::collections::BTreeMap<String, String>);

const PAGES: &[Parameter] = &[PAGE, PER];
const PAGE: Parameter =
    Parameter { name: "page", about: "Which page, from 1.", kind: Kind::Number(1, u32::MAX) };
const PER: Parameter = Parameter {
    name: "per_page",
    about: "Items of a page.",
    kind: Kind::Number(PER_PAGE, PER_PAGE_MAX),
};
/// Of lists that are given whole where no page is asked for.
const WHOLE_OR_PAGES: &[Parameter] = PAGES;
const NAME: Parameter = text("name", "Only the one of exactly this name.");
const OLD_LINES: &[Parameter] = &[
    Parameter { name: "limit", about: "Most lines.", kind: Kind::Number(LINES, LINES_MAX) },
    text("dataset", "Only lines of this dataset."),
];

const AFTER: Parameter = text("after", "Go on here: what `next` was in an answer before.");
const FROM: Parameter = text("from", "Only records that arrived from this second on.");
const TO: Parameter = text("to", "Only records that arrived before this second.");
const LEDGER: &[Parameter] = &[
    AFTER,
    Parameter { name: "limit", about: "Most batches.", kind: Kind::Number(ENTRIES, ENTRIES_MAX) },
    FROM,
    TO,
];

const INGEST_FAILS: &[Code] =
    &[Code::NotFound, Code::UnsupportedMedia, Code::KeyReused, Code::Overloaded];

/// What is said of every route, in the order of the table of routes.
pub(super) const OPERATIONS: &[Operation] = &[
    get("/openapi.json", "Service", "openapi", "This description.").content("application/json"),
    get("/healthz", "Service", "alive", "Whether the process answers.")
        .bare::<health::Alive>(None),
    get("/readyz", "Service", "ready", "Whether records can be taken in and delivered.")
        .bare::<health::Ready>(Some(503)),
    get("/metrics", "Service", "metrics", "What the service counts, for Prometheus.")
        .content(crate::metrics::CONTENT_TYPE)
        .fails(&[Code::Unauthenticated, Code::Forbidden]),
    post("/ingest/v1/{scope}/{dataset}", "Ingest", "ingest", "Stores records, durably and whole.")
        .records()
        .result::<Outcome>()
        .fails(INGEST_FAILS),
    post(
        "/ingest/v1/{dataset}",
        "Ingest",
        "ingest_by_host",
        "The same, where the host of each record tells its zone.",
    )
    .records()
    .result::<Outcome>()
    .fails(INGEST_FAILS),
    get("/client/v4/user/tokens/verify", "Tokens", "token_verify", "Whether the token is valid.")
        .result::<tokens::Verified>()
        .fails(&[Code::InvalidToken, Code::TooManyRequests]),
    get("/client/v4/user/tokens", "Tokens", "tokens", "Tokens within the caller's own bounds.")
        .query(PAGES)
        .list::<tokens::Shown>(),
    post("/client/v4/user/tokens", "Tokens", "token_create", "A new token; its text is shown once.")
        .body::<NewToken>(r#"{"name":"edge","permissions":["logs:ingest"]}"#)
        .result::<tokens::Shown>()
        .fails(&[Code::NotFound, Code::Conflict]),
    delete("/client/v4/user/tokens/{token_id}", "Tokens", "token_revoke", "Revokes a token.")
        .result::<tokens::Revoked>(),
    get("/client/v4/accounts", "Accounts", "accounts", "Accounts that the token is bound to.")
        .query(&[PAGE, PER, NAME])
        .list::<accounts::Shown>(),
    post("/client/v4/accounts", "Accounts", "account_create", "A new account.")
        .body::<NewAccount>(r#"{"name":"Burrito Bot"}"#)
        .result::<accounts::Shown>(),
    get("/client/v4/accounts/{account_id}", "Accounts", "account", "An account.")
        .result::<accounts::Shown>(),
    delete(
        "/client/v4/accounts/{account_id}",
        "Accounts",
        "account_delete",
        "Deletes an account that nothing depends on.",
    )
    .result::<accounts::Deleted>()
    .fails(&[Code::Conflict]),
    get(
        "/client/v4/accounts/{account_id}/audit_logs",
        "Audit",
        "account_audit_logs",
        "Who changed what in an account and its zones, newest first.",
    )
    .query(PAGES)
    .list::<audit::Shown>(),
    get(
        "/client/v4/audit_logs",
        "Audit",
        "audit_logs",
        "Who changed what in the whole installation, newest first.",
    )
    .query(PAGES)
    .list::<audit::Shown>(),
    get("/client/v4/zones", "Zones", "zones", "Zones that the token covers.")
        .query(&[PAGE, PER, NAME, text("account.id", "Only zones of this account.")])
        .list::<zones::Shown>()
        .fails(&[Code::InvalidField]),
    post("/client/v4/zones", "Zones", "zone_create", "A new zone of an account.")
        .body::<NewZone>(
            r#"{"name":"burritobot.example","account":{"id":"00000000000000000000000000000000"}}"#,
        )
        .result::<zones::Shown>()
        .fails(&[Code::NotFound, Code::Conflict]),
    get("/client/v4/zones/{zone_id}", "Zones", "zone", "A zone.").result::<zones::Shown>(),
    delete("/client/v4/zones/{zone_id}", "Zones", "zone_delete", "Deletes a zone that nothing depends on.")
        .result::<zones::Deleted>()
        .fails(&[Code::Conflict]),
    get("/client/v4/{scope}/logpush/jobs", "Jobs", "jobs", "Jobs.")
        .query(WHOLE_OR_PAGES)
        .list::<jobs::Shown>(),
    post("/client/v4/{scope}/logpush/jobs", "Jobs", "job_create", "A new job.")
        .json(new_job, NEW_JOB)
        .result::<jobs::Shown>()
        .fails(&[Code::QuotaExceeded]),
    get("/client/v4/{scope}/logpush/jobs/{job_id}", "Jobs", "job", "A job.")
        .result::<jobs::Shown>(),
    put(
        "/client/v4/{scope}/logpush/jobs/{job_id}",
        "Jobs",
        "job_update",
        "Changes what is named; what is absent stays.",
    )
    .json(job_to_change, r#"{"enabled":true,"output_options":{"field_names":["RayID"]}}"#)
    .result::<jobs::Shown>()
    .fails(&[Code::Conflict]),
    delete("/client/v4/{scope}/logpush/jobs/{job_id}", "Jobs", "job_delete", "Deletes a job.")
        .result::<jobs::Deleted>(),
    get(
        "/client/v4/{scope}/logpush/datasets/{dataset}/jobs",
        "Jobs",
        "dataset_jobs",
        "Jobs of one dataset.",
    )
    .query(WHOLE_OR_PAGES)
    .list::<jobs::Shown>()
    .fails(&[Code::BadRequest]),
    get(
        "/client/v4/{scope}/logpush/datasets/{dataset}/fields",
        "Datasets",
        "dataset_fields",
        "A dataset's fields, each with type and description.",
    )
    .result::<DatasetFields>()
    .fails(&[Code::BadRequest]),
    get(
        "/client/v4/{scope}/logpush/datasets/{dataset}/fields/default",
        "Datasets",
        "dataset_default_fields",
        "The fields of a job that names none.",
    )
    .result::<DatasetFields>()
    .fails(&[Code::BadRequest]),
    post(
        "/client/v4/{scope}/logpush/ownership",
        "Destinations",
        "ownership",
        "Writes a challenge into the bucket.",
    )
    .body::<DestinationOnly>(DESTINATION)
    .result::<ownership::Written>(),
    post(
        "/client/v4/{scope}/logpush/ownership/validate",
        "Destinations",
        "ownership_validate",
        "Whether a challenge proves a destination.",
    )
    .body::<Challenge>(
        r#"{"destination_conf":"s3://burritobot/logs?region=us-west-2","ownership_challenge":"eyJ"}"#,
    )
    .result::<ownership::Validated>(),
    post(
        "/client/v4/{scope}/logpush/validate/destination",
        "Destinations",
        "destination_validate",
        "Tries a destination by writing a small file.",
    )
    .body::<DestinationOnly>(DESTINATION)
    .result::<Verdict>(),
    post(
        "/client/v4/{scope}/logpush/validate/destination/exists",
        "Destinations",
        "destination_exists",
        "Whether a job of the scope pushes there.",
    )
    .body::<DestinationOnly>(DESTINATION)
    .result::<destination::Exists>(),
    post(
        "/client/v4/{scope}/logpush/validate/origin",
        "Destinations",
        "origin_validate",
        "Whether a job of a dataset takes Logpull options.",
    )
    .body::<Origin>(r#"{"logpull_options":"fields=RayID,ClientIP&timestamps=rfc3339"}"#)
    .result::<Verdict>(),
    post(
        "/client/v4/{scope}/logpush/destination/check",
        "Destinations",
        "destination_check",
        "Tries a destination step by step.",
    )
    .body::<DestinationOnly>(DESTINATION)
    .result::<destination::Checked>(),
    post(
        "/client/v4/logpush/destination/check",
        "Destinations",
        "destination_check_by_operator",
        "Tries a destination step by step, for no account.",
    )
    .body::<DestinationOnly>(DESTINATION)
    .result::<destination::Checked>(),
    post(
        "/client/v4/{scope}/logpush/destination/policy",
        "Destinations",
        "destination_policy",
        "What the bucket's owner has to paste so that a destination can be written.",
    )
    .body::<Policy>(DESTINATION)
    .result::<policy::Policy>()
    .fails(&[Code::Conflict]),
    post(
        "/client/v4/logpush/destination/policy",
        "Destinations",
        "destination_policy_by_operator",
        "The same, with or without an account.",
    )
    .body::<PolicyOfOperator>(DESTINATION)
    .result::<policy::Policy>()
    .fails(&[Code::Conflict, Code::NotFound]),
    get(
        "/client/v4/{scope}/logpush/jobs/{job_id}/status",
        "Status",
        "job_status",
        "How the delivery of a job stands.",
    )
    .result::<status::Shown>(),
    get(
        "/client/v4/{scope}/logpush/jobs/{job_id}/batches",
        "Status",
        "job_batches",
        "The delivery ledger of a job, newest first.",
    )
    .query(PAGES)
    .list::<status::Batch>(),
    get(
        "/client/v4/{scope}/logpush/jobs/{job_id}/ledger",
        "Verification",
        "job_ledger",
        "What the delivery ledger says of a job as a whole.",
    )
    .result::<ledger::Summary>(),
    get(
        "/client/v4/{scope}/logpush/jobs/{job_id}/ledger/batches",
        "Verification",
        "job_ledger_batches",
        "The delivery ledger of a job by partition and frame.",
    )
    .query(LEDGER)
    .result::<ledger::Entries>()
    .fails(&[Code::BadRequest]),
    post(
        "/client/v4/{scope}/logpush/jobs/{job_id}/verify",
        "Verification",
        "job_verify",
        "Reads a job's objects and compares them with the ledger, one line for each batch.",
    )
    .query(LEDGER)
    .content("application/x-ndjson")
    .fails(&[Code::BadRequest, Code::Overloaded]),
    post(
        "/client/v4/{scope}/logpush/jobs/{job_id}/verify/extra",
        "Verification",
        "job_verify_extra",
        "Lists a job's objects and tells those that the ledger does not know.",
    )
    .query(&[
        AFTER,
        FROM,
        TO,
        text("revisions", "Look where batches of these revisions went, such as `1,2`."),
    ])
    .result::<verify::ExtraObjects>()
    .fails(&[Code::BadRequest, Code::Conflict, Code::Overloaded]),
    get(
        "/client/v4/{scope}/logpush/jobs/{job_id}/events",
        "Status",
        "job_events",
        "What happened to a job, newest first.",
    )
    .query(PAGES)
    .list::<history::Event>(),
    get(
        "/client/v4/{scope}/logpush/jobs/{job_id}/history",
        "Status",
        "job_history",
        "What a job did hour by hour, oldest first.",
    )
    .query(&[
        text("from", "From the hour of this time on; without it 24 hours before `to`."),
        text("to", "Before this time; without it until now."),
    ])
    .list::<history::Hour>()
    .fails(&[Code::BadRequest]),
    get(
        "/client/v4/{scope}/logpush/quarantine",
        "Quarantine",
        "quarantine",
        "The newest refused lines.",
    )
    .query(OLD_LINES)
    .content("application/x-ndjson"),
    get(
        "/client/v4/logpush/quarantine",
        "Quarantine",
        "quarantine_of_operator",
        "Refused lines that belong to no customer.",
    )
    .query(OLD_LINES)
    .content("application/x-ndjson"),
    get("/client/v4/logpush/status", "Status", "status", "The same of all jobs that the token covers.")
        .query(PAGES)
        .list::<status::Shown>(),
    get("/client/v4/logpush/health", "Status", "health", "Whether records are taken in and deliveries noted.")
        .result::<standing::Shown>(),
];

const DESTINATION: &str = r#"{"destination_conf":"s3://burritobot/logs?region=us-west-2"}"#;
const NEW_JOB: &str = r#"{
    "dataset": "http_requests",
    "destination_conf": "s3://burritobot/logs/{DATE}?region=us-west-2&access-key-id=AKIA&secret-access-key=secret",
    "name": "burritobot.example",
    "enabled": true,
    "output_options": {"field_names": ["ClientIP", "RayID"], "timestamp_format": "rfc3339"},
    "filter": "{\"where\":{\"key\":\"EdgeResponseStatus\",\"operator\":\"geq\",\"value\":500}}",
    "max_upload_interval_seconds": 30
}"#;
