//! The settings of the service: from a TOML file and the environment to values that are checked.
//!
//! - Two stages: what was written (`raw`), then [`Config`], whose values are within their bounds.
//! - Every key can be given by the environment as well ([`Key::variable`]), which wins over the file.
//! - A key that does not exist is an error that names the nearest one, with its place.
//! - The process environment is read in one function ([`process_environment`]) and nowhere else.

mod changes;
mod door;
mod environment;
mod error;
mod keys;
mod network;
mod quantity;
mod raw;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use catalog::Older;
use catalog::vault::Vault;
use delivery::{Level, RetrySettings};
use journal::{LocalSettings, Retention};
use model::destination::Principal;

pub use changes::{Change, changes};
pub use environment::{Environment, process_environment};
pub use error::ConfigError;
pub use keys::{KEYS, Key};
pub use network::Network;
pub use source::{Loaded, Source};

/// Everything that an operator can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where all data stands.
    pub data_dir: PathBuf,
    /// Where the service listens; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// The administrator's token; `None` has one made at the first start.
    pub admin_token: Option<AdminToken>,
    /// What destinations are encrypted under; `None` keeps a key in the data directory.
    pub secret_key: Option<SecretKey>,
    /// A folder of TOML files that define datasets.
    pub datasets_dir: Option<PathBuf>,
    /// What is logged, and how.
    pub log: LogSettings,
    /// The bounds of connections.
    pub http: HttpSettings,
    /// The bounds of the ingest door.
    pub ingest: IngestSettings,
    /// The journal's layout and bounds.
    pub journal: LocalSettings,
    /// How long the journal holds what is not delivered.
    pub retention: Retention,
    /// How often it is looked for what has expired, or soon will.
    pub retention_check: Duration,
    /// What can be tuned about delivery.
    pub delivery: DeliverySettings,
    /// The bounds of the API.
    pub api: ApiSettings,
    /// How long a stop may take.
    pub shutdown_timeout: Duration,
    /// What to do with a catalogue that is older than what the data directory remembers: by an
    /// argument of the command line alone, for one start.
    pub older_catalog: Older,
}

/// The text of the administrator's token. It is shown by no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken(String);

/// The text of the keys that destinations are encrypted under. It is shown by no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// The form of a line.
    pub format: LogFormat,
    /// A level, or directives such as `info,delivery=debug`.
    pub level: String,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `Human` where stderr is a terminal, `Json` otherwise.
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// The bounds of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpSettings {
    /// Most connections at a time.
    pub connections_max: usize,
    /// Most of them from one address.
    pub connections_per_address_max: usize,
    /// How long a connection may take to send the headers of its next request.
    pub idle_timeout: Duration,
}

/// The bounds of the ingest door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngestSettings {
    /// Most bytes of a request's body as it is received.
    pub body_bytes_max: u64,
    /// Most bytes of a request's body once it is decompressed.
    pub decoded_bytes_max: u64,
    /// Most bytes of quarantine that one request may give.
    pub quarantine_bytes_max: u64,
    /// Most bytes of memory for requests at a time.
    pub in_flight_bytes_max: u64,
    /// Most of them for one account, unless one request alone needs more.
    pub tenant_in_flight_bytes_max: u64,
    /// Most bytes of an account in a second, on and on.
    pub tenant_bytes_per_second: Option<u64>,
    /// Most records of an account in a second, on and on.
    pub tenant_records_per_second: Option<u64>,
    /// For how long an account that sent nothing may save up what it may send.
    pub tenant_burst: Duration,
    /// How long a client may send nothing in the middle of a body.
    pub silence_timeout: Duration,
}

/// What can be tuned about delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverySettings {
    /// Hosts and networks that tenants may name although they are private.
    pub allow_private_endpoints: Vec<String>,
    /// How objects are compressed.
    pub gzip_level: Level,
    /// Largest object that is put in one request.
    pub part_bytes: u64,
    /// Most uploads at a time.
    pub uploads_max: usize,
    /// Most of them to one bucket.
    pub uploads_per_destination_max: usize,
    /// Memory for the bytes of uploads under way.
    pub upload_memory_bytes: u64,
    /// Most bytes that are sent to one bucket in a second.
    pub destination_bytes_per_second: Option<u64>,
    /// Memory for batches that are open or wait.
    pub spool_memory_bytes: u64,
    /// Disk for those that the memory does not hold.
    pub spool_disk_bytes: u64,
    /// When failed uploads are tried again.
    pub retry: RetrySettings,
    /// The service's own AWS identity, as the policies of buckets name it.
    pub principal_arn: Option<Principal>,
}

