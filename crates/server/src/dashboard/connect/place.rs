//! Destination information: what the form asks for, and the destination string that it makes.
//!
//! **Rules.** What was typed stays as it was typed. Secrets are kept and never shown: a field for
//! one that is left empty keeps the one that is there. Parameters that the form does not know
//! stay as they are.

use std::fmt;

use model::Issue;
use model::destination::{PARAMETERS, POINTER};
use percent_encoding::percent_decode_str;

use super::FormData;

/// The folder of a day.
const DAY: &str = "{DATE}";

/// What kind of store it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Service {
    /// Amazon S3.
    #[default]
    Amazon,
    /// Another store that speaks S3's protocol.
    Compatible,
    /// Cloudflare R2.
    R2,
}

impl Service {
    /// Every kind.
    pub(super) const ALL: [Self; 3] = [Self::Amazon, Self::Compatible, Self::R2];

    /// Its name in forms.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Amazon => "amazon-s3",
            Self::Compatible => "s3-compatible",
            Self::R2 => "r2",
        }
    }

    /// The kind of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }
}

/// How the service is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Grant {
    /// The bucket's policy names the service.
    #[default]
    Policy,
    /// A role of the customer's trusts the service.
    Role,
    /// The customer's keys.
    Keys,
}

impl Grant {
    /// Its name in forms.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Role => "role",
            Self::Keys => "keys",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "role" => Self::Role,
            "keys" => Self::Keys,
            _ => Self::Policy,
        }
    }
}

/// Destination information, as it was typed.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// What kind of store.
    pub(super) service: Service,
    /// `BUCKET` or `BUCKET/PATH`.
    pub(super) bucket_path: String,
    /// Whether each day has its folder.
    pub(super) daily: bool,
    /// The bucket's region.
    pub(super) region: String,
    /// Empty, `AES256` or `aws:kms`.
    pub(super) encryption: String,
    /// The KMS key.
    pub(super) kms_key_id: String,
    /// How the service is let in; other stores than Amazon's know keys only.
    pub(super) grant: Grant,
    /// The role's ARN.
    pub(super) role_arn: String,
    /// The public half of the keys.
    pub(super) access_key_id: String,
    /// The secret half.
    pub(super) secret_access_key: String,
    /// The address of an S3-compatible store.
    pub(super) endpoint: String,
    /// The R2 account.
    pub(super) account_id: String,
    /// Parameters that the form does not know, as they were written.
    pub(super) others: Vec<(String, String)>,
}

impl fmt::Debug for Place {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("service", &self.service)
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

impl Place {
    /// One of a new job.
    pub(super) fn new() -> Self {
        Self { daily: true, ..Self::default() }
    }

    /// How the service is let in there.
    pub(super) fn grant(&self) -> Grant {
        if self.service == Service::Amazon { self.grant } else { Grant::Keys }
    }

    /// Without a scheme and slashes around it.
    fn trimmed(&self) -> &str {
        let path = self.bucket_path.trim();
        let path = path.strip_prefix("s3://").or(path.strip_prefix("r2://")).unwrap_or(path);
        path.trim_matches('/')
    }

