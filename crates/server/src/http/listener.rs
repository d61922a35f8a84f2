//! Accepting connections, and letting them end when the service stops.
//!
//! A connection that sends nothing, or its headers too slowly, is closed. There is a most of
//! connections at a time; further ones wait in the system's queue.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
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

use super::peer::Peer;

/// Most connections at a time.
const CONNECTIONS_MAX: usize = 4096;
/// How long a connection may take to send the headers of its next request.
const HEADERS_WAIT: Duration = Duration::from_secs(60);
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
    /// Serves `router` to those who connect to `listener`.
    pub(crate) fn start(listener: TcpListener, router: Router) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(accept(listener, router, stopped)) }
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

async fn accept(
    listener: TcpListener,
    router: Router,
    mut stopped: oneshot::Receiver<Infallible>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            _ = &mut stopped => return connections,
            accepted = next(&listener, &permits) => accepted,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                let watcher = connections.watcher();
                tokio::spawn(serve(stream, peer, router.clone(), watcher, permit));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn next(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
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
    permit: OwnedSemaphorePermit,
) {
    if let Err(error) = prepare(&stream) {
        tracing::debug!(%peer, %error, "cannot set an option of a connection");
    }
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WAIT)
        .serve_connection(TokioIo::new(stream), service);
    // That clients go away in the middle is their right.
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
    drop(permit);
}
