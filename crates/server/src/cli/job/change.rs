//! The properties of a job that can be set at its creation and changed later.

use model::output::logpull_members;
use serde_json::{Map, Value};

use crate::cli::{CliError, duration};
use crate::client::Client;

/// Names of the limits in the API.
const LIMITS: [&str; 3] = ["max_upload_records", "max_upload_bytes", "max_upload_interval_seconds"];

/// What a job pushes, where and how.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Job")]
pub(super) struct ChangeArgs {
    /// What people call it.
    #[arg(long)]
    name: Option<String>,

    /// Where objects go, such as s3://bucket/logs/{DATE}?region=us-east-1.
    #[arg(long, value_name = "URL")]
    destination: Option<String>,

    /// Content of the challenge file: the proof that the bucket is yours.
    #[arg(long, value_name = "TOKEN")]
    ownership_challenge: Option<String>,

    /// Field to push; several, or a list with commas, in the order of the output.
    #[arg(long = "field", visible_alias = "fields", value_name = "NAME", value_delimiter = ',')]
    fields: Vec<String>,

    /// How timestamps are written: unixnano, unix, rfc3339, rfc3339ms or rfc3339ns.
    #[arg(long, value_name = "FORMAT")]
    timestamp_format: Option<String>,

    /// Form of the output: ndjson or csv.
    #[arg(long, value_name = "TYPE")]
    output_type: Option<String>,

    /// How objects are compressed: gzip or zstd.
    #[arg(long, value_name = "NAME")]
    compression: Option<String>,

    /// Share of the records to push, above 0 and at most 1, such as 0.1.
    #[arg(long, value_name = "RATE")]
    sample_rate: Option<f64>,

    /// All output options as a JSON object; the options above win over it.
    #[arg(long, value_name = "JSON", value_parser = object)]
    output_options: Option<Map<String, Value>>,

    /// Which records, such as '{"where":{"key":"EdgeResponseStatus","operator":"geq","value":500}}';
    /// empty for all.
    #[arg(long, value_name = "JSON", value_parser = filter)]
    filter: Option<String>,

    /// Older form of the output options, such as fields=RayID&timestamps=rfc3339, which counts only
    /// where a job has none of those; empty for none.
    #[arg(long, value_name = "QUERY")]
    logpull_options: Option<String>,

    /// Leave out records of DDoS attacks, of http_requests, firewall_events or
    /// network_analytics_logs: true or false.
    #[arg(long, value_name = "BOOL")]
    filter_attack_traffic: Option<bool>,

    /// How often to push: high, or low for fewer and larger objects, where no limit is set.
    #[arg(long, value_name = "WORD")]
    frequency: Option<String>,

    /// Close a batch at this many records; 0 for no limit.
    #[arg(long, value_name = "RECORDS")]
    max_records: Option<u64>,

    /// Close a batch at this many uncompressed bytes; 0 for no limit.
    #[arg(long, value_name = "BYTES")]
    max_bytes: Option<u64>,

    /// Close a batch after this time, such as 30s; 0s for no limit.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_seconds)]
    max_interval: Option<u64>,
}

impl ChangeArgs {
    /// The request's body: only what was given. The API takes output options only as a whole, so
    /// those that an existing job has, and that are not named here, are read from it.
    pub(super) async fn body(
        self,
        existing: Option<(&Client, &str)>,
    ) -> Result<Map<String, Value>, CliError> {
        let is_laid_over = self.output_options.is_none() && !self.named_options().is_empty();
        let job: Value = match existing {
            Some((client, path)) if is_laid_over => client.get(path).await?,
            _ => Value::Null,
        };
        Ok(self.body_over(&job))
    }

    /// The body, over a job as it is now, where that matters.
    fn body_over(self, job: &Value) -> Map<String, Value> {
        let mut body = Map::new();
        let named = self.named_options();
        let options = match self.output_options {
            Some(options) => Some(options),
            None if named.is_empty() => None,
            None => {
                let Base { options, takes_logpull } = base(job, self.logpull_options.as_deref());
                if takes_logpull {
                    body.insert("logpull_options".to_owned(), "".into());
                }
                Some(options)
            }
        };
        if let Some(mut options) = options {
            options.extend(named);
            body.insert("output_options".to_owned(), options.into());
        }
        let texts = [
            ("name", self.name),
            ("destination_conf", self.destination),
            ("ownership_challenge", self.ownership_challenge),
            ("filter", self.filter),
            ("logpull_options", self.logpull_options),
            ("frequency", self.frequency),
        ];
        for (name, text) in texts {
            body.extend(text.map(|text| (name.to_owned(), Value::from(text.trim()))));
        }
        let attacks = self.filter_attack_traffic;
        body.extend(attacks.map(|flag| ("filter_attack_traffic".to_owned(), flag.into())));
        let limits = [self.max_records, self.max_bytes, self.max_interval];
        for (name, limit) in LIMITS.into_iter().zip(limits) {
            body.extend(limit.map(|limit| (name.to_owned(), Value::from(limit))));
        }
        body
    }

