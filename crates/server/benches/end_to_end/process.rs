//! The server under measurement: the real binary in a process of its own.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::{argument, sink};

const TOKEN: &str = "bench-admin-token-bench-admin-token-0001";
const CONNECTIONS: usize = 4;
/// Most records in an object.
pub(crate) const BATCH_RECORDS: u64 = 50_000;

/// What a process has used so far.
pub(crate) struct Cost {
    pub(crate) user_seconds: f64,
    pub(crate) system_seconds: f64,
    pub(crate) peak_bytes: u64,
}

/// A running server; it ends with this value.
pub(crate) struct Server {
    child: Child,
    base: String,
    http: reqwest::Client,
    _data: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts it with this level of compression; it follows the load where there is none.
    pub(crate) async fn start(store: SocketAddr, level: Option<u8>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let port = free_port();
        let binary = argument("--binary");
        let level = level.map_or("auto".to_owned(), |level| level.to_string());
        let child = Command::new(binary.as_deref().unwrap_or(env!("CARGO_BIN_EXE_logpush")))
            .args(["serve", "--data-dir", data.path().to_str().unwrap()])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .env("LOGPUSH_ADMIN_TOKEN", TOKEN)
            .env("AWS_ENDPOINT_URL", format!("http://{store}"))
            .env("AWS_ACCESS_KEY_ID", sink::ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", sink::SECRET_KEY)
            .env("AWS_REGION", "us-east-1")
            .env("LOGPUSH_LOG__LEVEL", "warn")
            .env("LOGPUSH_DELIVERY__GZIP_LEVEL", level)
            .env("LOGPUSH_API__REQUESTS_PER_SECOND", "100000")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let base = format!("http://127.0.0.1:{port}");
        let server = Self { child, base, http: reqwest::Client::new(), _data: data };
        for _ in 0..500 {
            if server.http.get(format!("{}/readyz", server.base)).send().await.is_ok() {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server does not answer");
    }

    async fn call(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}/client/v4{path}", self.base));
        let answer = request.bearer_auth(TOKEN).json(body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["success"], true, "{path}: {answer}");
        answer["result"].clone()
    }

    /// Makes an account with a zone of this name, and gives the zone's id.
    pub(crate) async fn create_zone(&self, name: &str) -> String {
        let account = self.call("/accounts", &json!({"name": "bench"})).await;
        let zone = json!({"name": name, "account": {"id": account["id"]}});
        self.call("/zones", &zone).await["id"].as_str().unwrap().to_owned()
    }

    /// Makes an enabled job for these fields and with this filter.
    pub(crate) async fn create_job(&self, zone: &str, fields: &Value, filter: Option<Value>) {
        let mut job = json!({
            "max_upload_interval_seconds": 30,
            "max_upload_records": BATCH_RECORDS,
            "output_options": {"field_names": fields, "timestamp_format": "rfc3339"},
        });
        if let Some(filter) = filter {
            job["filter"] = filter.to_string().into();
        }
        self.create_job_of(zone, job).await;
    }

    /// Makes an enabled job of these settings, which leave out what and where to.
    pub(crate) async fn create_job_of(&self, zone: &str, mut job: Value) {
        job["dataset"] = "http_requests".into();
        job["destination_conf"] =
            format!("s3://{}/logs/{{DATE}}?region=us-east-1", sink::NAME).into();
        job["enabled"] = true.into();
        self.call(&format!("/zones/{zone}/logpush/jobs"), &job).await;
    }

    /// Posts all bodies, each to one of the zones, over a few connections.
    pub(crate) async fn post(
        &self,
        zones: &[String],
        bodies: Vec<(usize, Vec<u8>)>,
        are_gzipped: bool,
    ) {
        let coding = if are_gzipped { "gzip" } else { "identity" };
        let url = |zone| format!("{}/ingest/v1/zones/{}/http_requests", self.base, zones[zone]);
        let bodies = bodies.into_iter().map(|(zone, body)| (url(zone), bytes::Bytes::from(body)));
        let bodies: Arc<Vec<(String, bytes::Bytes)>> = Arc::new(bodies.collect());
        let next = Arc::new(AtomicUsize::new(0));
        let mut senders = tokio::task::JoinSet::new();
        for _ in 0..CONNECTIONS {
            let http = self.http.clone();
            let (bodies, next) = (Arc::clone(&bodies), Arc::clone(&next));
            senders.spawn(async move {
                while let Some((url, body)) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let request = http.post(url).bearer_auth(TOKEN).body(body.clone());
                    let request = request.header("content-type", "application/x-ndjson");
                    let answer = request.header("content-encoding", coding).send().await.unwrap();
                    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
                }
            });
        }
        while let Some(sent) = senders.join_next().await {
            sent.unwrap();
        }
    }

    /// Records in delivered objects, by the server's metrics.
    pub(crate) async fn delivered(&self) -> u64 {
        let answer = self.http.get(format!("{}/metrics", self.base)).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let lines = text.lines().filter(|line| line.starts_with("logpush_delivered_records_total"));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// What the server has used so far, as Linux accounts for it.
    pub(crate) fn cost(&self) -> Cost {
        let process = self.child.id().to_string();
        let [user_seconds, system_seconds, ..] = times(&process);
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
        Cost { user_seconds, system_seconds, peak_bytes: peak << 10 }
    }
}

/// CPU-seconds of all children of this process that have ended.
pub(crate) fn children_seconds() -> f64 {
    let [_, _, user, system] = times("self");
    user + system
}

/// CPU-seconds of a process, user and system, and of its children that have ended, as proc(5)
/// tells them in `stat`.
fn times(process: &str) -> [f64; 4] {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let mut ticks = after_name.split_whitespace().skip(11);
    [(); 4].map(|()| ticks.next().unwrap().parse::<f64>().unwrap() / TICKS_PER_SECOND)
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
