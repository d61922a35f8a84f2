//! The server under measurement: the real binary in a process of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{argument, sink};

const TOKEN: &str = "bench-admin-token-bench-admin-token-0001";
const CONNECTIONS: usize = 4;
/// Most records in an object.
pub(crate) const BATCH_RECORDS: u64 = 50_000;
/// How long the server may take to begin.
const START_PATIENCE: Duration = Duration::from_secs(120);

/// What a process has used so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) user_seconds: f64,
    pub(crate) system_seconds: f64,
    pub(crate) peak_bytes: u64,
}

impl Cost {
    /// CPU-seconds, user and system.
    pub(crate) fn seconds(&self) -> f64 {
        self.user_seconds + self.system_seconds
    }
}

/// How a server is started.
#[derive(Debug)]
pub(crate) struct Setup {
    store: SocketAddr,
    level: Option<u8>,
    data: Option<PathBuf>,
    settings: Vec<(&'static str, String)>,
}

impl Setup {
    /// One that delivers to `store`, with this level of compression; it follows the load where
    /// there is none.
    pub(crate) fn new(store: SocketAddr, level: Option<u8>) -> Self {
        Self { store, level, data: None, settings: Vec::new() }
    }

    /// On a data directory that is there already.
    pub(crate) fn on(mut self, data: &Path) -> Self {
        self.data = Some(data.to_owned());
        self
    }

    /// With this environment variable.
    pub(crate) fn with(mut self, variable: &'static str, value: String) -> Self {
        self.settings.push((variable, value));
        self
    }
}

/// A running server; it ends with this value.
pub(crate) struct Server {
    child: Child,
    base: String,
    http: reqwest::Client,
    /// The data directory, where it is the server's own.
    _data: Option<tempfile::TempDir>,
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
        let server = Self::spawn(&Setup::new(store, level));
        server.until_ready().await;
        server
    }

