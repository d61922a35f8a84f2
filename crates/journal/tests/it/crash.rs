//! The power goes at every operation in turn: what was acknowledged is there again, once and in
//! order, and an append that was on its way is there whole or not at all.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::{Arc, Mutex};

use journal::local::{Disk, OsDisk};
use journal::{Appended, Journal, LocalJournal};
use model::Offset;

use crate::setup::{Home, P0, append, range, texts, with_key};

/// What becomes of bytes that were written and not made durable.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// All stay: only the process was killed.
    None,
    /// All go.
    All,
    /// The second half goes.
    Half,
    /// The first half reads as zeroes; the second half stays.
    Zeroes,
}

/// A disk whose power goes after some operations.
#[derive(Debug)]
struct Power {
    state: Mutex<PowerState>,
}

#[derive(Debug)]
struct PowerState {
    operations_left: u64,
    /// By inode number: how many bytes are durable. A file that is not here is durable.
    durable: HashMap<u64, u64>,
    /// Inode numbers of files whose names are not durable.
    unnamed: Vec<u64>,
}

impl Power {
    fn new() -> Self {
        let durable = HashMap::new();
        let state = PowerState { operations_left: 0, durable, unnamed: Vec::new() };
        Self { state: Mutex::new(state) }
    }

    /// Lets that many operations through before the power goes.
    fn restore(&self, operations: u64) {
        self.state.lock().unwrap().operations_left = operations;
    }

    /// Uses up an operation, where there is one left.
    fn operate<T>(
        &self,
        operation: impl FnOnce(&mut PowerState) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state.lock().unwrap();
        if state.operations_left == 0 {
            return Err(io::Error::other("the power is gone"));
        }
        state.operations_left -= 1;
        operation(&mut state)
    }

    /// Leaves of the files what the loss leaves.
    fn lose(&self, home: &Home, loss: Loss) {
        let mut state = self.state.lock().unwrap();
        if matches!(loss, Loss::None) {
            return;
        }
        for path in home.files("") {
            let metadata = fs::metadata(&path).unwrap();
            if state.unnamed.contains(&metadata.ino()) {
                fs::remove_file(&path).unwrap();
                continue;
            }
            let length = metadata.len();
            let durable = state.durable.get(&metadata.ino()).map_or(length, |d| length.min(*d));
            let half = durable + (length - durable) / 2;
            let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
            match loss {
                Loss::None => {}
                Loss::All => file.set_len(durable).unwrap(),
                Loss::Half => file.set_len(half).unwrap(),
                Loss::Zeroes => {
                    file.write_all_at(&vec![0; (half - durable) as usize], durable).unwrap();
                }
            }
        }
        state.durable.clear();
        state.unnamed.clear();
    }
}

