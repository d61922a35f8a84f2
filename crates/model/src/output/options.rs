//! A job's `output_options`: what is allowed, what it means, and what holds where it is silent.
//!
//! `null` counts as unset everywhere, and so does `""` for the options that take a word
//! (`output_type`, `timestamp_format`, `compression`) and for `record_template`. For prefixes, suffixes and
//! delimiters `""` means the empty text.

use serde_json::{Map, Value};

use super::redaction::ends_in_dollar;
use super::{Compression, Template, TemplatePiece, names};
use crate::issue::{ISSUES_MAX, did_you_mean, element, listed, member};
use crate::merge::{self, SUBREQUESTS};
use crate::sample::Sample;
use crate::{Dataset, Issue, TimestampFormat};

/// The JSON pointer of a job's output options.
pub const POINTER: &str = "/output_options";
/// Longest output options, in bytes of JSON.
pub const OPTIONS_BYTES_MAX: usize = 128 * 1024;

const FIELD_NAMES: &str = "field_names";
const OUTPUT_TYPE: &str = "output_type";
const BATCH_PREFIX: &str = "batch_prefix";
const BATCH_SUFFIX: &str = "batch_suffix";
const RECORD_PREFIX: &str = "record_prefix";
const RECORD_SUFFIX: &str = "record_suffix";
const RECORD_DELIMITER: &str = "record_delimiter";
const FIELD_DELIMITER: &str = "field_delimiter";
const RECORD_TEMPLATE: &str = "record_template";
const TIMESTAMP_FORMAT: &str = "timestamp_format";
const SAMPLE_RATE: &str = "sample_rate";
const CVE_2021_44228: &str = "CVE-2021-44228";
const MERGE_SUBREQUESTS: &str = "merge_subrequests";
const COMPRESSION: &str = "compression";

/// Every output option.
pub const OPTION_NAMES: [&str; 14] = [
    FIELD_NAMES,
    OUTPUT_TYPE,
    BATCH_PREFIX,
    BATCH_SUFFIX,
    RECORD_PREFIX,
    RECORD_SUFFIX,
    RECORD_DELIMITER,
    FIELD_DELIMITER,
    RECORD_TEMPLATE,
    TIMESTAMP_FORMAT,
    SAMPLE_RATE,
    CVE_2021_44228,
    MERGE_SUBREQUESTS,
    COMPRESSION,
];

/// Longest text that stands in an object once, in bytes.
const BATCH_TEXT_BYTES_MAX: usize = 16 * 1024;
/// Longest template, in bytes.
const TEMPLATE_BYTES_MAX: usize = 16 * 1024;
/// Longest text that stands in every record, in bytes: a small record must not grow without bound.
const RECORD_TEXT_BYTES_MAX: usize = 1024;
/// Longest text that stands behind every field, in bytes.
const FIELD_TEXT_BYTES_MAX: usize = 64;

/// What records look like in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OutputType {
    /// One JSON object per line.
    #[default]
    Ndjson,
    /// One line of comma-separated values.
    Csv,
}

impl OutputType {
    /// Every type, in the order in which messages list them.
    pub const ALL: [Self; 2] = [Self::Ndjson, Self::Csv];

    /// `ndjson` or `csv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// What stands for a value that a record lacks.
    pub(super) const fn nothing(self) -> &'static [u8] {
        match self {
            Self::Ndjson => b"null",
            Self::Csv => b"",
        }
    }
}

/// Which fields a job pushes, of which records, and in what form.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputOptions {
    /// The fields by their index in the dataset, in the order of the output. Never empty.
    pub fields: Vec<usize>,
    /// What records look like.
    pub output_type: OutputType,
    /// What stands before the first record of an object.
    pub batch_prefix: String,
    /// What stands after the last record of an object.
    pub batch_suffix: String,
    /// What stands before each record.
    pub record_prefix: String,
    /// What stands after each record.
    pub record_suffix: String,
    /// What stands between two records.
    pub record_delimiter: String,
    /// What stands between two fields; unused with a template.
    pub field_delimiter: String,
    /// What stands in the place of the joined fields.
    pub record_template: Option<Template>,
    /// The form of timestamps.
    pub timestamp_format: TimestampFormat,
    /// The share of the records that is pushed.
    pub sample: Sample,
    /// Whether each `${` becomes `x{` (`CVE-2021-44228`).
    pub redacts_lookups: bool,
    /// Whether subrequests are joined to their requests.
    pub merges_subrequests: bool,
    /// How objects are compressed.
    pub compression: Compression,
}

impl OutputOptions {
    /// What holds for a job without output options.
    pub fn unset(dataset: &Dataset) -> Self {
        Reader::new(&Map::new(), dataset).options()
    }

