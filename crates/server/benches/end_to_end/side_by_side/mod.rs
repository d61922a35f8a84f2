//! logpush and other shippers on the same input, where they are installed: NDJSON over HTTP in, a
//! buffer on disk where the tool has one, gzipped objects out to the same S3 server.
//!
//! The tools are looked for on `PATH`; what is not there is skipped, and said so. Their
//! configurations are in `configs/`, with what each of them promises and what it does not.

mod tool;

use serde_json::{Value, json};

use crate::load::Load;
use crate::workload::{Figures, Workload};
use crate::{gb, mb, mib};

/// The level of compression of logpush: the default of the others.
const LEVEL: u8 = 6;

/// What is done with the records.
#[derive(Debug)]
struct Task {
    what: &'static str,
    /// The workload of logpush that does it.
    workload: &'static str,
    /// What the names of the other tools' configurations end with.
    config: &'static str,
}

const TASKS: [Task; 3] = [
    Task { what: "all fields", workload: "B", config: "all" },
    Task { what: "12 fields", workload: "C", config: "fields" },
    Task { what: "12 fields of 2 % of the records", workload: "D", config: "filter" },
];

/// Runs each tool on each task.
pub(crate) async fn measure(load: &Load) -> Value {
    println!("{} records, {:.1} MB; gzip level {LEVEL}", load.records, mb(load.bytes));
    let tools: Vec<_> = tool::TOOLS.iter().filter_map(tool::Tool::find).collect();
    println!(
        "{:<12} {:<32} {:>8} {:>6} {:>6} {:>8} {:>8}",
        "", "", "CPU-s/GB", "user", "system", "peak MiB", "smaller"
    );
    let mut rows = Vec::new();
    for task in &TASKS {
        let workload = Workload::named(task.workload).at_level(LEVEL);
        rows.push(row("logpush", task, Ok(workload.run(load).await), load));
        for tool in &tools {
            let figures = tool.run(task.config, load, workload.expected(load)).await;
            rows.push(row(tool.name, task, figures, load));
        }
    }
    let versions = tools.iter().map(|tool| (tool.name.to_owned(), tool.version.clone().into()));
    json!({
        "gzip_level": LEVEL,
        "bytes": load.bytes,
        "versions": versions.collect::<serde_json::Map<_, Value>>(),
        "rows": rows,
    })
}

/// Prints what a tool took for a task, or why there is no figure, and gives it as JSON.
fn row(tool: &str, task: &Task, figures: Result<Figures, String>, load: &Load) -> Value {
    let figures = match figures {
        Ok(figures) => figures,
        Err(reason) => {
            println!("{tool:<12} {:<32} NO FIGURE: {reason}", task.what);
            return json!({"tool": tool, "task": task.what, "no_figure": reason});
        }
    };
    let (user, system) =
        (figures.user_seconds / gb(load.bytes), figures.system_seconds / gb(load.bytes));
    let smaller = load.bytes as f64 / figures.compressed as f64;
    println!(
        "{tool:<12} {:<32} {:>8.2} {user:>6.2} {system:>6.2} {:>8.1} {smaller:>8.1}",
        task.what,
        user + system,
        mib(figures.peak_bytes),
    );
    json!({
        "tool": tool,
        "task": task.what,
        "cpu_seconds_per_gb": user + system,
        "user_seconds_per_gb": user,
        "system_seconds_per_gb": system,
        "peak_bytes": figures.peak_bytes,
        "times_smaller": smaller,
    })
}
