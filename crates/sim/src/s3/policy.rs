//! Bucket policies: reads the JSON that a bucket's owner pastes, and decides by it.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//!
//! What it does not know is refused when a policy is read, never passed over when it is asked.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A bucket policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// A policy that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bucket policy cannot be read: {0}")]
pub struct PolicyError(String);

/// What a policy says to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it, and none denies it.
    Allow,
    /// A statement denies it.
    Deny,
    /// No statement speaks of it, which is a denial unless something else allows it.
    Silence,
}

/// Whether somebody may do something.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// Who asks, as an ARN of a user or a role.
    pub principal: &'q str,
    /// For what, such as `s3:PutObject`.
    pub action: &'q str,
    /// Of what, as an ARN.
    pub resource: &'q str,
    /// What conditions may look at, such as `s3:x-amz-acl`.
    pub context: &'q BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Statement {
    denies: bool,
    principals: Vec<String>,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq)]
struct Condition {
    operator: Operator,
    key: String,
    values: Vec<String>,
    if_exists: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Equals,
    NotEquals,
    Like,
    NotLike,
}

impl Policy {
    /// Reads a policy.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| PolicyError(error.to_string()))?;
        let policy = object(&value, "the policy", &["Version", "Id", "Statement"])?;
        let statements = match policy.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().map(Statement::parse).collect(),
            Some(statement) => Statement::parse(statement).map(|statement| vec![statement]),
            None => Err(PolicyError("it has no `Statement`".to_owned())),
        };
        Ok(Self { statements: statements? })
    }

    /// What it says to a question.
    pub fn decide(&self, question: &Question<'_>) -> Decision {
        let speaking: Vec<&Statement> =
            self.statements.iter().filter(|statement| statement.speaks_of(question)).collect();
        match speaking.as_slice() {
            [] => Decision::Silence,
            speaking if speaking.iter().any(|statement| statement.denies) => Decision::Deny,
            _ => Decision::Allow,
        }
    }
}

impl Statement {
    fn parse(value: &Value) -> Result<Self, PolicyError> {
        let known = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
        let statement = object(value, "a statement", &known)?;
        let denies = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => false,
            Some("Deny") => true,
            other => return Err(PolicyError(format!("its `Effect` is {other:?}"))),
        };
        let part = |name: &str| {
            let value = statement.get(name);
            texts(value.ok_or_else(|| PolicyError(format!("a statement lacks `{name}`")))?)
        };
        let conditions = statement.get("Condition").map(conditions).transpose()?;
        Ok(Self {
            denies,
            principals: principals(statement.get("Principal"))?,
            actions: part("Action")?,
            resources: part("Resource")?,
            conditions: conditions.unwrap_or_default(),
        })
    }

    fn speaks_of(&self, question: &Question<'_>) -> bool {
        let action = question.action.to_ascii_lowercase();
        self.principals.iter().any(|principal| is_meant(principal, question.principal))
            && self.actions.iter().any(|known| is_like(&action, &known.to_ascii_lowercase()))
            && self.resources.iter().any(|known| is_like(question.resource, known))
            && self.conditions.iter().all(|condition| condition.holds(question.context))
    }
}

impl Condition {
    fn holds(&self, context: &BTreeMap<String, String>) -> bool {
        let key = self.key.to_ascii_lowercase();
        let mut known = context.iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
        let Some((_, found)) = known.find(|(name, _)| *name == key) else {
            let negated = matches!(self.operator, Operator::NotEquals | Operator::NotLike);
            return self.if_exists || negated;
        };
        let mut values = self.values.iter();
        match self.operator {
            Operator::Equals => values.any(|value| value == found),
            Operator::NotEquals => values.all(|value| value != found),
            Operator::Like => values.any(|value| is_like(found, value)),
            Operator::NotLike => values.all(|value| !is_like(found, value)),
        }
    }
}

fn object<'v>(
    value: &'v Value,
    what: &str,
    known: &[&str],
) -> Result<&'v Map<String, Value>, PolicyError> {
    let Value::Object(object) = value else {
        return Err(PolicyError(format!("{what} is not a JSON object")));
    };
    match object.keys().find(|key| !known.is_empty() && !known.contains(&key.as_str())) {
        Some(key) => Err(PolicyError(format!("{what} has `{key}`, which is not known here"))),
        None => Ok(object),
    }
}

/// A text, or a list of texts.
fn texts(value: &Value) -> Result<Vec<String>, PolicyError> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(truth) => Ok(truth.to_string()),
        other => Err(PolicyError(format!("`{other}` is not a text"))),
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        value => Ok(vec![text(value)?]),
    }
}

fn principals(value: Option<&Value>) -> Result<Vec<String>, PolicyError> {
    match value {
        Some(Value::Object(kinds)) => match kinds.get("AWS") {
            Some(names) if kinds.len() == 1 => texts(names),
            _ => Err(PolicyError("its `Principal` names others than `AWS`".to_owned())),
        },
        Some(Value::String(all)) if all == "*" => Ok(vec!["*".to_owned()]),
        other => Err(PolicyError(format!("its `Principal` is {other:?}"))),
    }
}

