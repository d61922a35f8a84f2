//! Accounts and zones in memory.

use async_trait::async_trait;
use catalog::{Account, CatalogError, Page, Paged, Result, Tenants, Zone};
use model::{AccountId, InstallationId, Scope, UnixNanos, ZoneId};

use super::{MemoryCatalog, not_found, paged};

#[async_trait]
impl Tenants for MemoryCatalog {
    fn installation(&self) -> &InstallationId {
        &self.installation
    }

    async fn add_account(&self, id: AccountId, name: &str, now: UnixNanos) -> Result<Account> {
        let mut state = self.state();
        if state.accounts.iter().any(|account| account.id == id) {
            return Err(CatalogError::Conflict(format!("there is an account {id} already")));
        }
        let account = Account { id, name: name.to_owned(), created_at: now };
        state.accounts.push(account.clone());
        Ok(account)
    }

    async fn account(&self, id: AccountId) -> Result<Account> {
        let state = self.state();
        let account = state.accounts.iter().find(|account| account.id == id);
        account.cloned().ok_or_else(|| not_found("account", &id))
    }

    async fn accounts(&self, only: Option<AccountId>, page: Page) -> Result<Paged<Account>> {
        let state = self.state();
        let wanted = |account: &&Account| only.is_none_or(|id| account.id == id);
        Ok(paged(state.accounts.iter().filter(wanted).cloned(), page))
    }

    async fn add_zone(
        &self,
        id: ZoneId,
        account: AccountId,
        name: &str,
        now: UnixNanos,
    ) -> Result<Zone> {
        let name = name.to_ascii_lowercase();
        let mut state = self.state();
        state.require(Scope::account(account))?;
        if state.zones.iter().any(|zone| zone.name == name) {
            return Err(CatalogError::Conflict(format!("there is a zone `{name}` already")));
        }
        if state.zones.iter().any(|zone| zone.id == id) {
            return Err(CatalogError::Conflict(format!("there is a zone {id} already")));
        }
        let zone = Zone { id, account, name, created_at: now };
        state.zones.push(zone.clone());
        Ok(zone)
    }

    async fn zone(&self, id: ZoneId) -> Result<Zone> {
        let state = self.state();
        let zone = state.zones.iter().find(|zone| zone.id == id);
        zone.cloned().ok_or_else(|| not_found("zone", &id))
    }

    async fn zones(
        &self,
        account: Option<AccountId>,
        only: Option<ZoneId>,
        name: Option<&str>,
        page: Page,
    ) -> Result<Paged<Zone>> {
        let name = name.map(str::to_ascii_lowercase);
        let state = self.state();
        let wanted = |zone: &&Zone| {
            account.is_none_or(|account| zone.account == account)
                && only.is_none_or(|id| zone.id == id)
                && name.as_ref().is_none_or(|name| zone.name == *name)
        };
        Ok(paged(state.zones.iter().filter(wanted).cloned(), page))
    }
}
