//! Tokens in memory.

use async_trait::async_trait;
use catalog::{Action, Actor, CatalogError, Grant, Page, Paged, Result, Token, TokenHash, Tokens};
use model::{AccountId, Id, Scope, UnixNanos};

use super::{MemoryCatalog, State, not_found, paged};

#[async_trait]
impl Tokens for MemoryCatalog {
    async fn add_token(&self, token: Token, hash: TokenHash, by: &Actor) -> Result<()> {
        if token.permissions.is_empty() {
            let what = format!("token {} has no permission: it needs at least one", token.id);
            return Err(CatalogError::Conflict(what));
        }
        let mut state = self.state();
        if let Grant::Scope(scope) = token.grant {
            state.require(scope)?;
        }
        if state.tokens.iter().any(|(known, other)| *known == hash || other.id == token.id) {
            let what = format!("there is a token {} or one of the same text already", token.id);
            return Err(CatalogError::Conflict(what));
        }
        let owner = state.owner(&token);
        state.write(Action::of_token(by, owner, None, &token));
        state.tokens.push((hash, token));
        Ok(())
    }

    async fn token_by_hash(&self, hash: TokenHash) -> Result<Option<Token>> {
        let state = self.state();
        let token = state.tokens.iter().find(|(known, _)| *known == hash);
        Ok(token.map(|(_, token)| token.clone()))
    }

    async fn tokens(&self, scope: Option<Scope>, page: Page) -> Result<Paged<Token>> {
        let state = self.state();
        let tokens = state.tokens.iter().map(|(_, token)| token);
        let wanted = |token: &&Token| scope.is_none_or(|scope| token.grant == Grant::Scope(scope));
        Ok(paged(tokens.filter(wanted).cloned(), page))
    }

    async fn revoke_token(&self, id: Id, by: &Actor) -> Result<()> {
        let mut state = self.state();
        let token = state.token_mut(id)?;
        let before = token.clone();
        token.revoked_at.get_or_insert(by.at);
        let after = token.clone();
        let owner = state.owner(&after);
        state.write(Action::of_token(by, owner, Some(&before), &after));
        Ok(())
    }

    async fn touch_token(&self, id: Id, now: UnixNanos) -> Result<()> {
        let mut state = self.state();
        let token = state.token_mut(id)?;
        token.last_used_at = token.last_used_at.max(Some(now));
        Ok(())
    }
}

impl State {
    fn token_mut(&mut self, id: Id) -> Result<&mut Token> {
        let token = self.tokens.iter_mut().find(|(_, token)| token.id == id);
        token.map(|(_, token)| token).ok_or_else(|| not_found("token", &id))
    }

    /// The account that a token belongs to; `None` for one of the whole installation.
    fn owner(&self, token: &Token) -> Option<AccountId> {
        match token.grant {
            Grant::Installation => None,
            Grant::Scope(scope) => Some(self.account_of(scope)),
        }
    }
}
