//! What every backend promises of the audit trail.

use model::{AccountId, JobSpec, Revision, Scope};
use serde_json::{Value, json};

use super::{EXTERNAL_ID, NOON, at, by, change, id, job, zone};
use crate::{
    Action, AuditOf, Catalog, Grant, JobChange, Page, Permission, Subject, Token, TokenHash, Verb,
};

/// Actions of an account, newest first.
async fn actions(catalog: &dyn Catalog, account: AccountId) -> Vec<Action> {
    let found = catalog.actions(AuditOf::Account(account), Page::ALL).await.unwrap();
    assert_eq!(found.total, found.items.len() as u64);
    found.items
}

fn verbs(actions: &[Action]) -> Vec<(Verb, Subject)> {
    actions.iter().map(|action| (action.verb, action.what)).collect()
}

fn member<'a>(state: Option<&'a Value>, name: &str) -> &'a Value {
    &state.unwrap()[name]
}

pub async fn an_action_says_who_did_what(catalog: &dyn Catalog) {
    catalog.add_account(id(1), "Burrito Bot", EXTERNAL_ID, &by(at(7))).await.unwrap();
    let expected = Action {
        number: 1,
        by: by(at(7)),
        verb: Verb::Create,
        what: Subject::Account,
        id: id(1).to_string(),
        account: Some(id(1)),
        before: None,
        after: Some(json!({"name": "Burrito Bot", "external_id": EXTERNAL_ID})),
    };
    assert_eq!(actions(catalog, id(1)).await, [expected]);
}

pub async fn every_change_of_a_job_is_one_action(catalog: &dyn Catalog) {
    let added = job(catalog, 1).await;
    let paused = JobChange { enabled: false, ..change() };
    let mut other = JobChange { name: None, ..change() };
    other.spec.filter = String::new();
    let changes = [(1, paused.clone()), (1, change()), (1, paused), (1, other.clone()), (2, other)];
    for (nanos, (revision, change)) in (1..).zip(changes) {
        let (revision, by) = (Revision(revision), by(at(nanos)));
        catalog.change_job(added.id, revision, change, &[], &by).await.unwrap();
    }
    catalog.delete_job(added.id, &by(at(9))).await.unwrap();

    let actions = actions(catalog, id(1)).await;
    let expected = [
        (Verb::Delete, Subject::Job),
        (Verb::Update, Subject::Job),
        (Verb::Disable, Subject::Job),
        (Verb::Enable, Subject::Job),
        (Verb::Disable, Subject::Job),
        (Verb::Create, Subject::Job),
        (Verb::Create, Subject::Zone),
        (Verb::Create, Subject::Account),
    ];
    assert_eq!(verbs(&actions), expected, "what changes nothing leaves nothing");
    let update = &actions[1];
    assert_eq!(update.id, added.id.to_string());
    let member_of =
        |name| (member(update.before.as_ref(), name), member(update.after.as_ref(), name));
    assert_eq!(member_of("enabled"), (&json!(false), &json!(true)));
    assert_eq!(member_of("name"), (&json!("all requests"), &Value::Null));
    assert_eq!(member_of("revision"), (&json!(1), &json!(2)));
    assert_eq!(
        member(update.after.as_ref(), "output_options"),
        &json!({"field_names": ["ClientIP"]})
    );
    assert_eq!(member(update.after.as_ref(), "zone_id"), &json!(id(1).to_string()));
    assert_eq!((&actions[0].before, &actions[0].after), (&update.after, &None));
}

pub async fn a_refused_change_is_no_action(catalog: &dyn Catalog) {
    let added = job(catalog, 1).await;
    let before = actions(catalog, id(1)).await.len();
    let late = JobChange { name: None, ..change() };
    catalog.change_job(added.id, Revision(7), late, &[], &by(NOON)).await.unwrap_err();
    catalog.add_zone(id(1), id(1), "other.example", &by(NOON)).await.unwrap_err();
    catalog.delete_zone(id(1), &by(NOON)).await.unwrap_err();
    assert_eq!(actions(catalog, id(1)).await.len(), before);
}

pub async fn an_action_shows_no_secret(catalog: &dyn Catalog) {
    let scope = zone(catalog, 1).await;
    let destination =
        |secret| format!("s3://b/p?region=eu-west-1&access-key-id=AKIA&secret-access-key={secret}");
    let with = |secret| JobChange {
        spec: JobSpec { destination: destination(secret), ..change().spec },
        ..change()
    };
    let added = catalog.add_job(scope, with("hunter2"), &[], &by(NOON)).await.unwrap();
    let renewed = with("hunter3");
    catalog.change_job(added.id, Revision(1), renewed, &[], &by(NOON)).await.unwrap();
    let token = token(Grant::Scope(scope));
    let hash = TokenHash::of("text");
    catalog.add_token(token, hash, &by(NOON)).await.unwrap();

    let actions = actions(catalog, id(1)).await;
    assert_eq!(verbs(&actions)[1], (Verb::Update, Subject::Job), "another secret is a change");
    let text = format!("{actions:?}");
    assert!(text.contains("s3://b/p?region=eu-west-1"), "{text}");
    for secret in ["hunter", "hash", "text"] {
        assert!(!text.contains(secret), "{text}");
    }
}

fn token(grant: Grant) -> Token {
    Token {
        id: id(5),
        name: "shipper".to_owned(),
        permissions: vec![Permission::LogsIngest],
        grant,
        created_at: NOON,
        expires_at: Some(at(0)),
        last_used_at: None,
        revoked_at: None,
    }
}

