//! HTTP connections, and what goes wrong with them: cuts, stalls, answers that break off.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use http_body_util::BodyExt;
use hyper::Request as HttpRequest;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::service::S3Service;
use s3s::{Body, HttpError, HttpResponse};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::fault::Fault;
use super::operation::Asked;
use super::server::Shared;

/// How much of an answer without a body is sent before it breaks off: not even its head.
const PART_OF_A_HEAD: u64 = 40;

/// Serves until it is dropped, and its connections with it.
pub(super) async fn serve(listener: TcpListener, service: S3Service, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (service, shared) = (service.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            let wire = Wire::new(stream);
            let left = Arc::clone(&wire.left);
            let answer = service_fn(move |request| {
                answer(service.clone(), Arc::clone(&shared), Arc::clone(&left), request)
            });
            // A connection that was cut, by either side, is nothing to complain about.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(wire), answer).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(
    service: S3Service,
    shared: Arc<Shared>,
    left: Arc<AtomicU64>,
    request: HttpRequest<Incoming>,
) -> Result<HttpResponse, HttpError> {
    let asked = Asked::of(request.method(), request.uri(), request.headers());
    let fault = shared.meet(&asked);
    let number = shared.note(asked, fault.as_ref());
    if fault == Some(Fault::CutsBefore) {
        return Err(cut());
    }
    let (head, body) = request.into_parts();
    // Whole, so that a refusal is read by a client that is still sending.
    let body = body.collect().await.map_err(|_| cut())?.to_bytes();
    let request = HttpRequest::from_parts(head, Body::from(body));
    // Goes on where the client gives up.
    let work = tokio::spawn(work(service, Arc::clone(&shared), request, fault.clone(), number));
    let response = work.await.map_err(|_| cut())??;
    match fault {
        Some(Fault::CutsAfter) => return Err(cut()),
        Some(Fault::Truncates) => left.store(half_of(&response), Ordering::SeqCst),
        _ => {}
    }
    Ok(response)
}

async fn work(
    service: S3Service,
    shared: Arc<Shared>,
    request: HttpRequest<Body>,
    fault: Option<Fault>,
    number: usize,
) -> Result<HttpResponse, HttpError> {
    let refused = match &fault {
        Some(Fault::Refuses(refusal)) => Some(refusal.answer(refusal.status)),
        Some(Fault::SaysOk(refusal)) => Some(refusal.answer(200)),
        _ => None,
    };
    if let Some(answer) = refused {
        shared.note_status(number, answer.status().as_u16());
        return Ok(answer);
    }
    if let Some(Fault::StallsBefore(time)) = fault {
        sleep(time).await;
    }
    let answer = service.call(request).await?;
    shared.note_status(number, answer.status().as_u16());
    if let Some(Fault::StallsAfter(time)) = fault {
        sleep(time).await;
    }
    Ok(answer)
}

/// Makes hyper close the connection without another word.
fn cut() -> HttpError {
    HttpError::new("the connection is cut".into())
}

/// How many bytes of an answer leave out the second half of its body, or of its head where it has
/// no body.
fn half_of(answer: &HttpResponse) -> u64 {
    // `date` and `content-length` are added by hyper.
    const ADDED: u64 = 60;
    let body = answer.body().size_hint().lower();
    if body == 0 {
        return PART_OF_A_HEAD;
    }
    let fields = answer.headers().iter();
    let fields: usize = fields.map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    fields as u64 + ADDED + body / 2
}

/// A connection that can be made to end after some bytes more.
struct Wire {
    stream: TcpStream,
    /// How many bytes are still sent.
    left: Arc<AtomicU64>,
}

impl Wire {
    fn new(stream: TcpStream) -> Self {
        Self { stream, left: Arc::new(AtomicU64::new(u64::MAX)) }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let written = Pin::new(&mut self.stream).poll_write(context, &bytes[..most]);
        if let Poll::Ready(Ok(count)) = written
            && left != u64::MAX
        {
            self.left.store(left - count as u64, Ordering::SeqCst);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
