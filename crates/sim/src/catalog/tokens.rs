//! Tokens in memory.

use async_trait::async_trait;
use catalog::{CatalogError, Grant, Page, Paged, Result, Token, TokenHash, Tokens};
use model::{Id, Scope, UnixNanos};

use super::{MemoryCatalog, not_found, paged};

#[async_trait]
impl Tokens for MemoryCatalog {
    async fn add_token(&self, token: Token, hash: TokenHash) -> Result<()> {
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

    async fn revoke_token(&self, id: Id, now: UnixNanos) -> Result<()> {
        self.change_token(id, |token| {
            token.revoked_at.get_or_insert(now);
        })
    }

    async fn touch_token(&self, id: Id, now: UnixNanos) -> Result<()> {
        self.change_token(id, |token| token.last_used_at = token.last_used_at.max(Some(now)))
    }
}

impl MemoryCatalog {
    fn change_token(&self, id: Id, change: impl FnOnce(&mut Token)) -> Result<()> {
        let mut state = self.state();
        let token = state.tokens.iter_mut().find(|(_, token)| token.id == id);
        let (_, token) = token.ok_or_else(|| not_found("token", &id))?;
        change(token);
        Ok(())
    }
}
