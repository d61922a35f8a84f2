//! A client of our own HTTP API, for the commands and the demo.
//!
//! It speaks what any program outside could speak: the v4 envelope and the ingest door. Calls are
//! not retried, except where the service says that they came too fast, with [`Patience`] and by
//! [`Client::ingest_patiently`]; [`ClientError::may_pass`] says whether trying again makes sense.

mod envelope;
mod error;
mod ingest;
mod lines;
mod resources;
mod retry;

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use envelope::Envelope;

pub use error::ClientError;
pub use ingest::{Door, LineError, Receipt, Shipment};
pub use lines::Lines;
pub use resources::{
    Account, Health, Job, JobStatus, NewToken, PartHealth, Readiness, Retrying, Token, Zone,
};
pub use retry::Patience;

/// Items that are asked for on one page of a list.
const PER_PAGE: usize = 1000;
/// How long a call waits in all where its token makes more requests than it may.
const TOO_FAST_WAIT_MAX: Duration = Duration::from_secs(30);

/// A connection to one service, with one token. Cloning gives another handle to the same.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl std::fmt::Debug for Client {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the service at `address`, such as `http://127.0.0.1:8080`. An address that
    /// ends in `/client/v4`, as other clients of the API take it, is good as well.
    pub fn new(address: &str, token: &str) -> Result<Self, ClientError> {
        let url = parse_address(address)?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("logpush/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_mins(2));
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| ClientError::Setup(error::causes(&error)))?;
        let base = url.as_str().trim_end_matches('/').trim_end_matches("/client/v4").to_owned();
        Ok(Self { http, base, token: token.to_owned() })
    }

    /// The service's address, without a slash at its end.
    pub fn address(&self) -> &str {
        &self.base
    }

    /// What the API has at `path`, such as `/zones/{id}`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        Ok(self.call(self.request(Method::GET, path)).await?.0)
    }

    /// What the API answers to a question at `path` that is asked by `method`.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        Ok(self.call(self.request(method, path).query(query)).await?.0)
    }

    /// All items of the list at `path`, over all its pages.
    pub async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, ClientError> {
        let mut items = Vec::new();
        for page in 1_u64.. {
            let request = self
                .request(Method::GET, path)
                .query(query)
                .query(&[("page", page.to_string()), ("per_page", PER_PAGE.to_string())]);
            let (mut found, pages): (Vec<T>, _) = self.call(request).await?;
            let done = found.is_empty() || page >= pages;
            items.append(&mut found);
            if done {
                break;
            }
        }
        Ok(items)
    }

    /// Creates something at `path` from `body`.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        Ok(self.call(self.request(Method::POST, path).json(body)).await?.0)
    }

    /// Changes what is at `path` as `body` says.
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        Ok(self.call(self.request(Method::PUT, path).json(body)).await?.0)
    }

    /// How the service itself stands.
    pub async fn readiness(&self) -> Result<Readiness, ClientError> {
        let url = format!("{}/readyz", self.base);
        let response = self.send(self.http.get(&url)).await?;
        let read = response.json().await;
        read.map_err(|error| ClientError::not_understood(url, &error))
    }

    /// Deletes what is at `path`.
    pub async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.call::<Value>(self.request(Method::DELETE, path)).await.map(drop)
    }

    /// A request with the token; `path` is below `/client/v4`.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/client/v4{path}", self.base)).bearer_auth(&self.token)
    }

    /// The result of `request`, and of how many pages it is one. A request that came too fast has
    /// done nothing: it is made again when the service says.
    async fn call<T: DeserializeOwned>(
        &self,
        mut request: RequestBuilder,
    ) -> Result<(T, u64), ClientError> {
        let begun = Instant::now();
        loop {
            let again = request.try_clone();
            let error = match self.call_once(request).await {
                Err(error @ ClientError::Refused { status: 429, .. }) => error,
                other => return other,
            };
            let (Some(next), Some(pause)) = (again, error.retry_after()) else {
                return Err(error);
            };
            if begun.elapsed() + pause > TOO_FAST_WAIT_MAX {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            request = next;
        }
    }

    async fn call_once<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<(T, u64), ClientError> {
        let response = self.send(request).await?;
        let url = response.url().to_string();
        let (result, pages) = Envelope::read(response).await?.into_result()?;
        let result = serde_json::from_value(result)
            .map_err(|error| ClientError::not_understood(url, &error))?;
        Ok((result, pages))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        request.send().await.map_err(|error| ClientError::transport(&self.base, &error))
    }
}

/// A typed view of an answer.
pub fn view<T: DeserializeOwned>(answer: &Value) -> Result<T, ClientError> {
    T::deserialize(answer).map_err(|error| ClientError::not_understood("the service", &error))
}

/// Whether `address` is one of this machine's own, where the service's files can be read.
pub fn is_on_this_machine(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| is_loopback(&url))
}

fn parse_address(address: &str) -> Result<Url, ClientError> {
    let wrong = |reason: String| ClientError::Address { address: address.to_owned(), reason };
    let url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("it is neither http nor https".to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment".to_owned()));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_in_its_usual_forms() {
        for address in [
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080/",
            "http://127.0.0.1:8080/client/v4",
            "http://127.0.0.1:8080/client/v4/",
        ] {
            let client = Client::new(address, "t").unwrap();
            assert_eq!(client.address(), "http://127.0.0.1:8080", "{address}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_is_refused_by_name() {
        for address in ["", "127.0.0.1:8080", "localhost:8080", "ftp://a/", "http://a/?x=1"] {
            let error = Client::new(address, "t").unwrap_err().to_string();
            assert!(error.contains(&format!("`{address}`")), "{error}");
        }
    }

    #[test]
    fn loopback_addresses_are_known() {
        for (address, expected) in [
            ("http://127.0.0.1:8080", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:8080", true),
            ("http://localhost:1", true),
            ("https://logs.example.com", false),
            ("http://10.0.0.1", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_on_this_machine(address), expected, "{address}");
        }
    }

    #[test]
    fn the_token_is_not_shown_in_debug_output() {
        let client = Client::new("http://127.0.0.1:1", "very-secret").unwrap();
        assert!(!format!("{client:?}").contains("very-secret"));
    }
}
