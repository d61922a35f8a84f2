//! What a customer wants of a job, in the simulation's own words.
//!
//! The oracle reads wishes, never the specs that are made of them: what an object has to hold is
//! said here a second time, independently of the code that writes objects.

use model::sample::{RecordPosition, Sample};
use model::{JobSpec, UnixNanos, time};

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
    /// Into this bucket.
    pub bucket: &'static str,
    /// Into this folder, perhaps with `{DATE}`.
    pub folder: &'static str,
    /// In objects of at most so many records.
    pub max_records: Option<u64>,
    /// In objects that are at most so many seconds late.
    pub seconds: u64,
}

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
                r#"{{"field_names":[{}]{shape}{share}}}"#,
                fields.join(",")
            )),
            filter,
            max_upload_bytes: None,
            max_upload_interval_seconds: Some(self.seconds),
            max_upload_records: self.max_records,
            ..JobSpec::default()
        }
    }

    /// Whether the job wants a record that stands at that position.
    pub fn wants(&self, record: &Record, at: RecordPosition) -> bool {
        let passes = match self.pass {
            Pass::All => true,
            Pass::Errors => record.status >= 400,
            Pass::Host(host) => record.host == host,
            Pass::Nothing => false,
        };
        passes && self.share.and_then(Sample::new).is_none_or(|sample| sample.keeps(at))
    }

    /// What an object of these records holds.
    pub fn object(&self, records: &[Record]) -> String {
        let records: Vec<String> = records.iter().map(|record| self.record(record)).collect();
        match self.shape {
            Shape::Lines | Shape::Csv => records.concat(),
            Shape::Array => format!("[{}]\n", records.join(",\n")),
        }
    }

    fn record(&self, record: &Record) -> String {
        let value = |field: &&str| match self.shape {
            Shape::Csv => record.value(field),
            Shape::Lines | Shape::Array => format!("\"{field}\":{}", record.value(field)),
        };
        let values = self.fields.iter().map(value).collect::<Vec<_>>().join(",");
        match self.shape {
            Shape::Lines => format!("{{{values}}}\n"),
            Shape::Csv => format!("{values}\n"),
            Shape::Array => format!("{{{values}}}"),
        }
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
