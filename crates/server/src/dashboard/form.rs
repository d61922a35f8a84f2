//! The fields of a form that was sent.

use percent_encoding::percent_decode_str;

use crate::api::ApiError;
use crate::http::Call;

/// The fields of a form that was sent.
#[derive(Debug, Default)]
pub(super) struct Form(pub(super) Vec<(String, String)>);

impl Form {
    /// Reads the form in the body.
    pub(super) async fn read(call: &mut Call) -> Result<Self, ApiError> {
        let body = call.read_body().await?;
        let text = String::from_utf8_lossy(&body);
        let decoded = |text: &str| {
            percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
        };
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        Ok(Self(pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()))
    }

    /// The first value of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of that name.
    pub(super) fn all<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// A form of these fields.
    #[cfg(test)]
    pub(super) fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }
}
