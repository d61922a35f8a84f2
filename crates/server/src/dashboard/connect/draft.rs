//! A draft: all that was typed on the way to a job, or to a change of one, and the job that it
//! makes.
//!
//! ```text
//!  forms ──fill──► draft ──change──► JobChange ──► the same functions as the API's
//!                    ▲
//!  a job that is ────┘ read
//! ```
//!
//! **Rules.** A draft holds what was typed, right or wrong. Of a job that is edited, what was not
//! changed stays as it is written, letter by letter: an unchanged destination needs no new proof.

use catalog::{Job, JobChange};
use delivery::CheckStep;
use model::compiled_job::CompiledJob;
use model::destination::Destination;
use model::output::OutputOptions;
use model::{Dataset, Datasets, Issue, JobSpec, Scope};
use serde_json::Value;

use super::conditions::Conditions;
use super::options::Options;
use super::place::Place;

/// All that was typed.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// Where the job is to be.
    pub(super) scope: Scope,
    /// The job that is edited, as it was when editing began.
    pub(super) before: Option<Job>,
    /// What a role of the account's trusts.
    pub(super) external_id: String,
    /// The dataset's name; empty before one is selected.
    pub(super) dataset: String,
    /// The names of the fields, in the order of the output.
    pub(super) fields: Vec<String>,
    /// Which records.
    pub(super) conditions: Conditions,
    /// Whether records of DDoS attacks are left out.
    pub(super) without_attacks: bool,
    /// Whether a service was selected.
    pub(super) has_service: bool,
    /// Where to.
    pub(super) place: Place,
    /// How trying a destination went.
    pub(super) tried: Option<Tried>,
    /// The challenge that was written last.
    pub(super) challenge: Option<Challenge>,
    /// The ownership token that was pasted.
    pub(super) token: String,
    /// Name and options.
    pub(super) options: Options,
    /// Whether the options were seen.
    pub(super) has_options: bool,
}

/// How trying a destination went.
#[derive(Clone)]
pub(super) struct Tried {
    /// The destination string that was tried.
    pub(super) text: String,
    /// Step by step.
    pub(super) steps: Vec<CheckStep>,
}

impl std::fmt::Debug for Tried {
    /// Without the destination, which may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tried").field("steps", &self.steps).finish_non_exhaustive()
    }
}

impl Tried {
    /// Whether the destination works.
    pub(super) fn is_ok(&self) -> bool {
        self.steps.iter().all(|step| step.outcome != delivery::CheckOutcome::Failed)
    }
}

/// A challenge that was to be written.
#[derive(Clone)]
pub(super) struct Challenge {
    /// The destination string that it is for.
    pub(super) text: String,
    /// The file's key, or why there is none.
    pub(super) written: Result<String, String>,
}

impl std::fmt::Debug for Challenge {
    /// Without the destination, which may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Challenge").field("written", &self.written).finish_non_exhaustive()
    }
}

impl Draft {
    /// One of a new job.
    pub(super) fn new(scope: Scope, external_id: String) -> Self {
        Self {
            scope,
            before: None,
            external_id,
            dataset: String::new(),
            fields: Vec::new(),
            conditions: Conditions::default(),
            without_attacks: false,
            has_service: false,
            place: Place::new(),
            tried: None,
            challenge: None,
            token: String::new(),
            options: Options::new(),
            has_options: false,
        }
    }

    /// One to edit a job.
    pub(super) fn read(job: &Job, external_id: String, datasets: &Datasets) -> Self {
        let spec = &job.spec;
        let (options, mut fields) = Options::read(job.name.as_deref(), &job.frequency, spec);
        let dataset = datasets.get(&spec.dataset);
        if fields.is_empty() {
            fields = dataset.map(|dataset| default_fields(dataset)).unwrap_or_default();
        }
        let conditions = match dataset {
            Some(dataset) => Conditions::read(&spec.filter, dataset),
            None => Conditions { json: Some(spec.filter.clone()), ..Conditions::default() },
        };
        Self {
            dataset: spec.dataset.clone(),
            fields,
            conditions,
            without_attacks: spec.filter_attack_traffic,
            has_service: true,
            place: Place::read(&spec.destination),
            options,
            has_options: true,
            before: Some(job.clone()),
            ..Self::new(job.scope, external_id)
        }
    }

