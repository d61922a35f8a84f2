//! A job's revision, ready to run: what it pushes where, checked once and laid out for speed.
//!
//! Compiling depends on nothing but the spec and the dataset, and encoding on nothing but the
//! record and its position: the same batch always becomes the same bytes.

use std::sync::Arc;

use crate::destination::{self, Destination, Placeholder};
use crate::filter::Filter;
use crate::issue::{did_you_mean, listed};
use crate::merge::Merger;
use crate::output::{Compression, Encoder, Newlines, OutputOptions};
use crate::sample::{RecordPosition, Sample};
use crate::{Dataset, Datasets, Issue, JobSpec, Scanner, ScopeKind, limits};

/// Allowed values of `max_upload_bytes`, besides 0.
pub const BATCH_BYTES: std::ops::RangeInclusive<u64> = 5_000_000..=1_000_000_000;
/// Allowed values of `max_upload_interval_seconds`, besides 0.
pub const BATCH_SECONDS: std::ops::RangeInclusive<u64> = 30..=300;
/// Allowed values of `max_upload_records`, besides 0.
pub const BATCH_RECORDS: std::ops::RangeInclusive<u64> = 1_000..=1_000_000;

/// A job's revision, ready to run.
#[derive(Debug, Clone)]
pub struct CompiledJob {
    dataset: Arc<Dataset>,
    destination: Destination,
    filter: Option<Filter>,
    sample: Sample,
    encoder: Encoder,
    compression: Compression,
    /// As it is before its first frame; `None` where records stay as they are.
    merger: Option<Box<Merger>>,
}

impl CompiledJob {
    /// The job of this spec, for a scope of that kind and with the dataset that it names, or all
    /// that is wrong with it. Where there is no such dataset, what does not depend on it is looked
    /// at all the same.
    pub fn of(spec: &JobSpec, scope: ScopeKind, datasets: &Datasets) -> Result<Self, Vec<Issue>> {
        if let Some(dataset) = datasets.get(&spec.dataset) {
            return Self::compile(spec, scope, Arc::clone(dataset));
        }
        let mut issues = vec![no_dataset(&spec.dataset, scope, datasets)];
        keep(Destination::parse(&spec.destination), &mut issues);
        check_limits(spec, &mut issues);
        Err(issues)
    }

    /// The job of this spec, for a scope of that kind, or all that is wrong with it.
    pub fn compile(
        spec: &JobSpec,
        scope: ScopeKind,
        dataset: Arc<Dataset>,
    ) -> Result<Self, Vec<Issue>> {
        let mut issues = Vec::new();
        check_dataset(spec, scope, &dataset, &mut issues);
        let destination = keep(Destination::parse(&spec.destination), &mut issues);
        check_path(destination.as_ref(), scope, &mut issues);
        let options =
            OutputOptions::of_job(spec.output_options.as_deref(), &spec.logpull_options, &dataset);
        let options = keep(options, &mut issues);
        let filter = keep(Filter::parse(&spec.filter, &dataset), &mut issues);
        let harmless = if spec.filter_attack_traffic {
            keep(Filter::without_attack_traffic(&dataset), &mut issues).flatten()
        } else {
            None
        };
        check_limits(spec, &mut issues);
        match (destination, options, filter) {
            (Some(destination), Some(options), Some(filter)) if issues.is_empty() => {
                let job = Self {
                    destination,
                    filter: both(filter, harmless),
                    sample: options.sample,
                    encoder: Encoder::new(&options, &dataset),
                    compression: options.compression,
                    merger: None,
                    dataset,
                };
                let merger = Merger::new(&options, &job.dataset, job.fields());
                Ok(Self { merger: merger.map(Box::new), ..job })
            }
            _ => Err(issues),
        }
    }

