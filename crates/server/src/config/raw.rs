//! The settings as they were written, and the step from there to checked ones.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use delivery::{Level, RetrySettings};
use journal::{LocalSettings, Retention};
use model::destination::Principal;
use model::spelling::nearest;
use serde::Deserialize;
use toml::Table;
use toml::de::{DeTable, DeValue};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::door::{RawHttp, RawIngest};
use super::environment::{Environment, overlay};
use super::quantity::{AutoOr, ByteSize, Count, Flag, List, Period};
use super::{
    AdminToken, ApiSettings, Config, ConfigError, DeliverySettings, KEYS, LogFormat, LogSettings,
    Network, SecretKey,
};

/// The file's sections and keys; what is absent takes its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawConfig {
    data_dir: Option<PathBuf>,
    listen: Option<String>,
    admin_token: Option<String>,
    secret_key: Option<String>,
    datasets_dir: Option<PathBuf>,
    shutdown_timeout: Option<Period>,
    log: RawLog,
    http: RawHttp,
    ingest: RawIngest,
    journal: RawJournal,
    delivery: RawDelivery,
    api: RawApi,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
struct RawLog {
    format: Option<String>,
    level: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
struct RawJournal {
    partitions: Option<Count>,
    segment_bytes: Option<ByteSize>,
    free_bytes_min: Option<ByteSize>,
    idempotency_keys_max: Option<Count>,
    retention_age: Option<Period>,
    retention_bytes: Option<ByteSize>,
    retention_check: Option<Period>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
struct RawDelivery {
    allow_private_endpoints: Option<List>,
    gzip_level: Option<AutoOr>,
    part_bytes: Option<ByteSize>,
    uploads_max: Option<Count>,
    uploads_per_destination_max: Option<Count>,
    upload_memory_bytes: Option<ByteSize>,
    destination_bytes_per_second: Option<ByteSize>,
    spool_memory_bytes: Option<ByteSize>,
    spool_disk_bytes: Option<ByteSize>,
    retry_first: Option<Period>,
    retry_max: Option<Period>,
    principal_arn: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
struct RawApi {
    jobs_per_scope_max: Option<Count>,
    requests_per_second: Option<Count>,
    requests_burst: Option<Count>,
    trusted_proxies: Option<List>,
    metrics_public: Option<Flag>,
}

/// The file's table, in which every key exists and has a value of its type.
pub(super) fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    if text.trim().is_empty() {
        return Err(ConfigError::Empty { path: path.to_owned() });
    }
    let wrong = |error: &toml::de::Error| ConfigError::File {
        path: path.to_owned(),
        line: line_of(&text, error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    };
    let document = DeTable::parse(&text).map_err(|error| wrong(&error))?;
    check_keys(document.get_ref(), "").map_err(|(key, at)| ConfigError::UnknownKey {
        path: path.to_owned(),
        line: line_of(&text, at),
        nearest: nearest(&key, KEYS.iter().map(|key| key.path)),
        key,
    })?;
    toml::from_str::<RawConfig>(&text).map_err(|error| wrong(&error))?;
    toml::from_str(&text).map_err(|error| wrong(&error))
}

/// The settings of `table` with those of `environment` over them.
pub(super) fn resolve(
    mut table: Table,
    environment: &Environment,
) -> Result<RawConfig, ConfigError> {
    overlay(&mut table, environment)?;
    // Both halves were read on their own before.
    RawConfig::deserialize(table).map_err(|error| ConfigError::Variable {
        variable: "LOGPUSH_…".to_owned(),
        message: error.message().to_owned(),
    })
}

/// The first key that does not exist, with its place.
fn check_keys(table: &DeTable<'_>, section: &str) -> Result<(), (String, usize)> {
    for (key, value) in table {
        let path = match section {
            "" => key.get_ref().to_string(),
            section => format!("{section}.{}", key.get_ref()),
        };
        let is_section = KEYS
            .iter()
            .any(|known| known.path.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.')));
        match value.get_ref() {
            DeValue::Table(inner) if is_section => check_keys(inner, &path)?,
            _ if is_section || KEYS.iter().any(|known| known.path == path) => {}
            _ => return Err((path, key.span().start)),
        }
    }
    Ok(())
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1
}

impl RawConfig {
    /// The settings, checked, with defaults where nothing was written.
    pub(super) fn validate(self) -> Result<Config, ConfigError> {
        let default = Config::default();
        let shutdown_timeout = self.shutdown_timeout.map_or(default.shutdown_timeout, |p| p.0);
        let journal = self.journal.validate(default.journal)?;
        Ok(Config {
            data_dir: self.data_dir.unwrap_or(default.data_dir),
            listen: self.listen.map_or(Ok(default.listen), |text| listen(&text))?,
            admin_token: self.admin_token.map(|text| admin_token(&text)).transpose()?,
            secret_key: self.secret_key.map(secret_key).transpose()?,
            datasets_dir: self.datasets_dir,
            log: self.log.validate(default.log)?,
            http: self.http.validate(&default.http)?,
            ingest: self.ingest.validate(&default.ingest)?,
            retention: self.journal.retention(default.retention, journal.segment_bytes)?,
            retention_check: self.journal.retention_check(default.retention_check)?,
            journal,
            delivery: self.delivery.validate(default.delivery)?,
            api: self.api.validate(default.api)?,
            shutdown_timeout,
            older_catalog: default.older_catalog,
        })
    }
}

fn listen(text: &str) -> Result<SocketAddr, ConfigError> {
    let address = text.replacen("localhost:", "127.0.0.1:", 1);
    address.parse().map_err(|_| ConfigError::OutOfBounds {
        key: "listen",
        found: format!("`{text}`"),
        expected: "an IP address and a port such as `127.0.0.1:8080` or `0.0.0.0:8080`".to_owned(),
    })
}

fn admin_token(text: &str) -> Result<AdminToken, ConfigError> {
    AdminToken::new(text).ok_or_else(|| ConfigError::OutOfBounds {
        key: "admin_token",
        found: format!("a text of {} characters", text.chars().count()),
        expected: format!(
            "{} to {} visible ASCII characters; `openssl rand -hex 24` makes a good one",
            AdminToken::CHARS_MIN,
            AdminToken::CHARS_MAX
        ),
    })
}

fn secret_key(text: String) -> Result<SecretKey, ConfigError> {
    let length = text.chars().count();
    let key = SecretKey(text);
    key.vault().map(|_| key).map_err(|_| ConfigError::OutOfBounds {
        key: "secret_key",
        found: format!("a text of {length} characters"),
        expected: "keys of 32 bytes in base64 or as 64 hex digits, the newest first, with spaces \
                   between them; `openssl rand -base64 32` makes one"
            .to_owned(),
    })
}

impl RawLog {
    fn validate(self, default: LogSettings) -> Result<LogSettings, ConfigError> {
        let wrong = |key, found: &str, expected: &str| ConfigError::OutOfBounds {
            key,
            found: format!("`{found}`"),
            expected: expected.to_owned(),
        };
        let format = match self.format.as_deref() {
            None => default.format,
            Some("auto") => LogFormat::Auto,
            Some("human") => LogFormat::Human,
            Some("json") => LogFormat::Json,
            Some(other) => return Err(wrong("log.format", other, "`auto`, `human` or `json`")),
        };
        let level = self.level.unwrap_or(default.level);
        if !is_level(&level) {
            let expected = "`error`, `warn`, `info`, `debug`, `trace`, or directives such as \
                            `info,delivery=debug`";
            return Err(wrong("log.level", &level, expected));
        }
        Ok(LogSettings { format, level })
    }
}

/// Whether it says what is logged. A word that is no level would be taken for a target of which
/// everything is logged, and of nothing else: `warning` would hide all warnings.
fn is_level(text: &str) -> bool {
    let mut words = text.split(',').filter(|part| !part.contains(['=', '[', ']']));
    words.all(|word| word.trim().parse::<LevelFilter>().is_ok())
        && EnvFilter::builder().parse(text).is_ok()
}

impl RawJournal {
    /// A retention of next to nothing would give records up before anybody could deliver them.
    fn retention(&self, default: Retention, segment_bytes: u64) -> Result<Retention, ConfigError> {
        const AGE_MIN: Duration = Duration::from_mins(1);
        let age = self.retention_age.map(|age| age.0);
        if let Some(age) = age.filter(|age| *age < AGE_MIN) {
            return Err(ConfigError::OutOfBounds {
                key: "journal.retention_age",
                found: Period(age).to_string(),
                expected: "at least 1m: what is not delivered by then is given up".to_owned(),
            });
        }
        let max_bytes = self
            .retention_bytes
            .map(|size| bytes("journal.retention_bytes", Some(size), size.0, segment_bytes));
        Ok(Retention {
            max_age_seconds: age.map(|age| age.as_secs()).or(default.max_age_seconds),
            max_bytes: max_bytes.transpose()?.or(default.max_bytes),
        })
    }

    fn retention_check(&self, default: Duration) -> Result<Duration, ConfigError> {
        period("journal.retention_check", self.retention_check, default, Duration::from_secs(1))
    }

    fn validate(&self, default: LocalSettings) -> Result<LocalSettings, ConfigError> {
        let partitions =
            count("journal.partitions", self.partitions, default.partitions.into(), 1, 256)?;
        let segment_bytes =
            bytes("journal.segment_bytes", self.segment_bytes, default.segment_bytes, 1 << 20)?;
        let free_bytes_min =
            bytes("journal.free_bytes_min", self.free_bytes_min, default.free_bytes_min, 0)?;
        let idempotency_keys_max = count(
            "journal.idempotency_keys_max",
            self.idempotency_keys_max,
            default.idempotency_keys_max as u64,
            1,
            // They are in memory.
            100_000_000,
        )? as usize;
        let partitions = partitions as u16;
        Ok(LocalSettings {
            partitions,
            segment_bytes,
            free_bytes_min,
            idempotency_keys_max,
            ..default
        })
    }
}

impl RawDelivery {
    fn validate(self, default: DeliverySettings) -> Result<DeliverySettings, ConfigError> {
        let part_bytes = bytes(
            "delivery.part_bytes",
            self.part_bytes,
            default.part_bytes,
            // The least that S3 takes for a part that is not the last.
            5 << 20,
        )?;
        let uploads_max = at_a_time("delivery.uploads_max", self.uploads_max, default.uploads_max)?;
        let uploads_per_destination_max = at_a_time(
            "delivery.uploads_per_destination_max",
            self.uploads_per_destination_max,
            default.uploads_per_destination_max,
        )?;
        // Half of it is for one bucket, and a part has to fit in.
        let memory_min = part_bytes.saturating_mul(2);
        let upload_memory_bytes = bytes(
            "delivery.upload_memory_bytes",
            self.upload_memory_bytes,
            default.upload_memory_bytes.max(memory_min),
            memory_min,
        )?;
        let per_second = |size| {
            bytes("delivery.destination_bytes_per_second", Some(size), 0, DESTINATION_PACE_MIN)
        };
        let spool_memory_bytes = bytes(
            "delivery.spool_memory_bytes",
            self.spool_memory_bytes,
            default.spool_memory_bytes,
            1 << 20,
        )?;
        let spool_disk_bytes =
            bytes("delivery.spool_disk_bytes", self.spool_disk_bytes, default.spool_disk_bytes, 0)?;
        Ok(DeliverySettings {
            gzip_level: self.gzip_level.map_or(Ok(default.gzip_level), gzip_level)?,
            part_bytes,
            uploads_max,
            uploads_per_destination_max,
            upload_memory_bytes,
            destination_bytes_per_second: self
                .destination_bytes_per_second
                .map(per_second)
                .transpose()?
                .or(default.destination_bytes_per_second),
            spool_memory_bytes,
            spool_disk_bytes,
            retry: retry(default.retry, self.retry_first, self.retry_max)?,
            principal_arn: self.principal_arn.as_deref().map(principal_arn).transpose()?,
            allow_private_endpoints: self
                .allow_private_endpoints
                .map_or(default.allow_private_endpoints, |list| list.0),
        })
    }
}

/// Slower than this, an object of a usual size would not be through before its request times out.
const DESTINATION_PACE_MIN: u64 = 64 << 10;

fn at_a_time(
    key: &'static str,
    given: Option<Count>,
    default: usize,
) -> Result<usize, ConfigError> {
    count(key, given, default as u64, 1, 1024).map(|number| number as usize)
}

fn gzip_level(given: AutoOr) -> Result<Level, ConfigError> {
    match given {
        AutoOr::Auto => Ok(Level::Auto),
        AutoOr::Number(level) => {
            let level = count("delivery.gzip_level", Some(Count(level)), 1, 1, 12)?;
            Ok(Level::Fixed(level as u8))
        }
    }
}

fn retry(
    default: RetrySettings,
    first: Option<Period>,
    max: Option<Period>,
) -> Result<RetrySettings, ConfigError> {
    let first = first.map_or(default.first, |period| period.0);
    let max = max.map_or(default.max.max(first), |period| period.0);
    if first.is_zero() || max < first {
        return Err(ConfigError::OutOfBounds {
            key: "delivery.retry_max",
            found: format!("{} with `delivery.retry_first` {}", Period(max), Period(first)),
            expected: "at least `delivery.retry_first`, which is more than nothing".to_owned(),
        });
    }
    Ok(RetrySettings { first, max, ..default })
}

fn principal_arn(arn: &str) -> Result<Principal, ConfigError> {
    arn.parse().map_err(|_| ConfigError::OutOfBounds {
        key: "delivery.principal_arn",
        found: format!("`{arn}`"),
        expected: "the ARN of a role or a user, such as `arn:aws:iam::123456789012:role/logpush`"
            .to_owned(),
    })
}

impl RawApi {
    fn validate(self, default: ApiSettings) -> Result<ApiSettings, ConfigError> {
        let jobs = default.jobs_per_scope_max as u64;
        let key = "api.jobs_per_scope_max";
        let rate = |key, given, default: u32| {
            count(key, given, default.into(), 1, 100_000).map(|number| number as u32)
        };
        Ok(ApiSettings {
            jobs_per_scope_max: count(key, self.jobs_per_scope_max, jobs, 1, 10_000)? as usize,
            requests_per_second: rate(
                "api.requests_per_second",
                self.requests_per_second,
                default.requests_per_second,
            )?,
            requests_burst: rate(
                "api.requests_burst",
                self.requests_burst,
                default.requests_burst,
            )?,
            trusted_proxies: match self.trusted_proxies {
                Some(List(texts)) => {
                    texts.iter().map(|text| trusted_proxy(text)).collect::<Result<_, _>>()?
                }
                None => default.trusted_proxies,
            },
            metrics_public: self.metrics_public.map_or(default.metrics_public, |flag| flag.0),
        })
    }
}

fn trusted_proxy(text: &str) -> Result<Network, ConfigError> {
    text.parse().map_err(|()| ConfigError::OutOfBounds {
        key: "api.trusted_proxies",
        found: format!("`{text}`"),
        expected: "addresses and networks such as `10.1.2.3` or `10.0.0.0/8`".to_owned(),
    })
}

/// A duration of at least `min`, and no longer than makes sense.
pub(super) fn period(
    key: &'static str,
    given: Option<Period>,
    default: Duration,
    min: Duration,
) -> Result<Duration, ConfigError> {
    const MAX: Duration = Duration::from_hours(24);
    let period = given.map_or(default, |period| period.0);
    if (min..=MAX).contains(&period) {
        return Ok(period);
    }
    Err(ConfigError::OutOfBounds {
        key,
        found: Period(period).to_string(),
        expected: format!("{} to {}", Period(min), Period(MAX)),
    })
}

pub(super) fn bytes(
    key: &'static str,
    given: Option<ByteSize>,
    default: u64,
    min: u64,
) -> Result<u64, ConfigError> {
    /// More is surely a slip of the pen, and sums of such values cannot overflow.
    const MAX: u64 = 1 << 50;
    let bytes = given.map_or(default, |size| size.0);
    if (min..=MAX).contains(&bytes) {
        return Ok(bytes);
    }
    Err(ConfigError::OutOfBounds {
        key,
        found: ByteSize(bytes).to_string(),
        expected: format!("{} to {}", ByteSize(min), ByteSize(MAX)),
    })
}

pub(super) fn count(
    key: &'static str,
    given: Option<Count>,
    default: u64,
    min: u64,
    max: u64,
) -> Result<u64, ConfigError> {
    let number = given.map_or(default, |count| count.0);
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    Err(ConfigError::OutOfBounds {
        key,
        found: number.to_string(),
        expected: format!("{min} to {max}"),
    })
}