    /// Selects a dataset. Another one than before has other fields, and nothing to filter yet.
    pub(super) fn select(&mut self, dataset: &Dataset) {
        if self.dataset == dataset.name {
            return;
        }
        self.dataset.clone_from(&dataset.name);
        self.fields = default_fields(dataset);
        self.conditions = Conditions::default();
        self.without_attacks = false;
    }

    /// The destination string.
    pub(super) fn destination(&self) -> String {
        let text = self.place.text(&self.external_id);
        let same = |before: &&Job| {
            let meant = Destination::parse(&before.spec.destination);
            meant.is_ok() && meant == Destination::parse(&text)
        };
        match self.before.as_ref().filter(same) {
            Some(before) => before.spec.destination.clone(),
            None => text,
        }
    }

    /// Whether the job goes to another place, or in another way, than before.
    pub(super) fn is_moved(&self) -> bool {
        self.before.as_ref().is_none_or(|before| before.spec.destination != self.destination())
    }

    /// What the job is to be.
    pub(super) fn change(&self, datasets: &Datasets) -> (JobChange, Vec<Issue>) {
        let dataset = datasets.get(&self.dataset);
        let (output_options, logpull_options) = self.output_options(dataset.map(AsRef::as_ref));
        let ([bytes, seconds, records], issues) = self.options.limits();
        let spec = JobSpec {
            dataset: self.dataset.clone(),
            destination: self.destination(),
            output_options,
            logpull_options,
            filter: self.filter(dataset.map(AsRef::as_ref)),
            filter_attack_traffic: self.without_attacks,
            max_upload_bytes: bytes,
            max_upload_interval_seconds: seconds,
            max_upload_records: records,
        };
        let before = self.before.as_ref();
        let change = JobChange {
            spec,
            name: Some(self.options.name.clone()).filter(|name| !name.is_empty()),
            kind: before.map_or_else(String::new, |before| before.kind.clone()),
            frequency: self.options.frequency.clone(),
            enabled: before.is_none_or(|before| before.enabled),
        };
        (change, issues)
    }

    /// All that is wrong with the job, besides the proof of its destination.
    pub(super) fn issues(&self, datasets: &Datasets) -> Vec<Issue> {
        let (change, mut issues) = self.change(datasets);
        if let Err(found) = CompiledJob::of(&change.spec, self.scope.kind, datasets) {
            issues.extend(found);
        }
        issues.extend(self.place.missing());
        if self.fields.is_empty() {
            issues.push(Issue::new(FIELDS_POINTER, "select at least one field"));
        }
        issues
    }

    /// The job's output options, and the older ones beside them.
    fn output_options(&self, dataset: Option<&Dataset>) -> (Option<String>, String) {
        let written = self.options.output_options(&self.fields);
        let unchanged = |before: &&Job| {
            let Some(dataset) = dataset else { return false };
            let (json, logpull) =
                (before.spec.output_options.as_deref(), &before.spec.logpull_options);
            let meant = OutputOptions::of_job(json, logpull, dataset);
            meant.is_ok() && meant == OutputOptions::parse(&written, dataset)
        };
        match self.before.as_ref().filter(unchanged) {
            Some(Job { spec, .. }) => (spec.output_options.clone(), spec.logpull_options.clone()),
            None => (Some(written), String::new()),
        }
    }

    fn filter(&self, dataset: Option<&Dataset>) -> String {
        let Some(dataset) = dataset else {
            return self.conditions.json.clone().unwrap_or_default();
        };
        let text = self.conditions.text(dataset);
        let value = |text: &str| serde_json::from_str::<Value>(text).ok();
        let same =
            |before: &&Job| value(&text).is_some() && value(&before.spec.filter) == value(&text);
        self.before.as_ref().filter(same).map_or(text.clone(), |before| before.spec.filter.clone())
    }

    /// Bytes that were typed.
    pub(super) fn bytes(&self) -> usize {
        let rows = self.conditions.groups.iter().flat_map(|group| &group.rows);
        let rows: usize = rows.map(|r| r.key.len() + r.operator.len() + r.value.len()).sum();
        let json = self.conditions.json.as_ref().map_or(0, String::len);
        let fields: usize = self.fields.iter().map(String::len).sum();
        let options = self.options.output_options(&[]).len() + self.options.name.len();
        let place = self.place.text("").len() + self.place.bucket_path.len();
        rows + json + fields + options + place + self.token.len()
    }
}

