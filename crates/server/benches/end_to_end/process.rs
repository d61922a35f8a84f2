//! The server under measurement: the real binary in a process of its own.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::bucket;

const TOKEN: &str = "bench-admin-token-bench-admin-token-0001";
const CONNECTIONS: usize = 4;
/// Most records in an object.
pub(crate) const BATCH_RECORDS: usize = 50_000;

/// What a process has used so far.
pub(crate) struct Cost {
    pub(crate) cpu_seconds: f64,
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
    pub(crate) async fn start(store: SocketAddr) -> Self {
        let data = tempfile::tempdir().unwrap();
        let port = free_port();
        let child = Command::new(env!("CARGO_BIN_EXE_logpush"))
            .args(["serve", "--data-dir", data.path().to_str().unwrap()])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .env("LOGPUSH_ADMIN_TOKEN", TOKEN)
            .env("AWS_ENDPOINT_URL", format!("http://{store}"))
            .env("AWS_ACCESS_KEY_ID", bucket::ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", bucket::SECRET_KEY)
            .env("AWS_REGION", "us-east-1")
            .env("LOGPUSH_LOG__LEVEL", "warn")
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

    /// Makes an enabled job for these fields, given as JSON.
    pub(crate) async fn create_job(&self, zone: &str, fields: &str) {
        let fields: Value = serde_json::from_str(fields).unwrap();
        let job = json!({
            "max_upload_interval_seconds": 30,
            "max_upload_records": BATCH_RECORDS,
            "output_options": {"field_names": fields, "timestamp_format": "rfc3339"},
        });
        self.create_job_of(zone, job).await;
    }

    /// Makes an enabled job of these settings, which leave out what and where to.
    pub(crate) async fn create_job_of(&self, zone: &str, mut job: Value) {
        job["dataset"] = "http_requests".into();
        job["destination_conf"] =
            format!("s3://{}/logs/{{DATE}}?region=us-east-1", bucket::NAME).into();
        job["enabled"] = true.into();
        self.call(&format!("/zones/{zone}/logpush/jobs"), &job).await;
    }

    /// Posts all bodies over a few connections.
    pub(crate) async fn post(&self, zone: &str, bodies: &[Vec<u8>]) {
        let url = format!("{}/ingest/v1/zones/{zone}/http_requests", self.base);
        let bodies: Arc<Vec<bytes::Bytes>> =
            Arc::new(bodies.iter().map(|body| bytes::Bytes::copy_from_slice(body)).collect());
        let next = Arc::new(AtomicUsize::new(0));
        let mut senders = tokio::task::JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (http, url) = (self.http.clone(), url.clone());
            let (bodies, next) = (Arc::clone(&bodies), Arc::clone(&next));
            senders.spawn(async move {
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let request = http.post(&url).bearer_auth(TOKEN).body(body.clone());
                    let request = request.header("content-type", "application/x-ndjson");
                    let answer = request.send().await.unwrap();
                    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
                }
            });
        }
        while let Some(sent) = senders.join_next().await {
            sent.unwrap();
        }
    }

    /// Sends a file with the command that people use.
    pub(crate) async fn send_file(&self, zone: &str, file: &NamedTempFile) {
        let status = tokio::process::Command::new(env!("CARGO_BIN_EXE_logpush"))
            .args(["send", "--zone", zone, "--dataset", "http_requests"])
            .arg(file.path())
            .env("LOGPUSH_URL", &self.base)
            .env("LOGPUSH_TOKEN", TOKEN)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .unwrap();
        assert!(status.success(), "logpush send: {status}");
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
        const TICKS_PER_SECOND: f64 = 100.0;
        let read = |file: &str| {
            std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap()
        };
        let stat = read("stat");
        let after_name = stat.rsplit(')').next().unwrap();
        let ticks: f64 = after_name
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<f64>().unwrap())
            .sum();
        let status = read("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
        Cost { cpu_seconds: ticks / TICKS_PER_SECOND, peak_bytes: peak << 10 }
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
