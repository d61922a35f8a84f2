//! The steps of the walk, how each stands, and which of them a finding belongs to.

use model::Issue;

use super::draft::{Draft, FIELDS_POINTER};

/// A step of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Which dataset.
    Dataset,
    /// Which fields.
    Fields,
    /// Which records.
    Filter,
    /// To what kind of store.
    Service,
    /// Where to.
    Destination,
    /// Whether it can be written there.
    Access,
    /// Whether the bucket is the customer's.
    Ownership,
    /// Name and options.
    Options,
    /// All at a glance.
    Summary,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing is left to do.
    Done,
    /// It was not come to yet.
    Open,
    /// Something is to be mended.
    Wrong,
}

impl State {
    /// The state as a class of the page.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Open => "open",
            Self::Wrong => "wrong",
        }
    }

    /// The state for those who cannot see the class.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Open => "to do",
            Self::Wrong => "needs attention",
        }
    }
}

impl Step {
    /// Every step, in order.
    pub(super) const ALL: [Self; 9] = [
        Self::Dataset,
        Self::Fields,
        Self::Filter,
        Self::Service,
        Self::Destination,
        Self::Access,
        Self::Ownership,
        Self::Options,
        Self::Summary,
    ];

    /// Its name in paths.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Fields => "fields",
            Self::Filter => "filter",
            Self::Service => "service",
            Self::Destination => "destination",
            Self::Access => "access",
            Self::Ownership => "ownership",
            Self::Options => "options",
            Self::Summary => "summary",
        }
    }

    /// The step of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// What people call it.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Dataset => "Select the data set",
            Self::Fields => "Select data fields",
            Self::Filter => "If logs match",
            Self::Service => "Select a service",
            Self::Destination => "Destination information",
            Self::Access => "Validate access",
            Self::Ownership => "Ownership token",
            Self::Options => "Name and options",
            Self::Summary => "Summary",
        }
    }

    /// The step after it.
    pub(super) fn next(self) -> Self {
        Self::ALL.into_iter().find(|step| *step > self).unwrap_or(Self::Summary)
    }

    /// The step before it.
    pub(super) fn back(self) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|step| *step < self)
    }

    /// The step in which a finding is mended.
    pub(super) fn of(issue: &Issue) -> Self {
        let pointer = issue.pointer.as_str();
        let within = |name: &str| pointer.starts_with(name);
        match pointer {
            "/dataset" => Self::Dataset,
            _ if within(FIELDS_POINTER) => Self::Fields,
            _ if within("/filter") => Self::Filter,
            _ if within("/destination_conf") => Self::Destination,
            _ if within("/ownership_challenge") => Self::Ownership,
            _ => Self::Options,
        }
    }

    /// How it stands with a draft, about which these findings are; `proven` tells whether its
    /// destination needs no proof any more.
    pub(super) fn state(self, draft: &Draft, issues: &[Issue], proven: bool) -> State {
        let is_wrong = issues.iter().any(|issue| Self::of(issue) == self);
        let is_named = !draft.place.bucket_path.trim().is_empty();
        let reached = match self {
            Self::Dataset | Self::Fields | Self::Filter => !draft.dataset.is_empty(),
            Self::Service => draft.has_service,
            Self::Destination => is_named,
            Self::Access => draft.tried.is_some() || !draft.is_moved(),
            // What is not named yet needs no proof, and is not proven either.
            Self::Ownership => (proven && is_named) || !draft.token.is_empty(),
            Self::Options => draft.has_options,
            Self::Summary => false,
        };
        let is_wrong = match self {
            Self::Access => draft.is_moved() && !draft.was_tried_well(),
            Self::Ownership => !proven,
            _ => is_wrong,
        };
        match (reached, is_wrong) {
            (false, _) => State::Open,
            (true, false) => State::Done,
            (true, true) => State::Wrong,
        }
    }
}

/// What is wrong with a draft, for one page: each finding beside its field.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<(&'static str, String)>,
}

