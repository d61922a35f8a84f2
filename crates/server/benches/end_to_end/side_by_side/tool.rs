//! Another shipper: finding it, starting it with one of its configurations, and what it took.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::load::Load;
use crate::process::{self, Door};
use crate::sink::{self, Keeping, Sink};
use crate::workload::{Figures, PATIENCE};

/// How long a tool may take to listen.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// What the benchmark knows of a tool.
#[derive(Debug)]
pub(super) struct Known {
    name: &'static str,
    /// What the names of its configurations end with.
    extension: &'static str,
    /// The argument before the configuration.
    config_argument: &'static str,
    /// The type that its door takes NDJSON as.
    content_type: &'static str,
}

pub(super) const TOOLS: [Known; 2] = [
    Known {
        name: "vector",
        extension: "yaml",
        config_argument: "--config",
        content_type: "application/x-ndjson",
    },
    Known {
        name: "fluent-bit",
        extension: "conf",
        config_argument: "--config",
        content_type: "application/json",
    },
];

/// A tool that is installed.
#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// What it says of its version.
    pub(super) version: String,
    known: &'static Known,
}

impl Tool {
    /// The tool, where it is on `PATH`.
    pub(super) fn find(known: &'static Known) -> Option<Self> {
        let Ok(output) = Command::new(known.name).arg("--version").output() else {
            println!("SKIPPED: {} is not on PATH; no figures for it in this run", known.name);
            return None;
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.lines().next().unwrap_or_default().to_owned();
        println!("{}: {version}", known.name);
        Some(Self { name: known.name, version, known })
    }

    /// Has it ship the input, until `expected` records are in the bucket.
    ///
    /// # Errors
    /// Says why there is no figure.
    pub(super) async fn run(
        &self,
        config: &str,
        load: &Load,
        expected: u64,
    ) -> Result<Figures, String> {
        let sink = Sink::serve(Keeping::Counts).await;
        let data = tempfile::tempdir().unwrap();
        let port = process::free_port();
        let config = self.write_config(config, data.path(), port, &sink);
        let child = self.spawn(&config)?;
        child.until_it_listens(port).await?;
        let before = process::cost(child.0.id());
        let started = Instant::now();
        let door = Door {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            url: format!("http://127.0.0.1:{port}/"),
            content_type: self.known.content_type,
        };
        process::post_all(vec![door], load.for_one_zone(), false).await?;
        let (lines, compressed) = loop {
            let (lines, bytes) = sink.read_back();
            if lines >= expected || started.elapsed() > PATIENCE {
                break (lines, bytes);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let seconds = started.elapsed().as_secs_f64();
        let after = process::cost(child.0.id());
        if lines != expected {
            return Err(format!(
                "{lines} of {expected} records in the bucket after {seconds:.0} s"
            ));
        }
        Ok(Figures {
            records_per_second: load.records as f64 / seconds,
            user_seconds: after.user_seconds - before.user_seconds,
            system_seconds: after.system_seconds - before.system_seconds,
            peak_bytes: after.peak_bytes,
            compressed,
        })
    }

    /// Writes its configuration with this run's values into the data directory.
    fn write_config(&self, config: &str, data: &Path, port: u16, sink: &Sink) -> PathBuf {
        let name = format!("{}-{config}.{}", self.name, self.known.extension);
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/end_to_end/configs");
        let text = std::fs::read_to_string(kept.join(&name)).unwrap();
        let text = text
            .replace("${DATA_DIR}", data.to_str().unwrap())
            .replace("${PORT}", &port.to_string())
            .replace("${STORE}", &format!("http://{}", sink.address));
        let file = data.join(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    fn spawn(&self, config: &Path) -> Result<Running, String> {
        let child = Command::new(self.name)
            .args([self.known.config_argument, config.to_str().unwrap()])
            .env("AWS_ACCESS_KEY_ID", sink::ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", sink::SECRET_KEY)
            .env("AWS_REGION", "us-east-1")
            .stdout(Stdio::null())
            .spawn();
        child.map(Running).map_err(|error| format!("it cannot be started: {error}"))
    }
}

/// Its process, which ends with this value.
struct Running(Child);

impl Running {
    async fn until_it_listens(&self, port: u16) -> Result<(), String> {
        let deadline = Instant::now() + START_PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > deadline {
                return Err(format!("it does not listen after {START_PATIENCE:?}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone afterwards.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
