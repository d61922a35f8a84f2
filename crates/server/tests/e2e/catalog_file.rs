//! What somebody does to the catalogue's file behind the service's back.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::service::Home;

/// Where the catalogue is.
pub(crate) fn catalog_of(home: &Home) -> PathBuf {
    home.data_dir().join("catalog.sqlite")
}

/// A connection like that of the `sqlite3` program, which looks after no foreign key.
pub(crate) async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).foreign_keys(false);
    options.create_if_missing(true).connect().await.unwrap()
}

/// Runs these statements.
pub(crate) async fn sql(path: &Path, statements: &str) {
    let mut connection = connect(path).await;
    let statements = AssertSqlSafe(statements.to_owned());
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The one number that the question gives.
pub(crate) async fn number(path: &Path, question: &str) -> i64 {
    let mut connection = connect(path).await;
    let question = AssertSqlSafe(question.to_owned());
    let found = sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    found
}

/// Rows of the table of jobs that were taken out, to be put back.
pub(crate) struct TakenOut {
    catalog: PathBuf,
    aside: PathBuf,
}

impl TakenOut {
    /// Takes out the jobs for which `which` holds, and nothing that belongs to them.
    pub(crate) async fn jobs(home: &Home, which: &str) -> Self {
        let (catalog, aside) = (catalog_of(home), home.path().join("aside.sqlite"));
        let taking = format!(
            "ATTACH '{}' AS aside; CREATE TABLE aside.job AS SELECT * FROM job WHERE {which}; \
             DELETE FROM job WHERE {which}",
            aside.display()
        );
        sql(&catalog, &taking).await;
        Self { catalog, aside }
    }

    /// Puts them back.
    pub(crate) async fn put_back(self) {
        let putting = format!(
            "ATTACH '{}' AS aside; INSERT INTO job SELECT * FROM aside.job",
            self.aside.display()
        );
        sql(&self.catalog, &putting).await;
        std::fs::remove_file(&self.aside).unwrap();
    }
}

/// How many events of the log have this level, and this text in their message.
pub(crate) fn told(events: &[Value], level: &str, text: &str) -> usize {
    let is_it = |event: &&Value| {
        event["level"] == level && event["message"].as_str().is_some_and(|said| said.contains(text))
    };
    events.iter().filter(is_it).count()
}
