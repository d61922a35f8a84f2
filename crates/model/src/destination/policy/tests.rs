//! The documents, letter by letter.

use serde_json::{Value, json};

use super::*;

const KEYS: &str = "access-key-id=AKIAIOSFODNN7EXAMPLE&secret-access-key=wJalrXUtnFEMI";
const ROLE: &str = "role-arn=arn:aws:iam::444455556666:role/logs";

fn to(text: &str) -> Destination {
    Destination::parse(text).unwrap_or_else(|issues| panic!("{text}: {issues:?}"))
}

fn principal() -> Principal {
    "arn:aws:iam::391854517948:user/cloudflare-logpush".parse().unwrap()
}

fn all(text: &str, abort: bool) -> Vec<Document> {
    let principal = principal();
    let terms = Terms { principal: Some(&principal), external_id: Some("c0ffee"), abort };
    documents(&to(text), terms).unwrap()
}

#[track_caller]
fn one(text: &str, kind: DocumentKind) -> Value {
    let documents = all(text, false);
    let found = documents.iter().find(|document| document.kind == kind);
    let found = found.unwrap_or_else(|| panic!("{text}: no {kind:?} in {documents:?}"));
    serde_json::from_str(&found.json).unwrap()
}

fn kinds(text: &str, abort: bool) -> Vec<&'static str> {
    all(text, abort).iter().map(|document| document.kind.name()).collect()
}

#[test]
fn the_bucket_policy_has_the_published_shape() {
    let expected = r#"{
  "Id": "Policy8885952210226",
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Stmt8152133943093",
      "Action": [
        "s3:PutObject"
      ],
      "Effect": "Allow",
      "Resource": "arn:aws:s3:::burritobot/logs/*",
      "Principal": {
        "AWS": [
          "arn:aws:iam::391854517948:user/cloudflare-logpush"
        ]
      }
    }
  ]
}"#;
    assert_eq!(all("s3://burritobot/logs?region=us-west-2", false)[0].json, expected);
}

#[test]
fn each_access_has_its_documents() {
    let s3 = "s3://burritobot/logs?region=us-west-2";
    let kms = "sse=aws:kms&sse-kms-key-id=k";
    for (text, expected) in [
        (s3.to_owned(), &["bucket_policy", "acl_statement", "lifecycle_rule"] as &[_]),
        (format!("{s3}&acl=none"), &["bucket_policy", "lifecycle_rule"]),
        (format!("{s3}&acl=none&{kms}"), &["bucket_policy", "key_statement", "lifecycle_rule"]),
        (format!("{s3}&{ROLE}"), &["trust_policy", "role_policy", "lifecycle_rule"]),
        (
            format!("{s3}&{ROLE}&{kms}"),
            &["trust_policy", "role_policy", "key_statement", "lifecycle_rule"],
        ),
        (format!("{s3}&{KEYS}"), &["user_policy", "lifecycle_rule"]),
        (format!("{s3}&endpoint=x.example&{KEYS}"), &["user_policy", "lifecycle_rule"]),
    ] {
        assert_eq!(kinds(&text, false), expected, "{text}");
    }
    assert_eq!(kinds(s3, true), ["bucket_policy", "acl_statement"]);
}

#[test]
fn the_resource_follows_path_and_partition() {
    for (text, expected) in [
        ("s3://burritobot?region=us-east-1", "arn:aws:s3:::burritobot/*"),
        ("s3://burritobot/logs/{DATE}?region=us-east-1", "arn:aws:s3:::burritobot/logs/*/*"),
        (
            "s3://burritobot/a/dt={YYYY}-{MM}-{DD}/hour={HH}?region=eusc-de-east-1",
            "arn:aws-eusc:s3:::burritobot/a/dt=*-*-*/hour=*/*",
        ),
        (
            "s3://burritobot/a*b%3Fc$d?region=us-gov-west-1",
            "arn:aws-us-gov:s3:::burritobot/a${*}b${?}c${$}d/*",
        ),
        ("s3://burritobot/x?region=cn-north-1&endpoint=s3.cn", "arn:aws-cn:s3:::burritobot/x/*"),
    ] {
        let text = format!("{text}&{KEYS}");
        let policy = one(&text, DocumentKind::UserPolicy);
        assert_eq!(policy["Statement"][0]["Resource"], expected, "{text}");
    }
}

