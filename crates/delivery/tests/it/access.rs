//! Whose identity requests are signed with, and how it is renewed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use delivery::{CheckOutcome, Remedy, Store, StoreErrorKind as Kind};
use model::destination::Destination;

use crate::answers::{in_clear, object, store_at, with_keys};
use crate::wire::{Asked, Reply, Wire};

const ROLE: &str = "s3://burritobot/logs?region=us-east-1\
                    &role-arn=arn:aws:iam::123456789012:role/logs&external-id=account-7";

/// What STS answers with credentials that end at this time.
fn credentials(number: usize, end: &str) -> Reply {
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE{number}</AccessKeyId>\
         <SecretAccessKey>secret</SecretAccessKey><SessionToken>token-{number}</SessionToken>\
         <Expiration>{end}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    Reply::with_body(200, "content-type: text/xml\r\n", &body)
}

/// STS, giving credentials that are numbered and last long.
async fn sts() -> Wire {
    let given = AtomicUsize::new(0);
    Wire::new(move |_| {
        credentials(given.fetch_add(1, Ordering::SeqCst) + 1, "2100-01-01T00:00:00Z")
    })
    .await
}

fn stored(_: &Asked) -> Reply {
    Reply::with_body(200, "etag: \"1\"\r\n", "")
}

#[tokio::test]
async fn a_role_is_taken_on_once_with_the_external_id() {
    let (sts, s3) = (sts().await, Wire::new(stored).await);
    let store = store_at(&s3.url(), Some(&sts.url())).await;
    let to = Destination::parse(ROLE).unwrap();
    for _ in 0..3 {
        store.put(&to, object(false)).await.unwrap();
    }
    let asked = sts.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].body.contains("Action=AssumeRole"), "{}", asked[0].body);
    assert!(asked[0].body.contains("ExternalId=account-7"), "{}", asked[0].body);
    assert!(asked[0].head.contains("Credential=AKIASERVICESERVICE00/"), "{}", asked[0].head);
    for put in s3.asked() {
        assert!(put.head.contains("Credential=ASIAROLE1/"), "{}", put.head);
        assert_eq!(put.header("x-amz-security-token"), Some("token-1"));
    }
    let mut other = to.clone();
    if let model::destination::Access::Role { external_id, .. } = &mut other.access {
        *external_id = Some("account-8".to_owned());
    }
    store.put(&other, object(false)).await.unwrap();
    assert!(sts.asked()[1].body.contains("ExternalId=account-8"));
    assert!(s3.asked()[3].head.contains("Credential=ASIAROLE2/"));
}

#[tokio::test]
async fn credentials_that_end_are_renewed_before_and_forgotten_when_refused() {
    let sts = sts().await;
    let refused = Arc::new(AtomicUsize::new(1));
    let refusals = Arc::clone(&refused);
    let s3 = Wire::new(move |asked| {
        if asked.head.contains("ASIAROLE1/") && refusals.load(Ordering::SeqCst) > 1 {
            return Reply::error(400, "", "ExpiredToken", "");
        }
        stored(asked)
    })
    .await;
    let store = store_at(&s3.url(), Some(&sts.url())).await;
    let to = Destination::parse(ROLE).unwrap();
    store.put(&to, object(false)).await.unwrap();
    refused.store(2, Ordering::SeqCst);
    move_on(60).await;
    let error = store.put(&to, object(false)).await.unwrap_err();
    assert_eq!((error.kind, error.remedy()), (Kind::ExpiredCredentials, Remedy::Retry), "{error}");
    store.put(&to, object(false)).await.unwrap();
    assert_eq!(sts.asked().len(), 2);
    assert!(s3.asked()[2].head.contains("ASIAROLE2/"));
}

