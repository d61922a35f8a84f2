//! What every backend promises of tokens.

use model::{Id, Scope};

use super::{NOON, assert_conflict, assert_not_found, at, by, id, zone};
use crate::{Catalog, Grant, Page, Permission, Token, TokenHash};

fn token(id: Id, grant: Grant) -> Token {
    Token {
        id,
        name: "shipper".to_owned(),
        permissions: vec![Permission::LogsIngest, Permission::LogsRead],
        grant,
        created_at: NOON,
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    }
}

async fn find(catalog: &dyn Catalog, text: &str) -> Option<Token> {
    catalog.token_by_hash(TokenHash::of(text)).await.unwrap()
}

pub async fn a_token_reads_back_by_its_hash(catalog: &dyn Catalog) {
    let scope = zone(catalog, 1).await;
    let grants = [Grant::Installation, Grant::Scope(scope), Grant::Scope(Scope::account(id(1)))];
    for (byte, grant) in (1..).zip(grants) {
        let text = format!("secret {byte}");
        let plain = token(id(byte), grant);
        catalog.add_token(plain.clone(), TokenHash::of(&text), &by(NOON)).await.unwrap();
        assert_eq!(find(catalog, &text).await, Some(plain));
    }
    let full = Token {
        permissions: Permission::ALL.to_vec(),
        expires_at: Some(at(1)),
        last_used_at: Some(at(2)),
        revoked_at: Some(at(3)),
        ..token(id(9), Grant::Installation)
    };
    catalog.add_token(full.clone(), TokenHash::of("full"), &by(NOON)).await.unwrap();
    assert_eq!(find(catalog, "full").await, Some(full), "revoked and expired, and yet found");
    assert_eq!(find(catalog, "unheard of").await, None);
}

pub async fn a_hash_and_an_id_are_taken_once(catalog: &dyn Catalog) {
    let (one, other) = (token(id(1), Grant::Installation), token(id(2), Grant::Installation));
    catalog.add_token(one.clone(), TokenHash::of("one"), &by(NOON)).await.unwrap();
    assert_conflict(catalog.add_token(other, TokenHash::of("one"), &by(NOON)).await, "token");
    assert_conflict(
        catalog.add_token(one.clone(), TokenHash::of("other"), &by(NOON)).await,
        "token",
    );
    assert_eq!(find(catalog, "one").await, Some(one));
    assert_eq!(find(catalog, "other").await, None);
}

pub async fn a_token_needs_a_permission(catalog: &dyn Catalog) {
    let idle = Token { permissions: Vec::new(), ..token(id(1), Grant::Installation) };
    assert_conflict(catalog.add_token(idle, TokenHash::of("idle"), &by(NOON)).await, "permission");
    assert_eq!(find(catalog, "idle").await, None);
}

pub async fn a_token_needs_its_account_or_zone(catalog: &dyn Catalog) {
    for (scope, what) in [(Scope::account(id(7)), "account"), (Scope::zone(id(7)), "zone")] {
        let orphan = token(id(1), Grant::Scope(scope));
        assert_not_found(catalog.add_token(orphan, TokenHash::of("orphan"), &by(NOON)).await, what);
    }
    assert_eq!(find(catalog, "orphan").await, None);
}

pub async fn tokens_are_listed_by_exactly_their_grant(catalog: &dyn Catalog) {
    let scope = zone(catalog, 1).await;
    let account = Scope::account(id(1));
    let grants = [Grant::Scope(scope), Grant::Installation, Grant::Scope(account)];
    for (byte, grant) in (1..).zip(grants) {
        let hash = TokenHash([byte; 32]);
        catalog.add_token(token(id(9 - byte), grant), hash, &by(NOON)).await.unwrap();
    }
    let list = async |scope, page| {
        let found = catalog.tokens(scope, page).await.unwrap();
        (found.items.iter().map(|token| token.id).collect::<Vec<_>>(), found.total)
    };
    assert_eq!(list(None, Page::ALL).await, (vec![id(8), id(7), id(6)], 3));
    assert_eq!(list(None, Page { number: 2, size: 2 }).await, (vec![id(6)], 3));
    assert_eq!(list(Some(scope), Page::ALL).await, (vec![id(8)], 1));
    assert_eq!(list(Some(account), Page::ALL).await, (vec![id(6)], 1));
}

pub async fn a_revoked_token_stays_revoked_as_at_first(catalog: &dyn Catalog) {
    let plain = token(id(1), Grant::Installation);
    catalog.add_token(plain, TokenHash::of("plain"), &by(NOON)).await.unwrap();
    catalog.revoke_token(id(1), &by(at(5))).await.unwrap();
    catalog.revoke_token(id(1), &by(at(9))).await.unwrap();
    assert_eq!(find(catalog, "plain").await.unwrap().revoked_at, Some(at(5)));
    assert_not_found(catalog.revoke_token(id(2), &by(at(5))).await, "token");
}

pub async fn the_newest_use_of_a_token_is_noted(catalog: &dyn Catalog) {
    let plain = token(id(1), Grant::Installation);
    catalog.add_token(plain, TokenHash::of("plain"), &by(NOON)).await.unwrap();
    for nanos in [5, 9, 7] {
        catalog.touch_token(id(1), at(nanos)).await.unwrap();
    }
    assert_eq!(find(catalog, "plain").await.unwrap().last_used_at, Some(at(9)));
    assert_not_found(catalog.touch_token(id(2), at(5)).await, "token");
}