impl Disk for Power {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.operate(|state| {
            let existed = path.exists();
            let file = OsDisk.create(path)?;
            let inode = file.metadata()?.ino();
            state.durable.insert(inode, 0);
            if !existed {
                state.unnamed.push(inode);
            }
            Ok(file)
        })
    }

    fn write(&self, mut file: &File, slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        let metadata = file.metadata()?;
        let mut state = self.state.lock().unwrap();
        state.durable.entry(metadata.ino()).or_insert(metadata.len());
        if state.operations_left == 1 {
            state.operations_left = 0;
            for slice in &slices[..slices.len().div_ceil(2)] {
                file.write_all(slice)?;
            }
            return Err(io::Error::other("the power goes"));
        }
        drop(state);
        self.operate(|_| OsDisk.write(file, slices))
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.operate(|state| {
            let metadata = file.metadata()?;
            state.durable.insert(metadata.ino(), metadata.len());
            Ok(())
        })
    }

    fn truncate(&self, file: &File, bytes: u64) -> io::Result<()> {
        self.operate(|state| {
            let metadata = file.metadata()?;
            let durable = state.durable.entry(metadata.ino()).or_insert(metadata.len());
            *durable = bytes.min(*durable);
            OsDisk.truncate(file, bytes)
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.operate(|_| OsDisk.remove(path))
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        self.operate(|state| {
            state.unnamed.clear();
            Ok(())
        })
    }
}

/// An append of the workload.
#[derive(Debug, Clone)]
struct Expected {
    key: u8,
    first: u64,
    payloads: Vec<String>,
}

/// What is known of the journal from the answers that were given.
#[derive(Debug, Default)]
struct Witness {
    acknowledged: Vec<Expected>,
    /// The append that was on its way when the power went.
    on_its_way: Option<Expected>,
}

impl Witness {
    fn next(&self) -> Expected {
        let number = self.acknowledged.len();
        let first = self.acknowledged.iter().map(|append| append.payloads.len() as u64).sum();
        let payloads = (0..=number % 3).map(|frame| format!("{number} {frame}\n")).collect();
        Expected { key: number as u8, first, payloads }
    }

    /// Looks whether the journal holds what it has to hold.
    async fn check(&mut self, journal: &LocalJournal) {
        let found = texts(journal).await;
        let bounds = journal.bounds(P0);
        assert_eq!(bounds.end.0 - bounds.start.0, found.len() as u64);
        if let Some(append) = self.on_its_way.take()
            && bounds.end > Offset(append.first)
        {
            self.acknowledged.push(append);
        }
        let payloads = self.acknowledged.iter().flat_map(|append| &append.payloads);
        assert!(payloads.skip(bounds.start.0 as usize).eq(&found), "{found:?}");
    }

    async fn check_keys(&self, journal: &LocalJournal) {
        for Expected { key, first, payloads } in &self.acknowledged {
            let again = journal.append(P0, with_key(*key, 0, append(&["again\n"]))).await;
            let next = first + payloads.len() as u64;
            assert_eq!(again.unwrap(), Appended::Repeated(range(*first, next)));
        }
    }

    /// Appends until the power goes, or six times.
    async fn go_on(&mut self, journal: &LocalJournal) {
        for _ in 0..6 {
            let expected = self.next();
            let payloads = expected.payloads.iter().map(String::as_str).collect::<Vec<_>>();
            let appended = journal.append(P0, with_key(expected.key, 0, append(&payloads))).await;
            if appended.is_err() {
                self.on_its_way = Some(expected);
                return;
            }
            if expected.key.is_multiple_of(4) {
                // It may fail when the power does; then it has given up some segments, or none.
                let _trimmed = journal.trim(P0, Offset(expected.first / 2)).await;
            }
            self.acknowledged.push(expected);
        }
    }
}

/// Lets the power go after each number of operations in turn, with these losses in turn.
async fn crash_again_and_again<const N: usize>(losses: [Loss; N]) {
    let mut home = Home::with_segments(600);
    home.settings.commit_bytes_max = 150;
    let power = Arc::new(Power::new());
    let mut witness = Witness::default();
    for (operations, loss) in (0..45).chain(0..45).zip(losses.into_iter().cycle()) {
        power.restore(operations);
        // Opening may fail when the power does.
        if let Ok(journal) = home.try_open_on(Arc::<Power>::clone(&power)) {
            witness.check(&journal).await;
            witness.go_on(&journal).await;
            journal.close().await;
        }
        power.lose(&home, loss);
        assert!(witness.acknowledged.len() < 250, "the keys are used up");
    }
    power.restore(u64::MAX);
    let journal = home.try_open_on(power).unwrap();
    witness.check(&journal).await;
    witness.check_keys(&journal).await;
    assert!(witness.acknowledged.len() > 100);
    assert!(journal.bounds(P0).start > Offset(0));
}

#[tokio::test]
async fn what_was_acknowledged_survives_when_the_process_is_killed() {
    crash_again_and_again([Loss::None]).await;
}

#[tokio::test]
async fn what_was_found_after_a_kill_survives_the_loss_of_all_that_was_not_durable() {
    crash_again_and_again([Loss::None, Loss::All, Loss::None, Loss::None, Loss::All]).await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_the_loss_of_all_that_was_not_durable() {
    crash_again_and_again([Loss::All]).await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_torn_write() {
    crash_again_and_again([Loss::Half]).await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_writes_out_of_order() {
    crash_again_and_again([Loss::Zeroes]).await;
}
