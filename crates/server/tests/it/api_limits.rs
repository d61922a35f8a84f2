//! The frame of the API: methods, routes that are not there, pages, and what is too much.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api_jobs::KEYED;
use crate::site::{Answer, Site, send};

async fn ask(site: &Site, method: &str, path: &str) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = site.request(method, &format!("/client/v4{path}"));
    send(request.bearer_auth(site.service.admin_token())).await
}

#[tokio::test]
async fn a_path_tells_the_methods_that_it_takes() {
    let site = Site::start().await;
    let path = format!("/{}/logpush/jobs", site.scope());
    for (method, status) in [("OPTIONS", 204), ("PATCH", 405), ("DELETE", 405), ("PURGE", 405)] {
        let answer = ask(&site, method, &path).await;
        assert_eq!(answer.status, status, "{method}");
        assert_eq!(answer.headers["allow"], "GET, POST, HEAD, OPTIONS", "{method}");
    }
    let message = ask(&site, "PATCH", &path).await.failure(405, 7001);
    assert!(message.contains("expected one of GET, POST"), "{message}");
    let (head, get) = (ask(&site, "HEAD", &path).await, ask(&site, "GET", &path).await);
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.headers["content-length"], get.text.len().to_string());
}

#[tokio::test]
async fn what_is_not_there_is_no_route() {
    let site = Site::start().await;
    let (zone, account) = (&site.zone, &site.account);
    for (method, path) in [
        ("GET", format!("/zones/{zone}/logpush/edge")),
        ("POST", format!("/zones/{zone}/logpush/edge")),
        ("GET", format!("/zones/{zone}/logpush/edge/jobs")),
        ("POST", format!("/zones/{zone}/logpush/edge/jobs")),
        ("GET", format!("/accounts/{account}/logpush/transformers")),
        ("GET", format!("/zones/{zone}/logpush/jobs/")),
        ("GET", "/nonsense".to_owned()),
        ("DELETE", String::new()),
    ] {
        let message = ask(&site, method, &path).await.failure(404, 7003);
        assert!(message.starts_with(&format!("could not route to /client/v4{path}")), "{message}");
    }
}

#[tokio::test]
async fn a_token_that_asks_too_often_waits_and_others_do_not() {
    let site = Site::start_with(None, |config| {
        (config.api.requests_per_second, config.api.requests_burst) = (1, 5);
    })
    .await;
    let body = json!({"permissions": ["admin"], "zone_id": site.zone});
    let (hasty, calm) = (site.add_token(&body).await, site.add_token(&body).await);
    let mut statuses = Vec::new();
    for path in ["/zones", "/accounts", "/user/tokens/verify"].iter().cycle().take(12) {
        let answer = site.call(&hasty, Method::GET, path, None).await;
        if answer.status == 429 {
            answer.failure(429, 1029);
            let seconds: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=2).contains(&seconds), "{seconds}");
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..5], [200; 5]);
    assert!(statuses[5..].contains(&429), "{statuses:?}");
    assert_eq!(site.call(&calm, Method::GET, "/zones", None).await.status, 200);
    for _ in 0..12 {
        let path = format!("/ingest/v1/zones/{}/http_requests", site.zone);
        let request = site.request(Method::POST, &path).bearer_auth(&calm);
        assert_eq!(send(request.body("{}")).await.status, 200, "the door has bounds of its own");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let site = Site::start().await;
    let path = format!("/{}/logpush/jobs", site.scope());
    let body = json!({"dataset": "http_requests", "name": "n".repeat(300_000)});
    let message = site.post(&path, &body).await.failure(413, 1013);
    assert!(message.contains("262144 bytes"), "{message}");
}

fn totals(answer: &Answer) -> (u64, Value) {
    let count = answer.result().as_array().expect("a list").len() as u64;
    (count, answer.json()["result_info"].clone())
}

#[tokio::test]
async fn a_list_of_jobs_is_whole_unless_a_page_is_asked_for() {
    let site = Site::start().await;
    let path = format!("/{}/logpush/jobs", site.scope());
    let of_dataset = format!("/{}/logpush/datasets/http_requests/jobs", site.scope());
    let info = |page, per_page, count, total_pages| {
        json!({"page": page, "per_page": per_page, "count": count, "total_count": 3,
               "total_pages": total_pages})
    };
    let none = json!({"page": 1, "per_page": 0, "count": 0, "total_count": 0, "total_pages": 0});
    assert_eq!(totals(&site.get(&path).await), (0, none));
    for _ in 0..3 {
        let body = json!({"dataset": "http_requests", "destination_conf": KEYED});
        site.post(&path, &body).await.result();
    }
    for path in [path, of_dataset] {
        assert_eq!(totals(&site.get(&path).await), (3, info(1, 3, 3, 1)));
        for (query, count, expected) in [
            ("per_page=2", 2, info(1, 2, 2, 2)),
            ("per_page=2&page=2", 1, info(2, 2, 1, 2)),
            ("per_page=2&page=3", 0, info(3, 2, 0, 2)),
            ("page=1", 3, info(1, 20, 3, 1)),
            ("page=4294967295&per_page=1000", 0, info(4_294_967_295_u32, 1000, 0, 1)),
        ] {
            let answer = site.get(&format!("{path}?{query}")).await;
            assert_eq!(totals(&answer), (count, expected), "{query}");
        }
        for query in ["page=0", "per_page=0", "per_page=1001", "page=-1", "page=4294967296"] {
            site.get(&format!("{path}?{query}")).await.failure(400, 1002);
        }
    }
}

/// What the service answers to a request with a large body from a client that sends all of it before
/// it listens.
fn sent_whole(site: &Site, method: &str, path: &str) -> String {
    const BODY_BYTES: usize = 8 << 20;
    let mut stream = TcpStream::connect(site.service.address()).expect("a connection");
    stream.set_write_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: h\r\ncontent-length: {BODY_BYTES}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("the head is taken");
    stream.write_all(&vec![b' '; BODY_BYTES]).expect("the body is taken");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_all_before_listening_hears_that_nobody_is_there() {
    let site = Site::start().await;
    let door = format!("/ingest/v1/zones/{}", site.zone);
    for (method, path, status) in [
        ("POST", door.clone(), "404"),
        ("PUT", format!("{door}/http_requests"), "405"),
        ("POST", "/nowhere".to_owned(), "404"),
    ] {
        let answer = tokio::task::block_in_place(|| sent_whole(&site, method, &path));
        assert_eq!(answer, format!("HTTP/1.1 {status}"), "{method} {path}");
    }
}
