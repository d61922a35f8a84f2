//! What each answer of a store means, from the bytes on the wire to the words for the customer.

use bytes::Bytes;
use delivery::s3::{S3Settings, S3Store, StaticKeys};
use delivery::{
    Content, PartTag, PutObject, Remedy, Store, StoreError, StoreErrorKind as Kind, UploadId,
};
use model::destination::Destination;
use tokio::io::AsyncWriteExt;

use crate::wire::{Reply, Wire};

const SECRET: &str = "wJalrXUtnFEMIbPxRfiCYEXAMPLEKEYwJalrXUtn";

/// A store of this address as a stand-in for Amazon's.
pub(crate) async fn store_at(s3: &str, sts: Option<&str>) -> S3Store {
    let settings = S3Settings {
        endpoint_url: Some(s3.to_owned()),
        sts_endpoint_url: sts.map(str::to_owned),
        keys: Some(StaticKeys {
            access_key_id: "AKIASERVICESERVICE00".to_owned(),
            secret_access_key: "service-secret".to_owned(),
        }),
        allow_private_endpoints: vec!["127.0.0.1".to_owned()],
    };
    S3Store::new(settings).await.unwrap()
}

/// A destination whose owner brings keys.
pub(crate) fn with_keys(rest: &str) -> Destination {
    let text = format!(
        "s3://burritobot/logs?region=us-east-1&access-key-id=AKIACUSTOMERCUSTOMER\
         &secret-access-key={SECRET}{rest}"
    );
    Destination::parse(&text).unwrap()
}

pub(crate) fn object(guarded: bool) -> PutObject<'static> {
    let body = Bytes::from_static(b"hello");
    PutObject { key: "logs/1.log.gz", body, content: Content::Gzip, guarded }
}

/// What becomes of an object that is put where this is answered.
async fn put(reply: Reply, guarded: bool) -> StoreError {
    let wire = Wire::new(move |_| reply.clone()).await;
    let store = store_at(&wire.url(), None).await;
    store.put(&with_keys(""), object(guarded)).await.unwrap_err()
}

fn message(text: &str) -> String {
    format!("<Message>{text}</Message>")
}

