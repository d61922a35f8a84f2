//! Starting, failing to start, stopping, and starting again.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use server::config::AdminToken;
use server::{Config, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::site::{Site, config, send};

async fn refused(config: Config) -> String {
    Service::start(config, None).await.expect_err("it cannot start").to_string()
}

async fn verifies(service: &Service, token: &str) -> bool {
    let url = format!("http://{}/client/v4/user/tokens/verify", service.address());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    send(client.get(url).bearer_auth(token)).await.status == 200
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_told_with_the_way_to_mend_it() {
    let site = Site::start().await;
    let other = tempfile::tempdir().unwrap();

    let mut taken = config(other.path());
    taken.listen = site.service.address();
    let message = refused(taken).await;
    assert!(message.contains(&site.service.address().to_string()), "{message}");
    assert!(message.contains("--listen"), "{message}");

    let message = refused(config(site.dir.path())).await;
    assert!(message.contains("is in use"), "{message}");

    let file = other.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let message = refused(config(&file)).await;
    assert!(message.contains(&format!("`{}`", file.display())), "{message}");
    assert!(message.contains("--data-dir"), "{message}");

    let mut datasets = config(other.path());
    std::fs::write(other.path().join("own.toml"), "dataset = 'Own'").unwrap();
    datasets.datasets_dir = Some(other.path().to_owned());
    assert!(refused(datasets).await.contains("own.toml"));

    let mut allowance = config(other.path());
    allowance.delivery.allow_private_endpoints = vec!["10.0.0.0/99".to_owned()];
    assert!(refused(allowance).await.contains("10.0.0.0/99"));
}

#[tokio::test]
async fn datasets_of_ones_own_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let schema = "dataset = 'orders'\nscopes = ['zone']\ntimestamp_field = 'At'\n\
                  [[fields]]\nname = 'At'\ntype = 'timestamp'\n";
    std::fs::write(dir.path().join("orders.toml"), schema).unwrap();
    std::fs::write(dir.path().join("notes.txt"), "no schema").unwrap();
    let folder = dir.path().to_owned();
    let site = Site::start_with(None, |config| config.datasets_dir = Some(folder)).await;
    let result = send(site.door("orders").body("{\"At\":1}\n{\"At\":true}\n")).await.result();
    assert_eq!((&result["accepted"], &result["quarantined"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn the_data_directory_is_its_owners_alone() {
    let site = Site::start().await;
    let mode = |name: &str| {
        let path = site.dir.path().join(name);
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777
    };
    for name in ["admin-token", "secret.key", "ownership.key"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    let text = std::fs::read_to_string(site.dir.path().join("admin-token")).unwrap();
    assert_eq!(text.trim(), site.service.admin_token());
}

#[tokio::test]
async fn the_administrators_token_lives_on_and_can_be_changed() {
    let dir = tempfile::tempdir().unwrap();
    let start = |token: Option<&'static str>| {
        let mut config = config(dir.path());
        config.admin_token = token.map(|text| AdminToken::new(text).unwrap());
        async { Service::start(config, None).await.unwrap() }
    };
    let first = start(None).await;
    let made = first.admin_token().to_owned();
    first.stop().await;
    let again = start(None).await;
    assert_eq!(again.admin_token(), made);
    again.stop().await;

    let configured = start(Some("configured-token-1")).await;
    assert!(verifies(&configured, "configured-token-1").await);
    assert!(!verifies(&configured, &made).await, "the one before is no longer valid");
    configured.stop().await;
    let changed = start(Some("configured-token-2")).await;
    assert!(verifies(&changed, "configured-token-2").await);
    assert!(!verifies(&changed, "configured-token-1").await);
    changed.stop().await;

    let mut revoked = config(dir.path());
    revoked.admin_token = AdminToken::new("configured-token-1");
    assert!(refused(revoked).await.contains("was revoked"));
    let fresh = start(None).await;
    assert_ne!(fresh.admin_token(), made);
    assert!(verifies(&fresh, fresh.admin_token()).await);
    fresh.stop().await;
}

#[tokio::test]
async fn a_tenants_token_cannot_become_the_administrators() {
    let site = Site::start().await;
    let bound = json!({"permissions": ["admin"], "zone_id": site.zone});
    let token = site.add_token(&bound).await;
    let Site { dir, service, .. } = site;
    service.stop().await;
    let mut config = config(dir.path());
    config.admin_token = AdminToken::new(&token);
    assert!(refused(config).await.contains("is the token of an account, of a zone"));
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let site = Site::start().await;
    site.ingest("{\"RayID\":\"1\"}\n").await.result();
    let Site { dir, service, zone, .. } = site;
    let token = service.admin_token().to_owned();
    service.stop().await;
    let service = Service::start(config(dir.path()), None).await.unwrap();
    let url = format!("http://{}/client/v4/zones/{zone}", service.address());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let zone = send(client.get(url).bearer_auth(token)).await.result();
    assert_eq!(zone["name"], "burritobot.example");
    service.stop().await;
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_service_stops() {
    let site = Site::start().await;
    let token = site.service.admin_token().to_owned();
    let address = site.service.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = "{\"RayID\":\"1\"}\n";
    let head = format!(
        "POST /ingest/v1/zones/{}/http_requests HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \
         {token}\r\ncontent-length: {}\r\n\r\n",
        site.zone,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..4]).await.unwrap();
    // The request has begun once its bytes are counted.
    while !in_flight(&site).await {}
    let stopping = tokio::spawn(site.stop_and_read_records());
    while TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stream.write_all(&body.as_bytes()[4..]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("\"accepted\":1"), "{answer}");
    assert_eq!(stopping.await.unwrap(), ["{\"RayID\":\"1\"}"]);
}

async fn in_flight(site: &Site) -> bool {
    let page = send(site.request(Method::GET, "/metrics")).await.text;
    !page.contains("logpush_ingest_in_flight_bytes 0\n")
}

#[tokio::test]
async fn a_request_that_breaks_off_leaves_nothing() {
    let site = Site::start().await;
    let mut stream = TcpStream::connect(site.service.address()).await.unwrap();
    let head = format!(
        "POST /ingest/v1/zones/{}/http_requests HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \
         {}\r\ncontent-length: 100\r\n\r\n{{\"RayID\":\"1\"}}\n",
        site.zone,
        site.service.admin_token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    while !in_flight(&site).await {}
    drop(stream);
    while in_flight(&site).await {}
    assert!(site.stop_and_read().await.is_empty());
}

#[tokio::test]
async fn a_client_hears_why_although_it_sends_before_it_listens() {
    let site = Site::start().await;
    let mut stream = TcpStream::connect(site.service.address()).await.unwrap();
    let length = 8 << 20;
    let head = format!(
        "POST /ingest/v1/http_requests HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; length]).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 401");
}