/// Moves the program's steady clock on.
async fn move_on(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn credentials_near_their_end_are_fetched_again_with_manners() {
    let given = AtomicUsize::new(0);
    let sts = Wire::new(move |_| match given.fetch_add(1, Ordering::SeqCst) {
        0 => credentials(1, "2100-01-01T00:00:00Z"),
        _ => Reply::error(503, "", "ServiceUnavailable", ""),
    })
    .await;
    let s3 = Wire::new(stored).await;
    let store = store_at(&s3.url(), Some(&sts.url())).await;
    let to = Destination::parse(ROLE).unwrap();
    store.put(&to, object(false)).await.unwrap();
    let error = {
        let mut other = to.clone();
        other.access = model::destination::Access::Role {
            role_arn: "arn:aws:iam::123456789012:role/other".to_owned(),
            external_id: None,
        };
        store.put(&other, object(false)).await.unwrap_err()
    };
    assert_eq!(error.kind, Kind::Unavailable, "{error}");
    store.put(&to, object(false)).await.unwrap();
}

#[tokio::test]
async fn a_role_that_may_not_be_taken_on_says_how_to_mend_it() {
    let text = "<Message>User: x is not authorized to perform: sts:AssumeRole</Message>";
    let table = [
        (403, "AccessDenied", Kind::AccessDenied, "`sts:ExternalId`"),
        (400, "ValidationError", Kind::Refused, "`role-arn`"),
        (403, "InvalidClientTokenId", Kind::ExpiredCredentials, "own credentials"),
        (403, "RegionDisabledException", Kind::NoIdentity, "own credentials"),
        (400, "Throttling", Kind::SlowDown, "did not give"),
        (500, "InternalFailure", Kind::Unavailable, "did not give"),
    ];
    for (status, code, kind, words) in table {
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
             <Type>Sender</Type><Code>{code}</Code>{text}</Error></ErrorResponse>"
        );
        let sts = Wire::new(move |_| Reply::with_body(status, "", &body)).await;
        let s3 = Wire::new(stored).await;
        let store = store_at(&s3.url(), Some(&sts.url())).await;
        let to = Destination::parse(ROLE).unwrap();
        let error = store.put(&to, object(false)).await.unwrap_err();
        assert_eq!((error.kind, error.status), (kind, Some(status)), "{code}: {error}");
        assert!(error.to_string().contains(words), "{code}: {error}");
        assert!(s3.asked().is_empty());
    }
}

#[tokio::test]
async fn a_check_says_which_step_fails_and_how_to_mend_it() {
    let outcomes = |steps: &[delivery::CheckStep]| -> Vec<(&str, &str)> {
        steps.iter().map(|step| (step.name, step.outcome.name())).collect()
    };
    let store = store_at("http://127.0.0.1:9", None).await;
    let unknown = with_keys("&endpoint=http://nothing.invalid");
    let steps = store.check(&unknown, "logs/check.txt").await;
    assert_eq!(outcomes(&steps)[..2], [("resolve", "failed"), ("connect", "skipped")]);
    assert_eq!(steps.len(), 8);

    let closed = with_keys("&endpoint=http://127.0.0.1:9");
    let steps = store.check(&closed, "logs/check.txt").await;
    assert_eq!(
        outcomes(&steps)[..3],
        [("resolve", "ok"), ("connect", "failed"), ("tls", "skipped")]
    );
    assert!(steps[1].mend.is_some());

    let no_tls = with_keys(&format!("&endpoint=https://{}", in_clear().await));
    let steps = store.check(&no_tls, "logs/check.txt").await;
    assert_eq!(outcomes(&steps)[2], ("tls", "failed"), "{steps:?}");

    let elsewhere =
        Wire::new(|_| Reply::with_body(403, "x-amz-bucket-region: eu-west-3\r\n", "")).await;
    let store = store_at(&elsewhere.url(), None).await;
    let steps = store.check(&with_keys(""), "logs/check.txt").await;
    assert_eq!(outcomes(&steps)[3], ("region", "failed"));
    assert!(steps[3].mend.as_ref().unwrap().contains("region=eu-west-3"), "{steps:?}");

    let denied = Wire::new(|_| Reply::error(403, "", "AccessDenied", "")).await;
    let store = store_at(&denied.url(), Some(&denied.url())).await;
    let steps = store.check(&with_keys(""), "logs/check.txt").await;
    assert_eq!(outcomes(&steps)[5], ("write", "failed"));
    let steps = store.check(&Destination::parse(ROLE).unwrap(), "logs/check.txt").await;
    assert_eq!(
        outcomes(&steps)[4..6],
        [("credentials", "failed"), ("write", "skipped")],
        "{steps:?}"
    );
    assert_eq!(steps.iter().filter(|step| step.outcome == CheckOutcome::Failed).count(), 1);
}