#[tokio::test]
async fn what_the_customer_has_to_mend_is_told_apart() {
    let kms = "User: x is not authorized to perform: kms:GenerateDataKey on resource y";
    let table: [(u16, &str, &str, Kind, &str); 18] = [
        (404, "NoSuchBucket", "", Kind::NoSuchBucket, "the bucket `burritobot` does not exist"),
        (403, "AccessDenied", "Access Denied", Kind::AccessDenied, "`s3:PutObject`"),
        (403, "AllAccessDisabled", "", Kind::AccessDenied, "denied"),
        (400, "AccessControlListNotSupported", "", Kind::AccessDenied, "`acl=none`"),
        (403, "InvalidAccessKeyId", "", Kind::BadCredentials, "check `access-key-id`"),
        (403, "SignatureDoesNotMatch", "", Kind::BadCredentials, "check `secret-access-key`"),
        (400, "ExpiredToken", "", Kind::BadCredentials, "temporary keys end"),
        (403, "RequestTimeTooSkewed", "", Kind::ClockSkew, "clock"),
        (400, "KMS.DisabledException", "", Kind::Encryption, "enable the key"),
        (400, "KMS.NotFoundException", "", Kind::Encryption, "enable the key"),
        (403, "AccessDenied", kms, Kind::Encryption, "`kms:GenerateDataKey`"),
        (403, "QuotaExceeded", "", Kind::Quota, "make room"),
        (507, "XMinioStorageFull", "", Kind::Quota, "make room"),
        (400, "InvalidStorageClass", "bad", Kind::Refused, "InvalidStorageClass: bad"),
        (400, "KeyTooLongError", "", Kind::Refused, "correct"),
        (400, "PermanentRedirect", "", Kind::WrongRegion, "not in the region `us-east-1`"),
        (501, "NotImplemented", "", Kind::Refused, "refused"),
        (412, "PreconditionFailed", "", Kind::Refused, "refused"),
    ];
    for (status, code, text, kind, words) in table {
        let error = put(Reply::error(status, "", code, &message(text)), false).await;
        assert_eq!((error.kind, error.status), (kind, Some(status)), "{code}: {error}");
        assert_eq!(error.code.as_deref(), Some(code));
        assert_eq!(error.remedy(), Remedy::WaitForCustomer, "{code}");
        assert!(error.mend.is_some(), "{code}: {error}");
        assert!(error.to_string().contains(words), "{code}: {error}");
        assert!(!error.to_string().contains(SECRET), "{code}");
    }
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again() {
    let table = [
        (503, "SlowDown", Kind::SlowDown),
        (429, "TooManyRequests", Kind::SlowDown),
        (400, "KMS.ThrottlingException", Kind::SlowDown),
        (503, "ServiceUnavailable", Kind::Unavailable),
        (500, "InternalError", Kind::Unavailable),
        (502, "Whatever", Kind::Unavailable),
        (307, "TemporaryRedirect", Kind::Unavailable),
        (400, "BadDigest", Kind::Unavailable),
        (400, "RequestTimeout", Kind::NoAnswer),
        (404, "NoSuchUpload", Kind::NoSuchUpload),
        (400, "InvalidPart", Kind::NoSuchUpload),
        (409, "OperationAborted", Kind::Conflict),
    ];
    for (status, code, kind) in table {
        let error = put(Reply::error(status, "", code, ""), false).await;
        assert_eq!(error.kind, kind, "{code}: {error}");
        assert_eq!(error.remedy(), Remedy::Retry, "{code}");
    }
    let bug = put(Reply::error(400, "", "MalformedXML", ""), false).await;
    assert_eq!(bug.remedy(), Remedy::ReportBug);
}

#[tokio::test]
async fn answers_to_guarded_writes_are_told_apart() {
    let table = [
        (412, "PreconditionFailed", "", Kind::AlreadyThere),
        (409, "ConditionalRequestConflict", "", Kind::Conflict),
        (501, "NotImplemented", "A header you provided implies functionality", Kind::NotSupported),
        (400, "InvalidArgument", "If-None-Match is not supported", Kind::NotSupported),
        (403, "AccessDenied", "", Kind::AccessDenied),
        (400, "InvalidArgument", "tag", Kind::Refused),
    ];
    for (status, code, text, kind) in table {
        let error = put(Reply::error(status, "", code, &message(text)), true).await;
        assert_eq!(error.kind, kind, "{code}: {error}");
    }
}

#[tokio::test]
async fn the_right_region_is_named_where_the_store_says_it() {
    let by_header =
        Reply::error(301, "x-amz-bucket-region: eu-west-3\r\n", "PermanentRedirect", "");
    let rest = "<Message>the region 'us-east-1' is wrong; expecting 'eu-west-3'</Message>\
                <Region>eu-west-3</Region>";
    let by_body = Reply::error(400, "", "AuthorizationHeaderMalformed", rest);
    for reply in [by_header, by_body] {
        let error = put(reply, false).await;
        assert_eq!(error.kind, Kind::WrongRegion);
        assert!(error.message.contains("in the region `eu-west-3`"), "{error}");
        assert_eq!(error.mend.unwrap(), "write `region=eu-west-3` in the destination");
    }
}

#[tokio::test]
async fn a_store_may_ask_for_time() {
    let error = put(Reply::error(503, "Retry-After: 7\r\n", "SlowDown", ""), false).await;
    assert_eq!(error.retry_after, Some(std::time::Duration::from_secs(7)));
    let error = put(Reply::error(503, "Retry-After: 99999999\r\n", "SlowDown", ""), false).await;
    assert_eq!(error.retry_after, Some(std::time::Duration::from_secs(3600)));
}

#[tokio::test]
async fn secrets_that_a_store_repeats_are_not_shown() {
    let text = message(&format!("you said {SECRET} &amp; &lt;b&gt;\n\u{7}"));
    let error = put(Reply::error(403, "", "AccessDenied", &text), false).await;
    assert!(!error.to_string().contains(SECRET), "{error}");
    assert!(error.to_string().contains("& <b>"), "{error}");
    assert!(!error.to_string().contains(char::is_control), "{error}");
    let store = store_at("http://127.0.0.1:9", None).await;
    let _ = store.put(&with_keys(""), object(false)).await;
    assert!(!format!("{store:?}").contains(SECRET));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let inside = Wire::new(|_| Reply::with_body(200, "etag: \"1\"\r\n", "")).await;
    let location = format!("location: {}/burritobot/1\r\n", inside.url());
    for status in [301, 302, 303, 307, 308] {
        let reply = Reply::with_body(status, &location, "");
        assert_eq!(put(reply, false).await.status, Some(status));
    }
    assert!(inside.asked().is_empty());
}

#[tokio::test]
async fn a_200_that_is_an_error_or_cut_short_is_an_error() {
    let failed = "<?xml version=\"1.0\"?><Error><Code>InternalError</Code></Error>";
    let half = Reply::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n<?xml".to_owned());
    let table = [
        (Reply::with_body(200, "", failed), Kind::Unavailable),
        (Reply::with_body(200, "", ""), Kind::NoAnswer),
        (half, Kind::NoAnswer),
        (Reply::Cut, Kind::NoAnswer),
    ];
    for (reply, kind) in table {
        let shown = format!("{reply:?}");
        let wire = Wire::new(move |_| reply.clone()).await;
        let store = store_at(&wire.url(), None).await;
        let upload = UploadId { key: "logs/1.log.gz".to_owned(), id: "upload".to_owned() };
        let parts = [PartTag { etag: "\"1\"".to_owned(), checksum: None }];
        let to = with_keys("");
        let completed = store.complete_upload(&to, &upload, &parts, false).await.unwrap_err();
        assert_eq!(completed.kind, kind, "{shown}: {completed}");
        assert!(completed.may_have_happened(), "{shown}");
        let put = store.put(&to, object(false)).await.unwrap_err();
        assert!(put.may_have_happened(), "{shown}: {put}");
    }
}

#[tokio::test]
async fn another_checksum_than_the_one_sent_is_an_error() {
    let headers = "etag: \"1\"\r\nx-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\n";
    let error = put(Reply::with_body(200, headers, ""), false).await;
    assert!(error.message.contains("changed on their way"), "{error}");
    assert_eq!(error.remedy(), Remedy::Retry);
}

#[tokio::test]
async fn a_store_that_refuses_checksums_gets_signed_bodies_from_then_on() {
    let wire = Wire::new(|asked| match asked.header("x-amz-checksum-crc32c") {
        Some(_) => {
            let text = message("Unsupported header 'x-amz-checksum-crc32c' received");
            Reply::error(400, "", "InvalidArgument", &text)
        }
        None => Reply::with_body(200, "etag: \"1\"\r\n", ""),
    })
    .await;
    let store = store_at("http://127.0.0.1:9", None).await;
    let to = with_keys(&format!("&endpoint={}", wire.url()));
    let refused = store.put(&to, object(false)).await.unwrap_err();
    assert_eq!(refused.remedy(), Remedy::Retry);
    store.put(&to, object(false)).await.unwrap();
    let asked = wire.asked();
    assert_eq!(asked[0].header("x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
    // SHA-256 of `hello`.
    let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(asked[1].header("x-amz-content-sha256"), Some(digest));
}

#[tokio::test]
async fn an_endpoint_inside_the_operators_network_is_not_connected_to() {
    let inside = Wire::new(|_| Reply::with_body(200, "etag: \"1\"\r\n", "")).await;
    let store = S3Store::new(S3Settings::default()).await.unwrap();
    let port = inside.address.port();
    for host in ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"] {
        let to = with_keys(&format!("&endpoint=http://{host}:{port}"));
        let error = store.put(&to, object(false)).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unreachable, "{host}: {error}");
        assert!(error.message.contains("not a public address"), "{host}: {error}");
    }
    assert!(inside.asked().is_empty());
}

/// The address of a server that does not speak TLS, and says so at once.
pub(crate) async fn in_clear() -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 400 X\r\nconnection: close\r\n\r\n";
            // The client may be gone already.
            let _ = stream.write_all(answer).await;
        }
    });
    address
}

#[tokio::test]
async fn what_cannot_be_reached_says_why() {
    let store = store_at("http://127.0.0.1:9", None).await;
    let nobody = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let clear = in_clear().await;
    let table = [
        (format!("http://{nobody}"), Kind::Unreachable, "nothing answers there"),
        ("http://nothing.invalid".to_owned(), Kind::Unreachable, "cannot be resolved"),
        (format!("https://{clear}"), Kind::Tls, "no secure connection"),
    ];
    for (endpoint, kind, words) in table {
        let to = with_keys(&format!("&endpoint={endpoint}"));
        let error = store.put(&to, object(false)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{endpoint}: {error}");
        assert!(error.message.contains(words), "{endpoint}: {error}");
    }
}
