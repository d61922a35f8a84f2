//! How long one attempt may take, and when it is cut.
//!
//! | limit | value | what it is for |
//! |---|---|---|
//! | connect | 10 s | name, TCP and TLS |
//! | stall | 30 s | the body does not move any further |
//! | answer | 60 s, 5 minutes for completing an upload | from the body's end to the whole answer |
//! | whole | 90 s and 1 s for each 64 KiB of the body | a connection that moves too slowly |

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::body::Progress;

/// For resolving the name, connecting, and the handshake of TLS.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The least that a connection has to carry on average.
const SLOWEST_BYTES_PER_SECOND: u64 = 64 << 10;

/// The limits of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    stall: Duration,
    answer: Duration,
    whole: Duration,
}

impl Limits {
    /// For a request with a body of this length.
    pub(super) const fn of_body(bytes: u64) -> Self {
        let answer = Duration::from_secs(60);
        let whole = Duration::from_secs(90 + bytes / SLOWEST_BYTES_PER_SECOND);
        Self { stall: Duration::from_secs(30), answer, whole }
    }

    /// For completing an upload in parts, which a store may take minutes for:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>.
    pub(super) const COMPLETE: Self = {
        let patient = Duration::from_secs(300);
        Self { stall: Duration::from_secs(30), answer: patient, whole: patient }
    };
}

/// Why an attempt was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// The body did not move on.
    Stalled { sent: u64, of: u64, after: Duration },
    /// All was sent, and no answer came.
    NoAnswer { after: Duration },
    /// It took too long as a whole.
    TooSlow { sent: u64, of: u64, after: Duration },
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stalled { sent, of, after } => {
                write!(f, "the connection stood still for {after:?} after {sent} of {of} bytes")
            }
            Self::NoAnswer { after } => write!(f, "no answer came within {after:?}"),
            Self::TooSlow { sent, of, after } => {
                write!(
                    f,
                    "the connection took {sent} of {of} bytes in {after:?}, which is too slow"
                )
            }
        }
    }
}

/// Waits for `sending` within the limits. Without a progress, only the whole is limited.
pub(super) async fn within<F: Future>(
    limits: Limits,
    progress: Option<&Progress>,
    sending: F,
) -> Result<F::Output, Cut> {
    let mut sending = pin!(sending);
    let begun = Instant::now();
    loop {
        let (due, cut) = next_limit(limits, progress, begun);
        if let Ok(output) = timeout_at(due, &mut sending).await {
            return Ok(output);
        }
        // The body may have moved meanwhile, and the limit with it.
        if next_limit(limits, progress, begun).0 <= Instant::now() {
            return Err(cut);
        }
    }
}

fn next_limit(limits: Limits, progress: Option<&Progress>, begun: Instant) -> (Instant, Cut) {
    let whole = begun + limits.whole;
    let Some(progress) = progress else {
        return (whole, Cut::NoAnswer { after: limits.whole });
    };
    let (sent, of) = (progress.sent(), progress.of);
    let (patience, cut) = if progress.is_sent() {
        (limits.answer, Cut::NoAnswer { after: limits.answer })
    } else {
        (limits.stall, Cut::Stalled { sent, of, after: limits.stall })
    };
    let due = progress.moved() + patience;
    if due < whole { (due, cut) } else { (whole, Cut::TooSlow { sent, of, after: limits.whole }) }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::s3::body::watched;

    const BYTES: usize = 1 << 20;

    #[tokio::test(start_paused = true)]
    async fn an_answer_in_time_is_let_through() {
        let answer = async {
            tokio::time::sleep(Duration::from_secs(29)).await;
            7
        };
        assert_eq!(within(Limits::of_body(0), None, answer).await, Ok(7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_cut() {
        let (_body, progress) = watched(vec![0; BYTES].into());
        let begun = Instant::now();
        let cut = within(Limits::of_body(progress.of), Some(&progress), pending::<()>()).await;
        let after = Duration::from_secs(30);
        assert_eq!(cut, Err(Cut::Stalled { sent: 0, of: BYTES as u64, after }));
        assert_eq!(begun.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_moves_has_time_until_the_whole_takes_too_long() {
        let (mut body, progress) = watched(vec![0; BYTES].into());
        let slow = async {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(29)).await;
                body.next().await;
            }
            pending::<()>().await;
        };
        let begun = Instant::now();
        let cut = within(Limits::of_body(progress.of), Some(&progress), slow).await;
        assert!(matches!(cut, Err(Cut::TooSlow { .. })), "{cut:?}");
        assert_eq!(begun.elapsed().as_secs(), 90 + 16);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_comes_is_given_up() {
        let (mut body, progress) = watched(vec![0; BYTES].into());
        let sent = async {
            while body.next().await.is_some() {}
            pending::<()>().await;
        };
        let cut = within(Limits::of_body(progress.of), Some(&progress), sent).await;
        assert_eq!(cut, Err(Cut::NoAnswer { after: Duration::from_secs(60) }));
    }
}
