//! A job to take along: as the API's JSON, as a `curl` command, as a resource of Terraform.
//!
//! **Rule.** No secret leaves by this way: where the destination has one, `****` stands.

use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use model::Scope;
use model::destination::Destination;
use serde_json::Value;

use super::objects::quoted;
use crate::api::{ApiError, ApiResult, jobs};
use crate::http::Call;

/// Members of a job that nobody can give it, and those that are the API's alone.
const READ_ONLY: [&str; 4] = ["id", "last_complete", "last_error", "error_message"];
/// What the resource of the Cloudflare provider takes of a job.
/// <https://registry.terraform.io/providers/cloudflare/cloudflare/latest/docs/resources/logpush_job>
const TERRAFORM: [&str; 11] = [
    "name",
    "dataset",
    "destination_conf",
    "enabled",
    "kind",
    "filter",
    "logpull_options",
    "max_upload_bytes",
    "max_upload_interval_seconds",
    "max_upload_records",
    "output_options",
];

/// `GET {scope}/logs/{job_id}/export/{format}`.
pub(in crate::dashboard) async fn export(call: &mut Call) -> ApiResult {
    let job = jobs::named(call).await?;
    let (id, scope) = (job.id, job.scope);
    let is_proven = Destination::parse(&job.spec.destination)
        .is_ok_and(|destination| destination.needs_ownership_proof());
    let mut job = jobs::without_secrets(job)?;
    if let Value::Object(members) = &mut job {
        members.retain(|name, value| !READ_ONLY.contains(&name.as_str()) && !value.is_null());
        if is_proven {
            let paste = "paste what the file holds that a new ownership challenge writes";
            members.insert("ownership_challenge".to_owned(), paste.into());
        }
    }
    let (text, kind, name) = match call.params.get("format") {
        Some("json") => (pretty(&job)?, "application/json", format!("job-{id}.json")),
        Some("curl") => (curl(&job, scope)?, "text/plain; charset=utf-8", format!("job-{id}.sh")),
        Some("terraform") => {
            let text = terraform(&job, scope, &id.to_string());
            (text, "text/plain; charset=utf-8", format!("job-{id}.tf"))
        }
        _ => return Err(ApiError::no_route(&call.uri)),
    };
    let attachment = format!("attachment; filename=\"{name}\"");
    let attachment = HeaderValue::try_from(attachment);
    let attachment = attachment.map_err(|error| ApiError::internal(error.to_string()))?;
    let kind = HeaderValue::from_static(kind);
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, attachment)];
    Ok((headers, text).into_response())
}

fn pretty(job: &Value) -> Result<String, ApiError> {
    let text = serde_json::to_string_pretty(job);
    text.map(|text| text + "\n").map_err(|error| ApiError::internal(error.to_string()))
}

fn curl(job: &Value, scope: Scope) -> Result<String, ApiError> {
    let (kind, id) = (scope.kind.name(), scope.id);
    let body = quoted(pretty(job)?.trim_end());
    Ok(format!(
        "# Makes this job anew. Set LOGPUSH_URL and LOGPUSH_TOKEN, and put your own secrets in the \
         place of ****.\n\
         curl --fail-with-body \"$LOGPUSH_URL/client/v4/{kind}s/{id}/logpush/jobs\" \\\n  \
         --header \"Authorization: Bearer $LOGPUSH_TOKEN\" \\\n  \
         --header 'Content-Type: application/json' \\\n  --data-binary {body}\n"
    ))
}

fn terraform(job: &Value, scope: Scope, id: &str) -> String {
    let mut text = format!(
        "# Put your own secrets in the place of ****.\nresource \"cloudflare_logpush_job\" \
         \"job_{id}\" {{\n  {}_id = \"{}\"\n",
        scope.kind.name(),
        scope.id
    );
    let challenge = ["ownership_challenge"];
    for name in TERRAFORM.iter().chain(&challenge) {
        let Some(value) = job.get(name) else { continue };
        if value.as_str() == Some("") {
            continue;
        }
        text.extend(["  ", name, " = "]);
        write_hcl(value, 1, &mut text);
        text.push('\n');
    }
    text + "}\n"
}

/// Writes a value in Terraform's language.
/// <https://developer.hashicorp.com/terraform/language/expressions/types>
fn write_hcl(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::String(string) => write_hcl_string(string, text),
        Value::Array(items) => {
            text.push('[');
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    text.push_str(", ");
                }
                write_hcl(item, depth + 1, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push_str("{\n");
            for (name, value) in members {
                // The API's name of this member is none in Terraform's language.
                let name = name.replace("CVE-2021-44228", "cve_2021_44228");
                text.extend([&indent, "  ", &name, " = "]);
                write_hcl(value, depth + 1, text);
                text.push('\n');
            }
            text.extend([&indent, "}"]);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => *text += &value.to_string(),
    }
}

/// Writes a quoted string in which nothing is a template.
/// <https://developer.hashicorp.com/terraform/language/expressions/strings>
fn write_hcl_string(string: &str, text: &mut String) {
    text.push('"');
    let mut characters = string.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '$' | '%' if characters.peek() == Some(&'{') => text.extend([character, character]),
            control if control.is_control() => {
                let code = format!("\\u{:04X}", control as u32);
                text.push_str(&code);
            }
            plain => text.push(plain),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use model::Id;
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        Scope::zone(Id::from_bytes([7; 16]))
    }

    #[test]
    fn a_resource_says_what_the_job_is_and_nothing_in_it_is_a_template() {
        let job = json!({
            "dataset": "http_requests",
            "enabled": true,
            "filter": "",
            "name": "it's ${so} \"nice\"\n",
            "output_options": {"CVE-2021-44228": true, "field_names": ["RayID", "ClientIP"]},
            "max_upload_records": 1000,
        });
        let text = terraform(&job, scope(), "7");
        for line in [
            "resource \"cloudflare_logpush_job\" \"job_7\" {",
            r#"  name = "it's $${so} \"nice\"\n""#,
            "  enabled = true",
            "  max_upload_records = 1000",
            "    cve_2021_44228 = true",
            r#"    field_names = ["RayID", "ClientIP"]"#,
        ] {
            assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
        }
        assert!(!text.contains("filter"));
    }

    #[test]
    fn a_command_survives_an_apostrophe() {
        let text = curl(&json!({"name": "it's; rm -rf $HOME"}), scope()).unwrap();
        assert!(text.contains(r#""name": "it'\''s; rm -rf $HOME""#), "{text}");
    }
}
