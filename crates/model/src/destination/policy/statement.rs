//! Policies of AWS IAM as JSON, in the order in which people know them.

use serde::Serialize;

/// A policy of AWS IAM.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Policy<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    version: &'p str,
    statement: Vec<Statement<'p>>,
}

impl<'p> Policy<'p> {
    pub(super) fn new(id: Option<String>, statement: Vec<Statement<'p>>) -> Self {
        Self { id, version: "2012-10-17", statement }
    }
}

/// One thing that a policy allows.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Statement<'s> {
    sid: String,
    action: Vec<&'s str>,
    effect: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Principals<'s>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Condition<'s>>,
}

#[derive(Serialize)]
struct Principals<'p> {
    #[serde(rename = "AWS")]
    aws: [&'p str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Condition<'c> {
    string_equals: Equality<'c>,
}

/// One key that has to have one value.
struct Equality<'e>(&'e str, String);

impl Serialize for Equality<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, &self.1)])
    }
}

impl<'s> Statement<'s> {
    /// A statement that allows this, with an id made from it.
    pub(super) fn allow(
        action: Vec<&'s str>,
        resource: Option<String>,
        principal: Option<&'s str>,
    ) -> Self {
        let content = [action.join(" ").as_str(), resource.as_deref().unwrap_or_default()]
            .into_iter()
            .chain(principal)
            .collect::<Vec<_>>()
            .join(" ");
        Self {
            sid: format!("Stmt{}", number_of(&content)),
            action,
            effect: "Allow",
            resource,
            principal: principal.map(|arn| Principals { aws: [arn] }),
            condition: None,
        }
    }

    /// The same, where that key of the request has that value.
    pub(super) fn only_where(mut self, key: &'s str, value: String) -> Self {
        self.condition = Some(Condition { string_equals: Equality(key, value) });
        self
    }

    /// The number of the policy that holds this statement alone.
    pub(super) fn number_of_policy(&self) -> String {
        number_of(&format!("policy {}", self.sid))
    }
}

/// 13 digits that stand for a text: FNV-1a
/// (<https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>), cut short.
pub(super) fn number_of(text: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    format!("{:013}", hash % 10_000_000_000_000)
}

/// The JSON, indented by two spaces.
pub(super) fn json(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).expect("texts and lists always have a JSON form")
}
