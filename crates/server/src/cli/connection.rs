//! Which service a command talks to, with which token.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use crate::client::{Client, is_on_this_machine};

/// What every management command takes.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Print JSON, for programs.
    #[arg(long, help_heading = None)]
    pub(super) json: bool,

    #[command(flatten)]
    connection: Connection,
}

impl Common {
    /// A client of the service.
    pub(super) fn client(&self) -> Result<Client, CliError> {
        self.connection.client()
    }
}

/// How to reach the service.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct Connection {
    /// Address of the service.
    #[arg(long, env = "LOGPUSH_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,

    /// Token to use. Better set in the environment: other users of this machine can see the
    /// arguments of a command.
    #[arg(long, env = "LOGPUSH_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// Data directory of a service on this machine; its administrator's token is used where no
    /// other is given.
    #[arg(long, env = "LOGPUSH_DATA_DIR", default_value = "./logpush-data", value_name = "DIR")]
    data_dir: PathBuf,
}

impl Connection {
    /// A client, not yet connected.
    pub(super) fn client(&self) -> Result<Client, CliError> {
        Ok(Client::new(&self.url, &self.find_token()?)?)
    }

    fn find_token(&self) -> Result<String, CliError> {
        if let Some(token) = self.token.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
            return Ok(token.to_owned());
        }
        let none = |admin_token| CliError::NoToken { address: self.url.clone(), admin_token };
        if !is_on_this_machine(&self.url) {
            return Err(none(None));
        }
        let path = self.data_dir.join("admin-token");
        match std::fs::read_to_string(&path) {
            Ok(token) => Ok(token.trim().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(none(Some(path))),
            Err(source) => Err(CliError::File { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(url: &str, token: Option<&str>, data_dir: &std::path::Path) -> Connection {
        Connection {
            url: url.to_owned(),
            token: token.map(str::to_owned),
            data_dir: data_dir.to_owned(),
        }
    }

    #[test]
    fn a_token_that_is_given_wins_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("admin-token"), "from-file\n").unwrap();
        let here = "http://127.0.0.1:8080";
        for (token, expected) in
            [(Some("given"), "given"), (Some(" "), "from-file"), (None, "from-file")]
        {
            let found = connection(here, token, dir.path()).find_token().unwrap();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_file_of_this_machine_is_not_used_for_another() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("admin-token"), "from-file").unwrap();
        let error = connection("https://logs.example.com", None, dir.path()).find_token();
        assert_eq!(
            error.unwrap_err().to_string(),
            "no token for https://logs.example.com: set LOGPUSH_TOKEN"
        );
    }

    #[test]
    fn a_missing_token_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = connection("http://localhost:8080", None, dir.path()).find_token();
        let error = error.unwrap_err().to_string();
        assert!(error.contains("LOGPUSH_TOKEN") && error.contains("admin-token"), "{error}");
    }
}