/// The bounds of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSettings {
    /// Most jobs of one account or zone.
    pub jobs_per_scope_max: usize,
    /// Requests that a token may make in a second, on and on.
    pub requests_per_second: u32,
    /// Requests that a token may make at once, after it has rested.
    pub requests_burst: u32,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether `/metrics` needs no token.
    pub metrics_public: bool,
}

impl Config {
    /// The settings in `file`, if one is given, with those of `environment` over them.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let table = match file {
            Some(path) => raw::read_file(path)?,
            None => toml::Table::new(),
        };
        raw::resolve(table, environment)?.validate()
    }

    /// What of it can be changed while it runs.
    pub(crate) fn tuning(&self) -> delivery::Tuning {
        delivery::Tuning { gzip_level: self.delivery.gzip_level, retention: self.retention }
    }

    /// What delivery is started with.
    pub(crate) fn delivery_settings(&self) -> delivery::Settings {
        delivery::Settings {
            gzip_level: self.delivery.gzip_level,
            part_bytes: self.delivery.part_bytes,
            uploads_max: self.delivery.uploads_max,
            uploads_per_destination_max: self.delivery.uploads_per_destination_max,
            upload_memory_bytes: self.delivery.upload_memory_bytes,
            destination_bytes_per_second: self.delivery.destination_bytes_per_second,
            spool_memory_bytes: self.delivery.spool_memory_bytes,
            spool_disk_bytes: self.delivery.spool_disk_bytes,
            retry: self.delivery.retry,
            retention: self.retention,
            trim_interval: self.retention_check,
            ..delivery::Settings::new(self.data_dir.join("spool"))
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        let journal = LocalSettings::default();
        let delivery = delivery::Settings::new(PathBuf::new());
        Self {
            data_dir: PathBuf::from("./logpush-data"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            admin_token: None,
            secret_key: None,
            datasets_dir: None,
            log: LogSettings { format: LogFormat::Auto, level: "info".to_owned() },
            http: HttpSettings {
                connections_max: 4096,
                connections_per_address_max: 1024,
                idle_timeout: Duration::from_secs(60),
            },
            ingest: IngestSettings {
                body_bytes_max: 16 << 20,
                decoded_bytes_max: 32 << 20,
                quarantine_bytes_max: 8 << 20,
                in_flight_bytes_max: 128 << 20,
                tenant_in_flight_bytes_max: 64 << 20,
                tenant_bytes_per_second: None,
                tenant_records_per_second: None,
                tenant_burst: Duration::from_secs(10),
                silence_timeout: Duration::from_secs(30),
            },
            journal,
            retention: delivery.retention,
            retention_check: delivery.trim_interval,
            delivery: DeliverySettings {
                allow_private_endpoints: Vec::new(),
                gzip_level: delivery.gzip_level,
                part_bytes: delivery.part_bytes,
                uploads_max: delivery.uploads_max,
                uploads_per_destination_max: delivery.uploads_per_destination_max,
                upload_memory_bytes: delivery.upload_memory_bytes,
                destination_bytes_per_second: delivery.destination_bytes_per_second,
                spool_memory_bytes: delivery.spool_memory_bytes,
                spool_disk_bytes: delivery.spool_disk_bytes,
                retry: delivery.retry,
                principal_arn: None,
            },
            api: ApiSettings {
                jobs_per_scope_max: 20,
                requests_per_second: 20,
                requests_burst: 600,
                trusted_proxies: Vec::new(),
                metrics_public: true,
            },
            shutdown_timeout: Duration::from_secs(25),
            older_catalog: Older::Refused,
        }
    }
}

impl AdminToken {
    /// Fewest characters of a token, so that it cannot be guessed.
    pub const CHARS_MIN: usize = 16;
    /// Most characters of a token.
    pub const CHARS_MAX: usize = 512;

    /// The token `text`; `None` where it is too short, too long or holds other characters than
    /// visible ASCII ones.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (Self::CHARS_MIN..=Self::CHARS_MAX).contains(&text.len());
        (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl SecretKey {
    /// The vault under these keys.
    ///
    /// # Errors
    /// Where the text holds no key, or something else than keys.
    pub fn vault(&self) -> catalog::Result<Vault> {
        Vault::from_text(&self.0)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(…)")
    }
}