#[test]
fn what_is_asked_for_is_granted_and_no_more() {
    let s3 = "s3://burritobot/logs?region=us-west-2&tags=a:b";
    let policy: Value = serde_json::from_str(&all(s3, true)[0].json).unwrap();
    let expected = json!(["s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"]);
    assert_eq!(policy["Statement"][0]["Action"], expected);
    let acl = one(s3, DocumentKind::AclStatement);
    assert_eq!(acl["Action"], json!(["s3:PutObjectAcl"]));
    let condition = json!({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}});
    assert_eq!(acl["Condition"], condition);
}

#[test]
fn a_role_trusts_the_service_with_the_external_id_of_the_account() {
    let text = format!("s3://burritobot/logs?region=us-west-2&acl=none&{ROLE}");
    let trust = one(&text, DocumentKind::TrustPolicy);
    let statement = &trust["Statement"][0];
    assert_eq!(statement["Principal"]["AWS"][0], principal().as_str());
    assert_eq!(statement["Action"], json!(["sts:AssumeRole"]));
    assert_eq!(statement["Condition"], json!({"StringEquals": {"sts:ExternalId": "c0ffee"}}));
    assert_eq!(statement.get("Resource"), None);
    let role = one(&text, DocumentKind::RolePolicy);
    let statements = role["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0].get("Principal"), None);
    assert_eq!(role.get("Id"), None);
}

#[test]
fn a_key_is_opened_to_s3_of_the_region_only() {
    let arn = "arn:aws:kms:us-west-2:444455556666:key/a-b";
    let kms = format!("s3://burritobot?region=us-west-2&sse=aws:kms&sse-kms-key-id={arn}");
    let key = one(&kms, DocumentKind::KeyStatement);
    assert_eq!(key["Action"], json!(["kms:GenerateDataKey", "kms:Decrypt"]));
    let via_s3 = json!({"StringEquals": {"kms:ViaService": "s3.us-west-2.amazonaws.com"}});
    assert_eq!(key["Condition"], via_s3);
    let role = format!("{kms}&{ROLE}");
    let opened = one(&role, DocumentKind::KeyStatement);
    assert_eq!(opened["Principal"]["AWS"][0], "arn:aws:iam::444455556666:role/logs");
    assert_eq!(one(&role, DocumentKind::RolePolicy)["Statement"][2]["Resource"], arn);
}

#[test]
fn unfinished_uploads_are_cleared_below_the_fixed_part_of_the_path() {
    for (path, prefix) in [("", ""), ("/logs", "logs/"), ("/logs/dt={DATE}/x", "logs/dt=")] {
        let rule =
            one(&format!("s3://burritobot{path}?region=us-west-2"), DocumentKind::LifecycleRule);
        let rule = &rule["Rules"][0];
        assert_eq!(rule["Filter"]["Prefix"], prefix);
        assert_eq!(rule["Status"], "Enabled");
        let days = &rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"];
        assert_eq!(days, &json!(ABORT_AFTER_DAYS));
    }
}

#[test]
fn without_an_identity_that_the_bucket_can_know_there_is_nothing_to_paste() {
    let principal = principal();
    let with = |principal, external_id, text: &str| {
        documents(&to(text), Terms { principal, external_id, abort: false })
    };
    let s3 = "s3://burritobot?region=us-west-2";
    let gov = "s3://burritobot?region=us-gov-west-1";
    let role = format!("{s3}&{ROLE}");
    assert_eq!(with(None, None, s3), Err(PolicyError::NoPrincipal));
    assert_eq!(with(Some(&principal), None, &role), Err(PolicyError::NoExternalId));
    let other = with(Some(&principal), None, gov).unwrap_err();
    assert!(other.to_string().contains("lies in `aws-us-gov`"), "{other}");
    assert!(with(None, None, &format!("{gov}&{KEYS}")).is_ok());
}

#[test]
fn ids_are_made_from_the_content() {
    let id = |text: &str| one(text, DocumentKind::BucketPolicy)["Id"].clone();
    let one = "s3://burritobot/logs?region=us-west-2";
    assert_eq!(id(one), id("s3://burritobot/logs/?region=us-east-1"));
    assert_ne!(id(one), id("s3://burritobot/log?region=us-west-2"));
}
