//! SQLite keeps every promise of the traits.

mod on_disk {
    use catalog::{SqliteCatalog, conformance_suite};
    use tempfile::TempDir;

    async fn new() -> (SqliteCatalog, TempDir) {
        let (folder, path) = crate::place();
        (crate::open(&path).await, folder)
    }

    conformance_suite!(new);
}

mod in_memory {
    use catalog::{SqliteCatalog, conformance_suite};

    async fn new() -> (SqliteCatalog, ()) {
        (SqliteCatalog::in_memory(crate::vault(), crate::NOW).await.unwrap(), ())
    }

    conformance_suite!(new);
}
