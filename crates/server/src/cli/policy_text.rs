//! Policies as people know them: keys in the order that AWS's own pages have.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// The order of the keys that stand in policies and lifecycle rules; others come after them.
const ORDER: [&str; 12] = [
    "Id",
    "ID",
    "Version",
    "Sid",
    "Statement",
    "Action",
    "Status",
    "Filter",
    "Effect",
    "Resource",
    "Principal",
    "Condition",
];

/// A document whose keys come in the known order.
pub(super) struct Ordered<'v>(&'v Value);

/// The document, to be written in the known order.
pub(super) fn in_known_order(document: &Value) -> Ordered<'_> {
    Ordered(document)
}

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => {
                let place = |key: &str| ORDER.iter().position(|known| *known == key);
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(key, _)| place(key).unwrap_or(ORDER.len()));
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, &Ordered(value))?;
                }
                map.end()
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Destination;
    use model::destination::policy::{Terms, documents};

    use super::*;

    #[test]
    fn what_the_api_answers_is_printed_as_it_was_made() {
        let to = Destination::parse(
            "s3://burritobot/logs?region=us-west-2&sse=aws:kms&sse-kms-key-id=k",
        )
        .unwrap();
        let principal = "arn:aws:iam::391854517948:user/cloudflare-logpush".parse().unwrap();
        let terms = Terms { principal: Some(&principal), ..Terms::default() };
        let made = documents(&to, terms).unwrap();
        assert_eq!(made.len(), 4);
        for document in made {
            let answered: Value = serde_json::from_str(&document.json).unwrap();
            let printed = serde_json::to_string_pretty(&in_known_order(&answered)).unwrap();
            assert_eq!(printed, document.json);
        }
    }
}
