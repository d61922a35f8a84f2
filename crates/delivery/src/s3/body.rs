//! A request's body that tells how far it has been sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

/// What the connection takes at once: small enough to see a slow one move, large enough to cost
/// nothing.
const FRAME_BYTES: usize = 256 << 10;

/// How far a body has been handed to its connection.
#[derive(Debug)]
pub(super) struct Progress {
    /// The body's length.
    pub(super) of: u64,
    sent: AtomicU64,
    moved: Mutex<Instant>,
}

impl Progress {
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn is_sent(&self) -> bool {
        self.sent() >= self.of
    }

    /// When it last moved; before that, when the request began.
    pub(super) fn moved(&self) -> Instant {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// A body of these bytes, none of them copied, and its progress.
pub(super) fn watched(bytes: Bytes) -> (ByteStream, Arc<Progress>) {
    let progress = Arc::new(Progress {
        of: bytes.len() as u64,
        sent: AtomicU64::new(0),
        moved: Mutex::new(Instant::now()),
    });
    let body = Watched { rest: bytes, progress: Arc::clone(&progress) };
    (ByteStream::new(SdkBody::from_body_1_x(body)), progress)
}

#[derive(Debug)]
struct Watched {
    rest: Bytes,
    progress: Arc<Progress>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let bytes = self.rest.len().min(FRAME_BYTES);
        self.progress.note(bytes);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
