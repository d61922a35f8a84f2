//! Both implementations keep the promises of every journal.

mod memory {
    use std::path::Path;
    use std::sync::Arc;

    use journal::{Clock, Journal, MemoryJournal};

    fn open(_dir: &Path, partitions: u16, clock: Arc<dyn Clock>) -> Arc<dyn Journal> {
        Arc::new(MemoryJournal::new(partitions, clock))
    }

    journal::conformance_suite!(open);
}

mod local {
    use std::path::Path;
    use std::sync::Arc;

    use journal::{Clock, Journal, LocalJournal, LocalSettings};

    fn open(dir: &Path, partitions: u16, clock: Arc<dyn Clock>) -> Arc<dyn Journal> {
        let settings = LocalSettings { partitions, segment_bytes: 1_000, ..Default::default() };
        Arc::new(LocalJournal::open(dir, settings, clock).unwrap())
    }

    journal::conformance_suite!(open);
}

mod local_without_memory {
    use std::path::Path;
    use std::sync::Arc;

    use journal::{Clock, Journal, LocalJournal, LocalSettings};

    /// Every read comes from the files.
    fn open(dir: &Path, partitions: u16, clock: Arc<dyn Clock>) -> Arc<dyn Journal> {
        let settings = LocalSettings {
            partitions,
            segment_bytes: 1_000,
            tail_bytes_max: 0,
            commit_bytes_max: 200,
            queue_bytes_max: 1_000,
            ..Default::default()
        };
        Arc::new(LocalJournal::open(dir, settings, clock).unwrap())
    }

    journal::conformance_suite!(open);
}
