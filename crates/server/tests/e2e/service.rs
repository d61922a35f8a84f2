//! The service as a process: started, stopped by SIGTERM, or killed.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::s3::{ACCESS_KEY, SECRET_KEY};

/// The administrator's token of every service here.
pub(crate) const ADMIN_TOKEN: &str = "e2e-administrator-0123456789abcdef";

/// Far more than a start or a stop takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the system chooses the port.
pub(crate) const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// `logpush` with nothing in its environment.
pub(crate) fn logpush(args: &[&str]) -> Command {
    program_with(env!("CARGO_BIN_EXE_logpush"), args)
}

fn program_with(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Sends a process a signal, by the shell that every system has.
pub(crate) async fn signal(process: u32, name: &str) {
    let kill = format!("kill -{name} {process}");
    let sent = Command::new("sh").args(["-c", &kill]).status().await.unwrap();
    assert!(sent.success(), "cannot send SIG{name}");
}

/// Where a service keeps its data, and its settings. Services are started in it one after another.
pub(crate) struct Home {
    dir: tempfile::TempDir,
    environment: Vec<(String, String)>,
    launcher: Vec<String>,
    /// What may stand in errors of its services' logs.
    expected_errors: Vec<String>,
    starts: AtomicU32,
}

impl Home {
    /// A home whose service finds Amazon's S3 at `s3_url`.
    pub(crate) fn new(s3_url: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap().to_owned();
        let environment = [
            ("HOME", home.as_str()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL", s3_url),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("LOGPUSH_ADMIN_TOKEN", ADMIN_TOKEN),
            ("LOGPUSH_DELIVERY__RETRY_FIRST", "100ms"),
            ("LOGPUSH_DELIVERY__RETRY_MAX", "500ms"),
        ];
        let environment =
            environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self {
            dir,
            environment,
            launcher: Vec::new(),
            expected_errors: Vec::new(),
            starts: AtomicU32::new(0),
        }
    }

    /// The same with a setting, given by its environment variable; an empty one counts as absent.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same whose service is started by another program, that becomes the service's.
    pub(crate) fn launched_by(mut self, launcher: &[&str]) -> Self {
        self.launcher = launcher.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// The same whose services may log errors that have one of these texts.
    pub(crate) fn expecting_errors(mut self, texts: &[&str]) -> Self {
        self.expected_errors = texts.iter().map(|&text| text.to_owned()).collect();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// `logpush serve` at that address.
    pub(crate) fn serve(&self, address: SocketAddr) -> Command {
        let (data_dir, address) = (self.data_dir(), address.to_string());
        let data_dir = data_dir.to_str().unwrap();
        let args = ["serve", "--data-dir", data_dir, "--listen", &address];
        let launcher: Vec<&str> = self.launcher.iter().map(String::as_str).collect();
        let mut command = match launcher.split_first() {
            None => logpush(&args),
            Some((program, own)) => {
                program_with(program, &[own, &[env!("CARGO_BIN_EXE_logpush")], &args].concat())
            }
        };
        command.envs(self.environment.iter().cloned()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Starts a service and waits until it answers.
    pub(crate) async fn start(&self) -> Service {
        self.start_at(FREE_PORT).await
    }

    /// The same, at that address.
    pub(crate) async fn start_at(&self, address: SocketAddr) -> Service {
        let number = self.starts.fetch_add(1, Ordering::Relaxed);
        let log = self.dir.path().join(format!("service-{number}.log"));
        let file = File::create(&log).unwrap();
        let child = self.serve(address).stderr(file).spawn().unwrap();
        let expected_errors = self.expected_errors.clone();
        let mut service = Service { child, address, log, expected_errors };
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(address) = service.reported_address() {
                service.address = address;
                return service;
            }
            let ended = service.child.try_wait().unwrap();
            assert!(ended.is_none(), "the service ended: {ended:?}");
            sleep(Duration::from_millis(10)).await;
        }
        panic!("the service does not say where it listens");
    }
}

/// A service that runs.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
    log: PathBuf,
    expected_errors: Vec<String>,
}

impl Service {
    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("the service runs")
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it as a crash does.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
        self.assert_log_is_clean();
    }

    /// Asks it to stop, and waits until it has. Its log must be free of errors.
    pub(crate) async fn terminate(mut self) -> ExitStatus {
        signal(self.child.id().expect("the service runs"), "TERM").await;
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.expect("the service stops").unwrap();
        self.assert_log_is_clean();
        status
    }

    /// What it logged, one event each.
    pub(crate) fn events(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(&self.log).unwrap();
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn reported_address(&self) -> Option<SocketAddr> {
        let serving = |event: &Value| event["message"] == "serving";
        self.events().iter().find(|event| serving(event))?["address"].as_str()?.parse().ok()
    }

    /// Checks that nothing was logged that a person would have to look at.
    #[track_caller]
    fn assert_log_is_clean(&self) {
        let log = std::fs::read_to_string(&self.log).unwrap();
        let is_bad = |line: &&str| line.contains("\"ERROR\"") || line.contains("panic");
        let is_expected = |line: &&str| self.expected_errors.iter().any(|text| line.contains(text));
        let bad = log.lines().filter(is_bad).filter(|line| !is_expected(line)).take(5);
        let bad: Vec<&str> = bad.collect();
        assert!(bad.is_empty(), "the service logged errors:\n{}", bad.join("\n"));
    }
}

impl Drop for Service {
    /// Tells what the service said last, where its test fails.
    #[expect(clippy::print_stderr, reason = "shown with the failure that it explains")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        eprintln!("the end of the service's log:");
        for line in &lines[lines.len().saturating_sub(20)..] {
            eprintln!("  {line:.400}");
        }
    }
}
