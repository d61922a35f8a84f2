//! What stands on the objects of another implementation of S3, moto, where it is installed.

use std::io::Write;
use std::process::Stdio;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::types::ChecksumMode;
use bytes::Bytes;
use delivery::{CheckOutcome, Content, PutObject, Store, StoreErrorKind};
use model::destination::Destination;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::answers::store_at;

const BUCKET: &str = "burritobot";
const ROLE: &str = "&role-arn=arn:aws:iam::123456789012:role/logs&external-id=account-7";

/// A moto server, and a client that looks at what stands in it.
struct Moto {
    _process: Child,
    url: String,
    s3: Client,
}

impl Moto {
    /// Starts a server with a bucket. Where moto is not installed, says so loudly and gives
    /// `None`; fails where nothing may be skipped.
    #[expect(clippy::explicit_write, reason = "the macro's output is captured")]
    async fn start() -> Option<Self> {
        match Self::try_start().await {
            Ok(moto) => Some(moto),
            Err(reason) => {
                let all = std::env::var_os("LOGPUSH_TEST_REQUIRE").is_some_and(|v| v == "all");
                let what = "needs moto_server (pip install 'moto[server]')";
                assert!(!all, "this test {what}: {reason}");
                writeln!(std::io::stderr(), "SKIPPED: this test {what}: {reason}").unwrap();
                None
            }
        }
    }

    async fn try_start() -> Result<Self, String> {
        let mut process = Command::new("moto_server")
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut said = String::new();
        while let Some(line) = lines.next_line().await.map_err(|error| error.to_string())? {
            if let Some((_, url)) = line.split_once("Running on ") {
                let url = url.trim().to_owned();
                tokio::spawn(read_to_end(lines));
                let s3 = client(&url);
                s3.create_bucket().bucket(BUCKET).send().await.unwrap();
                return Ok(Self { _process: process, url, s3 });
            }
            said.push_str(&line);
        }
        Err(format!("it does not start: {said:.300}"))
    }

    async fn head(&self, key: &str) -> aws_sdk_s3::operation::head_object::HeadObjectOutput {
        let head = self.s3.head_object().bucket(BUCKET).key(key);
        head.checksum_mode(ChecksumMode::Enabled).send().await.unwrap()
    }

    async fn tags(&self, key: &str) -> Vec<(String, String)> {
        let tags = self.s3.get_object_tagging().bucket(BUCKET).key(key).send().await.unwrap();
        tags.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect()
    }
}

fn client(url: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .force_path_style(true)
        .credentials_provider(Credentials::new("looker", "secret", None, None, "test"));
    Client::from_conf(config.build())
}

/// Reads what nobody wants to know: it would fill the pipe and stop its writer.
async fn read_to_end(mut lines: Lines<BufReader<ChildStderr>>) {
    while let Ok(Some(_)) = lines.next_line().await {}
}

fn to(rest: &str) -> Destination {
    Destination::parse(&format!("s3://{BUCKET}/logs?region=us-east-1{rest}")).unwrap()
}

fn object(key: &str, guarded: bool) -> PutObject<'_> {
    let body = Bytes::from_static(b"123456789");
    PutObject { key, body, content: Content::Gzip, guarded }
}

#[tokio::test]
async fn what_the_destination_asks_for_stands_on_the_object() {
    let Some(moto) = Moto::start().await else { return };
    let store = store_at(&moto.url, None).await;
    let to = to("&sse=aws:kms&sse-kms-key-id=key-1&storage-class=STANDARD_IA\
                 &tags=team:edge,env:prod");
    let stored = store.put(&to, object("logs/1.log.gz", false)).await.unwrap();
    let head = moto.head("logs/1.log.gz").await;
    assert_eq!(head.e_tag.unwrap(), stored.etag);
    assert_eq!(head.server_side_encryption.unwrap().as_str(), "aws:kms");
    assert_eq!(head.ssekms_key_id.unwrap(), "key-1");
    assert_eq!(head.storage_class.unwrap().as_str(), "STANDARD_IA");
    assert_eq!(head.content_type.unwrap(), "application/gzip");
    assert_eq!(head.content_encoding, None);
    assert_eq!(head.checksum_crc64_nvme, stored.checksum);
    let mut tags = moto.tags("logs/1.log.gz").await;
    tags.sort();
    let expected = [("env", "prod"), ("team", "edge")];
    assert_eq!(tags, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let acl = moto.s3.get_object_acl().bucket(BUCKET).key("logs/1.log.gz").send().await.unwrap();
    assert!(!acl.grants().is_empty());
}

#[tokio::test]
async fn an_object_in_parts_carries_the_same() {
    let Some(moto) = Moto::start().await else { return };
    let store = store_at(&moto.url, None).await;
    let to = to("&sse=AES256&storage-class=GLACIER_IR&tags=team:edge&checksum=crc32c");
    let key = "logs/2.log.gz";
    let upload = store.begin_upload(&to, key, Content::Gzip).await.unwrap();
    let mut parts = Vec::new();
    for (number, bytes) in [(1, 5 << 20), (2, 9)] {
        let body = Bytes::from(vec![b'x'; bytes]);
        parts.push(store.put_part(&to, &upload, number, body).await.unwrap());
    }
    assert!(parts.iter().all(|part| part.checksum.is_some()));
    let stored = store.complete_upload(&to, &upload, &parts, false).await.unwrap();
    let head = moto.head(key).await;
    assert_eq!(head.e_tag.unwrap(), stored.etag);
    assert_eq!(head.content_length, Some((5 << 20) + 9));
    assert_eq!(head.server_side_encryption.unwrap().as_str(), "AES256");
    assert_eq!(head.storage_class.unwrap().as_str(), "GLACIER_IR");
    assert_eq!(moto.tags(key).await, [("team".to_owned(), "edge".to_owned())]);
    let seen = store.head(&to, key).await.unwrap().unwrap();
    assert_eq!(seen.bytes, Some((5 << 20) + 9));
    assert_eq!(store.head(&to, "logs/none").await.unwrap(), None);
}

#[tokio::test]
async fn a_role_that_sts_gives_writes() {
    let Some(moto) = Moto::start().await else { return };
    let store = store_at(&moto.url, Some(&moto.url)).await;
    let to = to(ROLE);
    store.put(&to, object("logs/3.log.gz", false)).await.unwrap();
    assert_eq!(moto.head("logs/3.log.gz").await.content_length, Some(9));
    let steps = store.check(&to, "logs/check.txt").await;
    let failed = steps.iter().find(|step| step.outcome == CheckOutcome::Failed);
    assert_eq!(failed, None);
    let role = steps.iter().find(|step| step.name == "credentials").unwrap();
    assert!(role.detail.contains("role/logs"), "{role:?}");
}

#[tokio::test]
async fn a_guarded_write_never_overwrites() {
    let Some(moto) = Moto::start().await else { return };
    let store = store_at(&moto.url, None).await;
    let to = to("");
    store.put(&to, object("logs/4.log.gz", true)).await.unwrap();
    let again = store.put(&to, object("logs/4.log.gz", true)).await.unwrap_err();
    assert_eq!(again.kind, StoreErrorKind::AlreadyThere, "{again}");
    let missing = Destination { bucket: "no-such-bucket".to_owned(), ..to };
    let refused = store.put(&missing, object("logs/5.log.gz", false)).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::NoSuchBucket, "{refused}");
}