    /// The options written as a JSON object (`null` for none), or all that is wrong with them.
    pub fn parse(json: &str, dataset: &Dataset) -> Result<Self, Vec<Issue>> {
        if json.len() > OPTIONS_BYTES_MAX {
            let message =
                format!("the options have {} bytes; at most {OPTIONS_BYTES_MAX}", json.len());
            return Err(vec![Issue::new(POINTER, message)]);
        }
        let members = match serde_json::from_str(json) {
            Ok(Value::Object(members)) => members,
            Ok(Value::Null) => Map::new(),
            Ok(other) => {
                return Err(vec![Issue::new(POINTER, expected("an object", &other))]);
            }
            Err(error) => {
                let message = format!("the options are not valid JSON: {error}");
                return Err(vec![Issue::new(POINTER, message)]);
            }
        };
        let mut reader = Reader::new(&members, dataset);
        reader.check_names();
        let options = reader.options();
        if reader.issues.is_empty() { Ok(options) } else { Err(reader.issues) }
    }
}

/// Reads options one by one; what is wrong becomes a finding, and the default its value.
struct Reader<'m> {
    members: &'m Map<String, Value>,
    dataset: &'m Dataset,
    issues: Vec<Issue>,
}

impl<'m> Reader<'m> {
    fn new(members: &'m Map<String, Value>, dataset: &'m Dataset) -> Self {
        Self { members, dataset, issues: Vec::new() }
    }

    fn options(&mut self) -> OutputOptions {
        let output_type = self.word(OUTPUT_TYPE, &OutputType::ALL, OutputType::name);
        let (record_prefix, record_suffix) = match output_type {
            OutputType::Ndjson => ("{", "}\n"),
            OutputType::Csv => ("", "\n"),
        };
        let options = OutputOptions {
            fields: self.fields(),
            output_type,
            batch_prefix: self.text(BATCH_PREFIX, "", BATCH_TEXT_BYTES_MAX),
            batch_suffix: self.text(BATCH_SUFFIX, "", BATCH_TEXT_BYTES_MAX),
            record_prefix: self.text(RECORD_PREFIX, record_prefix, RECORD_TEXT_BYTES_MAX),
            record_suffix: self.text(RECORD_SUFFIX, record_suffix, RECORD_TEXT_BYTES_MAX),
            record_delimiter: self.text(RECORD_DELIMITER, "", RECORD_TEXT_BYTES_MAX),
            field_delimiter: self.text(FIELD_DELIMITER, ",", FIELD_TEXT_BYTES_MAX),
            record_template: self.template(),
            timestamp_format: self.word(
                TIMESTAMP_FORMAT,
                &TimestampFormat::ALL,
                TimestampFormat::name,
            ),
            sample: self.sample(),
            redacts_lookups: self.flag(CVE_2021_44228),
            merges_subrequests: self.flag(MERGE_SUBREQUESTS),
            compression: self.word(COMPRESSION, &Compression::ALL, Compression::name),
        };
        self.check_merge(&options);
        self.check_seams(&options);
        options
    }

    fn add(&mut self, option: &str, message: impl Into<String>) {
        self.issues.push(Issue::new(member(POINTER, option), message));
    }

    fn check_names(&mut self) {
        let unknown = self.members.keys().filter(|name| !OPTION_NAMES.contains(&name.as_str()));
        for name in unknown.take(ISSUES_MAX) {
            let message = format!(
                "`{}` is not an output option{}; known are {}",
                name.escape_debug(),
                did_you_mean(name, OPTION_NAMES),
                listed(OPTION_NAMES)
            );
            self.add(name, message);
        }
    }

