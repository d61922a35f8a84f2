//! Reading a destination string: what is allowed in it, and what it means.

use super::identity::{read_access, read_keys};
use super::options::Options;
use super::parameters::{Form, Parameters, decoded};
use super::redact::secret_in_place;
use super::{
    Addressing, Destination, Endpoint, POINTER, PathTemplate, Scheme, TEXT_BYTES_MAX, names,
};
use crate::{AccountId, Issue};

/// All that is wrong with one destination string.
#[derive(Default)]
pub(super) struct Findings(Vec<Issue>);

impl Findings {
    pub(super) fn add(&mut self, message: impl Into<String>) {
        self.0.push(Issue::new(POINTER, message));
    }

    /// The value; where there is none, its message becomes a finding.
    pub(super) fn keep<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(message)).ok()
    }
}

/// The destination written as `text`, or all that is wrong with it.
pub(super) fn read(text: &str) -> Result<Destination, Vec<Issue>> {
    let mut findings = Findings::default();
    match read_scheme(text, &mut findings) {
        Some(destination) if findings.0.is_empty() => Ok(destination),
        _ => Err(findings.0),
    }
}

fn read_scheme(text: &str, findings: &mut Findings) -> Option<Destination> {
    if text.len() > TEXT_BYTES_MAX {
        findings.add(format!(
            "the destination has {} bytes; at most {TEXT_BYTES_MAX} are allowed",
            text.len()
        ));
        return None;
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        findings.add(
            "the destination must begin with `s3://` or `r2://`, such as \
             `s3://BUCKET/PATH?region=REGION`",
        );
        return None;
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    if let Some(name) = secret_in_place(place) {
        findings.add(format!(
            "`{name}` stands in the path: parameters begin with a `?`, such as \
             `s3://BUCKET/PATH?region=REGION`"
        ));
    }
    match scheme {
        "s3" => read_s3(place, query, findings),
        "r2" => read_r2(place, query, findings),
        _ => {
            findings.add(format!(
                "the scheme `{}` is not known; allowed are `s3` and `r2`",
                scheme.escape_debug()
            ));
            None
        }
    }
}

fn read_s3(place: &str, query: &str, findings: &mut Findings) -> Option<Destination> {
    let place = read_place(place, findings);
    let parameters = Parameters::read(query, Form::S3, findings);
    let elsewhere = parameters.get("endpoint");
    let endpoint = elsewhere.and_then(|text| findings.keep(Endpoint::parse(text)));
    let region = parameters.required("region", findings).and_then(|region| {
        let checked = match elsewhere {
            None => names::check_amazon_region(region),
            Some(_) => names::check_other_region(region),
        };
        findings.keep(checked.map(|()| region.to_owned()))
    });
    let access = read_access(&parameters, elsewhere.is_some(), findings);
    let options = Options::read(&parameters, elsewhere.is_none(), findings);

    let (bucket, path) = place?;
    // The wildcard certificate of virtual hosts covers no name with a dot in it.
    let path_style = options.path_style.unwrap_or(elsewhere.is_some() || bucket.contains('.'));
    Some(Destination {
        bucket,
        path,
        region: region?,
        encryption: options.encryption,
        acl: options.acl,
        endpoint,
        addressing: if path_style { Addressing::Path } else { Addressing::VirtualHost },
        access: access?,
        storage_class: options.storage_class,
        expected_bucket_owner: options.expected_bucket_owner,
        checksum: options.checksum,
        conditional: options.conditional,
        tags: options.tags,
    })
}

/// Cloudflare R2 speaks the S3 protocol at an address made from the account's id. What it does not
/// know (ACLs, tags, keys in KMS) is no parameter of its form.
/// <https://developers.cloudflare.com/r2/api/s3/api/>
fn read_r2(place: &str, query: &str, findings: &mut Findings) -> Option<Destination> {
    let place = read_place(place, findings);
    let parameters = Parameters::read(query, Form::R2, findings);
    let account = parameters.required("account-id", findings).and_then(|id| {
        let id = id.parse::<AccountId>();
        findings.keep(id.map_err(|invalid| format!("the `account-id` {invalid}")))
    });
    let access = read_keys(&parameters, findings);
    let options = Options::read(&parameters, false, findings);
    let (bucket, path) = place?;
    Some(Destination {
        bucket,
        path,
        region: "auto".to_owned(),
        encryption: None,
        acl: None,
        endpoint: Some(Endpoint {
            scheme: Scheme::Https,
            host: format!("{}.r2.cloudflarestorage.com", account?),
            port: None,
        }),
        addressing: Addressing::Path,
        access: access?,
        storage_class: options.storage_class,
        expected_bucket_owner: None,
        checksum: options.checksum,
        conditional: options.conditional,
        tags: Vec::new(),
    })
}

fn read_place(place: &str, findings: &mut Findings) -> Option<(String, PathTemplate)> {
    let (bucket, path) = place.split_once('/').unwrap_or((place, ""));
    let bucket = findings.keep(names::check_bucket(bucket).map(|()| bucket.to_owned()));
    let path = decoded(path).map_err(|what| format!("the path {what}"));
    let path = findings.keep(path.and_then(|path| PathTemplate::parse(&path)));
    Some((bucket?, path?))
}
