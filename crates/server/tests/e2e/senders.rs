//! Clients that send without pause while their service comes and goes, and know what they were
//! promised.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::records::{assert_once, body, delivered, ids};
use crate::world::World;

const SENDERS: u64 = 3;

/// Numbers that look random and are the same each time (SplitMix64,
/// <https://prng.di.unimi.it/splitmix64.c>).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
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

/// Senders at work.
pub(crate) struct Senders {
    orders: watch::Sender<Orders>,
    running: Vec<JoinHandle<Sender>>,
}

/// What senders were promised.
#[derive(Debug, Default)]
pub(crate) struct Promised {
    pub(crate) acknowledged: Vec<String>,
    /// Given up after an answer was lost: they may be stored or not.
    pub(crate) unsure: Vec<String>,
    /// Attempts whose answer was lost and that were repeated.
    pub(crate) repeated: u64,
}

/// A sender of one stream of records.
struct Sender {
    http: Client,
    orders: watch::Receiver<Orders>,
    path: String,
    token: String,
    stream: String,
    dice: Dice,
    promised: Promised,
}

impl Senders {
    /// Senders into the world's zone.
    pub(crate) async fn start(world: &World) -> Self {
        let token = world.token("logs:ingest", &world.zone).await;
        let (orders, seen) = watch::channel(Orders { address: world.service.url(), go_on: true });
        let sender = |number| Sender {
            http: Client::new(),
            orders: seen.clone(),
            path: format!("/ingest/v1/zones/{}/http_requests", world.zone),
            token: token.clone(),
            stream: format!("sender{number}"),
            dice: Dice(number),
            promised: Promised::default(),
        };
        let running = (0..SENDERS).map(|number| tokio::spawn(sender(number).run())).collect();
        Self { orders, running }
    }

    /// Tells them where the service is now.
    pub(crate) fn follow(&self, world: &World) {
        self.orders.send_modify(|orders| orders.address = world.service.url());
    }

    /// Lets them finish what is under way.
    pub(crate) async fn finish(self) -> Promised {
        self.orders.send_modify(|orders| orders.go_on = false);
        let mut all = Promised::default();
        for sender in self.running {
            let Promised { acknowledged, unsure, repeated } = sender.await.unwrap().promised;
            all.acknowledged.extend(acknowledged);
            all.unsure.extend(unsure);
            all.repeated += repeated;
        }
        all
    }
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
                self.promised.acknowledged.extend(records);
            } else {
                self.promised.unsure.extend(records);
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
                Err(_) => self.promised.repeated += 1,
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

impl Promised {
    /// Checks that the world's bucket, once everything is delivered, holds what was promised.
    pub(crate) async fn assert_kept(self, world: World) {
        // Otherwise the service came and went while nothing happened.
        assert!(self.acknowledged.len() > 2_000, "only {} records", self.acknowledged.len());
        let objects = world.finish().await;
        assert_once(&delivered(&objects), &self.acknowledged, &self.unsure);
    }
}
