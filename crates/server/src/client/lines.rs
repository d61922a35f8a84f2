//! Answers that come line by line, for as long as it takes.

use std::time::Duration;

use reqwest::{Method, Response};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::envelope::Envelope;
use super::{Client, ClientError};

/// How long an answer may take as a whole.
const WHOLE: Duration = Duration::from_hours(24);
/// How long it may stand still: the service tells every few seconds that it is at work.
const STALL: Duration = Duration::from_mins(1);
/// Most bytes of a line.
const LINE_BYTES_MAX: usize = 1 << 20;

/// An answer in NDJSON.
#[derive(Debug)]
pub struct Lines {
    response: Response,
    url: String,
    /// What came and is no whole line yet.
    rest: Vec<u8>,
}

impl Client {
    /// What the API answers at `path`, line by line.
    pub async fn lines(&self, path: &str, query: &[(&str, &str)]) -> Result<Lines, ClientError> {
        let request = self.request(Method::POST, path).query(query).timeout(WHOLE);
        let response = self.send(request).await?;
        let url = response.url().to_string();
        if response.status().is_success() {
            return Ok(Lines { response, url, rest: Vec::new() });
        }
        match Envelope::read(response).await?.into_result() {
            Err(error) => Err(error),
            Ok(_) => Err(ClientError::NotUnderstood { url, reason: "it said nothing".to_owned() }),
        }
    }
}

impl Lines {
    /// The next line; `None` at the end of the answer.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ClientError> {
        loop {
            if let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                let read = serde_json::from_slice(&line);
                let read = read.map_err(|error| ClientError::not_understood(&*self.url, &error))?;
                return Ok(Some(read));
            }
            if self.rest.len() > LINE_BYTES_MAX {
                let reason = format!("a line has more than {LINE_BYTES_MAX} bytes");
                return Err(ClientError::NotUnderstood { url: self.url.clone(), reason });
            }
            let Ok(piece) = timeout(STALL, self.response.chunk()).await else {
                return Err(self.interrupted(format!("nothing came for {STALL:?}")));
            };
            match piece {
                Ok(Some(piece)) => self.rest.extend_from_slice(&piece),
                Ok(None) if self.rest.is_empty() => return Ok(None),
                Ok(None) => return Err(self.interrupted("the last line is cut".to_owned())),
                Err(error) => return Err(ClientError::transport(&self.url, &error)),
            }
        }
    }

    /// That the answer ended too early.
    pub fn interrupted(&self, reason: String) -> ClientError {
        ClientError::Interrupted { address: self.url.clone(), reason }
    }
}
