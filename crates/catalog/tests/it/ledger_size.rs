//! The ledger stays quick with millions of delivered batches: what it asks goes by an index.

use sqlx::{AssertSqlSafe, Row, SqlitePool};

use super::{open, place};

/// How SQLite would answer `query`, one step a line.
async fn plan(pool: &SqlitePool, query: &str) -> String {
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}")))
        .bind(1)
        .bind(0)
        .bind(5)
        .bind(9)
        .fetch_all(pool)
        .await
        .unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect()
}

#[tokio::test]
async fn no_question_walks_through_the_delivered_batches() {
    let (_folder, path) = place();
    let _catalog = open(&path).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let questions = [
        (include_str!("../../queries/batches_undelivered.sql"), "INDEX batch_sealed"),
        (include_str!("../../queries/batches_lose.sql"), "INDEX batch_sealed"),
        (include_str!("../../queries/batches_count.sql"), "COVERING INDEX batch_lost"),
        (include_str!("../../queries/batches.sql"), "INDEX batch_by_age (job=?)"),
        (include_str!("../../queries/batches_in_order.sql"), "PRIMARY KEY (job=? AND (partition"),
        (include_str!("../../queries/batches_from.sql"), "PRIMARY KEY (job=? AND partition=?"),
        (include_str!("../../queries/batch_settle.sql"), "PRIMARY KEY (job=? AND partition=?"),
        (include_str!("../../queries/job_settle.sql"), "PRIMARY KEY (job=? AND partition=?"),
        (include_str!("../../queries/figures_delivered.sql"), "PRIMARY KEY (job=? AND partition=?"),
        (include_str!("../../queries/uploads_close.sql"), "PRIMARY KEY (job=? AND partition=?"),
    ];
    for (question, index) in questions {
        let plan = plan(&pool, question).await;
        assert!(plan.contains(index), "{question}\n{plan}");
        for slow in ["SCAN batch\n", "TEMP B-TREE"] {
            assert!(!plan.contains(slow), "{question}\n{plan}");
        }
    }
}