fn conditions(value: &Value) -> Result<Vec<Condition>, PolicyError> {
    let mut conditions = Vec::new();
    for (name, keys) in object(value, "a condition", &[])? {
        let plain = name.strip_suffix("IfExists");
        let operator = match plain.unwrap_or(name) {
            "StringEquals" | "Bool" => Operator::Equals,
            "StringNotEquals" => Operator::NotEquals,
            "StringLike" | "ArnLike" | "ArnEquals" => Operator::Like,
            "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => Operator::NotLike,
            other => return Err(PolicyError(format!("the operator `{other}` is not known here"))),
        };
        for (key, values) in object(keys, "a condition", &[])? {
            let (key, values, if_exists) = (key.clone(), texts(values)?, plain.is_some());
            conditions.push(Condition { operator, key, values, if_exists });
        }
    }
    Ok(conditions)
}

/// Whether a statement's principal is or includes `who`. An account, by its number or its root,
/// includes all of its users and roles.
fn is_meant(principal: &str, who: &str) -> bool {
    let account = |arn: &str| Some(arn.split(':').nth(4)?.to_owned());
    let whole_account = principal.strip_suffix(":root").and_then(|_| account(principal));
    let number = principal.bytes().all(|byte| byte.is_ascii_digit());
    let named = if number { Some(principal.to_owned()) } else { whole_account };
    principal == "*" || principal == who || (named.is_some() && named == account(who))
}

/// Whether `text` is as `pattern` says, in which `*` stands for any letters and `?` for one.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut wanted) = (0, 0);
    // Where the last `*` stood, and up to where it has eaten.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match (pattern.get(wanted), star) {
            (Some('*'), _) => {
                star = Some((wanted, at));
                wanted += 1;
            }
            (Some(&letter), _) if letter == '?' || letter == text[at] => {
                at += 1;
                wanted += 1;
            }
            (_, Some((stood, eaten))) => {
                star = Some((stood, eaten + 1));
                at = eaten + 1;
                wanted = stood + 1;
            }
            (_, None) => return false,
        }
    }
    pattern[wanted..].iter().all(|&letter| letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITER: &str = "arn:aws:iam::111122223333:user/logpush";

    fn decide(policy: &str, action: &str, resource: &str, acl: Option<&str>) -> Decision {
        let context = acl.map(|acl| ("s3:x-amz-acl".to_owned(), acl.to_owned()));
        let context = context.into_iter().collect();
        let question = Question { principal: WRITER, action, resource, context: &context };
        Policy::parse(policy).unwrap().decide(&question)
    }

    fn allowing(principal: &str, more: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},
            "Action":"s3:PutObject","Resource":["arn:aws:s3:::burritobot/logs/*"]{more}}}}}"#
        )
    }

    #[test]
    fn only_what_is_named_is_allowed() {
        let policy = allowing(&format!(r#"{{"AWS":"{WRITER}"}}"#), "");
        let inside = "arn:aws:s3:::burritobot/logs/2026/x.log.gz";
        assert_eq!(decide(&policy, "s3:PutObject", inside, None), Decision::Allow);
        for (action, resource) in [
            ("s3:PutObject", "arn:aws:s3:::burritobot/other/x"),
            ("s3:PutObject", "arn:aws:s3:::burritobot2/logs/x"),
            ("s3:GetObject", inside),
        ] {
            assert_eq!(decide(&policy, action, resource, None), Decision::Silence);
        }
    }

    #[test]
    fn a_principal_is_a_name_an_account_or_everybody() {
        let inside = "arn:aws:s3:::burritobot/logs/x";
        for (principal, expected) in [
            (r#""*""#, Decision::Allow),
            (r#"{"AWS":"*"}"#, Decision::Allow),
            (r#"{"AWS":["111122223333"]}"#, Decision::Allow),
            (r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, Decision::Allow),
            (r#"{"AWS":"arn:aws:iam::999922223333:root"}"#, Decision::Silence),
            (r#"{"AWS":"arn:aws:iam::111122223333:user/other"}"#, Decision::Silence),
        ] {
            let policy = allowing(principal, "");
            assert_eq!(decide(&policy, "s3:PutObject", inside, None), expected, "{principal}");
        }
    }

    #[test]
    fn a_denial_wins_and_conditions_count() {
        let inside = "arn:aws:s3:::burritobot/logs/x";
        let owned = r#","Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}"#;
        let policy = allowing(r#""*""#, owned);
        let ask = |acl| decide(&policy, "s3:PutObject", inside, acl);
        assert_eq!(ask(Some("bucket-owner-full-control")), Decision::Allow);
        assert_eq!(ask(Some("public-read")), Decision::Silence);
        assert_eq!(ask(None), Decision::Silence);
        let both = r#"{"Statement":[
            {"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"},
            {"Effect":"Deny","Principal":"*","Action":"S3:Put?bject","Resource":"*/logs/*"}]}"#;
        assert_eq!(decide(both, "s3:PutObject", inside, None), Decision::Deny);
        assert_eq!(decide(both, "s3:GetObject", inside, None), Decision::Allow);
    }

    #[test]
    fn what_is_not_known_is_refused_when_it_is_read() {
        for policy in [
            "{}",
            r#"{"Statement":{"Effect":"Allow","NotPrincipal":"*","Action":"*","Resource":"*"}}"#,
            &allowing(r#"{"Service":"logs.amazonaws.com"}"#, ""),
            &allowing(r#""*""#, r#","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#),
        ] {
            assert!(Policy::parse(policy).is_err(), "{policy}");
        }
    }

    #[test]
    fn patterns_match_as_they_say() {
        for (text, pattern, expected) in [
            ("abc", "a*c", true),
            ("abc", "*", true),
            ("", "*", true),
            ("abcabd", "*ab?", true),
            ("abc", "ab", false),
            ("ab", "abc", false),
            ("a*c", "a?c", true),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} and {pattern}");
        }
    }
}
