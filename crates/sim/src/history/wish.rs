//! What a customer wants of a job, in the simulation's own words.
//!
//! The oracle reads wishes, never the specs that are made of them: what an object has to hold is
//! said here a second time, independently of the code that writes objects.

use model::sample::{RecordPosition, Sample};
use model::{JobSpec, Offset, Partition, UnixNanos, time};

use super::Record;
use crate::rng::Rng;

/// Which records pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// All.
    All,
    /// Those with a status of 400 or more.
    Errors,
    /// Those of one host.
    Host(u8),
    /// None at all.
    Nothing,
}

/// What objects look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A JSON object on each line.
    Lines,
    /// Comma-separated values on each line.
    Csv,
    /// One JSON array.
    Array,
}

/// What a customer wants of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// Records of this dataset.
    pub dataset: &'static str,
    /// These fields, in this order; `RayID` is always among them.
    pub fields: Vec<&'static str>,
    /// These records.
    pub pass: Pass,
    /// This share of them.
    pub share: Option<f64>,
    /// In this form.
    pub shape: Shape,
    /// What a request caused stands on its own record.
    pub merges: bool,
    /// Into this bucket.
    pub bucket: &'static str,
    /// Into this folder, perhaps with `{DATE}`.
    pub folder: &'static str,
    /// In objects of at most so many records.
    pub max_records: Option<u64>,
    /// In objects that are at most so many seconds late.
    pub seconds: u64,
}

/// A line of an object: a record, and those that stand on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The record.
    pub record: Record,
    /// What it caused.
    pub subrequests: Vec<Record>,
}

impl Line {
    /// The numbers of all records on the line.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        std::iter::once(&self.record).chain(&self.subrequests).map(|record| record.number)
    }
}

/// Most records that stand on another one.
const SUBREQUESTS_MAX: usize = 50;
/// The buckets of all customers.
pub const BUCKETS: [&str; 3] = ["amber", "basalt", "cedar"];
/// The datasets that records are sent for.
pub(super) const DATASETS: [&str; 2] = ["http_requests", "firewall_events"];
const FOLDERS: [&str; 4] = ["logs", "logs/{DATE}", "{DATE}/edge", ""];
const FIELDS: [&str; 3] = ["ClientRequestHost", "ClientRequestPath", "EdgeResponseStatus"];

impl Wish {
    /// A wish of any kind.
    pub fn draw(rng: &mut Rng) -> Self {
        let mut wish = Self {
            dataset: rng.pick(&DATASETS),
            fields: vec!["RayID"],
            pass: Pass::All,
            share: None,
            shape: Shape::Lines,
            merges: false,
            bucket: rng.pick(&BUCKETS),
            folder: rng.pick(&FOLDERS),
            max_records: None,
            seconds: 30,
        };
        wish.draw_form(rng);
        wish.draw_limits(rng);
        wish.draw_choice(rng);
        wish
    }

    /// The wish with something else about it; the dataset stays.
    #[must_use]
    pub fn changed(&self, rng: &mut Rng) -> Self {
        let mut wish = self.clone();
        match rng.below(5) {
            0 => wish.draw_form(rng),
            1 => wish.draw_limits(rng),
            2 => wish.draw_choice(rng),
            3 => wish.folder = rng.pick(&FOLDERS),
            _ => wish.bucket = rng.pick(&BUCKETS),
        }
        wish
    }

    /// The wish with another bucket.
    #[must_use]
    pub fn moved(&self, rng: &mut Rng) -> Self {
        let others: Vec<_> = BUCKETS.into_iter().filter(|&name| name != self.bucket).collect();
        Self { bucket: rng.pick(&others), ..self.clone() }
    }

    fn draw_form(&mut self, rng: &mut Rng) {
        self.fields = vec!["RayID"];
        for field in FIELDS {
            if rng.per_mille(400) {
                let at = rng.below(self.fields.len() as u64 + 1) as usize;
                self.fields.insert(at, field);
            }
        }
        self.shape = rng.pick(&[Shape::Lines, Shape::Lines, Shape::Csv, Shape::Array]);
        // Drawn apart, so that what is older in a history stays as it was.
        let later = &mut Rng::of_part(rng.clone().draw(), "merges");
        self.merges = self.dataset == "http_requests" && later.per_mille(400);
    }

    fn draw_limits(&mut self, rng: &mut Rng) {
        self.max_records = rng.pick(&[None, Some(1000), Some(1000), Some(1500)]);
        self.seconds = rng.between(30, 90);
    }

    fn draw_choice(&mut self, rng: &mut Rng) {
        let host = Pass::Host(rng.below(4) as u8);
        self.pass = rng.pick(&[Pass::All, Pass::All, Pass::All, Pass::Errors, host, Pass::Nothing]);
        self.share = rng.pick(&[None, None, None, Some(0.5)]);
    }

