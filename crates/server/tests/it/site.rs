//! A service of its own for each test, and the calls that tests make.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use journal::{Frame, FrameKind, Journal, LocalJournal, LocalSettings, SystemClock};
use model::{Offset, Partition};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use server::{Config, Service};
use tempfile::TempDir;

use crate::bucket::Bucket;

/// The zone that every site has.
pub(crate) const ZONE_NAME: &str = "burritobot.example";

/// A service with one account and one zone.
pub(crate) struct Site {
    pub(crate) dir: TempDir,
    pub(crate) service: Service,
    pub(crate) account: String,
    pub(crate) zone: String,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The result of an answer that has to be a success.
    #[track_caller]
    pub(crate) fn result(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        let body = self.json();
        assert_eq!(body["success"], true);
        assert_eq!((&body["errors"], &body["messages"]), (&json!([]), &json!([])));
        body["result"].clone()
    }

    /// The messages of an answer that has to be this failure.
    #[track_caller]
    pub(crate) fn failure(&self, status: u16, code: u32) -> String {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        assert_eq!((&body["success"], &body["result"]), (&json!(false), &Value::Null));
        let errors = body["errors"].as_array().expect("errors are an array");
        let messages = errors.iter().map(|error| {
            assert_eq!(error["code"], code, "{self:?}");
            error["message"].as_str().expect("a message is a text")
        });
        messages.collect::<Vec<_>>().join("\n")
    }

    /// The pointers of a failure's errors.
    pub(crate) fn pointers(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"].as_array().expect("errors are an array");
        let pointer = |error: &Value| error["source"]["pointer"].as_str().map(str::to_owned);
        errors.iter().filter_map(pointer).collect()
    }
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_with(None, |_| {}).await
    }

    pub(crate) async fn start_with(
        bucket: Option<&Bucket>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let mut config = config(dir.path());
        change(&mut config);
        let s3 = bucket.map(Bucket::s3_settings);
        let service = Service::start(config, s3).await.expect("the service starts");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let empty = String::new();
        let mut site = Self { dir, service, account: empty.clone(), zone: empty, http };
        site.account = site.add_account("Burritos").await;
        site.zone = site.add_zone(&site.account, ZONE_NAME).await;
        site
    }

    pub(crate) async fn add_account(&self, name: &str) -> String {
        let account = self.post("/accounts", &json!({"name": name})).await.result();
        account["id"].as_str().expect("an account has an id").to_owned()
    }

    pub(crate) async fn add_zone(&self, account: &str, name: &str) -> String {
        let body = json!({"name": name, "account": {"id": account}});
        let zone = self.post("/zones", &body).await.result();
        zone["id"].as_str().expect("a zone has an id").to_owned()
    }

    /// The text of a new token with these members.
    pub(crate) async fn add_token(&self, body: &Value) -> String {
        let token = self.post("/user/tokens", body).await.result();
        token["value"].as_str().expect("a new token shows its text").to_owned()
    }

    /// `zones/{id}`.
    pub(crate) fn scope(&self) -> String {
        format!("zones/{}", self.zone)
    }

    /// A request without a token to any path.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.service.address()))
    }

    /// A call of the API as this token's bearer.
    pub(crate) async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let request = self.request(method, &format!("/client/v4{path}")).bearer_auth(token);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        send(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(self.service.admin_token(), Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(self.service.admin_token(), Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(self.service.admin_token(), Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(self.service.admin_token(), Method::DELETE, path, None).await
    }

    /// A request to the door of the site's zone, as the administrator.
    pub(crate) fn door(&self, dataset_and_query: &str) -> RequestBuilder {
        let path = format!("/ingest/v1/zones/{}/{dataset_and_query}", self.zone);
        self.request(Method::POST, &path).bearer_auth(self.service.admin_token())
    }

    /// Sends NDJSON to the zone's `http_requests`.
    pub(crate) async fn ingest(&self, body: impl Into<reqwest::Body>) -> Answer {
        send(self.door("http_requests").body(body)).await
    }

    /// The lines that the quarantine of the zone holds.
    pub(crate) async fn quarantine(&self, query: &str) -> Vec<Value> {
        let path = format!("/{}/logpush/quarantine{query}", self.scope());
        let answer = self.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text.lines().map(|line| serde_json::from_str(line).expect("NDJSON")).collect()
    }

    /// Stops the service and reads what its journal holds.
    pub(crate) async fn stop_and_read(self) -> Vec<Frame> {
        self.service.stop().await;
        let settings = LocalSettings { free_bytes_min: 0, ..LocalSettings::default() };
        let path = self.dir.path().join("journal");
        let journal =
            LocalJournal::open(&path, settings, Arc::new(SystemClock)).expect("a journal");
        let mut frames = Vec::new();
        for partition in (0..journal.partitions()).map(Partition) {
            let mut from = Offset(0);
            loop {
                let read = journal.read(partition, from, 1 << 20).await.expect("frames");
                if read.is_empty() {
                    break;
                }
                from = from.plus(read.len() as u64);
                frames.extend(read);
            }
        }
        journal.close().await;
        frames
    }

    /// Stops the service and gives the records that its journal holds, one text a record.
    pub(crate) async fn stop_and_read_records(self) -> Vec<String> {
        lines(&self.stop_and_read().await, FrameKind::Records)
    }
}

/// The lines of the frames of that kind.
pub(crate) fn lines(frames: &[Frame], kind: FrameKind) -> Vec<String> {
    let frames = frames.iter().filter(|frame| frame.kind == kind);
    let text = |frame: &Frame| String::from_utf8(frame.payload.to_vec()).expect("UTF-8");
    frames.flat_map(|frame| text(frame).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Settings for a service in `dir` on a port that the system chooses.
pub(crate) fn config(dir: &std::path::Path) -> Config {
    let mut config = Config {
        data_dir: dir.to_owned(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        ..Config::default()
    };
    config.journal.free_bytes_min = 0;
    config
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the service answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.expect("a text") }
}
