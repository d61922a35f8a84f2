//! The service's HTTP interfaces, asked as any client would ask.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

/// A client with a token.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    http: Client,
    base: String,
    token: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) retry_after: Option<String>,
}

impl Api {
    pub(crate) fn new(base: &str, token: &str) -> Self {
        Self { http: Client::new(), base: base.to_owned(), token: token.to_owned() }
    }

    /// The same service, asked with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// A request to a path below the service's own address.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// A `GET` of the v4 API that must succeed: its result.
    pub(crate) async fn read(&self, path: &str) -> Value {
        self.get(&format!("/client/v4{path}")).await.result()
    }

    /// A `POST` of the v4 API that must succeed: its result.
    pub(crate) async fn create(&self, path: &str, body: &Value) -> Value {
        let request = self.request(Method::POST, &format!("/client/v4{path}"));
        Answer::of(request.json(body)).await.result()
    }

    /// A `PUT` of the v4 API that must succeed: its result.
    pub(crate) async fn change(&self, path: &str, body: &Value) -> Value {
        let request = self.request(Method::PUT, &format!("/client/v4{path}"));
        Answer::of(request.json(body)).await.result()
    }

    /// A request to the door for records of a zone.
    pub(crate) fn ingest(&self, zone: &str, dataset: &str) -> RequestBuilder {
        let path = format!("/ingest/v1/zones/{zone}/{dataset}");
        self.request(Method::POST, &path).header("content-type", "application/x-ndjson")
    }
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        Self::try_of(request).await.unwrap()
    }

    /// An error where no whole answer came.
    pub(crate) async fn try_of(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        Ok(Self { status, text: response.text().await?, retry_after })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {:.300}", self.text))
    }

    /// The result of a success.
    #[track_caller]
    pub(crate) fn result(&self) -> Value {
        assert_eq!(self.status, 200, "{:.500}", self.text);
        let mut envelope = self.json();
        assert_eq!(envelope["success"], true, "{:.500}", self.text);
        envelope["result"].take()
    }

    /// Checks that it is a refusal of this status in the usual form, whose message has all the
    /// `parts`: the value that is wrong, and how to mend it.
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, parts: &[&str]) {
        assert_eq!(self.status, status, "{:.500}", self.text);
        let envelope = self.json();
        assert_eq!(envelope["success"], false, "{:.500}", self.text);
        assert!(envelope["result"].is_null(), "{:.500}", self.text);
        let message = envelope["errors"][0]["message"].as_str().unwrap_or_default();
        for part in parts {
            assert!(message.contains(part), "`{part}` is not in the message: {message}");
        }
    }
}