    /// The destination string. A role is taken on by the account's `external_id`.
    pub(super) fn text(&self, external_id: &str) -> String {
        let scheme = if self.service == Service::R2 { "r2" } else { "s3" };
        let day = if self.daily { format!("/{DAY}") } else { String::new() };
        let path = encoded(&format!("{}{day}", self.trimmed()), &['%', '?']);
        let pairs: Vec<String> = self
            .parameters(external_id)
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encoded(value, &['%', '&'])))
            .chain(self.others.iter().map(|(name, value)| format!("{name}={value}")))
            .collect();
        format!("{scheme}://{path}?{}", pairs.join("&"))
    }

    /// What the destination string cannot tell: that keys were meant and none were given.
    pub(super) fn missing(&self) -> Vec<Issue> {
        let amazon = self.service == Service::Amazon && self.grant == Grant::Keys;
        if !(amazon && self.access_key_id.trim().is_empty() && self.secret_access_key.is_empty()) {
            return Vec::new();
        }
        let missing = |name| format!("the parameter `{name}` is missing");
        ["access-key-id", "secret-access-key"].map(|name| Issue::new(POINTER, missing(name))).into()
    }

    fn parameters<'p>(&'p self, external_id: &'p str) -> Vec<(&'static str, &'p str)> {
        let mut pairs = match self.service {
            Service::Amazon => vec![("region", self.region.trim())],
            Service::Compatible => {
                vec![("region", self.region.trim()), ("endpoint", self.endpoint.trim())]
            }
            Service::R2 => vec![("account-id", self.account_id.trim())],
        };
        if self.service != Service::R2 {
            pairs.push(("sse", self.encryption.as_str()));
            if self.encryption == "aws:kms" {
                pairs.push(("sse-kms-key-id", self.kms_key_id.trim()));
            }
        }
        match self.grant() {
            Grant::Policy => {}
            Grant::Role => {
                pairs.extend([("role-arn", self.role_arn.trim()), ("external-id", external_id)]);
            }
            Grant::Keys => pairs.extend([
                ("access-key-id", self.access_key_id.trim()),
                ("secret-access-key", self.secret_access_key.as_str()),
            ]),
        }
        pairs
    }

    /// What a destination string says.
    pub(super) fn read(text: &str) -> Self {
        let (scheme, rest) = text.split_once("://").unwrap_or(("s3", text));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut place = Self::default();
        let path = decoded(path);
        let path = path.trim_end_matches('/');
        let daily = path.strip_suffix(DAY).and_then(|path| path.strip_suffix('/'));
        place.daily = daily.is_some();
        daily.unwrap_or(path).clone_into(&mut place.bucket_path);
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            place.take(name, value);
        }
        if !place.endpoint.is_empty() {
            place.service = Service::Compatible;
        }
        if scheme == "r2" {
            place.service = Service::R2;
        }
        place
    }

    fn take(&mut self, name: &str, value: &str) {
        let text = decoded(value);
        match name {
            "region" => self.region = text,
            "endpoint" => self.endpoint = text,
            "account-id" => self.account_id = text,
            "sse" => self.encryption = text,
            "sse-kms-key-id" => self.kms_key_id = text,
            "role-arn" => (self.role_arn, self.grant) = (text, Grant::Role),
            "access-key-id" => (self.access_key_id, self.grant) = (text, Grant::Keys),
            "secret-access-key" => self.secret_access_key = text,
            // It is the account's own.
            "external-id" => {}
            _ if value.is_empty() => {}
            _ => self.others.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Parameters that the form does not know, for people: secrets are not among them.
    pub(super) fn others_shown(&self) -> Vec<String> {
        let is_open =
            |name: &str| PARAMETERS.iter().any(|known| known.name == name && !known.secret);
        let shown = |(name, value): &(String, String)| {
            let value =
                if is_open(name) { decoded(value) } else { model::destination::MASK.into() };
            format!("{name}={value}")
        };
        self.others.iter().map(shown).collect()
    }

    /// Takes over what a form holds.
    pub(super) fn fill(&mut self, form: &FormData) {
        let taken = |name: &str, into: &mut String| {
            if let Some(text) = form.get(name) {
                text.clone_into(into);
            }
        };
        taken("bucket_path", &mut self.bucket_path);
        taken("region", &mut self.region);
        taken("encryption", &mut self.encryption);
        taken("kms_key_id", &mut self.kms_key_id);
        taken("role_arn", &mut self.role_arn);
        taken("access_key_id", &mut self.access_key_id);
        taken("endpoint", &mut self.endpoint);
        taken("account_id", &mut self.account_id);
        if let Some(daily) = form.get("daily") {
            self.daily = daily == "yes";
        }
        if let Some(grant) = form.get("grant") {
            self.grant = Grant::named(grant);
        }
        if let Some(secret) = form.get("secret_access_key").map(str::trim).filter(|s| !s.is_empty())
        {
            // Temporary keys had a token of their own.
            self.others.retain(|(name, _)| name != "session-token");
            secret.clone_into(&mut self.secret_access_key);
        }
        self.adopt();
    }

    /// Who pastes a whole destination string as the path means all that it says.
    fn adopt(&mut self) {
        if !self.bucket_path.split_once('?').is_some_and(|(_, query)| query.contains('=')) {
            return;
        }
        let pasted = Self::read(self.bucket_path.trim());
        let secret = std::mem::take(&mut self.secret_access_key);
        *self = pasted;
        if self.secret_access_key.is_empty() {
            self.secret_access_key = secret;
        }
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn encoded(text: &str, special: &[char]) -> String {
    let one = |c: char| {
        if special.contains(&c) { format!("%{:02X}", u32::from(c)) } else { c.to_string() }
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use model::Destination;
    use proptest::prelude::*;

    use super::*;

    const EXTERNAL: &str = "an-external-id";

    fn place(bucket_path: &str) -> Place {
        let region = "us-west-2".to_owned();
        Place { bucket_path: bucket_path.to_owned(), region, ..Place::default() }
    }

    #[track_caller]
    fn check(place: &Place, expected: &str) {
        assert_eq!(place.text(EXTERNAL), expected);
        Destination::parse(expected).unwrap();
    }

    #[test]
    fn a_form_becomes_a_destination_string() {
        check(&place("burritobot/logs"), "s3://burritobot/logs?region=us-west-2");
        check(&place(" s3://burritobot/logs/ "), "s3://burritobot/logs?region=us-west-2");
        let daily = Place { daily: true, ..place("burritobot") };
        check(&daily, "s3://burritobot/{DATE}?region=us-west-2");
        let kms = Place {
            encryption: "aws:kms".to_owned(),
            kms_key_id: "alias/k".to_owned(),
            ..place("burritobot/a b%?")
        };
        let expected =
            "s3://burritobot/a b%25%3F?region=us-west-2&sse=aws:kms&sse-kms-key-id=alias/k";
        check(&kms, expected);
        let role = Place {
            grant: Grant::Role,
            role_arn: "arn:aws:iam::111122223333:role/r".to_owned(),
            ..place("burritobot")
        };
        let expected = "s3://burritobot?region=us-west-2&role-arn=arn:aws:iam::111122223333:role/r\
                        &external-id=an-external-id";
        check(&role, expected);
    }

    #[test]
    fn other_stores_take_keys_only() {
        let keys = Place {
            access_key_id: "KEY".to_owned(),
            secret_access_key: "a&b%c+d/".to_owned(),
            endpoint: "https://store.example".to_owned(),
            account_id: "0".repeat(32),
            ..place("burritobot")
        };
        let compatible = Place { service: Service::Compatible, ..keys.clone() };
        let expected = "s3://burritobot?region=us-west-2&endpoint=https://store.example\
                        &access-key-id=KEY&secret-access-key=a%26b%25c+d/";
        check(&compatible, expected);
        let r2 = Place { service: Service::R2, ..keys };
        assert!(Destination::parse(&r2.text("")).is_ok(), "{}", r2.text(""));
        assert!(!format!("{r2:?}").contains("a&b"));
    }

    #[test]
    fn a_destination_string_that_is_pasted_as_the_path_is_taken_as_a_whole() {
        let mut place = Place::new();
        let text = "s3://burritobot/logs/{DATE}?region=eu-west-1&sse=AES256&tags=a:b";
        place.fill(&FormData::of([("bucket_path", text)]));
        assert_eq!((place.bucket_path.as_str(), place.daily), ("burritobot/logs", true));
        assert_eq!(place.text(""), text);
        assert_eq!(place.others_shown(), ["tags=a:b"]);
    }

    #[test]
    fn a_secret_that_is_not_typed_again_stays() {
        let mut place = Place { secret_access_key: "kept".to_owned(), ..Place::new() };
        place.fill(&FormData::of([("secret_access_key", " "), ("bucket_path", "b")]));
        assert_eq!(place.secret_access_key, "kept");
        place.fill(&FormData::of([("secret_access_key", "new")]));
        assert_eq!((place.secret_access_key.as_str(), place.bucket_path.as_str()), ("new", "b"));
    }

    fn typed() -> impl Strategy<Value = Place> {
        let word = || "[a-z][a-z0-9:/%&+ =?]{0,8}[a-z]";
        let service = (0..3_usize).prop_map(|at| Service::ALL[at]);
        let grant = prop_oneof![Just(Grant::Policy), Just(Grant::Role), Just(Grant::Keys)];
        (
            service,
            grant,
            "[a-z]{3}(/[a-z%? é]{1,4}[a-z]){0,2}",
            any::<bool>(),
            word(),
            word(),
            word(),
        )
            .prop_map(|(service, grant, bucket_path, daily, id, secret, endpoint)| {
                let keys = service != Service::Amazon || grant == Grant::Keys;
                let text =
                    |there: bool, text: &str| if there { text.to_owned() } else { String::new() };
                Place {
                    service,
                    grant: if keys { Grant::Keys } else { grant },
                    bucket_path,
                    daily,
                    region: text(service != Service::R2, "us-east-1"),
                    role_arn: text(!keys && grant == Grant::Role, "arn:aws:iam::1:role/r"),
                    access_key_id: text(keys, &id),
                    secret_access_key: text(keys, &secret),
                    endpoint: text(service == Service::Compatible, &endpoint),
                    account_id: text(service == Service::R2, "abc"),
                    others: vec![("checksum".to_owned(), "none".to_owned())],
                    ..Place::default()
                }
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn what_a_form_makes_reads_back_as_the_same_form(place in typed()) {
            prop_assert_eq!(Place::read(&place.text(EXTERNAL)), place);
        }
    }
}
