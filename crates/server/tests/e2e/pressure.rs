//! Every bound of the door, reached from outside: who goes beyond one is told when to come again,
//! others notice nothing, and it passes by itself.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::api::{Answer, Api};
use crate::records::{assert_each_once, body, delivered, ids};
use crate::s3::S3Server;
use crate::service::{ADMIN_TOKEN, Home};
use crate::world::{BUCKET, World};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

async fn start(settings: &[(&str, &str)]) -> World {
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = settings.iter().fold(Home::new(&s3.url()), |home, (name, value)| {
        home.set(&format!("LOGPUSH_{name}"), value)
    });
    let world = World::start_in(s3, home).await;
    world.job(&world.zone, "logs", &json!({})).await;
    world
}

/// An account of its own with a zone, whose records go to `folder`. The zone's id.
async fn neighbour(world: &World, name: &str, folder: &str) -> String {
    let account = world.api.create("/accounts", &json!({ "name": name })).await;
    let zone = json!({ "name": name, "account": { "id": account["id"] } });
    let zone = world.api.create("/zones", &zone).await["id"].as_str().unwrap().to_owned();
    world.job(&zone, folder, &json!({})).await;
    zone
}

async fn send(world: &World, zone: &str, stream: &str, first: u64, count: u64) -> Answer {
    let request = world.api.ingest(zone, "http_requests");
    Answer::of(request.body(body(stream, first..first + count))).await
}

/// The seconds that a refusal says to wait.
fn wait(answer: &Answer) -> u64 {
    let seconds = answer.retry_after.as_deref().expect("it says when to come again");
    seconds.parse().unwrap()
}

