//! Who did what when: the entries of the audit trail, without secrets.
//!
//! A backend writes an [`Action`] in the transaction of the change that it tells of, made by one
//! of its constructors, so that all backends tell the same. A call that changes nothing has none.

use model::destination::redacted;
use model::time::TimestampFormat;
use model::{AccountId, Id, Scope, ScopeKind, UnixNanos};
use serde_json::{Value, json};

use crate::{Account, Grant, Job, Token, Zone};

/// Most actions that are kept of one account (and as many that belong to none): the oldest go.
pub const ACTIONS_PER_ACCOUNT_MAX: u32 = 100_000;

/// Who changes something, when and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// When.
    pub at: UnixNanos,
    /// By which token; `None` for the program itself.
    pub token: Option<Id>,
    /// What the token was called then, or the program.
    pub name: String,
    /// The network address that the request came from.
    pub address: Option<String>,
}

impl Actor {
    /// The program itself.
    pub fn system(at: UnixNanos) -> Self {
        Self { at, token: None, name: "logpush".to_owned(), address: None }
    }
}

/// What was done to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// It was made.
    Create,
    /// It was changed, in more than whether it is enabled.
    Update,
    /// It was enabled, and nothing else.
    Enable,
    /// It was paused, and nothing else.
    Disable,
    /// It was deleted.
    Delete,
    /// It was made invalid for good.
    Revoke,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 6] =
        [Self::Create, Self::Update, Self::Enable, Self::Disable, Self::Delete, Self::Revoke];

    /// `create`, `update`, `enable`, `disable`, `delete` or `revoke`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Delete => "delete",
            Self::Revoke => "revoke",
        }
    }

    /// The verb of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

/// What kind of thing something was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An account.
    Account,
    /// A zone.
    Zone,
    /// A token.
    Token,
    /// A job.
    Job,
}

impl Subject {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Account, Self::Zone, Self::Token, Self::Job];

    /// `account`, `zone`, `token` or `job`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Zone => "zone",
            Self::Token => "token",
            Self::Job => "job",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.name() == name)
    }
}

/// One entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its number, higher than those before it; 0 until the catalogue has written it.
    pub number: u64,
    /// Who, when, from where.
    pub by: Actor,
    /// What was done,
    pub verb: Verb,
    /// to what kind of thing,
    pub what: Subject,
    /// and to which.
    pub id: String,
    /// The account that the thing belongs to; `None` for what belongs to the installation.
    pub account: Option<AccountId>,
    /// The thing before, as a JSON object without secrets.
    pub before: Option<Value>,
    /// The thing afterwards, likewise.
    pub after: Option<Value>,
}

/// Whose audit trail is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOf {
    /// One account's, with its zones, their tokens and jobs.
    Account(AccountId),
    /// The whole installation's, every account included.
    Installation,
}

impl Action {
    /// The action that made, changed or deleted a job of `account`; `None` where both are alike.
    /// Where only a secret differs, it is an update that shows no difference.
    pub fn of_job(
        by: &Actor,
        account: AccountId,
        before: Option<&Job>,
        after: Option<&Job>,
    ) -> Option<Self> {
        let verb = match (before, after) {
            (Some(before), Some(after)) => job_verb(before, after)?,
            (before, after) => made_or_gone(before.is_some(), after.is_some())?,
        };
        let id = before.or(after)?.id.to_string();
        let states = (before.map(job_state), after.map(job_state));
        Some(Self::new(by, verb, (Subject::Job, id), Some(account), states))
    }

    /// The action that made or deleted an account.
    pub fn of_account(
        by: &Actor,
        before: Option<&Account>,
        after: Option<&Account>,
    ) -> Option<Self> {
        let verb = made_or_gone(before.is_some(), after.is_some())?;
        let id = before.or(after)?.id;
        let states = (before.map(account_state), after.map(account_state));
        Some(Self::new(by, verb, (Subject::Account, id.to_string()), Some(id), states))
    }

