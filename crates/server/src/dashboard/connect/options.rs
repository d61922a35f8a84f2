//! Name and advanced options: what the form asks for, and the members of a job that it makes.
//!
//! **Rules.** What was typed stays as it was typed, also where it is no number. Output options that
//! the form does not ask for stay as they are.

use model::output::logpull_members;
use model::{Issue, JobSpec};
use serde_json::{Map, Value, json};

use super::FormData;

/// Options, as they were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    /// What people call the job.
    pub(super) name: String,
    /// The form of timestamps.
    pub(super) timestamp_format: String,
    /// The share of records that is pushed; empty for all.
    pub(super) sample_rate: String,
    /// Whether each `${` becomes `x{`.
    pub(super) redacts_lookups: bool,
    /// Whether what a request caused stands on its record.
    pub(super) merges_subrequests: bool,
    /// `ndjson` or `csv`.
    pub(super) output_type: String,
    /// The form of a record; empty for none.
    pub(super) record_template: String,
    /// `gzip` or `zstd`.
    pub(super) compression: String,
    /// `high` or `low`.
    pub(super) frequency: String,
    /// Most uncompressed bytes of a batch; empty for the default.
    pub(super) max_upload_bytes: String,
    /// Most seconds of a batch; empty for the default.
    pub(super) max_upload_interval_seconds: String,
    /// Most records of a batch; empty for the default.
    pub(super) max_upload_records: String,
    /// Output options that the form does not ask for.
    pub(super) others: Map<String, Value>,
}

const FIELD_NAMES: &str = "field_names";
const OUTPUT_TYPE: &str = "output_type";
const RECORD_TEMPLATE: &str = "record_template";
const TIMESTAMP_FORMAT: &str = "timestamp_format";
const SAMPLE_RATE: &str = "sample_rate";
const CVE_2021_44228: &str = "CVE-2021-44228";
const MERGE_SUBREQUESTS: &str = "merge_subrequests";
const COMPRESSION: &str = "compression";

impl Options {
    /// Those of a new job: timestamps that people can read.
    pub(super) fn new() -> Self {
        Self { timestamp_format: "rfc3339".to_owned(), ..Self::unset() }
    }

    /// What holds where a job says nothing.
    fn unset() -> Self {
        Self {
            name: String::new(),
            timestamp_format: "unixnano".to_owned(),
            sample_rate: String::new(),
            redacts_lookups: false,
            merges_subrequests: false,
            output_type: "ndjson".to_owned(),
            record_template: String::new(),
            compression: "gzip".to_owned(),
            frequency: "high".to_owned(),
            max_upload_bytes: String::new(),
            max_upload_interval_seconds: String::new(),
            max_upload_records: String::new(),
            others: Map::new(),
        }
    }

    /// What a job that is there says, and the names of its fields where it names any.
    pub(super) fn read(name: Option<&str>, frequency: &str, spec: &JobSpec) -> (Self, Vec<String>) {
        let number = |limit: Option<u64>| limit.map_or_else(String::new, |limit| limit.to_string());
        let mut options = Self {
            name: name.unwrap_or_default().to_owned(),
            frequency: frequency.to_owned(),
            max_upload_bytes: number(spec.max_upload_bytes),
            max_upload_interval_seconds: number(spec.max_upload_interval_seconds),
            max_upload_records: number(spec.max_upload_records),
            ..Self::unset()
        };
        let mut fields = Vec::new();
        for (key, value) in members(spec) {
            options.take(key, value, &mut fields);
        }
        (options, fields)
    }

    fn take(&mut self, key: String, value: Value, fields: &mut Vec<String>) {
        let text = value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        match (key.as_str(), text) {
            (FIELD_NAMES, _) => {
                let names = value.as_array().into_iter().flatten();
                *fields = names.filter_map(|name| name.as_str().map(str::to_owned)).collect();
            }
            // The API takes words in whatever case, the form offers them in one.
            (OUTPUT_TYPE, Some(word)) => self.output_type = word.to_ascii_lowercase(),
            (RECORD_TEMPLATE, Some(text)) => self.record_template = text,
            (TIMESTAMP_FORMAT, Some(word)) => self.timestamp_format = word.to_ascii_lowercase(),
            (COMPRESSION, Some(word)) => self.compression = word.to_ascii_lowercase(),
            (OUTPUT_TYPE | RECORD_TEMPLATE | TIMESTAMP_FORMAT | COMPRESSION, None) => {}
            (SAMPLE_RATE, _) if value == json!(1) => {}
            (SAMPLE_RATE, _) => self.sample_rate = value.to_string(),
            (CVE_2021_44228, _) => self.redacts_lookups = value == true,
            (MERGE_SUBREQUESTS, _) => self.merges_subrequests = value == true,
            _ => {
                self.others.insert(key, value);
            }
        }
    }