pub async fn a_token_is_made_and_revoked_once(catalog: &dyn Catalog) {
    let scope = zone(catalog, 1).await;
    let token = token(Grant::Scope(scope));
    catalog.add_token(token.clone(), TokenHash::of("text"), &by(NOON)).await.unwrap();
    for nanos in [1, 2] {
        catalog.revoke_token(token.id, &by(at(nanos))).await.unwrap();
    }
    catalog.touch_token(token.id, at(3)).await.unwrap();
    let actions = actions(catalog, id(1)).await;
    let expected = [(Verb::Revoke, Subject::Token), (Verb::Create, Subject::Token)];
    assert_eq!(verbs(&actions)[..2], expected);
    assert_eq!(verbs(&actions)[2], (Verb::Create, Subject::Zone));
    assert_eq!(actions[0].by, by(at(1)));
    let state = json!({
        "name": "shipper",
        "permissions": ["logs:ingest"],
        "zone_id": id(1).to_string(),
        "expires_on": "2023-11-14T22:13:20Z",
        "revoked_on": null,
    });
    assert_eq!((actions[1].id.clone(), &actions[1].after), (id(5).to_string(), &Some(state)));
}

pub async fn actions_are_listed_by_account(catalog: &dyn Catalog) {
    zone(catalog, 1).await;
    zone(catalog, 2).await;
    catalog.add_token(token(Grant::Installation), TokenHash::of("t"), &by(NOON)).await.unwrap();
    assert_eq!(actions(catalog, id(1)).await.len(), 2);
    assert_eq!(actions(catalog, id(9)).await, []);
    let page = async |number, size| {
        catalog.actions(AuditOf::Installation, Page { number, size }).await.unwrap()
    };
    let (all, second) = (page(1, 9).await, page(2, 2).await);
    assert_eq!((all.total, second.total), (5, 5));
    assert_eq!(all.items[0].account, None, "the installation's own");
    assert_eq!(all.items[2..4], second.items);
    let numbers: Vec<_> = all.items.iter().map(|action| action.number).collect();
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
}

pub async fn old_actions_are_forgotten(catalog: &dyn Catalog) {
    for nanos in [1, 2, 3] {
        let account = id(nanos as u8);
        catalog.add_account(account, "one", EXTERNAL_ID, &by(at(nanos))).await.unwrap();
    }
    catalog.forget_actions_before(at(3)).await.unwrap();
    let left = catalog.actions(AuditOf::Installation, Page::ALL).await.unwrap();
    assert_eq!((left.total, left.items[0].number), (1, 3));
    catalog.add_zone(id(1), id(3), "a.example", &by(at(4))).await.unwrap();
    assert_eq!(actions(catalog, id(3)).await[0].number, 4, "numbers go on");
}

pub async fn deleted_zones_and_accounts_are_gone(catalog: &dyn Catalog) {
    let scope = zone(catalog, 1).await;
    catalog.delete_zone(id(1), &by(at(1))).await.unwrap();
    catalog.delete_account(id(1), &by(at(2))).await.unwrap();
    super::assert_not_found(catalog.zone(id(1)).await, "zone");
    super::assert_not_found(catalog.account(id(1)).await, "account");
    super::assert_not_found(catalog.delete_zone(id(1), &by(at(3))).await, "zone");
    super::assert_not_found(catalog.delete_account(id(1), &by(at(3))).await, "account");
    super::assert_not_found(catalog.add_job(scope, change(), &[], &by(NOON)).await, "zone");
    assert_eq!(catalog.zones(None, None, None, Page::ALL).await.unwrap().total, 0);
    assert_eq!(catalog.accounts(None, Page::ALL).await.unwrap().total, 0);
    let trail = actions(catalog, id(1)).await;
    let expected = [(Verb::Delete, Subject::Account), (Verb::Delete, Subject::Zone)];
    assert_eq!(verbs(&trail)[..2], expected);
    assert_eq!(member(trail[1].before.as_ref(), "name"), "zone1.example");

    let again = catalog.add_account(id(1), "again", EXTERNAL_ID, &by(NOON)).await;
    super::assert_conflict(again, &id(1).to_string());
    catalog.add_account(id(2), "another", EXTERNAL_ID, &by(NOON)).await.unwrap();
    let again = catalog.add_zone(id(1), id(2), "x.example", &by(NOON)).await;
    super::assert_conflict(again, &id(1).to_string());
    catalog.add_zone(id(2), id(2), "zone1.example", &by(NOON)).await.unwrap();
}

pub async fn what_is_in_use_is_not_deleted(catalog: &dyn Catalog) {
    let added = job(catalog, 1).await;
    let token = token(Grant::Scope(Scope::account(id(1))));
    catalog.add_token(token.clone(), TokenHash::of("t"), &by(NOON)).await.unwrap();
    super::assert_conflict(catalog.delete_zone(id(1), &by(NOON)).await, "jobs: 1");
    let of_account = catalog.delete_account(id(1), &by(NOON)).await;
    super::assert_conflict(of_account, "zones: 1, jobs: 0, tokens: 1");
    catalog.delete_job(added.id, &by(NOON)).await.unwrap();
    catalog.delete_zone(id(1), &by(NOON)).await.unwrap();
    catalog.revoke_token(token.id, &by(NOON)).await.unwrap();
    catalog.delete_account(id(1), &by(NOON)).await.unwrap();
    assert_eq!(catalog.revision(added.id, Revision(1)).await.unwrap().scope, added.scope);
}
