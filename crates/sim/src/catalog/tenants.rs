//! Accounts and zones in memory.

use async_trait::async_trait;
use catalog::{
    Account, Action, Actor, CatalogError, Grant, Page, Paged, Result, Tenants, Zone,
    refuse_dependents,
};
use model::{AccountId, InstallationId, Scope, ZoneId};

use super::{JobEntry, MemoryCatalog, State, not_found, paged};

#[async_trait]
impl Tenants for MemoryCatalog {
    fn installation(&self) -> &InstallationId {
        &self.installation
    }

    async fn add_account(
        &self,
        id: AccountId,
        name: &str,
        external_id: &str,
        by: &Actor,
    ) -> Result<Account> {
        let mut state = self.state();
        let mut known = state.accounts.iter().chain(&state.deleted_accounts);
        if known.any(|account| account.id == id) {
            return Err(CatalogError::Conflict(format!("there is an account {id} already")));
        }
        let (name, external_id) = (name.to_owned(), external_id.to_owned());
        let account = Account { id, name, external_id, created_at: by.at };
        state.write(Action::of_account(by, None, Some(&account)));
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
        by: &Actor,
    ) -> Result<Zone> {
        let name = name.to_ascii_lowercase();
        let mut state = self.state();
        state.require(Scope::account(account))?;
        if state.zones.iter().any(|zone| zone.name == name) {
            return Err(CatalogError::Conflict(format!("there is a zone `{name}` already")));
        }
        if state.zones.iter().chain(&state.deleted_zones).any(|zone| zone.id == id) {
            return Err(CatalogError::Conflict(format!("there is a zone {id} already")));
        }
        let zone = Zone { id, account, name, created_at: by.at };
        state.write(Action::of_zone(by, None, Some(&zone)));
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

    async fn delete_account(&self, id: AccountId, by: &Actor) -> Result<()> {
        let account = self.account(id).await?;
        let mut state = self.state();
        state.refuse_dependents(Scope::account(id))?;
        state.accounts.retain(|account| account.id != id);
        state.write(Action::of_account(by, Some(&account), None));
        state.deleted_accounts.push(account);
        Ok(())
    }

    async fn delete_zone(&self, id: ZoneId, by: &Actor) -> Result<()> {
        let zone = self.zone(id).await?;
        let mut state = self.state();
        state.refuse_dependents(Scope::zone(id))?;
        state.zones.retain(|zone| zone.id != id);
        state.write(Action::of_zone(by, Some(&zone), None));
        state.deleted_zones.push(zone);
        Ok(())
    }
}

impl State {
    fn refuse_dependents(&self, scope: Scope) -> Result<()> {
        let zones = self.zones.iter().filter(|zone| scope == Scope::account(zone.account));
        let of_scope = |entry: &&JobEntry| !entry.is_deleted && entry.job.scope == scope;
        let jobs = self.jobs.values().filter(of_scope);
        let tokens = self
            .tokens
            .iter()
            .filter(|(_, token)| token.revoked_at.is_none() && token.grant == Grant::Scope(scope));
        let (zones, jobs, tokens) = (zones.count(), jobs.count(), tokens.count());
        refuse_dependents(scope, zones as u64, jobs as u64, tokens as u64)
    }
}