/// What fields are about, in what is wrong with a job.
pub(super) const FIELDS_POINTER: &str = "/output_options/field_names";

/// The names of the fields of a job that names none.
pub(super) fn default_fields(dataset: &Dataset) -> Vec<String> {
    dataset.default_fields().map(|field| field.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use model::{Id, JobId, Revision, UnixNanos};

    use super::super::FormData;
    use super::*;

    fn job(spec: JobSpec) -> Job {
        Job {
            id: JobId(1),
            scope: Scope::zone(Id::from_bytes([1; 16])),
            revision: Revision(1),
            spec,
            name: Some("requests".to_owned()),
            kind: String::new(),
            frequency: "low".to_owned(),
            enabled: false,
            last_complete: None,
            failure: None,
            created_at: UnixNanos(0),
            updated_at: UnixNanos(0),
        }
    }

    fn spec(options: Option<&str>) -> JobSpec {
        JobSpec {
            dataset: "http_requests".to_owned(),
            destination: "s3://burritobot/logs/{DATE}?sse=AES256&region=us-east-1&tags=a:b"
                .to_owned(),
            output_options: options.map(str::to_owned),
            logpull_options: "fields=RayID&timestamps=rfc3339".to_owned(),
            filter: r#"{ "where" : {"value":"a","key":"ClientIP","operator":"eq"} }"#.to_owned(),
            max_upload_records: Some(5000),
            ..JobSpec::default()
        }
    }

    #[test]
    fn a_job_that_is_opened_and_not_changed_stays_as_it_is_written() {
        let datasets = Datasets::builtin();
        for options in [
            None,
            Some("{}"),
            Some(r#"{"sample_rate": 0.50, "field_names": ["RayID"] , "batch_prefix":"["}"#),
        ] {
            let before = job(spec(options));
            let draft = Draft::read(&before, "id".to_owned(), &datasets);
            let (change, issues) = draft.change(&datasets);
            assert!(change.is_of(&before), "{change:?}");
            assert_eq!(
                (issues, draft.issues(&datasets), draft.is_moved()),
                (vec![], vec![], false)
            );
        }
    }

    #[test]
    fn what_is_changed_is_all_that_changes() {
        let datasets = Datasets::builtin();
        let before = job(spec(None));
        let mut draft = Draft::read(&before, "id".to_owned(), &datasets);
        draft.place.fill(&FormData::of([("daily", "no")]));
        draft.fields.push("ClientIP".to_owned());
        assert!(draft.is_moved());
        let (change, _) = draft.change(&datasets);
        let expected = "s3://burritobot/logs?region=us-east-1&sse=AES256&tags=a:b";
        assert_eq!(change.spec.destination, expected);
        assert_eq!(change.spec.logpull_options, "");
        let options: Value = serde_json::from_str(&change.spec.output_options.unwrap()).unwrap();
        assert_eq!(options["field_names"], serde_json::json!(["RayID", "ClientIP"]));
        assert_eq!(options["timestamp_format"], "rfc3339");
        assert_eq!(change.spec.filter, before.spec.filter);
        assert!(!change.enabled);
    }

    #[test]
    fn another_dataset_has_other_fields() {
        let datasets = Datasets::builtin();
        let mut draft = Draft::new(Scope::zone(Id::from_bytes([1; 16])), String::new());
        draft.select(datasets.get("http_requests").unwrap());
        assert!(draft.fields.iter().any(|name| name == "ClientIP"));
        draft.fields = vec!["ClientIP".to_owned()];
        draft.select(datasets.get("http_requests").unwrap());
        assert_eq!(draft.fields.len(), 1, "selecting the same one again loses nothing");
        draft.select(datasets.get("dns_logs").unwrap());
        assert!(draft.fields.iter().all(|name| name != "ClientIP"));
        draft.fields.clear();
        let issues = draft.issues(&datasets);
        assert!(issues.iter().any(|issue| issue.pointer == FIELDS_POINTER));
    }
}