impl Problems {
    /// Those of a step.
    pub(super) fn of(step: Step, issues: &[Issue]) -> Self {
        let here = issues.iter().filter(|issue| Step::of(issue) == step);
        Self { found: here.map(|issue| (field_of(issue), words_of(issue))).collect() }
    }

    /// One about a field.
    pub(super) fn one(field: &'static str, message: impl Into<String>) -> Self {
        Self { found: vec![(field, message.into())] }
    }

    /// What is wrong with the field of that name.
    pub(super) fn about(&self, field: &str) -> Option<String> {
        let about = self.found.iter().filter(|(of, _)| *of == field);
        let messages: Vec<&str> = about.map(|(_, message)| message.as_str()).collect();
        (!messages.is_empty()).then(|| messages.join("; "))
    }

    /// All of them: the field's name, and what is wrong.
    pub(super) fn all(&self) -> &[(&'static str, String)] {
        &self.found
    }
}

/// The field of a form that a finding is about. A destination is one text for the rest of the
/// house, so that its findings tell by their words which part they mean.
fn field_of(issue: &Issue) -> &'static str {
    const OPTIONS: [&str; 11] = [
        "name",
        "merge_subrequests",
        "timestamp_format",
        "sample_rate",
        "output_type",
        "record_template",
        "compression",
        "frequency",
        "max_upload_bytes",
        "max_upload_interval_seconds",
        "max_upload_records",
    ];
    const DESTINATION: [(&str, &str); 12] = [
        ("the bucket is missing", "bucket_path"),
        ("`endpoint` needs", "access_key_id"),
        ("`role-arn`", "role_arn"),
        ("endpoint", "endpoint"),
        ("`account-id`", "account_id"),
        ("`secret-access-key`", "secret_access_key"),
        ("`access-key-id`", "access_key_id"),
        ("`sse-kms-key-id`", "kms_key_id"),
        ("`sse`", "encryption"),
        ("bucket name", "bucket_path"),
        ("the path", "bucket_path"),
        ("region", "region"),
    ];
    if issue.pointer.starts_with("/destination_conf") {
        let found = DESTINATION.into_iter().find(|(words, _)| issue.message.contains(words));
        return found.map_or("bucket_path", |(_, field)| field);
    }
    let member = issue.pointer.rsplit('/').next().unwrap_or_default();
    match Step::of(issue) {
        Step::Dataset => "dataset",
        Step::Fields => "field",
        Step::Filter => "filter",
        Step::Ownership => "ownership_token",
        _ if member == "CVE-2021-44228" => "redact",
        _ => OPTIONS.into_iter().find(|name| *name == member).unwrap_or("record_template"),
    }
}

/// A finding in the words of the form: whoever fills it in knows no parameters.
fn words_of(issue: &Issue) -> String {
    const MISSING: [(&str, &str); 5] = [
        ("region", "The region of the bucket is missing."),
        ("account-id", "The R2 account id is missing."),
        ("access-key-id", "The access key ID is missing."),
        ("secret-access-key", "The secret access key is missing."),
        ("role-arn", "The ARN of the role is missing."),
    ];
    let message = issue.message.as_str();
    if message.starts_with("the bucket is missing") {
        return "The bucket is missing: write it as my-bucket/logs.".to_owned();
    }
    let parameter = message.strip_prefix("the parameter `").and_then(|rest| rest.split_once('`'));
    let known = parameter.filter(|(_, rest)| rest.starts_with(" is missing"));
    let words = known.and_then(|(name, _)| MISSING.iter().find(|(of, _)| *of == name));
    words.map_or_else(|| message.to_owned(), |(_, words)| (*words).to_owned())
}

impl Draft {
    /// Whether the destination was tried as it is now, and works.
    pub(super) fn was_tried_well(&self) -> bool {
        let now = self.destination();
        self.tried.as_ref().is_some_and(|tried| tried.is_ok() && tried.text == now)
    }
}

#[cfg(test)]
mod tests {
    use model::{Datasets, Destination, Id, Scope};

    use super::*;

