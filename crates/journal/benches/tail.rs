//! How long after its acknowledgement a live consumer of the journal sees a record: appends with
//! `fdatasync` at a steady pace, and a reader that waits for them.
//!
//! ```text
//! cargo bench -p journal --bench tail [-- --seconds N]
//! ```
//!
//! An append is acknowledged when [`Journal::append`] returns; a frame is seen when
//! [`Journal::read`] returned it. Where the reader comes first, the delay is 0. The files go to the
//! directory for temporary files (`TMPDIR`), which should lie on a real disk.

#![allow(clippy::print_stdout, reason = "the table is what it is for")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use journal::{
    Append, Appended, FrameDraft, FrameKind, Journal, LocalJournal, LocalSettings, SystemClock,
};
use model::{Id, Offset, Partition, Scope};
use tokio::task::JoinSet;

const P0: Partition = Partition(0);
/// What the reader asks for at a time.
const READ_BYTES: usize = 4 << 20;
/// What 99 % of the delays should be at most.
const AIM: Duration = Duration::from_millis(50);
const SECONDS: u64 = 10;
/// `f_type` of a tmpfs, by statfs(2).
const TMPFS_MAGIC: i64 = 0x0102_1994;

/// When each frame was acknowledged, or seen, by its offset.
type Times = Arc<Mutex<Vec<(u64, Instant)>>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let seconds = std::env::args().skip_while(|argument| argument != "--seconds").nth(1);
    let seconds = seconds.map_or(SECONDS, |seconds| seconds.parse().unwrap());
    let temporary = std::env::temp_dir();
    println!("files in {}{}", temporary.display(), warning(&temporary));
    for (bytes, per_second) in [(4 << 10, 10), (4 << 10, 1_000), (256 << 10, 100)] {
        run(bytes, per_second, seconds).await;
    }
}

/// What to say where an fdatasync costs nothing.
fn warning(dir: &std::path::Path) -> &'static str {
    let magic = rustix::fs::statfs(dir).unwrap().f_type;
    if magic == TMPFS_MAGIC {
        ", WHICH IS MEMORY: name a directory on a disk by TMPDIR"
    } else {
        ""
    }
}

/// Appends frames of this size at this pace, and prints the delays.
async fn run(bytes: usize, per_second: u64, seconds: u64) {
    let dir = tempfile::tempdir().unwrap();
    let settings = LocalSettings::default();
    let journal = LocalJournal::open(dir.path(), settings, Arc::new(SystemClock)).unwrap();
    let journal = Arc::new(journal);
    let appends = per_second * seconds;
    let reader = tokio::spawn(read(Arc::clone(&journal), appends));
    let (acknowledged, took) = append(&journal, bytes, per_second, appends).await;
    let seen = reader.await.unwrap();
    let (mut acknowledged, mut seen) = (times(&acknowledged), times(&seen));
    acknowledged.sort_unstable();
    seen.sort_unstable();
    let delays = acknowledged.iter().zip(&seen).map(|((offset, acknowledged), (same, seen))| {
        assert_eq!(offset, same, "each frame is acknowledged and seen once");
        seen.saturating_duration_since(*acknowledged)
    });
    let mut delays: Vec<Duration> = delays.collect();
    delays.sort_unstable();
    let at = |share: f64| delays[((delays.len() - 1) as f64 * share).round() as usize];
    let millis = |delay: Duration| delay.as_secs_f64() * 1e3;
    let mut took: Vec<Duration> = took;
    took.sort_unstable();
    println!(
        "{:4} KiB x {per_second:4}/s  seen after p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms; p99 at most {} ms{}; \
         append p50 {:.2} ms",
        bytes >> 10,
        millis(at(0.5)),
        millis(at(0.99)),
        millis(at(1.0)),
        AIM.as_millis(),
        if at(0.99) > AIM { " (missed)" } else { "" },
        millis(took[took.len() / 2]),
    );
    journal.close().await;
}

fn times(times: &Times) -> Vec<(u64, Instant)> {
    times.lock().unwrap().clone()
}

/// Appends a frame whenever one is due, whether or not the ones before it are durable.
async fn append(
    journal: &Arc<LocalJournal>,
    bytes: usize,
    per_second: u64,
    appends: u64,
) -> (Times, Vec<Duration>) {
    let acknowledged = Times::default();
    let started = Instant::now();
    let mut under_way = JoinSet::new();
    for number in 0..appends {
        let due = started + Duration::from_secs_f64(number as f64 / per_second as f64);
        tokio::time::sleep_until(due.into()).await;
        let (journal, acknowledged) = (Arc::clone(journal), Arc::clone(&acknowledged));
        under_way.spawn(async move {
            let began = Instant::now();
            let append = Append { key: None, frames: vec![frame(bytes)] };
            let Appended::Stored(range) = journal.append(P0, append).await.unwrap() else {
                panic!("an append without a key was taken for a repetition");
            };
            let now = Instant::now();
            acknowledged.lock().unwrap().push((range.first.0, now));
            now - began
        });
    }
    (acknowledged, under_way.join_all().await)
}

fn frame(bytes: usize) -> FrameDraft {
    let mut payload = vec![b'x'; bytes];
    payload[bytes - 1] = b'\n';
    FrameDraft {
        kind: FrameKind::Records,
        scope: Scope::zone(Id::from_bytes([7; 16])),
        dataset: "http_requests".to_owned(),
        records: 1,
        payload: Bytes::from(payload),
    }
}

/// Reads so many frames, each as soon as it is there.
async fn read(journal: Arc<LocalJournal>, frames: u64) -> Times {
    let seen = Times::default();
    let mut next = Offset(0);
    while next.0 < frames {
        journal.wait_beyond(P0, next).await;
        let frames = journal.read(P0, next, READ_BYTES).await.unwrap();
        let now = Instant::now();
        let Some(last) = frames.last() else { continue };
        next = last.offset.next();
        seen.lock().unwrap().extend(frames.iter().map(|frame| (frame.offset.0, now)));
    }
    seen
}
