//! What the API has, as far as the commands look into it. `--json` prints the whole answer.

use serde::Deserialize;

/// A customer.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// 32 hex digits.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// RFC 3339.
    #[serde(default)]
    pub created_on: Option<String>,
    /// What the trust policies of the customer's roles ask for.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// A domain of an account.
#[derive(Debug, Clone, Deserialize)]
pub struct Zone {
    /// 32 hex digits.
    pub id: String,
    /// The domain's name.
    pub name: String,
    /// The account that owns it.
    #[serde(default)]
    pub account: Option<Owner>,
    /// RFC 3339.
    #[serde(default)]
    pub created_on: Option<String>,
}

/// The account that a zone names as its own.
#[derive(Debug, Clone, Deserialize)]
pub struct Owner {
    /// 32 hex digits.
    pub id: String,
}

/// A token, without its text.
#[derive(Debug, Clone, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// What its bearer may do.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The account that it is bound to.
    #[serde(default)]
    pub account_id: Option<String>,
    /// The zone that it is bound to.
    #[serde(default)]
    pub zone_id: Option<String>,
    /// RFC 3339; `None` where it does not expire.
    #[serde(default)]
    pub expires_on: Option<String>,
    /// RFC 3339.
    #[serde(default)]
    pub last_used_on: Option<String>,
}

/// A token that was just made.
#[derive(Debug, Clone, Deserialize)]
pub struct NewToken {
    /// Its id.
    pub id: String,
    /// Its text, shown this once.
    pub value: String,
}

/// A job.
#[derive(Debug, Clone, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// The dataset's name.
    pub dataset: String,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether it pushes.
    #[serde(default)]
    pub enabled: bool,
    /// Where to; secrets are masked for those who may not see them.
    #[serde(default)]
    pub destination_conf: String,
    /// RFC 3339.
    #[serde(default)]
    pub last_complete: Option<String>,
    /// RFC 3339; `None` after a success.
    #[serde(default)]
    pub last_error: Option<String>,
    /// Why it failed last.
    #[serde(default)]
    pub error_message: Option<String>,
}

/// How the service stands.
#[derive(Debug, Clone, Deserialize)]
pub struct Health {
    /// What takes records in.
    pub journal: PartHealth,
    /// What takes down what is delivered.
    pub catalog: PartHealth,
}

/// How a part of the service stands.
#[derive(Debug, Clone, Deserialize)]
pub struct PartHealth {
    /// `ok`, or one word for what is the matter.
    pub state: String,
    /// What that means.
    #[serde(default)]
    pub message: Option<String>,
    /// Why, where the token may know it.
    #[serde(default)]
    pub reason: Option<String>,
}

/// How a job's delivery stands.
#[derive(Debug, Clone, Deserialize)]
pub struct JobStatus {
    /// The job.
    pub job_id: u64,
    /// `zones/{id}` or `accounts/{id}`.
    pub scope: String,
    /// The dataset's name.
    pub dataset: String,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether it pushes.
    #[serde(default)]
    pub enabled: bool,
    /// One word for how it goes.
    #[serde(default)]
    pub state: String,
    /// Records delivered since the service started.
    #[serde(default)]
    pub delivered_records: u64,
    /// Objects delivered since the service started.
    #[serde(default)]
    pub delivered_objects: u64,
    /// Records that were read and are not delivered yet.
    #[serde(default)]
    pub pending_records: u64,
    /// Their bytes, before compression.
    #[serde(default)]
    pub pending_bytes: u64,
    /// Frames of the log that were not read for the job yet.
    #[serde(default)]
    pub unread_frames: u64,
    /// Frames that will soon be given up unless they are delivered before.
    #[serde(default)]
    pub expiring_frames: u64,
    /// Present while an upload waits to be tried again.
    #[serde(default)]
    pub retrying: Option<Retrying>,
    /// Age of the oldest record that is not delivered; `None` where there is none.
    #[serde(default)]
    pub lag_seconds: Option<f64>,
    /// End of the newest range delivered, RFC 3339.
    #[serde(default)]
    pub last_complete: Option<String>,
    /// When it failed last, RFC 3339; `None` after a success.
    #[serde(default)]
    pub last_error: Option<String>,
    /// Why it failed last.
    #[serde(default)]
    pub error_message: Option<String>,
}

/// An upload that failed and waits to be tried again.
#[derive(Debug, Clone, Deserialize)]
pub struct Retrying {
    /// Why it failed.
    pub message: String,
    /// Since when it has failed, RFC 3339.
    pub since: String,
    /// How long until it is tried again.
    #[serde(default)]
    pub next_in_seconds: f64,
}

/// How the service itself stands, part by part.
#[derive(Debug, Clone, Deserialize)]
pub struct Readiness {
    /// `ok`, or `doubted`: what the catalogue says of jobs is not believed.
    #[serde(default)]
    pub jobs: String,
    /// `ok`, or `refused`: settings that were read again are wrong.
    #[serde(default)]
    pub settings: String,
}