    /// Starts its process.
    pub(crate) fn spawn(setup: &Setup) -> Self {
        let own = setup.data.is_none().then(|| tempfile::tempdir().unwrap());
        let data = own.as_ref().map(tempfile::TempDir::path).or(setup.data.as_deref()).unwrap();
        let port = free_port();
        let level = setup.level.map_or("auto".to_owned(), |level| level.to_string());
        let child = Command::new(binary())
            .args(["serve", "--data-dir", data.to_str().unwrap()])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .env("LOGPUSH_ADMIN_TOKEN", TOKEN)
            .env("AWS_ENDPOINT_URL", format!("http://{}", setup.store))
            .env("AWS_ACCESS_KEY_ID", sink::ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", sink::SECRET_KEY)
            .env("AWS_REGION", "us-east-1")
            .env("LOGPUSH_LOG__LEVEL", "warn")
            .env("LOGPUSH_DELIVERY__GZIP_LEVEL", level)
            .env("LOGPUSH_API__REQUESTS_PER_SECOND", "100000")
            .env("LOGPUSH_API__JOBS_PER_SCOPE_MAX", "1000")
            .envs(setup.settings.iter().map(|(variable, value)| (variable, value)))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { child, base: format!("http://127.0.0.1:{port}"), http, _data: own }
    }

    /// Waits until it can take records in and deliver them.
    pub(crate) async fn until_ready(&self) {
        let deadline = Instant::now() + START_PATIENCE;
        while Instant::now() < deadline {
            let answer = self.http.get(format!("{}/readyz", self.base)).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the server is not ready after {START_PATIENCE:?}");
    }

    /// How many jobs the API lists for a zone.
    pub(crate) async fn jobs(&self, zone: &str) -> usize {
        let path = format!("/zones/{zone}/logpush/jobs");
        self.ask(Method::GET, &path, None).await.as_array().unwrap().len()
    }

    async fn call(&self, path: &str, body: &Value) -> Value {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let request = self.http.request(method, format!("{}/client/v4{path}", self.base));
        let request = request.bearer_auth(TOKEN);
        let request = if let Some(body) = body { request.json(body) } else { request };
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["success"], true, "{path}: {answer}");
        answer["result"].clone()
    }

    /// Makes an account with a zone of this name, and gives the zone's id.
    pub(crate) async fn create_zone(&self, name: &str) -> String {
        let account = self.call("/accounts", &json!({"name": "bench"})).await;
        let zone = json!({"name": name, "account": {"id": account["id"]}});
        self.call("/zones", &zone).await["id"].as_str().unwrap().to_owned()
    }

    /// Makes an enabled job for these fields, with this filter and objects of at most
    /// `batch_records`.
    pub(crate) async fn create_job(
        &self,
        zone: &str,
        fields: &Value,
        filter: Option<Value>,
        batch_records: u64,
    ) {
        let mut job = json!({
            "max_upload_interval_seconds": 30,
            "max_upload_records": batch_records,
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
        bodies: Vec<(usize, Bytes)>,
        are_gzipped: bool,
    ) {
        let doors = zones.iter().map(|zone| self.door(zone)).collect();
        post_all(doors, bodies, are_gzipped).await.unwrap();
    }

    /// Where the records of a zone go in.
    pub(crate) fn door(&self, zone: &str) -> Door {
        Door {
            http: self.http.clone(),
            url: format!("{}/ingest/v1/zones/{zone}/http_requests", self.base),
            content_type: "application/x-ndjson",
        }
    }

    /// Records in delivered objects, by the server's metrics.
    pub(crate) async fn delivered(&self) -> u64 {
        self.metric("logpush_delivered_records_total").await
    }

    /// The sum of a metric of the server over all labels.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let answer = self.http.get(format!("{}/metrics", self.base)).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// What the server has used so far.
    pub(crate) fn cost(&self) -> Cost {
        cost(self.child.id())
    }

    /// Bytes that the process has read so far, from files and sockets, as proc(5) tells them in
    /// `io`.
    pub(crate) fn read_bytes(&self) -> u64 {
        let io = std::fs::read_to_string(format!("/proc/{}/io", self.child.id())).unwrap();
        let line = io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap();
        line.parse().unwrap()
    }
}

/// Where records go in over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) content_type: &'static str,
}

impl Door {
    /// Posts a body, and returns when it is acknowledged.
    ///
    /// # Errors
    /// Says how it was refused.
    pub(crate) async fn post(&self, body: Bytes, coding: &str) -> Result<(), String> {
        let request = self.http.post(&self.url).bearer_auth(TOKEN).body(body);
        let request = request.header("content-type", self.content_type);
        let answer = request.header("content-encoding", coding).send().await;
        let answer = answer.map_err(|error| format!("{}: {error}", self.url))?;
        let status = answer.status();
        // The connection can be used again once the answer is read.
        let text = answer.text().await.map_err(|error| format!("{}: {error}", self.url))?;
        if status.is_success() { Ok(()) } else { Err(format!("{}: {status} {text}", self.url)) }
    }
}

/// Posts all bodies, each at its door, over a few connections.
///
/// # Errors
/// Says how one was refused; the others may have been posted.
pub(crate) async fn post_all(
    doors: Vec<Door>,
    bodies: Vec<(usize, Bytes)>,
    are_gzipped: bool,
) -> Result<(), String> {
    let coding = if are_gzipped { "gzip" } else { "identity" };
    let (doors, bodies) = (Arc::new(doors), Arc::new(bodies));
    let next = Arc::new(AtomicUsize::new(0));
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (doors, bodies, next) = (Arc::clone(&doors), Arc::clone(&bodies), Arc::clone(&next));
        senders.spawn(async move {
            while let Some((door, body)) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                doors[*door].post(body.clone(), coding).await?;
            }
            Ok(())
        });
    }
    senders.join_all().await.into_iter().collect()
}

/// The build of `logpush` that is measured.
fn binary() -> String {
    argument("--binary").unwrap_or_else(|| env!("CARGO_BIN_EXE_logpush").to_owned())
}

/// What a process has used so far, as Linux accounts for it.
pub(crate) fn cost(process: u32) -> Cost {
    let process = process.to_string();
    let [user_seconds, system_seconds, ..] = times(&process);
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
    Cost { user_seconds, system_seconds, peak_bytes: peak << 10 }
}

/// CPU-seconds of this process so far: of the generator and of the store.
pub(crate) fn own_seconds() -> f64 {
    let [user, system, ..] = times("self");
    user + system
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

pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
