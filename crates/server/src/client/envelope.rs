//! The frame around each answer of the API.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use serde_json::Value;

use super::ClientError;

/// Longest part of a foreign answer that is quoted in an error.
const QUOTED_CHARS_MAX: usize = 200;

/// An answer, read whole.
#[derive(Debug)]
pub(super) struct Envelope {
    url: String,
    status: u16,
    retry_after: Option<Duration>,
    body: Result<Body, String>,
}

#[derive(Debug, Deserialize)]
struct Body {
    success: bool,
    #[serde(default)]
    errors: Vec<Message>,
    #[serde(default)]
    result: Value,
    #[serde(default)]
    result_info: Option<ResultInfo>,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    code: Option<u32>,
    message: String,
}

#[derive(Debug, Deserialize)]
struct ResultInfo {
    #[serde(default)]
    total_pages: u64,
}

impl Envelope {
    pub(super) async fn read(response: Response) -> Result<Self, ClientError> {
        let url = response.url().to_string();
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let text = response.text().await.map_err(|error| ClientError::transport(&url, &error))?;
        let body = serde_json::from_str(&text).map_err(|_| quoted(&text));
        Ok(Self { url, status, retry_after, body })
    }

    /// The result, and of how many pages it is one; an error where the service gave none.
    pub(super) fn into_result(self) -> Result<(Value, u64), ClientError> {
        let Self { url, status, retry_after, body } = self;
        let ok = (200..300).contains(&status);
        let refused = |code, message| ClientError::Refused { status, code, message, retry_after };
        match body {
            Ok(body) if ok && body.success => {
                Ok((body.result, body.result_info.map_or(1, |info| info.total_pages)))
            }
            Ok(body) => {
                let code = body.errors.first().and_then(|error| error.code);
                let messages: Vec<_> = body.errors.into_iter().map(|e| e.message).collect();
                Err(if messages.is_empty() {
                    refused(code, format!("{url} refused without a reason"))
                } else {
                    refused(code, messages.join("; "))
                })
            }
            // A proxy before the service may answer in its own words; that may pass as well.
            Err(text) if status >= 400 => Err(refused(None, format!("{url} answered {text}"))),
            Err(text) => Err(ClientError::NotUnderstood { url, reason: format!("it said {text}") }),
        }
    }
}

/// `Retry-After` in seconds. Its other form, a date, is not used by the service.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The beginning of `text` on one line, in back-ticks.
fn quoted(text: &str) -> String {
    let line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTED_CHARS_MAX).collect();
    match line.trim() {
        "" => "nothing".to_owned(),
        line => format!("`{line}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<(Value, u64), ClientError> {
        let body = serde_json::from_str(body).map_err(|_| quoted(body));
        let url = "http://h/x".to_owned();
        Envelope { url, status, retry_after: None, body }.into_result()
    }

    #[test]
    fn a_result_is_taken_out_of_its_envelope() {
        let body = r#"{"success":true,"errors":[],"messages":[],"result":[1],
                       "result_info":{"total_pages":3}}"#;
        assert_eq!(answer(200, body).unwrap(), (serde_json::json!([1]), 3));
        assert_eq!(answer(200, r#"{"success":true}"#).unwrap(), (Value::Null, 1));
    }

    #[test]
    fn all_errors_of_a_refusal_are_told() {
        let body = r#"{"success":false,"errors":[{"code":1,"message":"a"},{"code":2,"message":"b"}],
                       "result":null}"#;
        assert_eq!(answer(400, body).unwrap_err().to_string(), "a; b (HTTP 400)");
    }

    #[test]
    fn a_foreign_answer_is_quoted_in_one_line() {
        let error = answer(200, "<html>\n<p>hello").unwrap_err().to_string();
        assert!(error.contains("`<html> <p>hello`"), "{error}");
        let error = answer(502, "").unwrap_err();
        assert!(error.may_pass());
        assert!(error.to_string().contains("nothing (HTTP 502)"), "{error}");
    }
}
