//! A service that is killed again and again while records flow in: what was acknowledged is in the
//! bucket once, and what was not is there once at most.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::records::{assert_once, body, delivered, ids};
use crate::world::World;

const KILLS: u32 = 20;
const CLIENTS: u64 = 3;

/// Numbers that look random and are the same each time (SplitMix64,
/// <https://prng.di.unimi.it/splitmix64.c>).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Where the service listens now, and whether more is to be sent.
#[derive(Debug, Clone)]
struct Orders {
    address: String,
    go_on: bool,
}

/// A sender of one stream of records, as it sees things.
struct Sender {
    http: Client,
    orders: watch::Receiver<Orders>,
    path: String,
    token: String,
    stream: String,
    dice: Dice,
    acknowledged: Vec<String>,
    /// Given up after an answer was lost: they may be stored or not.
    unsure: Vec<String>,
    repeated: u64,
}

impl Sender {
    /// Sends until told to stop, one request after another.
    async fn run(mut self) -> Self {
        let mut next = 0;
        while self.orders.borrow().go_on {
            let from = next;
            next += 1 + self.dice.below(300);
            let records = ids(&self.stream, from..next);
            if self.send(from, next).await {
                self.acknowledged.extend(records);
            } else {
                self.unsure.extend(records);
            }
        }
        self
    }

    /// Sends some records until they are acknowledged. Now and then gives up where an answer was
    /// lost; then says so.
    async fn send(&mut self, from: u64, next: u64) -> bool {
        let body = body(&self.stream, from..next);
        loop {
            match self.attempt(from, body.clone()).await {
                Ok(accepted) => {
                    assert_eq!(accepted, next - from, "records were accepted");
                    return true;
                }
                Err(error) if error.is_connect() => {}
                Err(_) if self.dice.below(4) == 0 => return false,
                Err(_) => self.repeated += 1,
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// One attempt: how many records were accepted, now or before.
    async fn attempt(&self, from: u64, body: String) -> reqwest::Result<u64> {
        let address = self.orders.borrow().address.clone();
        let request = self
            .http
            .post(format!("{address}{}", self.path))
            .bearer_auth(&self.token)
            .header("idempotency-key", format!("{}-{from}", self.stream))
            .timeout(Duration::from_secs(30))
            .body(body);
        let response = request.send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        assert_eq!(status, StatusCode::OK, "{answer}");
        Ok(answer["result"]["accepted"].as_u64().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_survives_twenty_kills_and_arrives_once() {
    let mut world = World::start().await;
    let zone = world.zone.clone();
    world.job(&zone, "logs", &json!({})).await;
    let token = world.token("logs:ingest", &zone).await;
    let (order, orders) = watch::channel(Orders { address: world.service.url(), go_on: true });
    let senders: Vec<_> = (0..CLIENTS)
        .map(|number| Sender {
            http: Client::new(),
            orders: orders.clone(),
            path: format!("/ingest/v1/zones/{zone}/http_requests"),
            token: token.clone(),
            stream: format!("client{number}"),
            dice: Dice(number),
            acknowledged: Vec::new(),
            unsure: Vec::new(),
            repeated: 0,
        })
        .map(|sender| tokio::spawn(sender.run()))
        .collect();
    let mut dice = Dice(2_026);
    for _ in 0..KILLS {
        sleep(Duration::from_millis(20 + dice.below(500))).await;
        world = world.crash().await;
        order.send_modify(|orders| orders.address = world.service.url());
    }
    sleep(Duration::from_millis(200)).await;
    order.send_modify(|orders| orders.go_on = false);
    let mut finished = Vec::new();
    for sender in senders {
        finished.push(sender.await.unwrap());
    }
    let all = |of: fn(&Sender) -> &Vec<String>| -> Vec<String> {
        finished.iter().flat_map(|sender| of(sender).iter().cloned()).collect()
    };
    let (acknowledged, unsure) = (all(|s| &s.acknowledged), all(|s| &s.unsure));
    let repeated: u64 = finished.iter().map(|sender| sender.repeated).sum();
    // Otherwise the kills came when nothing happened.
    assert!(acknowledged.len() > 2_000, "only {} records came in", acknowledged.len());
    assert!(repeated > 0, "no answer was lost");
    let objects = world.finish().await;
    assert_once(&delivered(&objects), &acknowledged, &unsure);
}