    /// The action that made or deleted a zone.
    pub fn of_zone(by: &Actor, before: Option<&Zone>, after: Option<&Zone>) -> Option<Self> {
        let verb = made_or_gone(before.is_some(), after.is_some())?;
        let zone = before.or(after)?;
        let states = (before.map(zone_state), after.map(zone_state));
        let what = (Subject::Zone, zone.id.to_string());
        Some(Self::new(by, verb, what, Some(zone.account), states))
    }

    /// The action that made or revoked a token, which belongs to `account` (a zone's token to the
    /// zone's account); `None` where it was revoked before.
    pub fn of_token(
        by: &Actor,
        account: Option<AccountId>,
        before: Option<&Token>,
        after: &Token,
    ) -> Option<Self> {
        let verb = match before {
            None => Verb::Create,
            Some(before) if before.revoked_at != after.revoked_at => Verb::Revoke,
            Some(_) => return None,
        };
        let states = (before.map(token_state), Some(token_state(after)));
        Some(Self::new(by, verb, (Subject::Token, after.id.to_string()), account, states))
    }

    fn new(
        by: &Actor,
        verb: Verb,
        (what, id): (Subject, String),
        account: Option<AccountId>,
        (before, after): (Option<Value>, Option<Value>),
    ) -> Self {
        Self { number: 0, by: by.clone(), verb, what, id, account, before, after }
    }
}

fn made_or_gone(was_there: bool, is_there: bool) -> Option<Verb> {
    match (was_there, is_there) {
        (false, true) => Some(Verb::Create),
        (true, false) => Some(Verb::Delete),
        _ => None,
    }
}

fn job_verb(before: &Job, after: &Job) -> Option<Verb> {
    let others = |job: &Job| (job.spec.clone(), job.name.clone(), job.frequency.clone());
    match (others(before) == others(after), before.enabled, after.enabled) {
        (false, ..) => Some(Verb::Update),
        (true, false, true) => Some(Verb::Enable),
        (true, true, false) => Some(Verb::Disable),
        (true, ..) => None,
    }
}

fn job_state(job: &Job) -> Value {
    let spec = &job.spec;
    let output_options = spec
        .output_options
        .as_deref()
        .map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())));
    let mut state = json!({
        "revision": job.revision.0,
        "dataset": spec.dataset,
        "name": job.name,
        "enabled": job.enabled,
        "destination_conf": redacted(&spec.destination),
        "kind": job.kind,
        "filter": spec.filter,
        "output_options": output_options,
        "logpull_options": spec.logpull_options,
        "filter_attack_traffic": spec.filter_attack_traffic,
        "frequency": job.frequency,
        "max_upload_bytes": spec.max_upload_bytes,
        "max_upload_interval_seconds": spec.max_upload_interval_seconds,
        "max_upload_records": spec.max_upload_records,
    });
    state[id_key(job.scope)] = json!(job.scope.id.to_string());
    state
}

fn account_state(account: &Account) -> Value {
    json!({ "name": account.name, "external_id": account.external_id })
}

fn zone_state(zone: &Zone) -> Value {
    json!({ "name": zone.name, "account_id": zone.account.to_string() })
}

fn token_state(token: &Token) -> Value {
    let rfc3339 = |at| TimestampFormat::Rfc3339.text(at);
    let permissions: Vec<_> =
        token.permissions.iter().map(|permission| permission.name()).collect();
    let mut state = json!({
        "name": token.name,
        "permissions": permissions,
        "expires_on": token.expires_at.map(rfc3339),
        "revoked_on": token.revoked_at.map(rfc3339),
    });
    if let Grant::Scope(scope) = token.grant {
        state[id_key(scope)] = json!(scope.id.to_string());
    }
    state
}

fn id_key(scope: Scope) -> &'static str {
    match scope.kind {
        ScopeKind::Account => "account_id",
        ScopeKind::Zone => "zone_id",
    }
}
