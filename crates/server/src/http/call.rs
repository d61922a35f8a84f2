//! One request on its way to its handler.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Uri, header};
use catalog::Actor;
use http_body_util::{BodyExt, Limited};
use model::{Id, Scope, UnixNanos};
use percent_encoding::percent_decode_str;
use tokio::time::timeout;

use super::peer::{Peer, client, is_trusted};
use crate::api::{ApiError, Caller, Code, DOOR};
use crate::app::App;
use crate::dashboard::{Form, Session};

/// Most bytes of a body of the API.
const JSON_BYTES_MAX: usize = 256 << 10;
/// How long such a body may take to arrive.
const JSON_WAIT: Duration = Duration::from_secs(30);
/// Bytes and time that are spent on a body that nobody wants, so that its sender, who sends first
/// and listens then, gets to hear why.
const UNWANTED_BYTES_MAX: usize = 1 << 30;
const UNWANTED_WAIT: Duration = Duration::from_secs(5);

/// A request: who asks, for what, and with which body.
#[derive(Debug)]
pub(crate) struct Call {
    /// The service.
    pub(crate) app: Arc<App>,
    /// The method.
    pub(crate) method: Method,
    /// What was asked for.
    pub(crate) uri: Uri,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body, as far as it is not read.
    pub(crate) body: Unread,
    /// The variable parts of the path.
    pub(crate) params: Params,
    /// The form in the body, once it is read.
    pub(crate) form: Option<Form>,
    /// The session of a person at the dashboard.
    pub(crate) session: Option<Session>,
    /// The other end of the connection, where there is one.
    peer: Option<Peer>,
    caller: Option<Caller>,
    scope: Option<Scope>,
}

/// A body that is not read yet. The mutex is never locked: it only makes it possible to look at
/// the rest of a call from several threads, which bodies alone do not allow.
#[derive(Debug)]
pub(crate) struct Unread {
    body: Mutex<Body>,
    was_wanted: bool,
}

impl Unread {
    fn new(body: Body) -> Self {
        Self { body: Mutex::new(body), was_wanted: false }
    }

    /// The body, to be read.
    pub(crate) fn get(&mut self) -> &mut Body {
        self.was_wanted = true;
        self.body.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads away what is left of the body, within bounds.
    async fn read_away(&mut self, headers: &HeaderMap) {
        // Who asked before sending, and was not told to, does not send.
        if headers.contains_key(header::EXPECT) && !self.was_wanted {
            return;
        }
        let mut bytes = 0;
        let unwanted = async {
            while let Some(Ok(frame)) = self.get().frame().await {
                bytes += frame.data_ref().map_or(0, bytes::Bytes::len);
                if bytes > UNWANTED_BYTES_MAX {
                    return;
                }
            }
        };
        // Either way the connection is closed where the body did not end.
        let _in_time = timeout(UNWANTED_WAIT, unwanted).await;
    }
}

/// The variable parts of a path, by name, percent-decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(pub(crate) Vec<(String, String)>);

impl Params {
    /// The part of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

impl Call {
    /// A request that nobody looked into yet.
    pub(super) fn new(app: Arc<App>, params: Params, request: axum::extract::Request) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            app,
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body: Unread::new(body),
            params,
            form: None,
            session: None,
            peer: parts.extensions.get().copied(),
            caller: None,
            scope: None,
        }
    }

    /// Notes who asks, and for which scope where the path names one.
    pub(crate) fn admit(&mut self, caller: Caller, scope: Option<Scope>) {
        self.caller = Some(caller);
        self.scope = scope;
    }

    /// Who asks.
    ///
    /// # Errors
    /// On a route that needs no token.
    pub(crate) fn caller(&self) -> Result<&Caller, ApiError> {
        self.caller.as_ref().ok_or_else(|| ApiError::internal("a route without a caller"))
    }

    /// Who changes something by this request; the program itself on a route that needs no token.
    pub(crate) fn actor(&self) -> Actor {
        let system = Actor::system(self.now());
        let Some(Caller { token }) = &self.caller else { return system };
        let address = self.address();
        Actor { token: Some(token.id), name: token.name.clone(), address, ..system }
    }

    /// The scope that the path names: it exists, and the caller's grant covers it.
    ///
    /// # Errors
    /// On a route whose path names none.
    pub(crate) fn scope(&self) -> Result<Scope, ApiError> {
        self.scope.ok_or_else(|| ApiError::internal("a route without a scope"))
    }

    /// Whether it is for the door for records.
    pub(crate) fn is_at_door(&self) -> bool {
        self.uri.path().starts_with(DOOR)
    }

    /// The address that it comes from, as far as that can be believed.
    fn address(&self) -> Option<String> {
        let api = self.app.api.get();
        self.peer.map(|peer| client(peer, &self.headers, &api.trusted_proxies).to_string())
    }

    /// Whether it came over TLS, as far as a trusted proxy tells so.
    pub(crate) fn is_over_tls(&self) -> bool {
        let api = self.app.api.get();
        let is_trusted = self.peer.is_some_and(|peer| is_trusted(peer, &api.trusted_proxies));
        let told = self.headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
        is_trusted && told.is_some_and(|told| told.trim().eq_ignore_ascii_case("https"))
    }

    /// Now.
    pub(crate) fn now(&self) -> UnixNanos {
        self.app.clock.now()
    }

    /// The id in the path under that name.
    ///
    /// # Errors
    /// As for a route that does not exist, where it is no id.
    pub(crate) fn id(&self, name: &str) -> Result<Id, ApiError> {
        let id = self.params.get(name).and_then(|text| text.parse().ok());
        id.ok_or_else(|| ApiError::no_route(&self.uri))
    }

    /// The query's parameters in their order, decoded.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        let decoded = |text: &str| {
            percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
        };
        let pairs = self.uri.query().unwrap_or_default().split('&');
        pairs
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect()
    }

    /// The first value of the query's parameter, where it is not empty.
    pub(crate) fn query_value(&self, name: &str) -> Option<String> {
        let first = self.query().into_iter().find(|(given, _)| given == name);
        first.map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// The whole body of an API request.
    pub(crate) async fn read_body(&mut self) -> Result<Vec<u8>, ApiError> {
        let body = Limited::new(self.body.get(), JSON_BYTES_MAX);
        match timeout(JSON_WAIT, body.collect()).await {
            Err(_) => Err(ApiError::new(Code::TimedOut, "the body did not arrive in time")),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                let message = format!("the body has more than {JSON_BYTES_MAX} bytes");
                Err(ApiError::new(Code::TooLarge, message))
            }
            Ok(Err(error)) => {
                let message = format!("the body did not arrive whole: {error}");
                Err(ApiError::new(Code::BadRequest, message))
            }
            Ok(Ok(collected)) => Ok(collected.to_bytes().to_vec()),
        }
    }

    /// Reads away what is left of the body, within bounds.
    pub(super) async fn read_away(&mut self) {
        self.body.read_away(&self.headers).await;
    }
}

/// Reads away the body of a request that is for nobody, within bounds.
pub(super) async fn read_away(request: axum::extract::Request) {
    let (parts, body) = request.into_parts();
    Unread::new(body).read_away(&parts.headers).await;
}
