//! The query part of a destination string: `name=value` pairs joined by `&`.
//!
//! Values are percent-decoded; `+` stays `+`, because secrets hold it. A parameter without a value
//! counts as absent. Findings here name parameters, never their values: they may be secret.

use percent_encoding::percent_decode_str;

use super::read::Findings;
use crate::issue::{did_you_mean, listed};

/// The two forms of a destination string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `s3://`.
    S3,
    /// `r2://`.
    R2,
}

/// A parameter that a destination string may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Whether `s3://` takes it.
    pub s3: bool,
    /// Whether `r2://` takes it.
    pub r2: bool,
    /// Whether its value is never shown.
    pub secret: bool,
}

impl Parameter {
    const fn of_s3(name: &'static str) -> Self {
        Self { name, s3: true, r2: false, secret: false }
    }

    const fn of_both(name: &'static str) -> Self {
        Self { name, s3: true, r2: true, secret: false }
    }
}

/// Every parameter there is.
pub const PARAMETERS: [Parameter; 17] = [
    Parameter::of_s3("region"),
    Parameter::of_s3("role-arn"),
    Parameter::of_s3("external-id"),
    Parameter::of_both("access-key-id"),
    Parameter { secret: true, ..Parameter::of_both("secret-access-key") },
    Parameter { secret: true, ..Parameter::of_s3("session-token") },
    Parameter::of_s3("endpoint"),
    Parameter { s3: false, ..Parameter::of_both("account-id") },
    Parameter::of_s3("sse"),
    Parameter::of_s3("sse-kms-key-id"),
    Parameter::of_s3("acl"),
    Parameter::of_both("storage-class"),
    Parameter::of_s3("expected-bucket-owner"),
    Parameter::of_both("checksum"),
    Parameter::of_both("conditional"),
    Parameter::of_s3("tags"),
    Parameter::of_s3("path-style"),
];

/// The parameters of one destination string.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `query`, in which only the parameters of `form` may stand, each once.
    pub(super) fn read(query: &str, form: Form, findings: &mut Findings) -> Self {
        let is_taken = |parameter: &&Parameter| match form {
            Form::S3 => parameter.s3,
            Form::R2 => parameter.r2,
        };
        let known: Vec<&str> =
            PARAMETERS.iter().filter(is_taken).map(|parameter| parameter.name).collect();
        let mut given: Vec<(String, String)> = Vec::new();
        for piece in query.split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            if !known.contains(&name) {
                findings.add(unknown(piece, &known));
            } else if given.iter().any(|(earlier, _)| earlier == name) {
                findings.add(format!("the parameter `{name}` is given twice"));
            } else {
                let readable = decoded(value)
                    .and_then(without_control_characters)
                    .map_err(|what| format!("the value of `{name}` {what}"));
                // One that cannot be read still counts as given: it is not called missing too.
                let value = findings.keep(readable).unwrap_or_else(|| value.to_owned());
                given.push((name.to_owned(), value));
            }
        }
        Self(given)
    }

    /// The parameter's value, where it is given and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(given, _)| given == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The parameter's value, or a finding that it is missing.
    pub(super) fn required(&self, name: &str, findings: &mut Findings) -> Option<&str> {
        let value = self.get(name);
        if value.is_none() {
            findings.add(format!("the parameter `{name}` is missing; add `{name}=…`"));
        }
        value
    }
}

/// `text` with its percent-encoded bytes decoded.
pub(super) fn decoded(text: &str) -> Result<String, String> {
    let is_encoded_byte =
        |code: &[u8]| code.len() >= 2 && code[0].is_ascii_hexdigit() && code[1].is_ascii_hexdigit();
    let mut codes = text.as_bytes().split(|&byte| byte == b'%').skip(1);
    if !codes.all(is_encoded_byte) {
        return Err("has a `%` without two hex digits after it; write `%` itself as `%25`".into());
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err("is not UTF-8 once it is percent-decoded".to_owned()),
    }
}

fn without_control_characters(value: String) -> Result<String, String> {
    if value.contains(char::is_control) {
        return Err("holds a control character".to_owned());
    }
    Ok(value)
}

/// The finding about a piece whose name is not known. A piece without `=` is not shown: it may be
/// the rest of a secret that holds a bare `&`.
fn unknown(piece: &str, known: &[&str]) -> String {
    let names = || listed(known.iter().copied());
    match piece.split_once('=') {
        Some((name, _)) => format!(
            "unknown parameter `{}`{}; known are {}",
            name.escape_debug(),
            did_you_mean(name, known.iter().copied()),
            names()
        ),
        None => format!(
            "there is a parameter without `=`; write `&` within a value as `%26`; known \
             parameters are {}",
            names()
        ),
    }
}
