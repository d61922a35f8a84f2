//! What appending costs: throughput, CPU time and fdatasyncs, for large and for small appends,
//! with one appender and with many; then what reading it back and opening it anew costs.
//!
//! `cargo bench -p journal`; the files go to the directory for temporary files (`TMPDIR`).

#![allow(clippy::print_stdout, reason = "the table is what it is for")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use journal::local::{Disk, OsDisk};
use journal::{Append, FrameDraft, FrameKind, Journal, LocalJournal, LocalSettings, SystemClock};
use model::{Id, Offset, Partition, Scope};

const P0: Partition = Partition(0);
const MIB: usize = 1 << 20;

/// Counts the fdatasyncs.
#[derive(Debug, Default)]
struct CountingDisk {
    syncs: AtomicU64,
}

impl Disk for CountingDisk {
    fn sync(&self, file: &File) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        OsDisk.sync(file)
    }
}

/// How long something took, on the clock and on the processors.
struct Cost {
    wall: Duration,
    cpu_seconds: f64,
}

impl Cost {
    fn line(&self, bytes: usize) -> String {
        let megabytes = bytes as f64 / 1e6;
        let rate = megabytes / self.wall.as_secs_f64();
        let cpu = self.cpu_seconds * 1e3 / megabytes;
        format!("{rate:8.0} MB/s {cpu:8.2} CPU-s/GB")
    }
}

async fn measure<T>(work: impl Future<Output = T>) -> (T, Cost) {
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    let done = work.await;
    (done, Cost { wall: begin.elapsed(), cpu_seconds: cpu_seconds() - cpu })
}

/// CPU time of this process so far: `utime` and `stime` of `proc_pid_stat(5)`, in units of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

fn open(dir: &Path, disk: Arc<CountingDisk>) -> Arc<LocalJournal> {
    let clock = Arc::new(SystemClock);
    Arc::new(LocalJournal::open_on(disk, dir, LocalSettings::default(), clock).unwrap())
}

async fn append_all(journal: &Arc<LocalJournal>, bytes: usize, appenders: usize, appends: usize) {
    let tasks = (0..appenders).map(|_| {
        let journal = Arc::clone(journal);
        tokio::spawn(async move {
            for _ in 0..appends / appenders {
                // As from the network: each request in a buffer of its own.
                let mut payload = vec![b'x'; bytes];
                payload[bytes - 1] = b'\n';
                let frame = FrameDraft {
                    kind: FrameKind::Records,
                    scope: Scope::zone(Id::from_bytes([7; 16])),
                    dataset: "http_requests".to_owned(),
                    records: 1,
                    payload: Bytes::from(payload),
                };
                journal.append(P0, Append { key: None, frames: vec![frame] }).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

async fn read_all(journal: &LocalJournal) -> usize {
    let mut next = Offset(0);
    let mut bytes = 0;
    loop {
        let frames = journal.read(P0, next, MIB).await.unwrap();
        let Some(last) = frames.last() else { return bytes };
        next = last.offset.next();
        bytes += frames.iter().map(|frame| frame.payload.len()).sum::<usize>();
    }
}

async fn run(bytes: usize, appenders: usize, total: usize) {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(CountingDisk::default());
    let journal = open(dir.path(), Arc::clone(&disk));
    let appends = total / bytes;
    let before = disk.syncs.load(Ordering::Relaxed);
    let ((), cost) = measure(append_all(&journal, bytes, appenders, appends)).await;
    let syncs = disk.syncs.load(Ordering::Relaxed) - before;
    let rate = appends as f64 / cost.wall.as_secs_f64();
    let name = format!("append {:4} KiB x {appenders:2}", bytes / 1024);
    println!("{name} {} {rate:8.0} appends/s {syncs:6} fdatasyncs", cost.line(total));
    journal.close().await;
    let (journal, cost) = measure(async { open(dir.path(), Arc::clone(&disk)) }).await;
    println!("  open                {:8.1} ms", cost.wall.as_secs_f64() * 1e3);
    let (read, cost) = measure(read_all(&journal)).await;
    println!("  read from files    {}", cost.line(read));
    journal.close().await;
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    for (bytes, appenders, total) in [
        (MIB, 1, 512 * MIB),
        (MIB, 64, 512 * MIB),
        (4 << 10, 1, 32 * MIB),
        (4 << 10, 64, 256 * MIB),
    ] {
        run(bytes, appenders, total).await;
    }
}