    #[test]
    fn each_finding_about_a_destination_stands_beside_its_field() {
        for (text, expected) in [
            ("s3://?region=us-east-1", "bucket_path"),
            ("s3://B?region=us-east-1", "bucket_path"),
            ("s3://burritobot/a//b?region=us-east-1", "bucket_path"),
            ("s3://burritobot/{DAY}?region=us-east-1", "bucket_path"),
            ("s3://burritobot", "region"),
            ("s3://burritobot?region=cn-north-1", "region"),
            ("s3://burritobot?region=useast1", "region"),
            ("s3://burritobot?region=us-east-1&role-arn=x", "role_arn"),
            (
                "s3://burritobot?region=us-east-1&role-arn=arn:aws-cn:iam::111122223333:role/x",
                "role_arn",
            ),
            ("s3://burritobot?region=us-east-1&external-id=ab", "role_arn"),
            ("s3://burritobot?region=us-east-1&access-key-id=a", "secret_access_key"),
            ("s3://burritobot?region=us-east-1&secret-access-key=a", "access_key_id"),
            ("s3://burritobot?region=a&endpoint=x.example", "access_key_id"),
            (
                "s3://burritobot?region=a&endpoint=a/b&access-key-id=a&secret-access-key=b",
                "endpoint",
            ),
            ("s3://burritobot?region=us-east-1&sse=aws:kms&sse-kms-key-id=a,b", "kms_key_id"),
            ("s3://burritobot?region=us-east-1&sse=none", "encryption"),
            ("r2://burritobot?account-id=1&access-key-id=a&secret-access-key=b", "account_id"),
        ] {
            let issues = Destination::parse(text).unwrap_err();
            let problems = Problems::of(Step::Destination, &issues);
            assert!(problems.about(expected).is_some(), "{text}: {problems:?}");
        }
    }

    #[test]
    fn what_is_missing_is_told_in_the_words_of_the_form() {
        for (text, field, expected) in [
            ("s3://", "bucket_path", "The bucket is missing: write it as my-bucket/logs."),
            ("s3://", "region", "The region of the bucket is missing."),
            ("r2://burritobot", "account_id", "The R2 account id is missing."),
            ("r2://burritobot", "access_key_id", "The access key ID is missing."),
            ("r2://burritobot", "secret_access_key", "The secret access key is missing."),
        ] {
            let issues = Destination::parse(text).unwrap_err();
            let told = Problems::of(Step::Destination, &issues).about(field);
            assert_eq!(told.as_deref(), Some(expected), "{text}");
        }
    }

    /// The first step that something is left to do in.
    #[track_caller]
    fn check_open(draft: &Draft, expected: Step, state: State) {
        let issues = draft.issues(&Datasets::builtin());
        let mut steps = Step::ALL.into_iter().map(|step| (step, step.state(draft, &issues, false)));
        assert_eq!(steps.find(|(_, state)| *state != State::Done), Some((expected, state)));
    }

    #[test]
    fn a_new_draft_has_everything_before_it() {
        let mut draft = Draft::new(Scope::zone(Id::from_bytes([1; 16])), String::new());
        check_open(&draft, Step::Dataset, State::Open);
        draft.select(Datasets::builtin().get("http_requests").unwrap());
        check_open(&draft, Step::Service, State::Open);
        assert_eq!(Step::Ownership.state(&draft, &[], true), State::Open, "nothing is named yet");
        draft.has_service = true;
        check_open(&draft, Step::Destination, State::Open);
        draft.place.bucket_path = "burritobot".to_owned();
        check_open(&draft, Step::Destination, State::Wrong);
        draft.place.region = "us-east-1".to_owned();
        check_open(&draft, Step::Access, State::Open);
    }

    #[test]
    fn steps_follow_each_other() {
        assert_eq!((Step::Dataset.back(), Step::Dataset.next()), (None, Step::Fields));
        assert_eq!(
            (Step::Summary.back(), Step::Summary.next()),
            (Some(Step::Options), Step::Summary)
        );
        assert!(Step::ALL.iter().all(|step| Step::named(step.name()) == Some(*step)));
    }
}
