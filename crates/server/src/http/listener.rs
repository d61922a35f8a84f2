//! Accepting connections, and letting them end when the service stops.
//!
//! A connection that sends nothing, or its headers too slowly, is closed. There is a most of
//! connections at a time, and from one address; further ones are answered that there are too
//! many. Where even those who wait for that answer are many, they are closed at once: who has a
//! place must not wait for those who have none.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::connections::{Connections, Full, Place};
use super::peer::Peer;
use crate::api::{ApiError, Code};

/// Most connections at a time that are answered that there are too many.
pub(crate) const TURNED_AWAY_MAX: usize = 64;
/// How long that may take.
const TURNING_AWAY: Duration = Duration::from_secs(5);
/// Bytes of a request's body that are read away meanwhile: a client that sends before it listens
/// would not hear the answer otherwise.
const UNWANTED_BYTES_MAX: usize = 1 << 20;
/// How long a peer may take none of what is sent to it.
#[cfg(target_os = "linux")]
const UNTAKEN_WAIT: Duration = Duration::from_secs(60);
/// How long to wait when no connection can be accepted, for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A server that accepts connections.
#[derive(Debug)]
pub(crate) struct Running {
    stop: oneshot::Sender<Infallible>,
    task: JoinHandle<GracefulShutdown>,
}

impl Running {
    /// Serves `router` to those who connect to `listener`, as many as have a place.
    pub(crate) fn start(listener: TcpListener, router: Router, places: Connections) -> Self {
        let (stop, stopped) = oneshot::channel();
        let doorman = Doorman { listener, router, places, connections: GracefulShutdown::new() };
        Self { stop, task: tokio::spawn(doorman.accept(stopped)) }
    }

    /// Accepts nothing more and waits until the requests that are under way are answered, for
    /// at most `limit`. Returns whether all were.
    pub(crate) async fn stop(self, limit: Duration) -> bool {
        drop(self.stop);
        match self.task.await {
            Ok(connections) => timeout(limit, connections.shutdown()).await.is_ok(),
            Err(_) => false,
        }
    }
}

/// Who lets connections in.
struct Doorman {
    listener: TcpListener,
    router: Router,
    places: Connections,
    connections: GracefulShutdown,
}

impl Doorman {
    async fn accept(self, mut stopped: oneshot::Receiver<Infallible>) -> GracefulShutdown {
        let turned_away = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
        loop {
            let accepted = tokio::select! {
                _ = &mut stopped => return self.connections,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.let_in(stream, peer, &turned_away),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn let_in(&self, stream: TcpStream, peer: SocketAddr, turned_away: &Arc<Semaphore>) {
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%peer, %error, "cannot set an option of a connection");
        }
        match self.places.place(peer.ip()) {
            Ok(place) => {
                let idle = self.places.settings().idle_timeout;
                let watcher = self.connections.watcher();
                tokio::spawn(serve(stream, peer, self.router.clone(), watcher, (place, idle)));
            }
            Err(full) => {
                tracing::debug!(%peer, ?full, "turned a connection away");
                if let Ok(permit) = Arc::clone(turned_away).try_acquire_owned() {
                    tokio::spawn(turn_away(stream, full, permit));
                }
            }
        }
    }
}

/// Small answers go out at once, and a peer that takes none for a while is given up.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    rustix::net::sockopt::set_tcp_user_timeout(stream, UNTAKEN_WAIT.as_millis() as u32)?;
    Ok(())
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
    (place, idle): (Place, Duration),
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .serve_connection(TokioIo::new(stream), service);
    // That clients go away in the middle is their right.
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
    drop(place);
}

/// Answers the first request of a connection that has no place, and closes it.
async fn turn_away(stream: TcpStream, full: Full, permit: OwnedSemaphorePermit) {
    let service = service_fn(move |request: hyper::Request<Incoming>| async move {
        let body = Limited::new(request.into_body(), UNWANTED_BYTES_MAX);
        // Whether it came whole or not, nobody wants it.
        let _unwanted = timeout(TURNING_AWAY / 2, body.collect()).await;
        Ok::<Response, Infallible>(too_many(full).into_response())
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(TURNING_AWAY)
        .serve_connection(TokioIo::new(stream), service);
    let _in_time = timeout(TURNING_AWAY, connection).await;
    drop(permit);
}

fn too_many(full: Full) -> ApiError {
    match full {
        Full::All => {
            ApiError::new(Code::Overloaded, "too many connections are open: try again in a moment")
        }
        Full::Address => ApiError::new(
            Code::TooManyRequests,
            "too many connections are open from this address: send several requests on one \
             connection, and try again in a moment",
        ),
    }
}
