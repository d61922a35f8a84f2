//! For whom a request is counted: the account that its scope belongs to.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use catalog::{Catalog, Grant};
use model::{Id, Scope, ScopeKind};

use super::Destined;

/// Zones whose account is kept in mind; beyond it all are looked up anew.
const KEPT_MAX: usize = 10_000;

/// For whom a request is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tenant {
    /// An account, with all its zones.
    Account(Id),
    /// The operator, who sends what is of many accounts by one token.
    Operator,
}

/// The accounts of the zones that were lately sent to: a zone never changes its account.
#[derive(Debug, Default)]
pub(super) struct Tenants {
    account_of: Mutex<HashMap<Id, Id>>,
}

impl Tenants {
    /// For whom a request that goes there is counted.
    pub(super) async fn of(
        &self,
        destined: Destined,
        catalog: &dyn Catalog,
    ) -> catalog::Result<Tenant> {
        let (Destined::To(scope) | Destined::PerRecord(Grant::Scope(scope))) = destined else {
            return Ok(Tenant::Operator);
        };
        match scope {
            Scope { kind: ScopeKind::Account, id } => Ok(Tenant::Account(id)),
            Scope { kind: ScopeKind::Zone, id } => self.of_zone(id, catalog).await,
        }
    }

    async fn of_zone(&self, zone: Id, catalog: &dyn Catalog) -> catalog::Result<Tenant> {
        if let Some(account) = self.kept().get(&zone) {
            return Ok(Tenant::Account(*account));
        }
        let account = catalog.zone(zone).await?.account;
        let mut kept = self.kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(zone, account);
        Ok(Tenant::Account(account))
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Id, Id>> {
        self.account_of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