    /// The dataset whose records it pushes.
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// Where it pushes to.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// How its objects are compressed.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// The fields that a scanner has to find for it, by their index in the dataset; one may come
    /// more than once.
    pub fn fields(&self) -> impl Iterator<Item = usize> {
        let filtered = self.filter.iter().flat_map(Filter::fields);
        self.encoder.fields().chain(filtered)
    }

    /// What joins subrequests to their requests, where the job asks for that. Its records, and its
    /// scanner, are then those that `encode` takes.
    pub fn merger(&self) -> Option<Merger> {
        self.merger.as_deref().cloned()
    }

    /// Appends what stands before the first record of an object.
    pub fn begin(&self, out: &mut Vec<u8>) {
        self.encoder.begin(out);
    }

    /// What stands between two records of an object.
    pub fn record_delimiter(&self) -> &[u8] {
        self.encoder.record_delimiter()
    }

    /// The newlines that an object of so many records has; `None` where they do not tell how many
    /// records there are.
    pub fn newlines(&self, records: u64) -> Option<Newlines> {
        self.encoder.newlines(records)
    }

    /// Appends what stands after the last record of an object.
    pub fn end(&self, out: &mut Vec<u8>) {
        self.encoder.end(out);
    }

    /// Appends the record where filter and sample let it through; says whether they did.
    /// `scanner` has to know this job's fields and to have scanned `line` last; `first` tells
    /// whether the record would be the first of its object.
    pub fn encode(
        &self,
        scanner: &Scanner,
        line: &[u8],
        at: RecordPosition,
        first: bool,
        out: &mut Vec<u8>,
    ) -> bool {
        let value = |field| scanner.value(line, field);
        // Both look at the record alone, so the order changes nothing; the sample is cheaper.
        let passes = self.sample.keeps(at)
            && self.filter.as_ref().is_none_or(|filter| filter.matches(value));
        if passes {
            self.encoder.record_of_line(line, |field| scanner.span(field), first, out);
        }
        passes
    }
}

fn keep<T>(result: Result<T, Vec<Issue>>, issues: &mut Vec<Issue>) -> Option<T> {
    result.map_err(|found| issues.extend(found)).ok()
}

/// What lets through what all of them do.
fn both(one: Option<Filter>, other: Option<Filter>) -> Option<Filter> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.and(other)),
        (one, other) => one.or(other),
    }
}

/// The JSON pointer of a job's dataset.
const DATASET_POINTER: &str = "/dataset";

fn no_dataset(name: &str, scope: ScopeKind, datasets: &Datasets) -> Issue {
    let allowed = datasets.iter().filter(|dataset| dataset.allows(scope));
    let allowed = listed(allowed.map(|dataset| dataset.name.as_str()));
    let message = if name.is_empty() {
        format!("is required; jobs of this {} push one of {allowed}", scope.name())
    } else {
        let known = datasets.iter().map(|dataset| dataset.name.as_str());
        let hint = did_you_mean(name, known);
        let shown: String = name.chars().take(limits::DATASET_NAME_BYTES_MAX).collect();
        let (shown, kind) = (shown.escape_debug(), scope.name());
        format!("`{shown}` is not a dataset{hint}; jobs of this {kind} push one of {allowed}")
    };
    Issue::new(DATASET_POINTER, message)
}

fn check_dataset(spec: &JobSpec, scope: ScopeKind, dataset: &Dataset, issues: &mut Vec<Issue>) {
    if spec.dataset != dataset.name {
        let message = format!("expected `{}`, found `{}`", dataset.name, spec.dataset);
        issues.push(Issue::new(DATASET_POINTER, message));
    }
    if !dataset.allows(scope) {
        let allowed: Vec<_> = dataset.scopes.iter().map(|kind| kind.one()).collect();
        let (refused, allowed) = (scope.one(), allowed.join(" and "));
        let message = format!("`{}` has no jobs of {refused}, only of {allowed}", dataset.name);
        issues.push(Issue::new(DATASET_POINTER, message));
    }
}

