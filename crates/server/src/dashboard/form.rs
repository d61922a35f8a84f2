//! The fields of a form that was sent, in their order.

use percent_encoding::percent_decode_str;

use crate::api::{ApiError, Code};
use crate::http::Call;

/// Most fields of a form.
const FIELDS_MAX: usize = 4_000;

/// The fields of a form that was sent.
#[derive(Clone, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl std::fmt::Debug for Form {
    /// Without the values, some of which are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Form {
    /// The form in the body: the one that was read when the caller was let in, or the body read
    /// now. The body's bound is the one of the API.
    pub(crate) async fn read(call: &mut Call) -> Result<Self, ApiError> {
        if let Some(form) = call.form.take() {
            return Ok(form);
        }
        Self::parse(&call.read_body().await?)
    }

    /// The form in `application/x-www-form-urlencoded`.
    /// <https://url.spec.whatwg.org/#urlencoded-parsing>
    pub(in crate::dashboard) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let text = String::from_utf8_lossy(body);
        let decoded = |text: &str| {
            percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
        };
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs: Vec<(String, String)> = pairs
            .take(FIELDS_MAX + 1)
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect();
        if pairs.len() > FIELDS_MAX {
            let message = format!("the form has more than {FIELDS_MAX} fields");
            return Err(ApiError::new(Code::TooLarge, message));
        }
        Ok(Self(pairs))
    }

    /// The first value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The first value of that name without white space around it; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default().trim()
    }

    /// All values of that name.
    pub(crate) fn all<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// All names and values, in their order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A form of these fields.
    #[cfg(test)]
    pub(crate) fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_their_characters() {
        let form = Form::parse(b"a=1&b=x+y%26%3D&a=2&flag&=&%C3%BC=%F0%9F%8C%AF").unwrap();
        let pairs: Vec<_> = form.pairs().collect();
        let expected =
            [("a", "1"), ("b", "x y&="), ("a", "2"), ("flag", ""), ("", ""), ("ü", "🌯")];
        assert_eq!(pairs, expected);
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((form.get("none"), form.text("flag")), (None, ""));
    }

    #[test]
    fn a_form_of_too_many_fields_is_refused() {
        assert!(Form::parse("a&".repeat(FIELDS_MAX).as_bytes()).is_ok());
        assert!(Form::parse("a&".repeat(FIELDS_MAX + 1).as_bytes()).is_err());
    }

    #[test]
    fn values_are_shown_by_no_debug() {
        assert!(!format!("{:?}", Form::of([("token", "s3cret")])).contains("s3cret"));
    }
}
