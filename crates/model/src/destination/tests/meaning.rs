//! What destination strings mean.

use super::*;

#[test]
fn amazon_s3_with_the_service_identity() {
    let destination = parsed("s3://burritobot/logs/{DATE}?region=us-west-2");
    let expected = Destination {
        bucket: "burritobot".to_owned(),
        path: PathTemplate::parse("logs/{DATE}").unwrap(),
        region: "us-west-2".to_owned(),
        encryption: None,
        acl: Some(Acl::BucketOwnerFullControl),
        endpoint: None,
        addressing: Addressing::VirtualHost,
        access: Access::ServiceIdentity,
        storage_class: None,
        expected_bucket_owner: None,
        checksum: Checksum::Crc64Nvme,
        conditional: Conditional::Auto,
        tags: Vec::new(),
    };
    assert_eq!(destination, expected);
    assert!(destination.needs_ownership_proof());
    assert_eq!(destination.path.boundary(), Boundary::Day);
}

#[test]
fn amazon_s3_with_the_keys_of_the_customer() {
    let destination =
        parsed(&format!("s3://burritobot?region=eu-west-1&{KEYS}&session-token=F%2fw"));
    let Access::Keys { access_key_id, secret_access_key, session_token } = &destination.access
    else {
        panic!("{destination:?}");
    };
    assert_eq!(access_key_id, "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(secret_access_key.expose(), "wJalrXUtnFEMI/K7MDENG+bPx=");
    assert_eq!(session_token.as_ref().map(Secret::expose), Some("F/w"));
    assert!(!destination.needs_ownership_proof());
    assert_eq!(destination.path.boundary(), Boundary::None);
    assert!(destination.path.is_empty());
    assert_eq!(destination.endpoint, None);
}

#[test]
fn encoded_and_bare_secrets_are_the_same() {
    let encoded = KEYS.replace('/', "%2F").replace('+', "%2B").replace("x=", "x%3D");
    let from = |keys: &str| parsed(&format!("s3://burritobot?region=eu-west-1&{keys}"));
    assert_eq!(from(&encoded), from(KEYS));
}

#[test]
fn an_s3_compatible_store() {
    let at = |endpoint: &str| {
        let text = format!("s3://burritobot/logs?region=auto&endpoint={endpoint}&{KEYS}");
        parsed(&text).endpoint.map(|endpoint| endpoint.to_string())
    };
    for (given, expected) in [
        ("sfo2.digitaloceanspaces.com", "https://sfo2.digitaloceanspaces.com"),
        ("https://Minio.Example:443/", "https://minio.example"),
        ("http://localhost:9000", "http://localhost:9000"),
        ("http%3A%2F%2F127.0.0.1%3A9000", "http://127.0.0.1:9000"),
        ("minio:9000", "https://minio:9000"),
        ("https://[::1]:9000", "https://[::1]:9000"),
        ("[2001:DB8::1]", "https://[2001:db8::1]"),
        ("http://a.example:80", "http://a.example"),
    ] {
        assert_eq!(at(given).as_deref(), Some(expected));
    }
    let destination = parsed(&format!("s3://b.c.d/logs?region=sfo2&endpoint=x.example&{KEYS}"));
    assert_eq!(destination.addressing, Addressing::Path);
    assert_eq!(destination.acl, None);
    assert!(!destination.needs_ownership_proof());
}

#[test]
fn cloudflare_r2() {
    let account = "023e105f4ecef8ad9ca31a8372d0c353";
    let destination = parsed(&format!("r2://burritobot/logs/{{DATE}}?account-id={account}&{KEYS}"));
    let endpoint = destination.endpoint.as_ref().unwrap().to_string();
    assert_eq!(endpoint, format!("https://{account}.r2.cloudflarestorage.com"));
    assert_eq!(destination.region, "auto");
    assert_eq!(destination.addressing, Addressing::Path);
    assert_eq!((&destination.acl, &destination.encryption), (&None, &None));
    assert_eq!(destination.checksum, Checksum::Crc32c);
    refused(
        "r2://burritobot/logs",
        &[
            "`account-id` is missing",
            "`access-key-id` is missing",
            "`secret-access-key` is missing",
        ],
    );
    refused(
        &format!("r2://burritobot?account-id=x&{KEYS}&region=auto"),
        &["unknown parameter `region`", "`account-id` `x` is not an id"],
    );
}

#[test]
fn encryption_acl_and_addressing() {
    let with =
        |parameters: &str| parsed(&format!("s3://burritobot/logs?region=us-east-1&{parameters}"));
    assert_eq!(with("sse=AES256").encryption, Some(Encryption::Aes256));
    assert_eq!(with("sse=aws:kms").encryption, Some(Encryption::Kms { key_id: None }));
    let key_id = Some("arn:aws:kms:us-east-1:1:key/a".to_owned());
    let kms = with("sse=aws%3Akms&sse-kms-key-id=arn:aws:kms:us-east-1:1:key%2Fa");
    assert_eq!(kms.encryption, Some(Encryption::Kms { key_id }));
    assert_eq!(with("acl=none").acl, None);
    assert_eq!(with("acl=bucket-owner-full-control").acl, Some(Acl::BucketOwnerFullControl));
    assert_eq!(with("path-style=true").addressing, Addressing::Path);
    assert_eq!(with("sse=&acl=&path-style=&"), with(""));
    assert_eq!(parsed("s3://a.b.c?region=us-east-1").addressing, Addressing::Path);
}

#[test]
fn regions_are_checked() {
    for region in ["us-east-1", "ap-southeast-7", "us-gov-west-1", "eusc-de-east-1", "xy-new-12"] {
        assert_eq!(parsed(&format!("s3://burritobot?region={region}")).region, region);
    }
    for (region, expected) in [
        ("", "`region` is missing"),
        ("cn-north-1", "China region `cn-north-1` is not supported"),
        ("cn-northwest-1", "China region"),
        ("us-east1", "is not an AWS region such as `us-east-1` (did you mean `us-east-1`?)"),
        ("US-EAST-1", "did you mean `us-east-1`?"),
        ("us-west-2/", "did you mean `us-west-2`?"),
        ("auto", "is not an AWS region"),
        ("us-east-1.evil.example", "is not an AWS region"),
    ] {
        refused(&format!("s3://burritobot?region={region}"), &[expected]);
    }
    let elsewhere = |region: &str| {
        Destination::parse(&format!("s3://burritobot?region={region}&endpoint=x.example&{KEYS}"))
    };
    assert!(elsewhere("cn-north-1").is_ok());
    assert!(elsewhere("auto").is_ok());
    assert!(elsewhere("a%2Fb").is_err());
}

#[test]
fn buckets_keep_the_rules_of_s3() {
    let longest = "a".repeat(63);
    for bucket in ["abc", "my.logs-1", "amzn-s3-demo-bucket", &longest] {
        assert_eq!(parsed(&format!("s3://{bucket}/x?region=us-east-1")).bucket, bucket);
    }
    for (bucket, expected) in [
        ("", "the bucket is missing"),
        ("ab", "must have 3 to 63"),
        (&"a".repeat(64), "must have 3 to 63"),
        ("Burritobot", "only lower-case letters"),
        ("burrito_bot", "only lower-case letters"),
        ("burrito%2Fbot", "only lower-case letters"),
        ("-burritobot", "must begin and end"),
        ("burritobot.", "must begin and end"),
        ("burrito..bot", "two dots"),
        ("192.168.5.4", "IP address"),
    ] {
        refused(&format!("s3://{bucket}/x?region=us-east-1"), &[expected]);
    }
}

#[test]
fn paths_cannot_leave_their_prefix() {
    for (path, expected) in [
        ("", ""),
        ("/", ""),
        ("/logs", "logs"),
        ("/logs/", "logs"),
        ("/a%20b/c+d/%7BDATE%7D", "a b/c+d/{DATE}"),
        ("/...", "..."),
        ("/caf%C3%A9", "café"),
    ] {
        let destination = parsed(&format!("s3://burritobot{path}?region=us-east-1"));
        assert_eq!(destination.path.as_str(), expected);
    }
    for (path, expected) in [
        ("//logs", "empty segment"),
        ("/logs//", "empty segment"),
        ("/a//b", "empty segment"),
        ("//", "empty segment"),
        ("/a/%2F", "empty segment"),
        ("/..", "the segment `..`"),
        ("/a/../b", "the segment `..`"),
        ("/a/%2e%2E/b", "the segment `..`"),
        ("/./b", "the segment `.`"),
        ("/a%5Cb", "backslashes"),
        ("/a\\b", "backslashes"),
        ("/a%00b", "control characters"),
        ("/a\nb", "control characters"),
        ("/{YEAR}", "has the placeholder `{YEAR}`, which is not known; known are"),
        ("/{YEAR}", "known are `{DATE}`, `{YYYY}`, `{MM}`, `{DD}`, `{HH}`, `{DATASET}`, `{ZONE}`"),
        ("/{date}", "`{date}`, which is not known (did you mean `{DATE}`?)"),
        ("/{DATASETS}", "(did you mean `{DATASET}`?)"),
        ("/{{DATE}}", "`{{DATE}`, which is not known (did you mean `{DATE}`?)"),
        ("/{DA{DATE}TE}", "`{DA{DATE}`, which is not known"),
        ("/}", "a brace that belongs to no placeholder"),
        ("/{DATE}}", "a brace that belongs to no placeholder"),
        ("/{DATE", "a brace that belongs to no placeholder"),
        ("/50%", "write `%` itself as `%25`"),
        ("/%ff", "is not UTF-8"),
        (
            &format!("/{}", "x".repeat(901)),
            "has 901 bytes, its placeholders filled in; at most 900",
        ),
        (&format!("/{}{{DATE}}", "x".repeat(893)), "has 901 bytes"),
        (&format!("/{}{{ZONE}}", "x".repeat(648)), "has 901 bytes"),
    ] {
        refused(&format!("s3://burritobot{path}?region=us-east-1"), &[expected]);
    }
}

#[test]
fn a_path_ends_batches_where_it_names_time() {
    for (path, expected) in [
        ("logs", Boundary::None),
        ("{ZONE}/{DATASET}/{JOB}", Boundary::None),
        ("{YYYY}", Boundary::Year),
        ("{YYYY}/{MM}", Boundary::Month),
        ("{DATE}", Boundary::Day),
        ("dt={YYYY}-{MM}-{DD}", Boundary::Day),
        ("dt={DATE}/hour={HH}", Boundary::Hour),
    ] {
        let path = PathTemplate::parse(path).unwrap();
        assert_eq!(path.boundary(), expected, "{path}");
    }
}

#[test]
fn a_role_of_the_customer() {
    const ARN: &str = "arn:aws:iam::444455556666:role/team/logs";
    let destination = parsed(&format!("s3://burritobot?region=us-east-1&role-arn={ARN}"));
    let role = Access::Role { role_arn: ARN.to_owned(), external_id: None };
    assert_eq!(destination.access, role);
    assert!(destination.needs_ownership_proof());
    let with_id = format!("s3://burritobot?region=us-east-1&role-arn={ARN}&external-id=a:b/c%2Bd");
    let external_id = Some("a:b/c+d".to_owned());
    assert_eq!(parsed(&with_id).access, Access::Role { role_arn: ARN.to_owned(), external_id });
    assert_eq!(redacted(&with_id), with_id);
}

#[test]
fn options_of_objects() {
    let with = |parameters: &str| parsed(&format!("s3://b-b/logs?region=us-east-1&{parameters}"));
    let elsewhere = |parameters: &str| with(&format!("endpoint=x.example&{KEYS}&{parameters}"));
    assert_eq!(with("storage-class=GLACIER_IR").storage_class.as_deref(), Some("GLACIER_IR"));
    assert_eq!(elsewhere("storage-class=HIGH_PERF").storage_class.as_deref(), Some("HIGH_PERF"));
    let owner = with("expected-bucket-owner=111122223333").expected_bucket_owner;
    assert_eq!(owner.as_deref(), Some("111122223333"));
    assert_eq!(with("checksum=crc32c").checksum, Checksum::Crc32c);
    assert_eq!(with("checksum=none").checksum, Checksum::None);
    assert_eq!(elsewhere("").checksum, Checksum::Crc32c);
    assert_eq!(elsewhere("checksum=crc64nvme").checksum, Checksum::Crc64Nvme);
    assert_eq!(with("conditional=always").conditional, Conditional::Always);
    assert_eq!(with("conditional=never").conditional, Conditional::Never);
    assert_eq!(with("checksum=&conditional=&storage-class=&tags="), with(""));
}

#[test]
fn tags_come_as_pairs() {
    let tags = |text: &str| {
        let tags = parsed(&format!("s3://burritobot?region=us-east-1&tags={text}")).tags;
        tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(tags("team:edge,env:prod"), ["team=edge", "env=prod"]);
    assert_eq!(tags("a%20b:c:d,e:"), ["a b=c:d", "e="]);
    assert_eq!(tags("stra%C3%9Fe%3A%40home"), ["straße=@home"]);
}

#[test]
fn the_same_place_is_told_whatever_else_differs() {
    let place = |text: &str| parsed(text);
    let one = place("s3://burritobot/logs/?region=us-east-1");
    assert!(one.same_place(&place(&format!("s3://burritobot/logs?region=us-west-2&{KEYS}"))));
    assert!(!one.same_place(&place("s3://burritobot/logs2?region=us-east-1")));
    assert!(!one.same_place(&place("s3://burritobot2/logs?region=us-east-1")));
    let elsewhere = format!("s3://burritobot/logs?region=us-east-1&endpoint=x.example&{KEYS}");
    assert!(!one.same_place(&place(&elsewhere)));
}