fn check_path(destination: Option<&Destination>, scope: ScopeKind, issues: &mut Vec<Issue>) {
    let names_zone = destination.is_some_and(|to| to.path.names(Placeholder::Zone));
    if names_zone && scope == ScopeKind::Account {
        let message = "the path has `{ZONE}`, the name of a zone, and a job of an account has \
                       none; leave it out, or make the job in a zone";
        issues.push(Issue::new(destination::POINTER, message));
    }
}

fn check_limits(spec: &JobSpec, issues: &mut Vec<Issue>) {
    for (pointer, given, allowed) in [
        ("/max_upload_bytes", spec.max_upload_bytes, BATCH_BYTES),
        ("/max_upload_interval_seconds", spec.max_upload_interval_seconds, BATCH_SECONDS),
        ("/max_upload_records", spec.max_upload_records, BATCH_RECORDS),
    ] {
        let Some(value) = given.filter(|value| *value > 0 && !allowed.contains(value)) else {
            continue;
        };
        let message = format!(
            "`{value}` is out of range: 0 for no bound, or {} to {}",
            allowed.start(),
            allowed.end()
        );
        issues.push(Issue::new(pointer, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Datasets, Offset, Partition};

    fn dataset(name: &str) -> Arc<Dataset> {
        Arc::clone(Datasets::builtin().get(name).unwrap())
    }

    fn spec() -> JobSpec {
        JobSpec {
            dataset: "http_requests".to_owned(),
            destination: "s3://burritobot/logs/{DATE}?region=us-west-2".to_owned(),
            output_options: Some(r#"{"field_names":["ClientIP","RayID"]}"#.to_owned()),
            ..JobSpec::default()
        }
    }

    fn compile(spec: &JobSpec) -> Result<CompiledJob, Vec<Issue>> {
        CompiledJob::compile(spec, ScopeKind::Zone, dataset("http_requests"))
    }

    /// The object of these records, as a job that begins with the first of them writes it.
    fn object(spec: &JobSpec, lines: &[&str]) -> String {
        let job = compile(spec).unwrap();
        let mut scanner = Scanner::new(Arc::clone(job.dataset()), job.fields());
        let (mut out, mut records) = (Vec::new(), 0);
        job.begin(&mut out);
        for (index, line) in (0..).zip(lines) {
            let at = RecordPosition { partition: Partition(0), offset: Offset(9), index };
            scanner.scan(line.as_bytes()).unwrap();
            records += u32::from(job.encode(&scanner, line.as_bytes(), at, records == 0, &mut out));
        }
        job.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_filter_looks_at_fields_that_are_not_pushed() {
        let mut spec = spec();
        spec.filter =
            r#"{"where":{"key":"EdgeResponseStatus","operator":"geq","value":500}}"#.to_owned();
        let lines = [
            r#"{"ClientIP":"a","EdgeResponseStatus":200,"RayID":"1"}"#,
            r#"{"ClientIP":"b","EdgeResponseStatus":503,"RayID":"2"}"#,
        ];
        assert_eq!(object(&spec, &lines), "{\"ClientIP\":\"b\",\"RayID\":\"2\"}\n");
    }

    #[test]
    fn delimiters_stand_between_the_records_that_pass() {
        let mut spec = spec();
        let options = r#"{"field_names":["RayID"],"batch_prefix":"[","record_suffix":"}","record_delimiter":",","batch_suffix":"]"}"#;
        spec.output_options = Some(options.to_owned());
        spec.filter = r#"{"where":{"key":"RayID","operator":"!eq","value":"1"}}"#.to_owned();
        let lines =
            [r#"{"RayID":"1"}"#, r#"{"RayID":"2"}"#, r#"{"RayID":"1"}"#, r#"{"RayID":"3"}"#];
        assert_eq!(object(&spec, &lines), r#"[{"RayID":"2"},{"RayID":"3"}]"#);
        assert_eq!(compile(&spec).unwrap().record_delimiter(), b",");
    }

    #[test]
    fn a_sample_drops_the_same_records_each_time() {
        let mut spec = spec();
        let lines = vec![r#"{"RayID":"1"}"#; 1_000];
        let count = |spec: &JobSpec| object(spec, &lines).lines().count();
        assert_eq!(count(&spec), 1_000);
        spec.output_options = Some(r#"{"field_names":["RayID"],"sample_rate":0.5}"#.to_owned());
        assert!((400..600).contains(&count(&spec)), "{}", count(&spec));
        assert_eq!(object(&spec, &lines), object(&spec, &lines));
    }

    #[test]
    fn without_output_options_the_default_fields_are_pushed() {
        let spec = JobSpec { output_options: None, ..spec() };
        let fields = compile(&spec).unwrap().fields().count();
        assert_eq!(fields, dataset("http_requests").default_fields().count());
    }

    #[test]
    fn logpull_options_count_where_output_options_say_nothing() {
        let with = |output: Option<&str>, logpull: &str| {
            let spec = JobSpec {
                output_options: output.map(str::to_owned),
                logpull_options: logpull.to_owned(),
                ..spec()
            };
            object(&spec, &[r#"{"ClientIP":"a","RayID":"1"}"#])
        };
        let of_logpull = "{\"RayID\":\"1\"}\n";
        for nothing in [None, Some("null"), Some("{}"), Some(r#"{"field_names":null}"#)] {
            assert_eq!(with(nothing, "fields=RayID"), of_logpull, "{nothing:?}");
        }
        let of_output = "{\"ClientIP\":\"a\"}\n";
        assert_eq!(with(Some(r#"{"field_names":["ClientIP"]}"#), "fields=RayID"), of_output);
    }

    #[test]
    fn attack_traffic_is_left_out_beside_what_the_filter_leaves_out() {
        let mut spec = spec();
        let lines = [
            r#"{"ClientIP":"a","RayID":"1","SecuritySources":["l7ddos"]}"#,
            r#"{"ClientIP":"b","RayID":"2","SecuritySources":["botFight"]}"#,
            r#"{"ClientIP":"c","RayID":"3"}"#,
        ];
        let pushed = |spec: &JobSpec| -> Vec<String> {
            let rays = object(spec, &lines);
            rays.lines().map(|line| line[13..14].to_owned()).collect()
        };
        assert_eq!(pushed(&spec), ["a", "b", "c"]);
        spec.filter_attack_traffic = true;
        assert_eq!(pushed(&spec), ["b", "c"]);
        spec.filter = r#"{"where":{"key":"RayID","operator":"!eq","value":"3"}}"#.to_owned();
        assert_eq!(pushed(&spec), ["b"]);
        let dns = JobSpec { dataset: "dns_logs".to_owned(), output_options: None, ..spec };
        let issues = CompiledJob::of(&dns, ScopeKind::Zone, &Datasets::builtin()).unwrap_err();
        assert_eq!(issues.last().unwrap().pointer, "/filter_attack_traffic");
    }

    #[test]
    fn objects_are_gzipped_unless_asked_otherwise() {
        let with = |options: &str| {
            let spec = JobSpec { output_options: Some(options.to_owned()), ..spec() };
            compile(&spec).unwrap().compression()
        };
        assert_eq!(with("{}"), Compression::Gzip);
        assert_eq!(with(r#"{"compression":"gzip"}"#), Compression::Gzip);
        assert_eq!(with(r#"{"compression":"zstd"}"#), Compression::Zstd);
    }

    #[test]
    fn an_unknown_dataset_hides_nothing_else() {
        let spec = JobSpec {
            dataset: "http_request".to_owned(),
            destination: "s4://burritobot".to_owned(),
            max_upload_bytes: Some(1),
            ..JobSpec::default()
        };
        let datasets = Datasets::builtin();
        let issues = CompiledJob::of(&spec, ScopeKind::Zone, &datasets).unwrap_err();
        let pointers: Vec<&str> = issues.iter().map(|issue| issue.pointer.as_str()).collect();
        assert_eq!(pointers, ["/dataset", "/destination_conf", "/max_upload_bytes"]);
        let dataset = &issues[0].message;
        assert!(
            dataset.starts_with("`http_request` is not a dataset (did you mean `http_requests`?)")
        );
        assert!(dataset.contains("`dns_logs`") && !dataset.contains("`audit_logs`"), "{dataset}");

        let empty = CompiledJob::of(&JobSpec::default(), ScopeKind::Account, &datasets);
        let dataset = &empty.unwrap_err()[0].message;
        assert!(
            dataset.starts_with("is required") && dataset.contains("`audit_logs`"),
            "{dataset}"
        );
    }

    #[test]
    fn limits_have_their_ranges() {
        let with = |bytes: u64, seconds: u64, records: u64| {
            compile(&JobSpec {
                max_upload_bytes: Some(bytes),
                max_upload_interval_seconds: Some(seconds),
                max_upload_records: Some(records),
                ..spec()
            })
        };
        for (bytes, seconds, records) in
            [(0, 0, 0), (5_000_000, 30, 1_000), (1_000_000_000, 300, 1_000_000)]
        {
            assert!(with(bytes, seconds, records).is_ok(), "{bytes} {seconds} {records}");
        }
        for (bytes, seconds, records) in
            [(4_999_999, 29, 999), (1_000_000_001, 301, 1_000_001), (1, 1, 1)]
        {
            let issues = with(bytes, seconds, records).unwrap_err();
            let pointers: Vec<&str> = issues.iter().map(|issue| issue.pointer.as_str()).collect();
            let all = ["/max_upload_bytes", "/max_upload_interval_seconds", "/max_upload_records"];
            assert_eq!(pointers, all, "{issues:?}");
            assert!(
                issues[2].message.ends_with("0 for no bound, or 1000 to 1000000"),
                "{issues:?}"
            );
        }
    }

    #[test]
    fn the_zone_in_a_path_needs_a_job_of_a_zone() {
        let job = |dataset: &str, kind| {
            let spec = JobSpec {
                dataset: dataset.to_owned(),
                destination: "s3://burritobot/{ZONE}/{DATASET}?region=us-west-2".to_owned(),
                ..JobSpec::default()
            };
            CompiledJob::compile(&spec, kind, self::dataset(dataset))
        };
        assert!(job("http_requests", ScopeKind::Zone).is_ok());
        let issues = job("audit_logs", ScopeKind::Account).unwrap_err();
        assert_eq!((issues.len(), issues[0].pointer.as_str()), (1, "/destination_conf"));
        assert!(issues[0].message.contains("`{ZONE}`"), "{issues:?}");
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let spec = JobSpec {
            dataset: "http_request".to_owned(),
            destination: "s3://burritobot".to_owned(),
            output_options: Some(r#"{"field_names":["RayId"],"sample_rate":2}"#.to_owned()),
            filter: r#"{"where":{"key":"RayID","operator":"lt","value":1}}"#.to_owned(),
            max_upload_records: Some(5),
            ..JobSpec::default()
        };
        let dataset = dataset("http_requests");
        let issues = CompiledJob::compile(&spec, ScopeKind::Account, dataset).unwrap_err();
        let pointers: Vec<&str> = issues.iter().map(|issue| issue.pointer.as_str()).collect();
        let expected = [
            "/dataset",
            "/dataset",
            "/destination_conf",
            "/output_options/field_names/0",
            "/output_options/sample_rate",
            "/filter/where/operator",
            "/max_upload_records",
        ];
        assert_eq!(pointers, expected, "{issues:?}");
        let scope = "`http_requests` has no jobs of an account, only of a zone";
        assert_eq!(issues[1].message, scope);
    }
}
