//! What every backend promises of accounts and zones.

use super::{EXTERNAL_ID, NOON, assert_conflict, assert_not_found, at, by, id, zone};
use crate::{Account, Catalog, Page, Zone};

pub async fn an_account_reads_back(catalog: &dyn Catalog) {
    let added = catalog.add_account(id(1), "Burrito Bot", EXTERNAL_ID, &by(NOON)).await.unwrap();
    let (name, external_id) = ("Burrito Bot".to_owned(), EXTERNAL_ID.to_owned());
    let expected = Account { id: id(1), name, external_id, created_at: NOON };
    assert_eq!(added, expected);
    assert_eq!(catalog.account(id(1)).await.unwrap(), expected);
    assert_not_found(catalog.account(id(2)).await, "account");
}

pub async fn an_account_id_is_taken_once(catalog: &dyn Catalog) {
    catalog.add_account(id(1), "first", EXTERNAL_ID, &by(NOON)).await.unwrap();
    let again = catalog.add_account(id(1), "second", EXTERNAL_ID, &by(NOON)).await;
    assert_conflict(again, &id(1).to_string());
    assert_eq!(catalog.account(id(1)).await.unwrap().name, "first");
}

pub async fn accounts_are_listed_in_the_order_of_their_creation(catalog: &dyn Catalog) {
    for (byte, name) in [(3, "same name"), (1, "other"), (2, "same name")] {
        catalog.add_account(id(byte), name, EXTERNAL_ID, &by(NOON)).await.unwrap();
    }
    let all = catalog.accounts(None, Page::ALL).await.unwrap();
    let ids: Vec<_> = all.items.iter().map(|account| account.id).collect();
    assert_eq!((ids, all.total), (vec![id(3), id(1), id(2)], 3));

    let only = catalog.accounts(Some(id(1)), Page::ALL).await.unwrap();
    assert_eq!((only.items[0].name.as_str(), only.total), ("other", 1));
    let none = catalog.accounts(Some(id(9)), Page::ALL).await.unwrap();
    assert_eq!((none.items.len(), none.total), (0, 0));
}

pub async fn a_zone_reads_back_in_lower_case(catalog: &dyn Catalog) {
    catalog.add_account(id(1), "Burrito Bot", EXTERNAL_ID, &by(NOON)).await.unwrap();
    let added = catalog.add_zone(id(2), id(1), "BurritoBot.Example", &by(at(1))).await.unwrap();
    let name = "burritobot.example".to_owned();
    let expected = Zone { id: id(2), account: id(1), name, created_at: at(1) };
    assert_eq!(added, expected);
    assert_eq!(catalog.zone(id(2)).await.unwrap(), expected);
    assert_not_found(catalog.zone(id(1)).await, "zone");
}

pub async fn a_zone_name_is_taken_once_in_all_accounts(catalog: &dyn Catalog) {
    zone(catalog, 1).await;
    catalog.add_account(id(2), "another", EXTERNAL_ID, &by(NOON)).await.unwrap();
    let again = catalog.add_zone(id(2), id(2), "ZONE1.example", &by(NOON)).await;
    assert_conflict(again, "`zone1.example`");
    assert_not_found(catalog.zone(id(2)).await, "zone");
}

pub async fn a_zone_id_is_taken_once(catalog: &dyn Catalog) {
    zone(catalog, 1).await;
    let again = catalog.add_zone(id(1), id(1), "other.example", &by(NOON)).await;
    assert_conflict(again, &id(1).to_string());
    assert_eq!(catalog.zone(id(1)).await.unwrap().name, "zone1.example");
}

pub async fn a_zone_needs_its_account(catalog: &dyn Catalog) {
    let orphan = catalog.add_zone(id(1), id(7), "zone.example", &by(NOON)).await;
    assert_not_found(orphan, "account");
    assert_eq!(catalog.zones(None, None, None, Page::ALL).await.unwrap().total, 0);
}

pub async fn zones_are_found_by_account_id_and_name(catalog: &dyn Catalog) {
    for byte in [2, 1] {
        zone(catalog, byte).await;
    }
    catalog.add_zone(id(3), id(2), "zone3.example", &by(NOON)).await.unwrap();
    let find = async |account, only, name| {
        let found = catalog.zones(account, only, name, Page::ALL).await.unwrap();
        assert_eq!(found.total, found.items.len() as u64);
        found.items.iter().map(|zone| zone.id).collect::<Vec<_>>()
    };
    assert_eq!(find(None, None, None).await, [id(2), id(1), id(3)]);
    assert_eq!(find(Some(id(2)), None, None).await, [id(2), id(3)]);
    assert_eq!(find(None, Some(id(3)), None).await, [id(3)]);
    assert_eq!(find(None, None, Some("Zone3.Example")).await, [id(3)]);
    assert_eq!(find(Some(id(1)), None, Some("zone3.example")).await, []);
    assert_eq!(find(Some(id(1)), Some(id(3)), None).await, []);
}

pub async fn pages_divide_a_list(catalog: &dyn Catalog) {
    for byte in 1..=5 {
        zone(catalog, byte).await;
    }
    let page = async |number| {
        let page = Page { number, size: 2 };
        let zones = catalog.zones(None, None, None, page).await.unwrap();
        assert_eq!(zones.total, 5);
        let accounts = catalog.accounts(None, page).await.unwrap();
        assert_eq!(accounts.total, 5);
        let ids: Vec<_> = accounts.items.iter().map(|account| account.id).collect();
        assert_eq!(zones.items.iter().map(|zone| zone.id).collect::<Vec<_>>(), ids);
        ids
    };
    assert_eq!(page(1).await, [id(1), id(2)]);
    assert_eq!(page(2).await, [id(3), id(4)]);
    assert_eq!(page(3).await, [id(5)]);
    assert_eq!(page(4).await, []);
    let far = Page { number: u32::MAX, size: u32::MAX };
    assert_eq!(catalog.zones(None, None, None, far).await.unwrap().items, []);
}
