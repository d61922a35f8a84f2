//! What another set of settings changes, and which of it a running service can follow.

use super::Config;

/// A setting that has another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Its key.
    pub key: &'static str,
    /// Whether a running service follows it.
    pub is_live: bool,
}

type Differs = fn(&Config, &Config) -> bool;

macro_rules! setting {
    (live $key:literal, $($field:ident).+) => {
        ($key, true, |one, other| one.$($field).+ != other.$($field).+)
    };
    (fixed $key:literal, $($field:ident).+) => {
        ($key, false, |one, other| one.$($field).+ != other.$($field).+)
    };
}

/// Every key, whether it is live, and how to tell that its value differs.
const SETTINGS: [(&str, bool, Differs); super::KEYS.len()] = [
    setting!(fixed "data_dir", data_dir),
    setting!(fixed "listen", listen),
    setting!(fixed "admin_token", admin_token),
    setting!(fixed "secret_key", secret_key),
    setting!(fixed "datasets_dir", datasets_dir),
    setting!(live "shutdown_timeout", shutdown_timeout),
    setting!(fixed "log.format", log.format),
    setting!(live "log.level", log.level),
    setting!(fixed "http.connections_max", http.connections_max),
    setting!(fixed "http.connections_per_address_max", http.connections_per_address_max),
    setting!(fixed "http.idle_timeout", http.idle_timeout),
    setting!(live "ingest.body_bytes_max", ingest.body_bytes_max),
    setting!(live "ingest.decoded_bytes_max", ingest.decoded_bytes_max),
    setting!(live "ingest.quarantine_bytes_max", ingest.quarantine_bytes_max),
    setting!(live "ingest.in_flight_bytes_max", ingest.in_flight_bytes_max),
    setting!(live "ingest.tenant_in_flight_bytes_max", ingest.tenant_in_flight_bytes_max),
    setting!(fixed "ingest.tenant_bytes_per_second", ingest.tenant_bytes_per_second),
    setting!(fixed "ingest.tenant_records_per_second", ingest.tenant_records_per_second),
    setting!(fixed "ingest.tenant_burst", ingest.tenant_burst),
    setting!(live "ingest.silence_timeout", ingest.silence_timeout),
    setting!(fixed "journal.partitions", journal.partitions),
    setting!(fixed "journal.segment_bytes", journal.segment_bytes),
    setting!(fixed "journal.free_bytes_min", journal.free_bytes_min),
    setting!(fixed "journal.idempotency_keys_max", journal.idempotency_keys_max),
    setting!(live "journal.retention_age", retention.max_age_seconds),
    setting!(live "journal.retention_bytes", retention.max_bytes),
    setting!(fixed "journal.retention_check", retention_check),
    setting!(live "delivery.allow_private_endpoints", delivery.allow_private_endpoints),
    setting!(live "delivery.gzip_level", delivery.gzip_level),
    setting!(fixed "delivery.part_bytes", delivery.part_bytes),
    setting!(fixed "delivery.uploads_max", delivery.uploads_max),
    setting!(fixed "delivery.uploads_per_destination_max", delivery.uploads_per_destination_max),
    setting!(fixed "delivery.upload_memory_bytes", delivery.upload_memory_bytes),
    setting!(fixed "delivery.destination_bytes_per_second", delivery.destination_bytes_per_second),
    setting!(fixed "delivery.spool_memory_bytes", delivery.spool_memory_bytes),
    setting!(fixed "delivery.spool_disk_bytes", delivery.spool_disk_bytes),
    setting!(fixed "delivery.retry_first", delivery.retry.first),
    setting!(fixed "delivery.retry_max", delivery.retry.max),
    setting!(fixed "delivery.principal_arn", delivery.principal_arn),
    setting!(live "api.jobs_per_scope_max", api.jobs_per_scope_max),
    setting!(live "api.requests_per_second", api.requests_per_second),
    setting!(live "api.requests_burst", api.requests_burst),
    setting!(live "api.trusted_proxies", api.trusted_proxies),
    setting!(live "api.metrics_public", api.metrics_public),
];

/// The settings that differ between `from` and `to`.
pub fn changes(from: &Config, to: &Config) -> Vec<Change> {
    let differing = SETTINGS.iter().filter(|(_, _, differs)| differs(from, to));
    differing.map(|&(key, is_live, _)| Change { key, is_live }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::KEYS;

    #[test]
    fn every_key_is_live_or_not_and_the_reference_says_which() {
        let known: Vec<&str> = SETTINGS.iter().map(|(key, ..)| *key).collect();
        let keys: Vec<&str> = KEYS.iter().map(|key| key.path).collect();
        assert_eq!(known, keys);
        let page = include_str!("../../../../docs/configuration.md");
        let section = page.split("## Reload").nth(1).unwrap().split("\n## ").next().unwrap();
        for (key, is_live, _) in SETTINGS {
            assert_eq!(section.contains(&format!("`{key}`")), is_live, "{key}");
        }
    }

    #[test]
    fn what_differs_is_named() {
        let from = Config::default();
        assert_eq!(changes(&from, &from), []);
        let mut to = from.clone();
        to.shutdown_timeout = Duration::from_secs(1);
        to.journal.partitions = 9;
        let expected = [("shutdown_timeout", true), ("journal.partitions", false)];
        let expected = expected.map(|(key, is_live)| Change { key, is_live });
        assert_eq!(changes(&from, &to), expected);
    }
}
