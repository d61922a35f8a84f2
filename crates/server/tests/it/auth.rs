//! Who may ask for what: the whole table of routes, walked by every kind of caller.

use catalog::Permission;
use reqwest::Method;
use serde_json::{Value, json};
use server::{Access, Offered, offered};

use crate::site::{Answer, Site, send};

/// A caller, what they may do, and where.
struct Actor {
    name: String,
    token: String,
    permission: Permission,
    bound: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Installation,
    /// The account of the site, and with it the zone.
    Account,
    /// The zone of the site.
    Zone,
    /// Another customer.
    Elsewhere,
}

async fn actors(site: &Site) -> Vec<Actor> {
    let other = site.add_account("Tacos").await;
    let mut actors = Vec::new();
    for permission in Permission::ALL {
        for (bound, key, id) in [
            (Bound::Installation, "name", "x"),
            (Bound::Account, "account_id", site.account.as_str()),
            (Bound::Zone, "zone_id", site.zone.as_str()),
            (Bound::Elsewhere, "account_id", other.as_str()),
        ] {
            let token = site.add_token(&json!({"permissions": [permission.name()], key: id})).await;
            let name = format!("{} of {bound:?}", permission.name());
            actors.push(Actor { name, token, permission, bound });
        }
    }
    actors
}

/// The route's path, its variable parts filled in with what the site has.
fn filled(site: &Site, route: &Offered) -> String {
    route
        .path
        .replace("{account_id}", &site.account)
        .replace("{zone_id}", &site.zone)
        .replace("{token_id}", "00000000000000000000000000000001")
        .replace("{job_id}", "999")
        .replace("{dataset}", "http_requests")
}

async fn ask(site: &Site, route: &Offered, token: Option<&str>) -> Answer {
    let request = site.request(route.method.clone(), &filled(site, route));
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    send(request.json(&json!({}))).await
}

/// Whether the actor is let in; otherwise the status of the refusal.
fn expected(actor: &Actor, route: &Offered) -> Result<(), u16> {
    let of_account = route.path.contains("{account_id}");
    let of_zone = route.path.contains("{zone_id}");
    let reaches = match actor.bound {
        _ if !of_account && !of_zone => Ok(()),
        Bound::Installation | Bound::Account => Ok(()),
        Bound::Zone if of_zone => Ok(()),
        // Whether the zone exists must not be told; another account is simply not theirs.
        Bound::Elsewhere if of_zone => Err(404),
        Bound::Zone | Bound::Elsewhere => Err(403),
    };
    let may = |needed| if actor.permission.covers(needed) { Ok(()) } else { Err(403) };
    match route.access {
        Access::Public => Ok(()),
        Access::AnyToken => reaches,
        Access::InScope(needed) => reaches.and_then(|()| may(needed)),
        Access::InGrant(needed) => may(needed),
        Access::Operator if actor.bound != Bound::Installation => Err(403),
        Access::Operator => may(Permission::Admin),
    }
}

#[tokio::test]
async fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let site = Site::start().await;
    let actors = actors(&site).await;
    let routes = offered();
    assert!(routes.len() > 40, "{}", routes.len());
    for route in &routes {
        for actor in &actors {
            let answer = ask(&site, route, Some(&actor.token)).await;
            let about = format!("{} {} as {}", route.method, route.path, actor.name);
            match expected(actor, route) {
                Ok(()) => {
                    assert!(![401, 403, 405].contains(&answer.status), "{about}: {answer:?}");
                    assert!(answer.status < 500, "{about}: {answer:?}");
                }
                Err(status) => assert_eq!(answer.status, status, "{about}: {answer:?}"),
            }
        }
    }
}

#[tokio::test]
async fn every_route_but_the_public_ones_refuses_strangers() {
    let site = Site::start().await;
    let revoked = revoked_token(&site).await;
    for route in offered() {
        for token in [None, Some("nonsense"), Some(revoked.as_str()), Some("")] {
            let answer = ask(&site, &route, token).await;
            let verifies = route.path.ends_with("/verify");
            match (route.access, verifies) {
                (Access::Public, false) => assert_eq!(answer.status, 200, "{route:?}"),
                (_, true) => drop(answer.failure(401, 1000)),
                _ => {
                    answer.failure(401, 10000);
                    assert_eq!(answer.headers["www-authenticate"], "Bearer");
                }
            }
        }
    }
}

async fn revoked_token(site: &Site) -> String {
    let body = json!({"permissions": ["admin"], "name": "gone"});
    let token = site.post("/user/tokens", &body).await.result();
    let id = token["id"].as_str().unwrap();
    site.delete(&format!("/user/tokens/{id}")).await.result();
    token["value"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_older_pair_of_headers_is_taken() {
    let site = Site::start().await;
    let pair = |key: &str| {
        site.request(Method::GET, "/client/v4/zones")
            .header("x-auth-email", "me@burritobot.example")
            .header("x-auth-key", key)
    };
    let zones = send(pair(site.service.admin_token())).await.result();
    assert_eq!(zones[0]["name"], "burritobot.example");
    send(pair("nonsense")).await.failure(401, 10000);
}

#[tokio::test]
async fn what_is_somebody_elses_looks_as_if_it_were_not_there() {
    let site = Site::start().await;
    let other = site.add_account("Tacos").await;
    let foreign_zone = site.add_zone(&other, "tacobot.example").await;
    let absent_zone = "00000000000000000000000000000001";
    let token =
        site.add_token(&json!({"permissions": ["admin"], "account_id": site.account})).await;
    let get = |path: String| {
        let (site, token) = (&site, &token);
        async move { site.call(token, Method::GET, &path, None).await }
    };
    let same = |left: &Answer, right: &Answer, ids: (&str, &str)| {
        assert_eq!(left.status, right.status);
        let left: Value = serde_json::from_str(&left.text.replace(ids.0, "ID")).unwrap();
        let right: Value = serde_json::from_str(&right.text.replace(ids.1, "ID")).unwrap();
        assert_eq!(left, right);
    };
    for path in ["", "/logpush/jobs", "/logpush/quarantine"] {
        let foreign = get(format!("/zones/{foreign_zone}{path}")).await;
        let absent = get(format!("/zones/{absent_zone}{path}")).await;
        assert_eq!(foreign.status, 404);
        same(&foreign, &absent, (&foreign_zone, absent_zone));
    }
    let foreign = get(format!("/accounts/{other}/logpush/jobs")).await;
    let absent = get(format!("/accounts/{absent_zone}/logpush/jobs")).await;
    same(&foreign, &absent, (&other, absent_zone));
    let zones = get("/zones".to_owned()).await.result();
    assert_eq!(zones.as_array().unwrap().len(), 1);
    let accounts = get("/accounts".to_owned()).await.result();
    assert_eq!(accounts[0]["id"], site.account.as_str());
    let named = get("/zones?name=tacobot.example".to_owned()).await.result();
    assert_eq!(named, json!([]));
}
