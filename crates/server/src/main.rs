//! The `logpush` program: reads the command line, runs the command, tells how it ended.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use server::cli::Cli;
use server::visible_lines;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&error);
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(cli.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is_closed_pipe() {
                complain(&error);
            }
            error.exit_code()
        }
    }
}

/// One line on stderr. Where nobody can read it, the exit code has to do.
fn complain(error: &dyn std::error::Error) {
    let text = error.to_string();
    let _ = writeln!(std::io::stderr(), "error: {}", visible_lines(&text));
}
