//! The commands that talk to a service, run as a person or a script would run them.

use std::ffi::OsStr;

use serde_json::Value;

use crate::service::{ADMIN_TOKEN, logpush};

/// Runs commands against one service with one token.
#[derive(Debug, Clone)]
pub(crate) struct Cli {
    pub(crate) url: String,
    pub(crate) token: String,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Cli {
    /// Commands by the administrator.
    pub(crate) fn administrator(url: String) -> Self {
        Self { url, token: ADMIN_TOKEN.to_owned() }
    }

    pub(crate) async fn run(&self, args: &[&str]) -> Ran {
        let environment = [("LOGPUSH_URL", &self.url), ("LOGPUSH_TOKEN", &self.token)];
        ran(args, environment).await
    }

    /// Runs a command that must succeed with `--json`, and gives what it prints.
    pub(crate) async fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--json"]].concat()).await;
        ran.assert_done();
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("not JSON: {ran:?}"))
    }
}

/// Runs `logpush` with these arguments and this environment, to its end.
pub(crate) async fn ran<N: AsRef<OsStr>, V: AsRef<OsStr>>(
    args: &[&str],
    environment: impl IntoIterator<Item = (N, V)>,
) -> Ran {
    Ran::of(logpush(args).envs(environment)).await
}

impl Ran {
    /// Runs a command to its end.
    pub(crate) async fn of(command: &mut tokio::process::Command) -> Self {
        let output = command.output().await.unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn assert_done(&self) {
        assert_eq!(self.code, 0, "{:.2000}\n{:.2000}", self.stdout, self.stderr);
    }

    /// Checks that it failed with this exit code, and that its error has all the `parts`: the
    /// value that is wrong, and how to mend it.
    #[track_caller]
    pub(crate) fn assert_failed(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{:.2000}\n{:.2000}", self.stdout, self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "`{part}` is not in: {:.2000}", self.stderr);
        }
    }
}