    /// The wish as a job's spec.
    pub fn spec(&self) -> JobSpec {
        let fields: Vec<String> = self.fields.iter().map(|field| format!("\"{field}\"")).collect();
        let share = self.share.map_or(String::new(), |share| format!(r#","sample_rate":{share}"#));
        let shape = match self.shape {
            Shape::Lines => "",
            Shape::Csv => r#","output_type":"csv""#,
            Shape::Array => {
                r#","batch_prefix":"[","batch_suffix":"]\n","record_suffix":"}","record_delimiter":",\n""#
            }
        };
        let merges = if self.merges { r#","merge_subrequests":true"# } else { "" };
        let condition = match self.pass {
            Pass::All => None,
            Pass::Errors => Some(("EdgeResponseStatus", "geq", "400".to_owned())),
            Pass::Host(host) => Some(("ClientRequestHost", "eq", format!("h{host}.example"))),
            Pass::Nothing => Some(("ClientRequestHost", "eq", "nobody.example".to_owned())),
        };
        let filter = condition.map_or(String::new(), |(key, operator, value)| {
            format!(r#"{{"where":{{"key":"{key}","operator":"{operator}","value":"{value}"}}}}"#)
        });
        JobSpec {
            dataset: self.dataset.to_owned(),
            destination: format!("s3://{}/{}?region=eu-central-1", self.bucket, self.folder),
            output_options: Some(format!(
                r#"{{"field_names":[{}]{shape}{share}{merges}}}"#,
                fields.join(",")
            )),
            filter,
            max_upload_bytes: None,
            max_upload_interval_seconds: Some(self.seconds),
            max_upload_records: self.max_records,
            ..JobSpec::default()
        }
    }

    /// The lines that the job wants of a frame with these records.
    pub fn lines(&self, records: &[Record], at: (Partition, Offset)) -> Vec<Line> {
        let (partition, offset) = at;
        let mut lines: Vec<(bool, Line)> = Vec::new();
        for (index, record) in (0..).zip(records) {
            let cause = first_cause(record, records).filter(|_| self.merges);
            // It stands before what it caused.
            let line = cause.and_then(|cause| {
                lines.iter_mut().map(|(_, line)| line).find(|line| line.record == cause)
            });
            match line.filter(|line| line.subrequests.len() < SUBREQUESTS_MAX) {
                Some(line) => line.subrequests.push(*record),
                None => {
                    let wants = self.wants(record, RecordPosition { partition, offset, index });
                    lines.push((wants, Line { record: *record, subrequests: Vec::new() }));
                }
            }
        }
        lines.into_iter().filter_map(|(is_wanted, line)| is_wanted.then_some(line)).collect()
    }

    /// Whether the job wants a record that stands at that position.
    fn wants(&self, record: &Record, at: RecordPosition) -> bool {
        let passes = match self.pass {
            Pass::All => true,
            Pass::Errors => record.status >= 400,
            Pass::Host(host) => record.host == host,
            Pass::Nothing => false,
        };
        passes && self.share.and_then(Sample::new).is_none_or(|sample| sample.keeps(at))
    }

    /// What an object of these lines holds.
    pub fn object(&self, lines: &[Line]) -> String {
        let lines: Vec<String> = lines.iter().map(|line| self.line(line)).collect();
        match self.shape {
            Shape::Lines | Shape::Csv => lines.concat(),
            Shape::Array => format!("[{}]\n", lines.join(",\n")),
        }
    }

    fn line(&self, line: &Line) -> String {
        let form = |name: &str, value: String| match self.shape {
            Shape::Csv => value,
            Shape::Lines | Shape::Array => format!("\"{name}\":{value}"),
        };
        let value = |field: &&str| form(field, line.record.value(field));
        let mut values: Vec<String> = self.fields.iter().map(value).collect();
        if self.merges {
            let array: Vec<String> = line.subrequests.iter().map(|one| self.element(one)).collect();
            let array = format!("[{}]", array.join(","));
            let is_csv = self.shape == Shape::Csv;
            let quoted = || format!("\"{}\"", array.replace('"', "\"\""));
            values.push(form("Subrequests", if is_csv { quoted() } else { array.clone() }));
        }
        let values = values.join(",");
        match self.shape {
            Shape::Lines => format!("{{{values}}}\n"),
            Shape::Csv => format!("{values}\n"),
            Shape::Array => format!("{{{values}}}"),
        }
    }

    /// A record that stands on another one: always JSON.
    fn element(&self, record: &Record) -> String {
        let member = |field: &&str| format!("\"{field}\":{}", record.value(field));
        format!("{{{}}}", self.fields.iter().map(member).collect::<Vec<_>>().join(","))
    }

    /// The folder of an object whose first record arrived then, with its last slash.
    pub fn folder_at(&self, start: UnixNanos) -> String {
        match self.folder {
            "" => String::new(),
            folder => format!("{}/", folder.replace("{DATE}", &time::day(start))),
        }
    }

    /// Whether objects hold records of one UTC day only.
    pub fn splits_days(&self) -> bool {
        self.folder.contains("{DATE}")
    }
}

/// The record among these that caused this one in the end.
fn first_cause(record: &Record, records: &[Record]) -> Option<Record> {
    let cause = records.iter().find(|other| Some(other.number) == record.cause)?;
    first_cause(cause, records).or(Some(*cause))
}