    /// Takes over what a form holds.
    pub(super) fn fill(&mut self, form: &FormData) {
        let taken = |name: &str, into: &mut String| {
            if let Some(text) = form.get(name) {
                text.trim().clone_into(into);
            }
        };
        taken("name", &mut self.name);
        taken(TIMESTAMP_FORMAT, &mut self.timestamp_format);
        taken(SAMPLE_RATE, &mut self.sample_rate);
        taken(OUTPUT_TYPE, &mut self.output_type);
        taken(COMPRESSION, &mut self.compression);
        taken("frequency", &mut self.frequency);
        taken("max_upload_bytes", &mut self.max_upload_bytes);
        taken("max_upload_interval_seconds", &mut self.max_upload_interval_seconds);
        taken("max_upload_records", &mut self.max_upload_records);
        if let Some(template) = form.get(RECORD_TEMPLATE) {
            // Browsers send each end of a line as CR and LF, whatever it was.
            let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
            let template = lines(template);
            if template != lines(&self.record_template) {
                self.record_template = template;
            }
        }
        self.redacts_lookups = form.get("redact").is_some();
        self.merges_subrequests = form.get(MERGE_SUBREQUESTS).is_some();
    }

    /// The job's `output_options` with these fields.
    pub(super) fn output_options(&self, fields: &[String]) -> String {
        let mut members = self.others.clone();
        members.insert(FIELD_NAMES.to_owned(), json!(fields));
        members.insert(TIMESTAMP_FORMAT.to_owned(), json!(self.timestamp_format));
        let mut set = |name: &str, value: Value, unset: bool| {
            if !unset {
                members.insert(name.to_owned(), value);
            }
        };
        set(OUTPUT_TYPE, json!(self.output_type), self.output_type == "ndjson");
        set(RECORD_TEMPLATE, json!(self.record_template), self.record_template.is_empty());
        set(COMPRESSION, json!(self.compression), self.compression == "gzip");
        set(SAMPLE_RATE, rate(&self.sample_rate), self.sample_rate.is_empty());
        set(CVE_2021_44228, json!(true), !self.redacts_lookups);
        set(MERGE_SUBREQUESTS, json!(true), !self.merges_subrequests);
        Value::Object(members).to_string()
    }

    /// The limits of a batch: bytes, seconds, records; or what is wrong with them.
    pub(super) fn limits(&self) -> ([Option<u64>; 3], Vec<Issue>) {
        let mut issues = Vec::new();
        let typed = [
            ("max_upload_bytes", &self.max_upload_bytes),
            ("max_upload_interval_seconds", &self.max_upload_interval_seconds),
            ("max_upload_records", &self.max_upload_records),
        ];
        let limits = typed.map(|(name, text)| {
            let plain = text.replace(['_', ',', ' '], "");
            if plain.is_empty() {
                return None;
            }
            let number = plain.parse::<u64>();
            if number.is_err() {
                let shown: String = text.chars().take(40).collect();
                let message = format!("is `{shown}`; expected a whole number, or nothing");
                issues.push(Issue::new(format!("/{name}"), message));
            }
            number.ok()
        });
        (limits, issues)
    }

    /// Output options that the form does not ask for, for people.
    pub(super) fn others_shown(&self) -> Vec<String> {
        self.others.iter().map(|(name, value)| format!("{name} = {value}")).collect()
    }
}

/// A number, or the text that is none, which is refused with its reason.
fn rate(text: &str) -> Value {
    let number = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    number.map_or_else(|| text.into(), Value::Number)
}

/// The members of a job's output options, or what its older Logpull options mean.
fn members(spec: &JobSpec) -> Map<String, Value> {
    let json = spec.output_options.as_deref().and_then(|json| serde_json::from_str(json).ok());
    let mut members: Map<String, Value> = json.unwrap_or_default();
    members.retain(|_, value| !value.is_null());
    if !members.is_empty() {
        return members;
    }
    logpull_members(&spec.logpull_options)
}

#[cfg(test)]
mod tests {
    use model::Datasets;
    use model::output::OutputOptions;
    use proptest::prelude::*;

    use super::*;

    fn fields() -> Vec<String> {
        vec!["ClientIP".to_owned(), "RayID".to_owned()]
    }

    fn spec(json: &str, logpull: &str) -> JobSpec {
        JobSpec {
            output_options: (!json.is_empty()).then(|| json.to_owned()),
            logpull_options: logpull.to_owned(),
            ..JobSpec::default()
        }
    }

