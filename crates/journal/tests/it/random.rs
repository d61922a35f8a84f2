//! Whatever is done to a journal, in whatever order, it does what a list of frames would do.

use std::collections::HashMap;

use journal::{Append, AppendError, Appended, Frame, Journal, LocalJournal};
use model::time::NANOS_PER_SECOND;
use model::{Offset, UnixNanos};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::setup::{Home, P0, append, draft, payload, range, with_key};

#[derive(Debug, Clone)]
enum Step {
    /// Frames of these sizes, under a key with this name and content.
    Append(Vec<usize>, Option<(u8, u8)>),
    /// From that many thousandths of the way to the end.
    Read(u64, usize),
    /// That many thousandths of the way.
    Trim(u64),
    Time(i64),
    Advance(i64),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let sizes = vec(1..300_usize, 1..5);
    prop_oneof![
        6 => (sizes, option::of((0..6_u8, 0..2_u8))).prop_map(|(s, k)| Step::Append(s, k)),
        3 => (0..1_100_u64, 0..2_000_usize).prop_map(|(from, max)| Step::Read(from, max)),
        1 => (0..1_100_u64).prop_map(Step::Trim),
        1 => (-100..1_000_i64).prop_map(Step::Time),
        2 => (-20..100_i64).prop_map(Step::Advance),
        1 => Just(Step::Reopen),
    ]
}

/// The list of frames, and the journal that should be like it.
#[derive(Debug)]
struct Pair {
    home: Home,
    journal: LocalJournal,
    /// All frames that were ever stored: payload and arrival.
    frames: Vec<(Vec<u8>, UnixNanos)>,
    start: u64,
    keys: HashMap<u8, (u8, u64, u64)>,
    now: i64,
}

impl Pair {
    fn new(segment_bytes: u64, tail_bytes_max: usize, commit_bytes_max: usize) -> Self {
        let mut home = Home::with_segments(segment_bytes);
        home.settings.tail_bytes_max = tail_bytes_max;
        home.settings.commit_bytes_max = commit_bytes_max;
        home.clock.set(UnixNanos(0));
        let journal = home.open();
        Self { home, journal, frames: Vec::new(), start: 0, keys: HashMap::new(), now: 0 }
    }

    fn end(&self) -> u64 {
        self.frames.len() as u64
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Append(sizes, key) => self.append(&sizes, key).await,
            Step::Read(thousandths, max_bytes) => {
                self.read(self.end() * thousandths / 1_000, max_bytes).await;
            }
            Step::Trim(thousandths) => self.trim(self.end() * thousandths / 1_000).await,
            Step::Time(seconds) => self.time(UnixNanos(seconds * NANOS_PER_SECOND)).await,
            Step::Advance(seconds) => {
                self.now += seconds * NANOS_PER_SECOND;
                self.home.clock.set(UnixNanos(self.now));
            }
            Step::Reopen => {
                self.journal.close().await;
                self.journal = self.home.open();
            }
        }
        let bounds = self.journal.bounds(P0);
        assert_eq!((bounds.start.0, bounds.end.0), (self.start, self.end()));
    }

    async fn append(&mut self, sizes: &[usize], key: Option<(u8, u8)>) {
        let frames = sizes.iter().map(|bytes| draft(payload(*bytes))).collect();
        let plain = Append { key: None, ..append(&[]) };
        let append = Append { frames, ..plain };
        let append = match key {
            Some((key, content)) => with_key(key, content, append),
            None => append,
        };
        let appended = self.journal.append(P0, append).await;
        let known = key.and_then(|(key, _)| self.keys.get(&key));
        match (known, key) {
            (Some((content, first, next)), Some((_, wanted))) if *content == wanted => {
                assert_eq!(appended.unwrap(), Appended::Repeated(range(*first, *next)));
            }
            (Some((_, first, next)), _) => {
                let reused = matches!(appended, Err(AppendError::KeyReused(at))
                    if at == range(*first, *next));
                assert!(reused, "{appended:?}");
            }
            (None, _) => {
                let newest = self.frames.last().map_or(UnixNanos(i64::MIN), |(_, at)| *at);
                let arrival = newest.max(UnixNanos(self.now));
                let first = self.end();
                self.frames.extend(sizes.iter().map(|bytes| (payload(*bytes).to_vec(), arrival)));
                assert_eq!(appended.unwrap(), Appended::Stored(range(first, self.end())));
                if let Some((key, content)) = key {
                    self.keys.insert(key, (content, first, self.end()));
                }
            }
        }
    }

    async fn read(&self, from: u64, max_bytes: usize) {
        let read = self.journal.read(P0, Offset(from), max_bytes).await;
        if from < self.start || from > self.end() {
            assert!(read.is_err(), "{read:?}");
            return;
        }
        let mut bytes = 0;
        let expected = self.frames[from as usize..].iter().enumerate().take_while(|(at, frame)| {
            bytes += frame.0.len();
            *at == 0 || bytes <= max_bytes
        });
        let expected =
            expected.map(|(at, (payload, at_time))| (from + at as u64, payload, at_time));
        let read = read.unwrap();
        let read =
            read.iter().map(|Frame { offset, payload, arrival, .. }| (offset.0, payload, arrival));
        assert!(
            read.map(|(at, payload, time)| (at, payload.to_vec(), *time))
                .eq(expected.map(|(at, payload, time)| (at, payload.clone(), *time)))
        );
    }

    async fn trim(&mut self, before: u64) {
        let start = self.journal.trim(P0, Offset(before)).await.unwrap().0;
        assert!(start >= self.start && start <= before.max(self.start));
        self.start = start;
    }

    async fn time(&self, at: UnixNanos) {
        let found = self.journal.offset_for_time(P0, at).await.unwrap().0;
        let first = self.frames.partition_point(|(_, arrival)| *arrival < at) as u64;
        assert_eq!(found, first.max(self.start));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_journal_is_like_a_list_of_frames(
        steps in vec(step(), 1..60),
        segment_bytes in prop_oneof![Just(1_000_u64), Just(5_000), Just(1 << 20)],
        tail_bytes_max in prop_oneof![Just(0_usize), Just(2_000), Just(1 << 20)],
        commit_bytes_max in prop_oneof![Just(1_usize), Just(500), Just(1 << 20)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut pair = Pair::new(segment_bytes, tail_bytes_max, commit_bytes_max);
            for step in steps {
                pair.take(step).await;
            }
            pair.take(Step::Reopen).await;
            pair.read(pair.start, usize::MAX).await;
            pair.journal.close().await;
        });
    }
}
