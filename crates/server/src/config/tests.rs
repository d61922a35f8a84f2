//! The sample files, every key by every way, and every mistake with its place.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::quantity::{ByteSize, Period};
use super::{Config, ConfigError, Environment, KEYS, LogFormat};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/config").join(name)
}

fn load(file: &str) -> Result<Config, ConfigError> {
    Config::load(Some(&sample(file)), &Environment::new())
}

/// The error of a file of this text, without the file's name.
fn refused(text: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let error = Config::load(Some(file.path()), &Environment::new()).unwrap_err().to_string();
    error.replace(&format!("`{}` ", file.path().display()), "")
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load_environment(variables: &[(&str, &str)]) -> Result<Config, String> {
    Config::load(None, &environment(variables)).map_err(|error| error.to_string())
}

#[test]
fn a_minimal_file_takes_all_other_defaults() {
    let data_dir = PathBuf::from("/var/lib/logpush");
    assert_eq!(load("minimal.toml").unwrap(), Config { data_dir, ..Config::default() });
}

#[test]
fn a_full_file_sets_every_key() {
    let config = load("full.toml").unwrap();
    assert_eq!(config.listen, "0.0.0.0:9000".parse().unwrap());
    assert_eq!(config.admin_token.as_ref().unwrap().expose(), "a-token-that-nobody-guesses");
    assert!(config.secret_key.as_ref().unwrap().vault().is_ok());
    assert_eq!(config.shutdown_timeout, Duration::from_secs(60));
    assert_eq!(
        (config.log.format, config.log.level.as_str()),
        (LogFormat::Json, "info,delivery=debug")
    );
    assert_eq!(config.ingest.quarantine_bytes_max, 4 << 20);
    assert_eq!(config.ingest.tenant_bytes_per_second, Some(5 << 20));
    assert_eq!(config.ingest.tenant_records_per_second, Some(20_000));
    assert_eq!(config.http.connections_max, 1_000);
    assert_eq!(config.journal.partitions, 4);
    assert_eq!(config.delivery_settings().trim_interval, Duration::from_secs(60));
    assert_eq!(config.retention.max_age_seconds, Some(36 * 3600));
    assert_eq!(config.retention.max_bytes, Some(2_000_000_000_000));
    assert_eq!(config.delivery.allow_private_endpoints, ["minio.internal:9000", "10.0.0.0/8"]);
    assert_eq!(config.delivery.retry.first, Duration::from_millis(250));
    assert_eq!(config.delivery_settings().uploads_per_destination_max, 2);
    assert_eq!(config.delivery_settings().upload_memory_bytes, 48 << 20);
    assert_eq!(config.delivery_settings().destination_bytes_per_second, Some(10_000_000));
    assert!(!config.api.metrics_public);
    let text = std::fs::read_to_string(sample("full.toml")).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap();
    for key in KEYS {
        assert!(at(&table, key.path).is_some(), "full.toml lacks `{}`", key.path);
    }
}

/// The value that stands in the table under that path.
fn at<'t>(table: &'t toml::Table, path: &str) -> Option<&'t toml::Value> {
    match path.split_once('.') {
        None => table.get(path),
        Some((section, rest)) => at(table.get(section)?.as_table()?, rest),
    }
}