    #[test]
    fn a_new_job_has_times_that_people_can_read() {
        let json = Options::new().output_options(&fields());
        let expected = json!({"field_names": fields(), "timestamp_format": "rfc3339"});
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), expected);
    }

    #[test]
    fn what_is_no_number_is_told() {
        let typed = |text: &str| Options { max_upload_records: text.to_owned(), ..Options::new() };
        assert_eq!(typed("100,000").limits(), ([None, None, Some(100_000)], vec![]));
        assert_eq!(typed("").limits().0, [None; 3]);
        let (_, issues) = typed("many").limits();
        assert_eq!(issues[0].pointer, "/max_upload_records");
        assert!(issues[0].message.contains("`many`"));
        let rate = Options { sample_rate: "half".to_owned(), ..Options::new() };
        let dataset = Datasets::builtin().get("http_requests").unwrap().clone();
        let issues = OutputOptions::parse(&rate.output_options(&fields()), &dataset).unwrap_err();
        assert_eq!(issues[0].pointer, "/output_options/sample_rate");
    }

    #[test]
    fn what_the_form_does_not_ask_for_stays() {
        let json =
            r#"{"batch_prefix":"[","field_names":["ClientIP","RayID"],"record_delimiter":","}"#;
        let (options, fields) = Options::read(Some("n"), "low", &spec(json, ""));
        assert_eq!(options.timestamp_format, "unixnano");
        assert_eq!(options.others_shown().len(), 2);
        let written: Value = serde_json::from_str(&options.output_options(&fields)).unwrap();
        assert_eq!(
            (&written["batch_prefix"], &written["record_delimiter"]),
            (&json!("["), &json!(","))
        );
    }

    #[test]
    fn words_count_in_whatever_case() {
        let json = r#"{"output_type":"CSV","timestamp_format":"RFC3339","compression":"Zstd"}"#;
        let (options, _) = Options::read(None, "high", &spec(json, ""));
        let words = [&options.output_type, &options.timestamp_format, &options.compression];
        assert_eq!(words, ["csv", "rfc3339", "zstd"]);
        let logpull = "fields=RayID&CVE-2021-44228=True&timestamps=UNIX";
        let (options, _) = Options::read(None, "high", &spec("", logpull));
        assert!(options.redacts_lookups);
        assert_eq!(options.timestamp_format, "unix");
    }

    #[test]
    fn a_template_that_nobody_touched_keeps_its_line_ends() {
        let json = json!({"record_template": "\n{{.RayID}}\r\n"}).to_string();
        let (mut options, _) = Options::read(None, "high", &spec(&json, ""));
        options.fill(&FormData::of([("record_template", "\r\n{{.RayID}}\r\n")]));
        assert_eq!(options.record_template, "\n{{.RayID}}\r\n");
        options.fill(&FormData::of([("record_template", "\r\n{{.RayID}}x\r\n")]));
        assert_eq!(options.record_template, "\n{{.RayID}}x\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn what_a_job_says_is_what_the_form_says(
            format in prop_oneof![Just(None), Just(Some("unix")), Just(Some("rfc3339ns"))],
            rate in prop_oneof![Just(None), (1..=100_u32).prop_map(|n| Some(f64::from(n) / 100.0))],
            cve in any::<Option<bool>>(),
            merges in any::<Option<bool>>(),
            csv in any::<bool>(),
            template in prop_oneof![Just(""), Just("{{ .RayID }}{{ .Subrequests }}\n")],
            zstd in any::<bool>(),
            older in any::<bool>(),
        ) {
            let dataset = Datasets::builtin().get("http_requests").unwrap().clone();
            let mut members = json!({
                "field_names": fields(), "timestamp_format": format, "sample_rate": rate,
                "CVE-2021-44228": cve, "record_template": template, "record_suffix": "}",
                "merge_subrequests": merges,
            });
            if csv { members["output_type"] = json!("csv"); }
            if zstd { members["compression"] = json!("zstd"); }
            let rate = rate.map_or(String::new(), |rate| rate.to_string());
            let format = format.unwrap_or_default();
            let logpull = format!("fields=ClientIP%2CRayID&timestamps={format}&sample={rate}");
            let spec = if older { spec("{}", &logpull) } else { spec(&members.to_string(), "") };
            let (options, names) = Options::read(None, "high", &spec);
            let written = OutputOptions::parse(&options.output_options(&names), &dataset);
            let meant = OutputOptions::of_job(
                spec.output_options.as_deref(), &spec.logpull_options, &dataset,
            );
            prop_assert_eq!(written.unwrap(), meant.unwrap());
        }
    }
}
