//! *Connect a service*, and editing what is connected: a walk in steps that loses nothing.

mod conditions;
mod draft;
mod drafts;
mod options;
mod place;
mod recent;
mod steps;
mod words;

/// The fields of a form that was sent.
#[derive(Debug, Default)]
pub(super) struct FormData(Vec<(String, String)>);

impl FormData {
    /// The first value of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    #[cfg(test)]
    pub(super) fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }
}
