//! How many bytes and records a tenant may send in.
//!
//! The generic cell rate algorithm, with requests that cost as much as they hold: what a tenant
//! sends moves its *due time* on by the time that it is allowed for. A request is refused while
//! that time lies a burst or more ahead, before its body is read. What a request holds is known
//! when it was read, so it may overdraw; the tenant then waits until that is made up for. A tenant
//! whose due times are past has rested and needs no entry.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::IngestError;
use super::tenant::Tenant;
use crate::config::IngestSettings;

/// Entries beyond which those of rested tenants are cleared away.
const ENTRIES_KEPT: usize = 1024;
/// How often it is logged at most that a tenant is too fast.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// What each tenant has lately sent.
#[derive(Debug)]
pub(super) struct Rates {
    /// The units in their order: bytes, records.
    units: [Unit; 2],
    burst: Duration,
    begun: Instant,
    tenants: Mutex<HashMap<Tenant, Account>>,
}

/// Something that is counted, and how many a second may come.
#[derive(Debug, Clone, Copy)]
struct Unit {
    name: &'static str,
    per_second: Option<u64>,
}

/// A tenant's due times, by unit, and when it was last told about; since the beginning.
#[derive(Debug, Default)]
struct Account {
    due: [Duration; 2],
    told: Option<Duration>,
}

impl Rates {
    /// The rates that the settings allow.
    pub(super) fn new(settings: &IngestSettings) -> Self {
        let bytes = Unit { name: "bytes", per_second: settings.tenant_bytes_per_second };
        let records = Unit { name: "records", per_second: settings.tenant_records_per_second };
        let burst = settings.tenant_burst;
        Self { units: [bytes, records], burst, begun: Instant::now(), tenants: Mutex::default() }
    }

    /// Lets a request of the tenant in, or says when to come again.
    pub(super) fn admit(&self, tenant: Tenant, now: Instant) -> Result<(), IngestError> {
        let now = now.saturating_duration_since(self.begun);
        let mut tenants = self.tenants();
        let Some(account) = tenants.get_mut(&tenant) else { return Ok(()) };
        let waits = self.units.iter().zip(account.due).map(|(unit, due)| {
            let ahead = due.saturating_sub(now);
            (unit, ahead.checked_sub(self.burst))
        });
        let longest = waits.filter_map(|(unit, wait)| Some((wait?, unit))).max_by_key(|w| w.0);
        let Some((wait, unit)) = longest else { return Ok(()) };
        let per_second = unit.per_second.unwrap_or_default();
        if account.told.is_none_or(|told| now.saturating_sub(told) >= TELL_EVERY) {
            account.told = Some(now);
            tracing::warn!(?tenant, per_second, unit = unit.name, "a tenant sends too fast");
        }
        // To come again when exactly nothing is left to wait for would be to be refused again.
        let wait = wait.as_secs() + 1;
        Err(IngestError::TooFast { per_second, unit: unit.name, wait })
    }

    /// Counts what a request of the tenant held.
    pub(super) fn charge(&self, tenant: Tenant, now: Instant, bytes: u64, records: u64) {
        if tenant == Tenant::Operator || self.units.iter().all(|unit| unit.per_second.is_none()) {
            return;
        }
        let now = now.saturating_duration_since(self.begun);
        let mut tenants = self.tenants();
        let account = tenants.entry(tenant).or_default();
        for ((unit, due), amount) in self.units.iter().zip(&mut account.due).zip([bytes, records]) {
            let Some(per_second) = unit.per_second else { continue };
            *due = (*due).max(now).saturating_add(time_for(amount, per_second));
        }
        if tenants.len() > ENTRIES_KEPT {
            tenants.retain(|_, account| account.due.iter().any(|due| *due > now));
        }
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<Tenant, Account>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time in which so much is allowed.
fn time_for(amount: u64, per_second: u64) -> Duration {
    let nanos = u128::from(amount) * 1_000_000_000 / u128::from(per_second.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use model::Id;

    use super::*;
    use crate::Config;

    const SECOND: Duration = Duration::from_secs(1);

    fn rates(bytes: Option<u64>, records: Option<u64>) -> Rates {
        Rates::new(&IngestSettings {
            tenant_bytes_per_second: bytes,
            tenant_records_per_second: records,
            tenant_burst: 2 * SECOND,
            ..Config::default().ingest
        })
    }

    fn tenant(number: u16) -> Tenant {
        let [high, low] = number.to_be_bytes();
        let mut bytes = [0; 16];
        (bytes[14], bytes[15]) = (high, low);
        Tenant::Account(Id::from_bytes(bytes))
    }

    /// The wait that a request is told, `None` where it is let in.
    fn wait(rates: &Rates, tenant: Tenant, now: Instant) -> Option<u64> {
        match rates.admit(tenant, now) {
            Ok(()) => None,
            Err(IngestError::TooFast { wait, .. }) => Some(wait),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_burst_passes_and_then_as_much_as_is_allowed() {
        let rates = rates(Some(1_000), None);
        let (one, begun) = (tenant(1), rates.begun);
        rates.charge(one, begun, 1_999, 1);
        assert_eq!(wait(&rates, one, begun), None);
        rates.charge(one, begun, 3_001, 1);
        assert_eq!(wait(&rates, one, begun), Some(4));
        assert_eq!(wait(&rates, one, begun + 3 * SECOND), Some(1));
        assert_eq!(wait(&rates, one, begun + 4 * SECOND), None, "after the wait that was told");
        assert_eq!(wait(&rates, tenant(2), begun), None, "others do not wait");
    }

    #[test]
    fn records_count_as_bytes_do() {
        let rates = rates(Some(1_000_000), Some(10));
        let (one, begun) = (tenant(1), rates.begun);
        rates.charge(one, begun, 1, 50);
        let refused = rates.admit(one, begun).unwrap_err().to_string();
        assert!(refused.contains("10 records a second"), "{refused}");
        assert!(refused.contains("wait 4 s"), "{refused}");
    }

    #[test]
    fn without_rates_nothing_is_counted_and_the_operator_never_waits() {
        let (free, bound) = (rates(None, None), rates(Some(1), Some(1)));
        free.charge(tenant(1), free.begun, u64::MAX, u64::MAX);
        assert!(free.tenants().is_empty());
        bound.charge(Tenant::Operator, bound.begun, u64::MAX, u64::MAX);
        assert_eq!(wait(&bound, Tenant::Operator, bound.begun), None);
        bound.charge(tenant(1), bound.begun, u64::MAX, u64::MAX);
        assert!(wait(&bound, tenant(1), bound.begun).is_some());
    }

    #[test]
    fn rested_tenants_take_no_memory() {
        let rates = rates(Some(1_000), None);
        for number in 0..5_000 {
            rates.charge(tenant(number), rates.begun + SECOND * u32::from(number), 1, 1);
        }
        assert!(rates.tenants().len() <= ENTRIES_KEPT);
    }
}