    /// The output options that are given one by one.
    fn named_options(&self) -> Map<String, Value> {
        let fields = (!self.fields.is_empty()).then(|| Value::from(self.fields.clone()));
        let text = |text: &Option<String>| text.clone().map(Value::from);
        [
            ("field_names", fields),
            ("timestamp_format", text(&self.timestamp_format)),
            ("output_type", text(&self.output_type)),
            ("compression", text(&self.compression)),
            ("sample_rate", self.sample_rate.map(Value::from)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
    }
}

/// What output options that are given one by one are laid over.
struct Base {
    options: Map<String, Value>,
    /// Whether they say what the job's Logpull options said until now.
    takes_logpull: bool,
}

/// The output options of a job as it is now, and what Logpull options mean that are given for it.
///
/// Logpull options do not count beside output options. So where a job has only those, they become
/// output options, or what they say would be lost.
fn base(job: &Value, given_logpull: Option<&str>) -> Base {
    let mut options = job["output_options"].as_object().cloned().unwrap_or_default();
    let has_options = options.values().any(|value| !value.is_null());
    let own = job["logpull_options"].as_str().filter(|own| !has_options && !own.is_empty());
    options.extend(logpull_members(given_logpull.or(own).unwrap_or_default().trim()));
    Base { options, takes_logpull: own.is_some() }
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}

/// A filter is JSON, or empty; what it means is for the service to judge.
fn filter(text: &str) -> Result<String, String> {
    if !text.trim().is_empty() {
        object(text)?;
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Given {
        #[command(flatten)]
        change: ChangeArgs,
    }

    async fn body(arguments: &[&str]) -> Value {
        let given = Given::try_parse_from([&["job"], arguments].concat()).unwrap();
        given.change.body(None).await.unwrap().into()
    }

    #[tokio::test]
    async fn only_what_was_given_is_sent() {
        assert_eq!(body(&[]).await, json!({}));
        assert_eq!(body(&["--filter", " "]).await, json!({ "filter": "" }));
        assert_eq!(
            body(&["--name", "n", "--max-records", "0", "--max-interval", "2m"]).await,
            json!({ "name": "n", "max_upload_records": 0, "max_upload_interval_seconds": 120 })
        );
    }

    #[tokio::test]
    async fn no_output_options_at_all_can_be_asked_for() {
        assert_eq!(body(&["--output-options", "{}"]).await, json!({ "output_options": {} }));
    }

    #[tokio::test]
    async fn fields_and_timestamps_win_over_the_other_output_options() {
        let options = r#"{"field_names":["X"],"output_type":"csv","timestamp_format":"unix"}"#;
        let arguments = [
            "--output-options",
            options,
            "--fields",
            "A,B",
            "--field",
            "C",
            "--timestamp-format",
            "rfc3339",
            "--compression",
            "zstd",
            "--filter-attack-traffic",
            "true",
            "--logpull-options",
            "sample=0.1",
        ];
        assert_eq!(
            body(&arguments).await,
            json!({ "filter_attack_traffic": true, "logpull_options": "sample=0.1", "output_options": {
                "compression": "zstd",
                "field_names": ["A", "B", "C"],
                "output_type": "csv",
                "timestamp_format": "rfc3339",
            }})
        );
    }

    /// The body for a job as it is now.
    fn over(job: &Value, arguments: &[&str]) -> Value {
        let given = Given::try_parse_from([&["job"], arguments].concat()).unwrap();
        given.change.body_over(job).into()
    }

    #[test]
    fn what_is_not_named_stays_as_the_job_has_it() {
        let options = json!({ "field_names": ["RayID"], "batch_prefix": "[", "sample_rate": null });
        for logpull in ["", "fields=ClientIP"] {
            let job = json!({ "output_options": options, "logpull_options": logpull });
            assert_eq!(
                over(&job, &["--sample-rate", "0.5"]),
                json!({ "output_options": {
                    "field_names": ["RayID"], "batch_prefix": "[", "sample_rate": 0.5,
                }})
            );
        }
    }

    #[test]
    fn logpull_options_become_output_options_where_some_are_named() {
        let logpull = "fields=RayID%2CClientIP&timestamps=rfc3339&sample=0.1&CVE-2021-44228=true";
        for none in [Value::Null, json!({}), json!({ "field_names": null })] {
            let job = json!({ "output_options": none, "logpull_options": logpull });
            let change = over(&job, &["--sample-rate", "0.5", "--compression", "zstd"]);
            let expected = json!({ "logpull_options": "", "output_options": {
                "field_names": ["RayID", "ClientIP"],
                "timestamp_format": "rfc3339",
                "sample_rate": 0.5,
                "CVE-2021-44228": true,
                "compression": "zstd",
            }});
            assert_eq!(change, expected, "{none}");
            assert_eq!(over(&job, &["--name", "n"]), json!({ "name": "n" }));
        }
    }

    #[test]
    fn logpull_options_that_are_given_count_beside_those_that_are_named() {
        let given = ["--logpull-options", "fields=A&sample=0.1", "--sample-rate", "0.5"];
        let options = json!({ "field_names": ["A"], "sample_rate": 0.5 });
        let expected =
            json!({ "logpull_options": "fields=A&sample=0.1", "output_options": options });
        assert_eq!(over(&Value::Null, &given), expected);
        let job = json!({ "logpull_options": "timestamps=unix" });
        assert_eq!(over(&job, &given), expected);
        let job = json!({ "output_options": { "field_names": ["B"], "batch_suffix": "]" } });
        assert_eq!(over(&job, &given)["output_options"]["batch_suffix"], "]");
        assert_eq!(over(&job, &given)["output_options"]["field_names"], json!(["A"]));
    }
}
