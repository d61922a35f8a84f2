//! moto, another implementation of S3, where it is installed.

use std::io::Write;
use std::process::Stdio;

use reqwest::{Client, Method, RequestBuilder};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::objects::Object;

/// moto looks at who asks, and takes everybody's word for it.
const SOMEBODY: &str = "AWS4-HMAC-SHA256 Credential=e2e/20260101/us-east-1/s3/aws4_request, \
                        SignedHeaders=host, Signature=0";

/// A moto server.
pub(crate) struct Moto {
    _process: Child,
    http: Client,
    url: String,
}

impl Moto {
    /// Starts a server. Where moto is not installed, says so loudly and gives `None`; fails where
    /// nothing may be skipped.
    pub(crate) async fn start() -> Option<Self> {
        match Self::try_start().await {
            Ok(moto) => Some(moto),
            Err(reason) => {
                let all = std::env::var_os("LOGPUSH_TEST_REQUIRE").is_some_and(|v| v == "all");
                let what = "needs moto_server (pip install 'moto[server]')";
                assert!(!all, "this test {what}: {reason}");
                say(&format!("SKIPPED: this test {what}: {reason}"));
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
                return Ok(Self { _process: process, http: Client::new(), url });
            }
            said.push_str(&line);
        }
        Err(format!("it does not start: {said:.300}"))
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/{path}", self.url)).header("authorization", SOMEBODY)
    }

    /// What stands at a path such as `bucket/key`.
    pub(crate) async fn text(&self, path: &str) -> String {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        answer.error_for_status().unwrap().text().await.unwrap()
    }

    pub(crate) async fn create_bucket(&self, name: &str) {
        let made = self.request(Method::PUT, name).send().await.unwrap();
        made.error_for_status().unwrap();
    }

    /// A bucket's objects with records, in the order of their keys.
    pub(crate) async fn objects(&self, bucket: &str) -> Vec<Object> {
        let list = self.text(&format!("{bucket}?list-type=2")).await;
        assert!(list.contains("<IsTruncated>false<"), "too many objects for one page");
        let keys = list.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        let mut objects = Vec::new();
        for key in keys.filter(|key| key.ends_with(".log.gz")) {
            let answer = self.request(Method::GET, &format!("{bucket}/{key}")).send().await;
            let bytes = answer.unwrap().error_for_status().unwrap().bytes().await.unwrap();
            objects.push(Object { key: key.to_owned(), bytes: bytes.to_vec() });
        }
        objects
    }

    /// An object's access control list, as XML.
    pub(crate) async fn acl(&self, bucket: &str, key: &str) -> String {
        self.text(&format!("{bucket}/{key}?acl")).await
    }

    /// A header that comes with an object.
    pub(crate) async fn header(&self, bucket: &str, key: &str, name: &str) -> Option<String> {
        let answer = self.request(Method::HEAD, &format!("{bucket}/{key}")).send().await.unwrap();
        Some(answer.headers().get(name)?.to_str().unwrap().to_owned())
    }
}

/// Writes a line to stderr. The macros' output would be shown of failing tests only.
#[expect(clippy::explicit_write, reason = "the macro's output is captured")]
pub(crate) fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").unwrap();
}

/// Reads what nobody wants to know: it would fill the pipe and stop its writer.
async fn read_to_end(mut lines: Lines<BufReader<ChildStderr>>) {
    while let Ok(Some(_)) = lines.next_line().await {}
}