#[test]
fn the_same_settings_come_by_the_environment() {
    let text = std::fs::read_to_string(sample("full.toml")).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap();
    let mut variables = Environment::new();
    for key in KEYS {
        let value = at(&table, key.path).expect("full.toml has every key");
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Array(items) => {
                items.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        variables.insert(key.variable(), text);
    }
    assert_eq!(Config::load(None, &variables).unwrap(), load("full.toml").unwrap());
}

#[test]
fn the_environment_wins_over_the_file() {
    let variables = environment(&[
        ("LOGPUSH_JOURNAL__PARTITIONS", "7"),
        ("LOGPUSH_LISTEN", "localhost:1"),
        ("LOGPUSH_DATA_DIR", ""),
        ("HOME", "/root"),
    ]);
    let config = Config::load(Some(&sample("full.toml")), &variables).unwrap();
    assert_eq!(config.journal.partitions, 7);
    assert_eq!(config.listen, "127.0.0.1:1".parse().unwrap());
    assert_eq!(config.data_dir, PathBuf::from("/var/lib/logpush"));
}

#[test]
fn each_documented_default_is_the_default() {
    for key in KEYS {
        if key.default.is_empty() {
            continue;
        }
        let config = load_environment(&[(&key.variable(), key.default)]).unwrap();
        assert_eq!(config, Config::default(), "{}", key.path);
    }
}

#[test]
fn the_reference_page_has_every_key_as_it_is() {
    let page = include_str!("../../../../docs/configuration.md");
    for key in KEYS {
        assert!(page.contains(&key.row()), "docs/configuration.md lacks this row:\n{}", key.row());
    }
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    assert_eq!(rows.count(), KEYS.len(), "docs/configuration.md has a row that is no key's");
}

#[test]
fn a_wrong_key_is_named_with_its_place_and_the_nearest() {
    let error = load("wrongkey.toml").unwrap_err().to_string();
    let file = sample("wrongkey.toml");
    let expected = format!(
        "`{}` line 5: unknown key `ingest.body_byte_max`; did you mean `ingest.body_bytes_max`?",
        file.display()
    );
    assert_eq!(error, expected);
}

#[test]
fn a_mistake_in_the_file_is_named_with_its_line() {
    for (text, expected) in [
        ("colour = 1", "line 1: unknown key `colour`; docs/configuration.md lists the keys"),
        ("[ingest.body]\nx = 1", "line 1: unknown key `ingest.body`"),
        ("data_dir = 'x'\nlisten = 5", "line 2: invalid type: integer `5`, expected a string"),
        ("log = 3", "line 1: invalid type: integer `3`, expected a section"),
        ("a b", "line 1: "),
        ("\n\nshutdown_timeout = 30", "line 3: invalid type: integer `30`, expected a duration"),
        (
            "[journal]\npartitions = -1",
            "line 2: invalid value: integer `-1`, expected a whole number",
        ),
        (
            "[api]\nmetrics_public = 1",
            "line 2: invalid type: integer `1`, expected `true` or `false`",
        ),
    ] {
        let error = refused(text);
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    let missing = Config::load(Some(Path::new("/no/such.toml")), &Environment::new());
    assert!(missing.unwrap_err().to_string().contains("`/no/such.toml`"));
}

#[test]
fn a_mistake_in_a_variable_is_named_with_the_variable() {
    for (variable, value, expected) in [
        ("LOGPUSH_LISTN", "x", "`LOGPUSH_LISTN` names no key; did you mean `LOGPUSH_LISTEN`?"),
        ("LOGPUSH_INGEST__X", "1", "`LOGPUSH_INGEST__X` names no key"),
        (
            "LOGPUSH_SHUTDOWN_TIMEOUT",
            "soon",
            "`LOGPUSH_SHUTDOWN_TIMEOUT`: invalid value: string \"soon\"",
        ),
        ("LOGPUSH_DELIVERY__GZIP_LEVEL", "x", "`LOGPUSH_DELIVERY__GZIP_LEVEL`: "),
    ] {
        let error = load_environment(&[(variable, value)]).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn variables_of_the_commands_and_of_kubernetes_are_left_alone() {
    let foreign = [
        ("LOGPUSH_URL", "http://x"),
        ("LOGPUSH_TOKEN", "t"),
        ("LOGPUSH_SERVICE_HOST", "10.0.0.1"),
        ("LOGPUSH_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
    ];
    assert_eq!(load_environment(&foreign), Ok(Config::default()));
}

#[test]
fn a_value_out_of_its_bounds_is_told_with_what_is_allowed() {
    for (key, value, expected) in [
        ("LISTEN", "8080", "`listen` is `8080`: expected an IP address and a port"),
        ("ADMIN_TOKEN", "short", "`admin_token` is a text of 5 characters: expected 16 to 512"),
        (
            "SECRET_KEY",
            "short",
            "`secret_key` is a text of 5 characters: expected keys of 32 bytes",
        ),
        ("LOG__FORMAT", "xml", "`log.format` is `xml`: expected `auto`, `human` or `json`"),
        ("LOG__LEVEL", "a=b=c", "`log.level` is `a=b=c`: expected `error`"),
        ("DELIVERY__GZIP_LEVEL", "13", "`delivery.gzip_level` is 13: expected 1 to 12"),
        ("DELIVERY__PART_BYTES", "1MiB", "`delivery.part_bytes` is 1MiB: expected 5MiB to 1024TiB"),
        (
            "DELIVERY__RETRY_MAX",
            "1ms",
            "`delivery.retry_max` is 1ms with `delivery.retry_first` 500ms",
        ),
        (
            "DELIVERY__UPLOADS_PER_DESTINATION_MAX",
            "0",
            "`delivery.uploads_per_destination_max` is 0: expected 1 to 1024",
        ),
        (
            "DELIVERY__UPLOAD_MEMORY_BYTES",
            "8MiB",
            "`delivery.upload_memory_bytes` is 8MiB: expected 16MiB to",
        ),
        (
            "DELIVERY__DESTINATION_BYTES_PER_SECOND",
            "1kB",
            "`delivery.destination_bytes_per_second` is 1000 bytes: expected 64KiB to",
        ),
        ("JOURNAL__PARTITIONS", "0", "`journal.partitions` is 0: expected 1 to 256"),
        (
            "INGEST__IN_FLIGHT_BYTES_MAX",
            "1MiB",
            "`ingest.in_flight_bytes_max` is 1MiB: expected 104MiB",
        ),
        ("INGEST__TENANT_BURST", "1ms", "`ingest.tenant_burst` is 1ms: expected 1s to 1d"),
        (
            "INGEST__TENANT_BYTES_PER_SECOND",
            "1",
            "`ingest.tenant_bytes_per_second` is 1 bytes: expected 1KiB to",
        ),
        ("HTTP__CONNECTIONS_MAX", "0", "`http.connections_max` is 0: expected 1 to 1000000"),
        ("JOURNAL__RETENTION_CHECK", "2d", "`journal.retention_check` is 2d: expected 1s to 1d"),
        ("INGEST__DECODED_BYTES_MAX", "1MiB", "`ingest.decoded_bytes_max` is 1MiB: expected 16MiB"),
        (
            "DELIVERY__PRINCIPAL_ARN",
            "logpush",
            "`delivery.principal_arn` is `logpush`: expected the ARN of a role",
        ),
        ("API__TRUSTED_PROXIES", "10.1.2.3, x", "`api.trusted_proxies` is `x`: expected addresses"),
        ("API__REQUESTS_PER_SECOND", "0", "`api.requests_per_second` is 0: expected 1 to 100000"),
        ("API__JOBS_PER_SCOPE_MAX", "0", "`api.jobs_per_scope_max` is 0: expected 1 to 10000"),
    ] {
        let error = load_environment(&[(&format!("LOGPUSH_{key}"), value)]).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_value_that_would_do_harm_in_silence_is_refused() {
    for (key, value, expected) in [
        ("LOG__LEVEL", "warning", "`log.level` is `warning`: expected `error`"),
        ("LOG__LEVEL", "info,delivery", "`log.level` is `info,delivery`: expected `error`"),
        (
            "JOURNAL__RETENTION_AGE",
            "500ms",
            "`journal.retention_age` is 500ms: expected at least 1m",
        ),
        ("JOURNAL__RETENTION_BYTES", "1MiB", "`journal.retention_bytes` is 1MiB: expected 128MiB"),
    ] {
        let error = load_environment(&[(&format!("LOGPUSH_{key}"), value)]).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn levels_and_directives_say_what_is_logged() {
    for level in ["warn", "INFO", "off", "info,delivery=debug", "[span{a=1}]=info,warn"] {
        let config = load_environment(&[("LOGPUSH_LOG__LEVEL", level)]).unwrap();
        assert_eq!(config.log.level, level);
    }
}

#[test]
fn a_larger_body_raises_the_bounds_that_hang_on_it() {
    let config = load_environment(&[("LOGPUSH_INGEST__BODY_BYTES_MAX", "64MiB")]).unwrap();
    assert_eq!(config.ingest.decoded_bytes_max, 64 << 20);
    assert_eq!(config.ingest.in_flight_bytes_max, (3 * 64 + 8) << 20);
    assert_eq!(config.ingest.tenant_in_flight_bytes_max, (3 * 32 + 4) << 20);
}

#[test]
fn the_token_is_not_shown() {
    let config = load("full.toml").unwrap();
    assert!(!format!("{config:?}").contains("nobody-guesses"));
    let error = load_environment(&[("LOGPUSH_ADMIN_TOKEN", "se cret with spaces")]).unwrap_err();
    assert!(!error.contains("se cret"), "{error}");
}

#[test]
fn sizes_and_durations_are_read_with_their_units() {
    for (text, expected) in [
        ("1024", Some(1024)),
        ("64MiB", Some(64 << 20)),
        ("64 mib", Some(64 << 20)),
        ("2GB", Some(2_000_000_000)),
        ("7B", Some(7)),
        ("", None),
        ("MiB", None),
        ("1.5GiB", None),
        ("-1", None),
        ("64MiBs", None),
        ("99999999TiB", None),
    ] {
        assert_eq!(text.parse().ok(), expected.map(ByteSize), "{text}");
    }
    for text in ["0 bytes", "1000 bytes", "1KiB", "1536KiB", "64MiB", "1024TiB"] {
        let size: ByteSize = text.trim_end_matches("ytes").replace(" b", "").parse().unwrap();
        assert_eq!(size.to_string(), text);
    }
    for text in ["0ms", "500ms", "90s", "1m", "36h", "7d"] {
        assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
    }
    for (text, expected) in [
        ("500ms", Some(500)),
        ("30s", Some(30_000)),
        ("5 m", Some(300_000)),
        ("12h", Some(43_200_000)),
        ("7d", Some(604_800_000)),
        ("30", None),
        ("s", None),
        ("1w", None),
        ("-5s", None),
    ] {
        let expected = expected.map(|millis| Period(Duration::from_millis(millis)));
        assert_eq!(text.parse().ok(), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_quantity_panic(text in "[0-9a-zA-Zé .-]{0,12}") {
        let _ = text.parse::<ByteSize>();
        let _ = text.parse::<Period>();
    }
}
