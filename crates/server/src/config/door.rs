//! The settings of connections and of the door for records: what was written, and its check.

use std::time::Duration;

use serde::Deserialize;

use super::quantity::{ByteSize, Count, Period};
use super::raw::{bytes, count, period};
use super::{ConfigError, HttpSettings, IngestSettings};

const MIB: u64 = 1 << 20;
const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
pub(super) struct RawHttp {
    connections_max: Option<Count>,
    connections_per_address_max: Option<Count>,
    idle_timeout: Option<Period>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a section")]
pub(super) struct RawIngest {
    body_bytes_max: Option<ByteSize>,
    decoded_bytes_max: Option<ByteSize>,
    quarantine_bytes_max: Option<ByteSize>,
    in_flight_bytes_max: Option<ByteSize>,
    tenant_in_flight_bytes_max: Option<ByteSize>,
    tenant_bytes_per_second: Option<ByteSize>,
    tenant_records_per_second: Option<Count>,
    tenant_burst: Option<Period>,
    silence_timeout: Option<Period>,
}

impl RawHttp {
    pub(super) fn validate(self, default: &HttpSettings) -> Result<HttpSettings, ConfigError> {
        let at_a_time = |key, given, default: usize| {
            count(key, given, default as u64, 1, 1_000_000).map(|number| number as usize)
        };
        Ok(HttpSettings {
            connections_max: at_a_time(
                "http.connections_max",
                self.connections_max,
                default.connections_max,
            )?,
            connections_per_address_max: at_a_time(
                "http.connections_per_address_max",
                self.connections_per_address_max,
                default.connections_per_address_max,
            )?,
            idle_timeout: period(
                "http.idle_timeout",
                self.idle_timeout,
                default.idle_timeout,
                SECOND,
            )?,
        })
    }
}

impl RawIngest {
    pub(super) fn validate(self, default: &IngestSettings) -> Result<IngestSettings, ConfigError> {
        let body_bytes_max =
            bytes("ingest.body_bytes_max", self.body_bytes_max, default.body_bytes_max, MIB)?;
        let decoded_bytes_max = bytes(
            "ingest.decoded_bytes_max",
            self.decoded_bytes_max,
            default.decoded_bytes_max.max(body_bytes_max),
            body_bytes_max,
        )?;
        let quarantine_bytes_max = bytes(
            "ingest.quarantine_bytes_max",
            self.quarantine_bytes_max,
            default.quarantine_bytes_max,
            MIB,
        )?;
        // One request of the largest kind must fit: its body, with frames of up to twice its size.
        let largest_request = 3 * decoded_bytes_max + quarantine_bytes_max;
        let in_flight_bytes_max = bytes(
            "ingest.in_flight_bytes_max",
            self.in_flight_bytes_max,
            default.in_flight_bytes_max.max(largest_request),
            largest_request,
        )?;
        Ok(IngestSettings {
            body_bytes_max,
            decoded_bytes_max,
            quarantine_bytes_max,
            in_flight_bytes_max,
            tenant_in_flight_bytes_max: bytes(
                "ingest.tenant_in_flight_bytes_max",
                self.tenant_in_flight_bytes_max,
                in_flight_bytes_max / 2,
                MIB,
            )?,
            tenant_bytes_per_second: self.tenant_bytes_per_second()?,
            tenant_records_per_second: self.tenant_records_per_second()?,
            tenant_burst: period(
                "ingest.tenant_burst",
                self.tenant_burst,
                default.tenant_burst,
                SECOND,
            )?,
            silence_timeout: period(
                "ingest.silence_timeout",
                self.silence_timeout,
                default.silence_timeout,
                SECOND,
            )?,
        })
    }

    fn tenant_bytes_per_second(&self) -> Result<Option<u64>, ConfigError> {
        let key = "ingest.tenant_bytes_per_second";
        self.tenant_bytes_per_second.map(|size| bytes(key, Some(size), 0, 1 << 10)).transpose()
    }

    fn tenant_records_per_second(&self) -> Result<Option<u64>, ConfigError> {
        let key = "ingest.tenant_records_per_second";
        let given = self.tenant_records_per_second;
        given.map(|number| count(key, Some(number), 0, 1, 1_000_000_000)).transpose()
    }
}