async fn metric(world: &World, line: &str) -> f64 {
    let page = world.api.get("/metrics").await.text;
    let value = page.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no `{line}` in {page}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_sends_too_fast_waits_and_its_neighbours_do_not() {
    let world =
        start(&[("INGEST__TENANT_RECORDS_PER_SECOND", "100"), ("INGEST__TENANT_BURST", "2s")])
            .await;
    let calm = neighbour(&world, "calm.example", "calm").await;
    // A zone of the same account as the one that floods: they share what the account may send.
    let sister = world.add_zone("sister.example").await;
    // More than a burst: let in, and to be made up for.
    send(&world, &world.zone, "flood", 0, 600).await.result();
    let refused = send(&world, &world.zone, "flood", 600, 1).await;
    refused.assert_refused(429, &["more than 100 records a second", "wait"]);
    assert!((1..=5).contains(&wait(&refused)), "{:?}", refused.retry_after);
    assert_eq!(refused.json()["errors"][0]["code"], 1029);
    assert_eq!(send(&world, &sister, "sister", 0, 1).await.status, 429);
    for number in 0..5 {
        send(&world, &calm, "calm", number * 10, 10).await.result();
    }
    assert_eq!(world.api.get("/readyz").await.status, 200);
    let counted = "logpush_ingest_refused_requests_total{reason=\"tenant_rate\"}";
    assert!(metric(&world, counted).await >= 2.0);
    // Who waits as it was told is let in.
    sleep(Duration::from_secs(wait(&refused))).await;
    send(&world, &world.zone, "flood", 600, 1).await.result();
    let expected = [ids("flood", 0..601), ids("calm", 0..50)].concat();
    assert_each_once(&delivered(&world.finish().await), &expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_tenants_requests_do_not_take_the_memory_of_all() {
    let world = start(&[
        ("INGEST__BODY_BYTES_MAX", "1MiB"),
        ("INGEST__DECODED_BYTES_MAX", "1MiB"),
        ("INGEST__QUARANTINE_BYTES_MAX", "1MiB"),
        ("INGEST__IN_FLIGHT_BYTES_MAX", "4MiB"),
        ("INGEST__TENANT_IN_FLIGHT_BYTES_MAX", "1MiB"),
    ])
    .await;
    let calm = neighbour(&world, "calm.example", "calm").await;
    let path = format!("/ingest/v1/zones/{}/http_requests", world.zone);
    // Bodies that stop in the middle: their bytes are held until they go on.
    let mut stalled = Vec::new();
    for _ in 0..8 {
        stalled.push(begin(world.service.address, &path, 900_000, 700_000).await);
    }
    wait_until("a tenant's share is used up", async || {
        let line = "logpush_ingest_refused_requests_total{reason=\"tenant_memory\"}";
        world.api.get("/metrics").await.text.contains(line)
    })
    .await;
    // The door is as open as ever for the others.
    for number in 0..10 {
        send(&world, &calm, "calm", number * 100, 100).await.result();
    }
    let refused = send(&world, &world.zone, "flood", 0, 4_000).await;
    refused.assert_refused(429, &["of the account are under way"]);
    assert!(wait(&refused) >= 1);
    drop(stalled);
    wait_until("the tenant is let in again", async || {
        send(&world, &world.zone, "flood", 0, 4_000).await.status == 200
    })
    .await;
    let expected = [ids("calm", 0..1_000), ids("flood", 0..4_000)].concat();
    assert_each_once(&delivered(&world.finish().await), &expected);
}

/// Begins a request whose body has `length` bytes, and sends `sent` of them.
async fn begin(address: SocketAddr, path: &str, length: usize, sent: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\
         content-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A service that has refused it may have closed the connection meanwhile.
    let _sent = stream.write_all(&vec![b'\n'; sent]).await;
    stream
}

async fn wait_until(what: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        sleep(Duration::from_millis(100)).await;
    }
}

/// What a connection says until it is closed.
async fn heard(mut stream: TcpStream) -> String {
    let mut heard = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
    // A reset ends a connection as well as anything.
    let _ended = read.expect("the connection is closed");
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_connections_are_answered_and_those_that_are_open_go_on() {
    let settings = [("HTTP__CONNECTIONS_MAX", "20"), ("HTTP__CONNECTIONS_PER_ADDRESS_MAX", "16")];
    let world = start(&settings).await;
    let address = world.service.address;
    // The test's own client has a few of the places.
    let mut idle = Vec::new();
    let refusal = loop {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        if &first != b"HTTP/1.1 200" {
            break String::from_utf8_lossy(&first).into_owned() + &heard(stream).await;
        }
        idle.push(stream);
        assert!(idle.len() <= 16, "more connections than there are places");
    };
    let refusal = refusal.to_lowercase();
    assert!(refusal.starts_with("http/1.1 429"), "{refusal}");
    for part in ["retry-after: ", "connection: close", "from this address"] {
        assert!(refusal.contains(part), "{refusal}");
    }
    // A connection that has its place goes on.
    send(&world, &world.zone, "a", 0, 100).await.result();
    let line = "logpush_http_connections_refused_total{bound=\"address\"}";
    assert!(metric(&world, line).await >= 1.0);
    assert!(metric(&world, "logpush_http_connections").await >= 16.0);
    drop(idle);
    let fresh = Api::new(&world.service.url(), ADMIN_TOKEN);
    wait_until("there are places again", async || fresh.get("/healthz").await.status == 200).await;
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_do_not_hold_the_door() {
    let settings = [("HTTP__IDLE_TIMEOUT", "1s"), ("INGEST__SILENCE_TIMEOUT", "1s")];
    let world = start(&settings).await;
    let address = world.service.address;
    let silent = TcpStream::connect(address).await.unwrap();
    assert_eq!(heard(silent).await, "");
    let mut headers = TcpStream::connect(address).await.unwrap();
    headers.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    let said = heard(headers).await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    let path = format!("/ingest/v1/zones/{}/http_requests", world.zone);
    let stalled = begin(address, &path, 100, 10).await;
    let said = heard(stalled).await;
    assert!(said.starts_with("HTTP/1.1 408") && said.contains("nothing came for 1"), "{said}");
    let dribbling = begin(address, &path, 1_000_000, 10).await;
    let (mut reading, mut writing) = dribbling.into_split();
    let dribble = tokio::spawn(async move {
        while writing.write_all(b"\n").await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    });
    let mut said = vec![0; 12];
    timeout(PATIENCE, reading.read_exact(&mut said)).await.expect("it is answered").unwrap();
    assert_eq!(said, b"HTTP/1.1 408");
    let mut rest = Vec::new();
    let _ended = timeout(PATIENCE, reading.read_to_end(&mut rest)).await.expect("it is closed");
    let rest = String::from_utf8_lossy(&rest).into_owned();
    assert!(rest.contains("comes too slowly: send at least 1024"), "{rest}");
    timeout(PATIENCE, dribble).await.expect("nobody listens any more").unwrap();
    assert!(world.finish().await.is_empty());
}

/// A home whose services may have so many files open.
fn home_with_files(s3: &S3Server, files: u32) -> Home {
    let limit = format!("ulimit -n {files} && exec \"$@\"");
    Home::new(&s3.url()).launched_by(&["sh", "-c", &limit, "sh"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_open_files_mean_fewer_connections_and_too_few_no_start() {
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = home_with_files(&s3, 400);
    let world = World::start_in(s3, home).await;
    let warns = |event: &serde_json::Value| {
        event["message"].as_str().is_some_and(|text| text.contains("fewer open files"))
    };
    let warning = world.service.events().into_iter().find(warns).expect("it is told");
    assert!(warning["connections"].as_u64().is_some_and(|number| number < 400), "{warning}");
    world.job(&world.zone, "logs", &json!({})).await;
    // More connections than there are files: the service goes on, and so does delivery.
    let address = world.service.address;
    let mut open = Vec::new();
    for _ in 0..300 {
        if let Ok(Ok(stream)) = timeout(Duration::from_secs(1), TcpStream::connect(address)).await {
            open.push(stream);
        }
    }
    send(&world, &world.zone, "a", 0, 1_000).await.result();
    drop(open);
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..1_000));

    let s3 = S3Server::start(&[BUCKET]).await;
    let home = home_with_files(&s3, 100);
    let mut serve: Command = home.serve(crate::service::FREE_PORT);
    let output = serve.stderr(std::process::Stdio::piped()).output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("100 open files") && told.contains("ulimit -n"), "{told}");
}
