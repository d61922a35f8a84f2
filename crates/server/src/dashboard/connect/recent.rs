//! Records to try a filter and a form on: the newest ones of a scope and dataset or, where none
//! has arrived yet, ones that are made from the dataset's schema.
//!
//! **Rules.** The journal is shared, so that a scope's newest records may lie far back: how much is
//! read is bounded, and what is found is a number of recent ones, not all there are.

use std::sync::Arc;

use journal::{Frame, FrameKind, Journal, ReadError};
use model::filter::Filter;
use model::merge::Merger;
use model::output::{Encoder, OutputOptions};
use model::record::Lines;
use model::{Dataset, ElementType, Field, FieldType, Offset, Partition, Scanner, Scope, UnixNanos};
use serde_json::{Value, json};

/// Most records that are looked at.
const RECORDS_MAX: usize = 1_000;
/// Most bytes of them.
const BYTES_MAX: usize = 4 << 20;
/// Frames of a partition that are read at a time, from its end backwards.
const STEP_FRAMES: u64 = 16;
/// Most bytes that are read of all partitions.
const READ_BYTES_MAX: usize = 32 << 20;
/// Records of a preview.
const PREVIEW_RECORDS: usize = 3;
/// Most bytes of a preview.
const PREVIEW_BYTES_MAX: usize = 24 << 10;

/// Records of one dataset, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Recent {
    lines: Vec<Vec<u8>>,
}

impl Recent {
    /// The newest records of the scope and dataset.
    pub(super) async fn read(
        journal: &dyn Journal,
        scope: Scope,
        dataset: &str,
    ) -> Result<Self, ReadError> {
        let (mut frames, mut budget) = (Vec::new(), READ_BYTES_MAX);
        let partitions = journal.partitions();
        for partition in (0..partitions).map(Partition) {
            let share = budget / usize::from(partitions - partition.0);
            let (found, read) = newest(journal, partition, (scope, dataset), share).await?;
            frames.extend(found);
            budget -= read.min(budget);
        }
        frames.sort_by_key(|frame| std::cmp::Reverse((frame.arrival, frame.offset)));
        let mut recent = Self::default();
        let mut bytes = 0;
        for frame in &frames {
            let lines: Vec<_> = Lines::new(&frame.payload).collect();
            for line in lines.iter().rev() {
                bytes += line.bytes.len();
                if recent.lines.len() == RECORDS_MAX || bytes > BYTES_MAX {
                    return Ok(recent);
                }
                recent.lines.push(line.bytes.to_vec());
            }
        }
        Ok(recent)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lines.len()
    }

    /// How many of them a filter lets through; all, where there is none.
    pub(super) fn matching(&self, filter: Option<&Filter>, dataset: &Arc<Dataset>) -> usize {
        self.matched(filter, dataset).count()
    }

    fn matched<'r>(
        &'r self,
        filter: Option<&'r Filter>,
        dataset: &Arc<Dataset>,
    ) -> impl Iterator<Item = &'r [u8]> {
        let fields = filter.into_iter().flat_map(Filter::fields);
        let mut scanner = Scanner::new(Arc::clone(dataset), fields);
        self.lines.iter().map(Vec::as_slice).filter(move |line| {
            scanner.scan(line).is_ok()
                && filter.is_none_or(|filter| filter.matches(|field| scanner.value(line, field)))
        })
    }

    /// What an object of the first few of them would hold, as text. Of a sample all are shown.
    pub(super) fn preview(
        &self,
        filter: Option<&Filter>,
        options: &OutputOptions,
        dataset: &Arc<Dataset>,
    ) -> String {
        match Merger::new(options, dataset, std::iter::empty()) {
            Some(merger) => self.merged(merger).written(filter, options, dataset),
            None => self.written(filter, options, dataset),
        }
    }

    /// The records with their subrequests joined, as if all had come in one frame.
    fn merged(&self, mut merger: Merger) -> Self {
        let mut lines = Vec::new();
        let oldest_first = self.lines.iter().rev().map(Vec::as_slice);
        // What cannot be read is left out, as it would be in a preview of records as they are.
        let _ = merger.merge(oldest_first, |_, line, _| lines.push(line.to_vec()));
        lines.reverse();
        Self { lines }
    }

    fn written(
        &self,
        filter: Option<&Filter>,
        options: &OutputOptions,
        dataset: &Arc<Dataset>,
    ) -> String {
        let encoder = Encoder::new(options, dataset);
        let mut scanner = Scanner::new(Arc::clone(dataset), encoder.fields());
        let mut out = Vec::new();
        encoder.begin(&mut out);
        for (number, line) in self.matched(filter, dataset).take(PREVIEW_RECORDS).enumerate() {
            if scanner.scan(line).is_ok() {
                encoder.record(|field| scanner.value(line, field), number == 0, &mut out);
            }
        }
        encoder.end(&mut out);
        let is_cut = out.len() > PREVIEW_BYTES_MAX;
        out.truncate(PREVIEW_BYTES_MAX);
        let text = String::from_utf8_lossy(&out).into_owned();
        if is_cut { text + "…" } else { text }
    }

    /// Records made from the schema: what they hold is invented, its types are not.
    pub(super) fn sample(dataset: &Dataset, now: UnixNanos) -> Self {
        let members: serde_json::Map<String, Value> = dataset
            .fields
            .iter()
            .map(|field| (field.name.clone(), sample_value(field, now)))
            .collect();
        Self { lines: vec![Value::Object(members).to_string().into_bytes()] }
    }
}

