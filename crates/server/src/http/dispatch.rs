//! From the table of routes to a router, and a request's way through it.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use futures_util::FutureExt;

use super::call::read_away;
use super::{Call, Params};
use crate::api::{ApiError, ApiResult, Code, Route, Surface, auth};
use crate::app::App;
use crate::dashboard;

/// The router of all routes.
pub(crate) fn router(app: &Arc<App>, routes: Vec<Route>) -> Router {
    let mut by_path: BTreeMap<String, Vec<Route>> = BTreeMap::new();
    for route in routes {
        by_path.entry(route.path.clone()).or_default().push(route);
    }
    let mut router = Router::new();
    for (path, routes) in by_path {
        router = router.route(&path, methods(app, routes));
    }
    router.fallback(|request: Request| async move {
        let error = ApiError::no_route(request.uri());
        let is_page = dashboard::is_page_for(request.uri().path(), request.headers());
        read_away(request).await;
        if is_page { dashboard::plain_error_page(&error) } else { error.into_response() }
    })
}

/// The methods of one path; any other one is answered by a list of them.
fn methods(app: &Arc<App>, routes: Vec<Route>) -> MethodRouter {
    let allowed = allowed(&routes);
    let mut methods = MethodRouter::new();
    for route in routes {
        let app = Arc::clone(app);
        let filter = filter(&route.method);
        let route = Arc::new(route);
        let answer = move |params: Result<RawPathParams, _>, request: Request| {
            let (app, route) = (Arc::clone(&app), Arc::clone(&route));
            async move {
                match params {
                    Ok(params) => dispatch(app, &route, read(&params), request).await,
                    Err::<_, axum::extract::rejection::RawPathParamsRejection>(_) => {
                        ApiError::no_route(request.uri()).into_response()
                    }
                }
            }
        };
        methods = methods.merge(on(filter, answer));
    }
    methods.fallback(move |request: Request| {
        let allowed = allowed.clone();
        async move {
            let response = other_method(request.method(), &allowed);
            read_away(request).await;
            response
        }
    })
}

fn filter(method: &Method) -> MethodFilter {
    match *method {
        Method::POST => MethodFilter::POST,
        Method::PUT => MethodFilter::PUT,
        Method::DELETE => MethodFilter::DELETE,
        // HEAD is answered as GET is, without the body.
        _ => MethodFilter::GET,
    }
}

/// The methods that a path takes, as `Allow` lists them.
fn allowed(routes: &[Route]) -> String {
    let mut names: Vec<&str> = routes.iter().map(|route| route.method.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.join(", ")
}

/// The answer to `OPTIONS`, and to what the path does not take.
fn other_method(method: &Method, allowed: &str) -> Response {
    let mut response = if method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let message = format!("the method {method} is not allowed here: expected one of {allowed}");
        ApiError::new(Code::MethodNotAllowed, message).into_response()
    };
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

fn read(params: &RawPathParams) -> Params {
    Params(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// Lets the caller in, if they may, and has the handler answer. A panic ends here.
async fn dispatch(app: Arc<App>, route: &Route, params: Params, request: Request) -> Response {
    let mut call = Call::new(app, params, request);
    let answered = AssertUnwindSafe(admit_and_answer(route, &mut call)).catch_unwind().await;
    let answer = answered.unwrap_or_else(|_| Err(ApiError::internal("a handler panicked")));
    let response = match answer {
        Ok(response) => response,
        Err(error) => {
            error.log(&call.method, call.uri.path());
            call.read_away().await;
            told(route.surface, error, &mut call).await
        }
    };
    route.count(&call.app, response.status());
    tracing::debug!(
        method = %call.method,
        path = call.uri.path(),
        status = response.status().as_u16(),
        "answered"
    );
    response
}

async fn admit_and_answer(route: &Route, call: &mut Call) -> ApiResult {
    match route.surface {
        Surface::Api => auth::admit(route.access, call).await?,
        Surface::Pages => {
            if let Some(response) = dashboard::admit(route.access, call).await? {
                return Ok(response);
            }
        }
    }
    (route.handler)(call).await
}

/// An error as its reader can use it.
async fn told(surface: Surface, error: ApiError, call: &mut Call) -> Response {
    match surface {
        Surface::Api => error.into_response(),
        Surface::Pages => dashboard::error_page(error, call).await,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;

    use super::*;
    use crate::Config;
    use crate::api::Access;
    use crate::http::Running;
    use crate::start::Rooms;

    #[tokio::test]
    async fn a_panic_ends_with_its_request() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config { data_dir: dir.path().to_owned(), ..Config::default() };
        config.journal.free_bytes_min = 0;
        let (rooms, _) = Rooms::open(&config, None).await.unwrap();
        let route = Route {
            method: Method::GET,
            path: "/panic".to_owned(),
            access: Access::Public,
            handler: |_| Box::pin(async { panic!("for the test") }),
            surface: Surface::Api,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/panic", listener.local_addr().unwrap());
        let running = Running::start(
            listener,
            router(&rooms.app, vec![route]),
            rooms.app.connections.clone(),
        );
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for _ in 0..2 {
            let answer = client.get(&url).send().await.unwrap();
            assert_eq!(answer.status(), 500);
            let text = answer.text().await.unwrap();
            assert!(text.contains("1050") && !text.contains("for the test"), "{text}");
        }
        assert!(running.stop(Duration::from_secs(5)).await);
    }
}
