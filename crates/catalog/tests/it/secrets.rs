//! Secrets: never readable in the files, and of no use anywhere but in their row.

use std::fs;

use catalog::{CatalogError, Grant, Jobs, Permission, SqliteCatalog, Token, TokenHash, Tokens};
use model::Id;

use super::{DESTINATION, NOW, add_job, by, open, place};

const TOKEN: &str = "lp_0123456789abcdef0123456789abcdef";

async fn fill(catalog: &SqliteCatalog) {
    let job = add_job(catalog).await;
    let token = Token {
        id: Id::from_bytes([2; 16]),
        name: "shipper".to_owned(),
        permissions: vec![Permission::LogsIngest],
        grant: Grant::Installation,
        created_at: NOW,
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    };
    catalog.add_token(token, TokenHash::of(TOKEN), &by(NOW)).await.unwrap();
    assert_eq!(catalog.job(job.id).await.unwrap().spec.destination, DESTINATION);
    assert!(!format!("{catalog:?} {job:?}").contains("hunter2"));
}

#[tokio::test]
async fn no_secret_is_readable_in_the_files() {
    let (folder, path) = place();
    let catalog = open(&path).await;
    fill(&catalog).await;
    let mut seen = Vec::new();
    for round in ["open", "closed"] {
        for entry in fs::read_dir(folder.path()).unwrap() {
            seen.extend(fs::read(entry.unwrap().path()).unwrap());
        }
        for secret in ["hunter2", TOKEN] {
            let found = seen.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "`{secret}` is readable ({round})");
        }
        catalog.close().await;
    }
    let name = b"burritobot.example";
    assert!(seen.windows(name.len()).any(|window| window == name), "the right files were read");
}

#[tokio::test]
async fn a_destination_moved_to_another_row_does_not_open() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await;
    catalog.close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let copy = "INSERT INTO revision (job, revision, dataset, destination, filter, created_at) \
                SELECT job, 2, dataset, destination, filter, created_at FROM revision; \
                UPDATE job SET revision = 2";
    sqlx::raw_sql(copy).execute(&pool).await.unwrap();
    pool.close().await;

    let error = open(&path).await.job(job.id).await.unwrap_err();
    assert!(matches!(error, CatalogError::Damaged(_)), "{error}");
    assert!(error.to_string().contains("job 1 at revision 2"), "{error}");
}