/// The newest frames of the scope and dataset in a partition, and how many bytes were read.
async fn newest(
    journal: &dyn Journal,
    partition: Partition,
    (scope, dataset): (Scope, &str),
    bytes_max: usize,
) -> Result<(Vec<Frame>, usize), ReadError> {
    let bounds = journal.bounds(partition);
    let (mut end, mut found, mut read, mut records) = (bounds.end.0, Vec::new(), 0, 0);
    while end > bounds.start.0 && read < bytes_max && records < RECORDS_MAX {
        let from = end.saturating_sub(STEP_FRAMES).max(bounds.start.0);
        let frames = match journal.read(partition, Offset(from), bytes_max - read).await {
            Ok(frames) => frames,
            // Trimmed since: what lies before it is gone as well.
            Err(ReadError::Trimmed { .. }) => break,
            Err(error) => return Err(error),
        };
        for frame in frames.into_iter().filter(|frame| frame.offset.0 < end) {
            read += frame.payload.len();
            let wanted = frame.kind == FrameKind::Records && frame.scope == scope;
            if wanted && frame.dataset == dataset {
                records += frame.records as usize;
                found.push(frame);
            }
        }
        end = from;
    }
    Ok((found, read))
}

fn sample_value(field: &Field, now: UnixNanos) -> Value {
    let name = field.name.to_ascii_lowercase();
    let has = |part: &str| name.contains(part);
    match field.field_type {
        FieldType::Timestamp => json!(crate::instant::rfc3339(now)),
        FieldType::Bool => json!(false),
        FieldType::Float => json!(0.5),
        FieldType::Object => json!({"key": "value"}),
        FieldType::Array(ElementType::String) => json!(["one", "two"]),
        FieldType::Array(ElementType::Int) => json!([1, 2]),
        FieldType::Array(ElementType::Object) => json!([{"key": "value"}]),
        FieldType::Int if has("status") || has("code") => json!(200),
        FieldType::Int if has("port") => json!(443),
        FieldType::Int if has("bytes") || has("size") => json!(1234),
        FieldType::Int => json!(1),
        FieldType::String if name.ends_with("ip") => json!("192.0.2.10"),
        FieldType::String if has("useragent") => json!("Mozilla/5.0"),
        FieldType::String if has("method") => json!("GET"),
        FieldType::String if has("host") => json!("www.example.com"),
        FieldType::String if has("country") => json!("de"),
        FieldType::String if has("uri") || has("url") || has("path") => json!("/index.html"),
        FieldType::String if has("rayid") => json!("3a6050bcbe121a87"),
        FieldType::String => json!("text"),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use journal::{Append, FrameDraft, MemoryJournal, SystemClock};
    use model::{Checker, Datasets, Id};

    use super::*;

    fn scope(number: u8) -> Scope {
        Scope::zone(Id::from_bytes([number; 16]))
    }

    fn dataset() -> Arc<Dataset> {
        Arc::clone(Datasets::builtin().get("http_requests").unwrap())
    }

    async fn add(
        journal: &MemoryJournal,
        partition: u16,
        scope: Scope,
        dataset: &str,
        lines: &[&str],
    ) {
        let frame = FrameDraft {
            kind: FrameKind::Records,
            scope,
            dataset: dataset.to_owned(),
            records: lines.len() as u32,
            payload: Bytes::from(lines.join("\n") + "\n"),
        };
        let append = Append { key: None, frames: vec![frame] };
        journal.append(Partition(partition), append).await.unwrap();
    }

    #[tokio::test]
    async fn only_the_records_of_the_scope_and_dataset_are_counted() {
        let journal = MemoryJournal::new(2, Arc::new(SystemClock));
        for number in 0..40 {
            let line =
                format!("{{\"EdgeResponseStatus\":{}}}", if number < 20 { 500 } else { 200 });
            add(&journal, number % 2, scope(1), "http_requests", &[&line]).await;
            add(&journal, 0, scope(2), "http_requests", &[r#"{"EdgeResponseStatus":500}"#]).await;
            add(&journal, 1, scope(1), "dns_logs", &[r#"{"ColoCode":"A"}"#]).await;
        }
        let recent = Recent::read(&journal, scope(1), "http_requests").await.unwrap();
        assert_eq!(recent.count(), 40);
        let text = r#"{"where":{"key":"EdgeResponseStatus","operator":"geq","value":500}}"#;
        let filter = Filter::parse(text, &dataset()).unwrap();
        assert_eq!(recent.matching(filter.as_ref(), &dataset()), 20);
        assert_eq!(recent.matching(None, &dataset()), 40);
        assert!(recent.lines[0].ends_with(b"200}"), "newest first");
        let none = Recent::read(&journal, scope(3), "http_requests").await.unwrap();
        assert_eq!(none, Recent::default());
    }

    #[tokio::test]
    async fn no_more_records_are_kept_than_the_bound() {
        let journal = MemoryJournal::new(1, Arc::new(SystemClock));
        let lines = vec!["{}"; 500];
        for _ in 0..5 {
            add(&journal, 0, scope(1), "http_requests", &lines).await;
        }
        let recent = Recent::read(&journal, scope(1), "http_requests").await.unwrap();
        assert_eq!(recent.count(), RECORDS_MAX);
    }

    #[test]
    fn a_sample_keeps_the_types_of_its_dataset() {
        for dataset in Datasets::builtin().iter() {
            let sample = Recent::sample(dataset, UnixNanos(1_700_000_000_000_000_000));
            let checked = Checker::new(Arc::clone(dataset)).check(&sample.lines[0]);
            assert!(checked.is_ok(), "{}: {checked:?}", dataset.name);
        }
    }

    #[test]
    fn a_preview_is_what_an_object_would_hold() {
        let json = r#"{"field_names":["RayID","ClientIP"],"batch_prefix":"<"}"#;
        let options = OutputOptions::parse(json, &dataset()).unwrap();
        let sample = Recent::sample(&dataset(), UnixNanos(0));
        let preview = sample.preview(None, &options, &dataset());
        assert_eq!(preview, "<{\"RayID\":\"3a6050bcbe121a87\",\"ClientIP\":\"192.0.2.10\"}\n");
    }

    #[test]
    fn a_preview_joins_subrequests_where_the_job_does() {
        let json = r#"{"field_names":["RayID"],"merge_subrequests":true}"#;
        let options = OutputOptions::parse(json, &dataset()).unwrap();
        // Newest first, so the subrequest that came last stands before its request.
        let lines = [
            r#"{"RayID":"d","ParentRayID":"00"}"#,
            r#"{"RayID":"c","ParentRayID":"a"}"#,
            r#"{"RayID":"b","ParentRayID":"a"}"#,
            r#"{"RayID":"a","ParentRayID":"00"}"#,
        ];
        let recent = Recent { lines: lines.map(|line| line.as_bytes().to_vec()).into() };
        let expected = "{\"RayID\":\"d\",\"Subrequests\":[]}\n\
                        {\"RayID\":\"a\",\"Subrequests\":[{\"RayID\":\"b\"},{\"RayID\":\"c\"}]}\n";
        assert_eq!(recent.preview(None, &options, &dataset()), expected);
    }
}