    /// The option's value; `None` where it is unset.
    fn value(&self, option: &str) -> Option<&'m Value> {
        self.members.get(option).filter(|value| !value.is_null())
    }

    /// The option's text; `None` where it is unset or no text.
    fn given_text(&mut self, option: &str, bytes_max: usize) -> Option<&'m str> {
        match self.value(option)? {
            Value::String(text) if text.len() <= bytes_max => Some(text),
            Value::String(text) => {
                let message = format!("has {} bytes; at most {bytes_max} are allowed", text.len());
                self.add(option, message);
                None
            }
            other => {
                self.add(option, expected("a string", other));
                None
            }
        }
    }

    fn text(&mut self, option: &str, unset: &str, bytes_max: usize) -> String {
        self.given_text(option, bytes_max).unwrap_or(unset).to_owned()
    }

    fn word<T: Copy + Default>(
        &mut self,
        option: &str,
        all: &[T],
        name_of: fn(T) -> &'static str,
    ) -> T {
        let given = self.given_text(option, RECORD_TEXT_BYTES_MAX).filter(|word| !word.is_empty());
        let Some(word) = given else {
            return T::default();
        };
        names::word(word, all, name_of).unwrap_or_else(|message| {
            self.add(option, message);
            T::default()
        })
    }

    fn flag(&mut self, option: &str) -> bool {
        match self.value(option) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                self.add(option, expected("`true` or `false`", other));
                false
            }
        }
    }

    fn sample(&mut self) -> Sample {
        let Some(rate) = self.value(SAMPLE_RATE) else {
            return Sample::ALL;
        };
        rate.as_f64().and_then(Sample::new).unwrap_or_else(|| {
            self.add(
                SAMPLE_RATE,
                expected("a number above 0 and at most 1 (0.1 keeps one record in ten)", rate),
            );
            Sample::ALL
        })
    }

    fn template(&mut self) -> Option<Template> {
        let text = self.given_text(RECORD_TEMPLATE, TEMPLATE_BYTES_MAX)?;
        if text.is_empty() {
            return None;
        }
        Template::parse(text, self.dataset)
            .map_err(|error| self.add(RECORD_TEMPLATE, error.to_string()))
            .ok()
    }

    fn fields(&mut self) -> Vec<usize> {
        let dataset = self.dataset;
        let names = match self.value(FIELD_NAMES) {
            Some(Value::Array(names)) => names.as_slice(),
            Some(other) => {
                self.add(FIELD_NAMES, expected("an array of names of fields", other));
                &[]
            }
            None => &[],
        };
        if names.is_empty() {
            let default = dataset.default_fields();
            return default.filter_map(|field| dataset.field_index(&field.name)).collect();
        }
        let mut fields = Vec::with_capacity(names.len());
        for (number, name) in names.iter().enumerate() {
            match self.field(name, &fields) {
                Ok(field) => fields.push(field),
                Err(_) if self.issues.len() >= ISSUES_MAX => break,
                Err(message) => {
                    let pointer = element(&member(POINTER, FIELD_NAMES), number);
                    self.issues.push(Issue::new(pointer, message));
                }
            }
        }
        if self.value(MERGE_SUBREQUESTS) == Some(&Value::Bool(true)) {
            let subrequests = dataset.field_index(SUBREQUESTS);
            fields.extend(subrequests.filter(|field| !fields.contains(field)));
        }
        fields
    }

    fn field(&self, name: &Value, earlier: &[usize]) -> Result<usize, String> {
        let Value::String(name) = name else {
            return Err(expected("the name of a field", name));
        };
        names::field(name, self.dataset, earlier)
    }

    /// What is merged must stand somewhere: a subrequest has no record of its own any more.
    fn check_merge(&mut self, options: &OutputOptions) {
        if !options.merges_subrequests {
            return;
        }
        if !merge::is_possible(self.dataset) {
            let (name, only) = (&self.dataset.name, merge::DATASET);
            let message = format!(
                "`true` is not possible for `{name}`: only records of `{only}` tell which request \
                 caused them; leave it out or set `false`"
            );
            return self.add(MERGE_SUBREQUESTS, message);
        }
        let is_placed = |template: &Template| {
            template.pieces().iter().any(|piece| match piece {
                TemplatePiece::Field(name) => name == SUBREQUESTS,
                TemplatePiece::Text(_) => false,
            })
        };
        if options.record_template.as_ref().is_some_and(|template| !is_placed(template)) {
            let message = format!(
                "has no `{{{{.{SUBREQUESTS}}}}}`, and with `{MERGE_SUBREQUESTS}` subrequests stand \
                 nowhere else"
            );
            self.add(RECORD_TEMPLATE, message);
        }
    }

    /// With redaction on, no `$` may end what a `{` could follow: the two are written at
    /// different times, so only their creation can keep them apart.
    fn check_seams(&mut self, options: &OutputOptions) {
        if !options.redacts_lookups {
            return;
        }
        let objects_own =
            [(BATCH_PREFIX, &*options.batch_prefix), (RECORD_DELIMITER, &options.record_delimiter)];
        let ends = objects_own.into_iter().chain(record_end(options));
        for (option, end) in ends {
            if ends_in_dollar(end.as_bytes()) {
                let message = format!("must not end in `$` while `{CVE_2021_44228}` is on");
                self.add(option, message);
            }
        }
    }
}

/// The text that a record may end in where its last values are nothing, as they may be in CSV, and
/// the option that it is of. Other values end in no `$`.
fn record_end(options: &OutputOptions) -> Option<(&'static str, &str)> {
    let values_end_it = options.output_type == OutputType::Ndjson;
    if !options.record_suffix.is_empty() {
        return Some((RECORD_SUFFIX, &options.record_suffix));
    }
    match &options.record_template {
        Some(template) => {
            for piece in template.pieces().iter().rev() {
                match piece {
                    TemplatePiece::Text(text) => return Some((RECORD_TEMPLATE, text)),
                    TemplatePiece::Field(_) if values_end_it => return None,
                    TemplatePiece::Field(_) => {}
                }
            }
        }
        None if values_end_it => return None,
        None if options.fields.len() > 1 && !options.field_delimiter.is_empty() => {
            return Some((FIELD_DELIMITER, &options.field_delimiter));
        }
        None => {}
    }
    Some((RECORD_PREFIX, &options.record_prefix))
}

/// The finding about a value that should be something else.
fn expected(what: &str, found: &Value) -> String {
    const SHOWN_CHARACTERS_MAX: usize = 60;
    let text = found.to_string();
    let cut: String = text.chars().take(SHOWN_CHARACTERS_MAX).collect();
    let dots = if cut.len() < text.len() { "…" } else { "" };
    format!("expected {what}, found `{cut}{dots}`")
}
