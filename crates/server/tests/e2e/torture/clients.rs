//! Clients that send each request again and again until it is acknowledged, whatever happens to
//! the service meanwhile.

use std::fmt::Write as _;
use std::time::Duration;

use reqwest::{Client as Http, StatusCode};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::records::id;
use crate::senders::Dice;

/// What a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    /// Up to 150 short records at a time.
    Short,
    /// 40 records at a time, each of 16 KB that hardly compress.
    Long,
}

/// A client at work.
pub(super) struct Client {
    http: Http,
    url: String,
    token: String,
    stream: String,
    load: Load,
    dice: Dice,
    sent: Sent,
}

/// What a client has sent; all of it was acknowledged.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) stream: String,
    pub(super) records: u64,
    pub(super) requests: u64,
    /// Attempts without an answer, or with one that said to come again.
    pub(super) repeated: u64,
}

/// Whether a record has a status that tells of an error: every seventh.
pub(super) const fn is_error(number: u64) -> bool {
    number.is_multiple_of(7)
}

impl Client {
    /// A client of its own stream, into the zone that `path` names.
    pub(super) fn new(url: &str, path: &str, token: &str, number: u64, load: Load) -> Self {
        let stream = format!("client{number}");
        Self {
            http: Http::new(),
            url: format!("{url}{path}"),
            token: token.to_owned(),
            load,
            dice: Dice(number),
            sent: Sent { stream: stream.clone(), ..Sent::default() },
            stream,
        }
    }

    /// Sends until it is told to stop.
    pub(super) fn start(mut self, go_on: watch::Receiver<bool>) -> JoinHandle<Sent> {
        tokio::spawn(async move {
            while *go_on.borrow() {
                self.send().await;
            }
            self.sent
        })
    }

    async fn send(&mut self) {
        let first = self.sent.records;
        let count = if self.load == Load::Long { 40 } else { 1 + self.dice.below(150) };
        let body = self.body(first, count);
        let key = format!("{}-{first}", self.stream);
        let pause = if self.load == Load::Long { 150 } else { 50 };
        while !self.attempt(&key, body.clone(), count).await {
            self.sent.repeated += 1;
            sleep(Duration::from_millis(20)).await;
        }
        self.sent.records += count;
        self.sent.requests += 1;
        sleep(Duration::from_millis(pause)).await;
    }

    fn body(&mut self, first: u64, count: u64) -> String {
        let mut body = String::new();
        for number in first..first + count {
            let id = id(&self.stream, number);
            let status = if is_error(number) { 503 } else { 200 };
            write!(body, r#"{{"RayID":"{id}","EdgeResponseStatus":{status},"ClientRequestURI":"/"#)
                .unwrap();
            if self.load == Load::Long {
                (0..1_000).for_each(|_| {
                    write!(body, "{:016x}", self.dice.below(u64::MAX)).unwrap();
                });
            }
            body.push_str("\"}\n");
        }
        body
    }

    /// One attempt: whether it was acknowledged. An answer that says anything but to come again
    /// must not be.
    async fn attempt(&self, key: &str, body: String, count: u64) -> bool {
        let request = self.http.post(&self.url).bearer_auth(&self.token);
        let request = request.header("idempotency-key", key).timeout(Duration::from_secs(30));
        let Ok(response) = request.body(body).send().await else { return false };
        let status = response.status();
        let Ok(answer) = response.json::<Value>().await else { return false };
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            return false;
        }
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["result"]["accepted"], count, "{answer}");
        true
    }
}
