//! Who may ask for what: the whole table of routes, walked by every kind of caller.

use std::time::Duration;

use catalog::Permission;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use server::{Access, Offered, offered};

use crate::api_jobs::KEYED;
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
    /// Another zone of the account.
    OtherZone,
    /// Another customer.
    Elsewhere,
}

async fn actors(site: &Site) -> Vec<Actor> {
    let other = site.add_account("Tacos").await;
    let other_zone = site.add_zone(&site.account, "other.example").await;
    let mut actors = Vec::new();
    for permission in Permission::ALL {
        for (bound, key, id) in [
            (Bound::Installation, "name", "x"),
            (Bound::Account, "account_id", site.account.as_str()),
            (Bound::Zone, "zone_id", site.zone.as_str()),
            (Bound::OtherZone, "zone_id", other_zone.as_str()),
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

/// The two ways to show a token.
const WAYS: [Way; 2] = [
    |request, token| request.bearer_auth(token),
    |request, token| {
        request.header("x-auth-email", "me@burritobot.example").header("x-auth-key", token)
    },
];

type Way = fn(RequestBuilder, &str) -> RequestBuilder;

async fn ask(site: &Site, route: &Offered, token: Option<(Way, &str)>) -> Answer {
    let request = site.request(route.method.clone(), &filled(site, route));
    let request = match token {
        Some((way, token)) => way(request, token),
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
        Bound::Zone | Bound::OtherZone | Bound::Elsewhere => Err(403),
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
        for (way, actor) in
            WAYS.into_iter().flat_map(|way| actors.iter().map(move |actor| (way, actor)))
        {
            let answer = ask(&site, route, Some((way, &actor.token))).await;
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
    let expired = expired_token(&site).await;
    let tokens = ["", "nonsense", &revoked, &expired];
    for route in offered() {
        let shown = WAYS.into_iter().flat_map(|way| tokens.map(|token| Some((way, token))));
        for token in shown.chain([None]) {
            let answer = ask(&site, &route, token).await;
            let verifies = route.path.ends_with("/tokens/verify");
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

async fn expired_token(site: &Site) -> String {
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(1500);
    let body = json!({"permissions": ["admin"], "expires_on": soon.to_string()});
    let token = site.add_token(&body).await;
    while site.call(&token, Method::GET, "/zones", None).await.status == 200 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    token
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

const ABSENT: &str = "00000000000000000000000000000001";

/// Another customer with everything that one can have, and ids of nothing.
struct Others {
    /// What stands in a path, what is somebody else's, what is nobody's.
    ids: Vec<(&'static str, String, &'static str)>,
}

impl Others {
    async fn add(site: &Site) -> Self {
        let account = site.add_account("Tacos").await;
        let zone = site.add_zone(&account, "tacobot.example").await;
        let job = json!({"dataset": "http_requests", "destination_conf": KEYED});
        let job = site.post(&format!("/zones/{zone}/logpush/jobs"), &job).await.result();
        let token = json!({"permissions": ["admin"], "account_id": account});
        let token = site.post("/user/tokens", &token).await.result();
        let text = |id: &Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let ids = vec![
            ("{account_id}", account, ABSENT),
            ("{zone_id}", zone, ABSENT),
            ("{job_id}", text(&job["id"]), "999"),
            ("{token_id}", text(&token["id"]), ABSENT),
        ];
        Self { ids }
    }
}

/// The answer, with a word in the place of the id.
fn without(answer: &Answer, id: &str) -> (u16, String) {
    let quoted = answer.text.replace(&format!(": {id}\""), ": ID\"");
    (answer.status, quoted.replace(&format!("/{id}"), "/ID"))
}

/// The answer of a route to a body that would change something.
async fn change(site: &Site, route: &Offered, token: &str) -> Answer {
    let path = filled(site, route);
    let request = site.request(route.method.clone(), &path).bearer_auth(token);
    send(request.json(&json!({"enabled": true}))).await
}

#[tokio::test]
async fn what_is_somebody_elses_looks_as_if_it_were_not_there() {
    let site = Site::start().await;
    let others = Others::add(&site).await;
    let mut callers = Vec::new();
    for (key, id) in [("account_id", &site.account), ("zone_id", &site.zone)] {
        callers.push(site.add_token(&json!({"permissions": ["admin"], key: id})).await);
    }
    let mut compared = 0;
    for route in offered() {
        for (part, theirs, nobodys) in others.ids.iter().filter(|id| route.path.contains(id.0)) {
            for token in &callers {
                let named =
                    |id: &str| Offered { path: route.path.replace(part, id), ..route.clone() };
                let foreign = change(&site, &named(theirs), token).await;
                let absent = change(&site, &named(nobodys), token).await;
                assert!([403, 404].contains(&foreign.status), "{route:?} {foreign:?}");
                assert_eq!(without(&foreign, theirs), without(&absent, nobodys), "{route:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 80, "{compared}");
    let mine = &callers[0];
    let get = async |path: &str| site.call(mine, Method::GET, path, None).await.result();
    assert_eq!(get("/zones").await.as_array().unwrap().len(), 1);
    assert_eq!(get("/accounts").await[0]["id"], site.account.as_str());
    assert_eq!(get("/zones?name=tacobot.example").await, json!([]));
    assert_eq!(get(&format!("/zones?account.id={}", others.ids[0].1)).await, json!([]));
    assert_eq!(get("/logpush/status").await, json!([]));
}
