//! The administrator's token: the configured one, or one that is made at the first start.
//!
//! Its text stands in the settings or in `<data_dir>/admin-token`; the catalogue holds its hash
//! alone. When it changes, the one before stops being valid.

use std::path::Path;

use catalog::{Actor, Grant, Page, Permission, SqliteCatalog, Token, TokenHash, Tokens};
use model::UnixNanos;

use super::{StartError, private_file};
use crate::api::RESERVED_NAME;
use crate::config::{AdminToken, Config};
use crate::random::{random_id, token_text};

/// The name of the token's file in the data directory.
const FILE: &str = "admin-token";

/// The administrator's token, which is valid when this returns, and the only one of its kind.
pub(super) async fn ensure(
    config: &Config,
    catalog: &SqliteCatalog,
    now: UnixNanos,
) -> Result<AdminToken, StartError> {
    let token = match &config.admin_token {
        Some(token) => {
            if !is_valid(catalog, token, now).await? {
                return Err(StartError::AdminTokenRevoked);
            }
            token.clone()
        }
        None => of_file(&config.data_dir.join(FILE), catalog, now).await?,
    };
    revoke_others(catalog, &token, now).await?;
    Ok(token)
}

async fn of_file(
    path: &Path,
    catalog: &SqliteCatalog,
    now: UnixNanos,
) -> Result<AdminToken, StartError> {
    if let Some(text) = private_file::read(path)? {
        let token = AdminToken::new(&text).ok_or_else(|| StartError::Content {
            path: path.to_owned(),
            expected: "a token of 16 to 512 visible ASCII characters",
        })?;
        if is_valid(catalog, &token, now).await? {
            return Ok(token);
        }
    }
    let text = token_text()?;
    private_file::write(path, &text)?;
    let token = AdminToken::new(&text)
        .ok_or_else(|| StartError::Content { path: path.to_owned(), expected: "a token" })?;
    is_valid(catalog, &token, now).await?;
    tracing::info!(path = %path.display(), "made the administrator's token");
    Ok(token)
}

/// Whether the token is valid, after it was added where the catalogue did not have it.
async fn is_valid(
    catalog: &SqliteCatalog,
    token: &AdminToken,
    now: UnixNanos,
) -> Result<bool, StartError> {
    let hash = TokenHash::of(token.expose());
    match catalog.token_by_hash(hash).await? {
        Some(known) if known.revoked_at.is_some() => Ok(false),
        Some(Token { grant: Grant::Installation, permissions, .. })
            if permissions.contains(&Permission::Admin) =>
        {
            Ok(true)
        }
        Some(_) => Err(StartError::AdminTokenTaken),
        None => {
            let token = Token {
                id: random_id()?,
                name: RESERVED_NAME.to_owned(),
                permissions: vec![Permission::Admin],
                grant: Grant::Installation,
                created_at: now,
                expires_at: None,
                last_used_at: None,
                revoked_at: None,
            };
            catalog.add_token(token, hash, &Actor::system(now)).await?;
            Ok(true)
        }
    }
}

async fn revoke_others(
    catalog: &SqliteCatalog,
    token: &AdminToken,
    now: UnixNanos,
) -> Result<(), StartError> {
    let own = catalog.token_by_hash(TokenHash::of(token.expose())).await?.map(|token| token.id);
    for other in catalog.tokens(None, Page::ALL).await?.items {
        let is_other = other.name == RESERVED_NAME && Some(other.id) != own;
        if is_other && other.revoked_at.is_none() {
            catalog.revoke_token(other.id, &Actor::system(now)).await?;
            tracing::info!("revoked the administrator's token of before");
        }
    }
    Ok(())
}
