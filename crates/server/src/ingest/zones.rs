//! Which zone a record from a shared edge belongs to.
//!
//! The key `ZoneName` of the record tells, else the dataset's host field: the zone whose name is
//! the longest suffix, by whole labels, of what stands there. A zone counts only where the
//! sender's token covers it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use catalog::{Catalog, Grant, Page, Zone};
use model::time::NANOS_PER_SECOND;
use model::{Scope, ScopeKind, UnixNanos};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};

/// How long a table of zones is used before it is read anew.
const FRESH_SECONDS: i64 = 5;

/// The key that names a record's zone, in any dataset.
const ZONE_NAME: &str = "ZoneName";

/// All zones by name.
#[derive(Debug, Default)]
pub(super) struct ZoneTable {
    by_name: HashMap<String, Zone>,
}

impl ZoneTable {
    fn new(zones: Vec<Zone>) -> Self {
        Self { by_name: zones.into_iter().map(|zone| (zone.name.clone(), zone)).collect() }
    }

    /// The zone that `host` belongs to, where `grant` covers it.
    fn find(&self, host: &str, grant: Grant) -> Option<Scope> {
        let host =
            host.split(':').next().unwrap_or(host).trim_end_matches('.').to_ascii_lowercase();
        let mut name = host.as_str();
        loop {
            if let Some(zone) = self.by_name.get(name) {
                return covers(grant, zone).then_some(Scope::zone(zone.id));
            }
            name = name.split_once('.')?.1;
        }
    }

    /// The zone of a checked record, or why it has none, in words.
    pub(super) fn zone_of(
        &self,
        record: &[u8],
        host_field: Option<&str>,
        grant: Grant,
    ) -> Result<Scope, String> {
        let names = ZoneKeys { host_field };
        let found = names
            .read(record)
            .map_err(|error| format!("the zone's name cannot be read: {error}"))?;
        let Some((key, name)) = found else {
            return Err(match host_field {
                Some(field) => {
                    format!("the record names no zone: `{ZONE_NAME}` and `{field}` are missing")
                }
                None => format!("the record names no zone: `{ZONE_NAME}` is missing"),
            });
        };
        self.find(&name, grant).ok_or_else(|| {
            let shown: String = name.chars().take(100).collect();
            format!("no zone for `{key}` `{shown}`: none of the zones that the token covers is a suffix of it")
        })
    }
}

fn covers(grant: Grant, zone: &Zone) -> bool {
    match grant {
        Grant::Installation => true,
        Grant::Scope(Scope { kind: ScopeKind::Account, id }) => zone.account == id,
        Grant::Scope(Scope { kind: ScopeKind::Zone, id }) => zone.id == id,
    }
}

/// The zones, read from the catalogue when they are needed and no longer fresh.
#[derive(Debug, Default)]
pub(super) struct Zones {
    cached: Mutex<Option<(UnixNanos, Arc<ZoneTable>)>>,
}

impl Zones {
    /// The table of zones as it was at most a few seconds before `now`.
    pub(super) async fn table(
        &self,
        catalog: &dyn Catalog,
        now: UnixNanos,
    ) -> catalog::Result<Arc<ZoneTable>> {
        if let Some((at, table)) = &*self.cached.lock().unwrap_or_else(PoisonError::into_inner) {
            let age = now.0.saturating_sub(at.0);
            if (0..FRESH_SECONDS * NANOS_PER_SECOND).contains(&age) {
                return Ok(Arc::clone(table));
            }
        }
        let zones = catalog.zones(None, None, None, Page::ALL).await?;
        let table = Arc::new(ZoneTable::new(zones.items));
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((now, Arc::clone(&table)));
        Ok(table)
    }

    /// Forgets the table: a zone was added.
    pub(super) fn forget(&self) {
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Reads the top-level keys of a record that can name its zone.
struct ZoneKeys<'f> {
    host_field: Option<&'f str>,
}

impl<'f> ZoneKeys<'f> {
    /// The key that names the zone, with its value; `None` where there is none.
    fn read<'r>(
        &self,
        record: &'r [u8],
    ) -> Result<Option<(&'f str, Cow<'r, str>)>, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(record);
        deserializer.deserialize_map(self)
    }
}

/// A string, or nothing where the value is another one.
struct TextOrNothing<'r>(Option<Cow<'r, str>>);

impl<'de> Deserialize<'de> for TextOrNothing<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = TextOrNothing<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or null")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(TextOrNothing(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TextOrNothing(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(TextOrNothing(None))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

impl<'de, 'f> Visitor<'de> for &ZoneKeys<'f> {
    type Value = Option<(&'f str, Cow<'de, str>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut zone, mut host) = (None, None);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                ZONE_NAME => zone = map.next_value::<TextOrNothing<'de>>()?.0,
                key if Some(key) == self.host_field => {
                    host = map.next_value::<TextOrNothing<'de>>()?.0;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let named = |key, value: Option<Cow<'de, str>>| {
            value.filter(|name| !name.is_empty()).map(|name| (key, name))
        };
        Ok(named(ZONE_NAME, zone).or_else(|| named(self.host_field.unwrap_or_default(), host)))
    }
}

#[cfg(test)]
mod tests {
    use model::Id;

    use super::*;

    const ACCOUNT: Id = Id::from_bytes([1; 16]);

    fn table() -> ZoneTable {
        let zone = |number: u8, name: &str| Zone {
            id: Id::from_bytes([number; 16]),
            account: if number == 12 { Id::from_bytes([2; 16]) } else { ACCOUNT },
            name: name.to_owned(),
            created_at: UnixNanos(0),
        };
        ZoneTable::new(vec![
            zone(10, "example.com"),
            zone(11, "shop.example.com"),
            zone(12, "other.example"),
        ])
    }

    #[track_caller]
    fn check(record: &str, grant: Grant, expected: Result<u8, &str>) {
        let found = table().zone_of(record.as_bytes(), Some("Host"), grant);
        match expected {
            Ok(number) => assert_eq!(found, Ok(Scope::zone(Id::from_bytes([number; 16])))),
            Err(reason) => {
                let error = found.unwrap_err();
                assert!(error.contains(reason), "{error}");
            }
        }
    }

    #[test]
    fn the_longest_suffix_by_whole_labels_wins() {
        let all = Grant::Installation;
        check(r#"{"Host":"example.com"}"#, all, Ok(10));
        check(r#"{"Host":"WWW.Example.COM.:8443"}"#, all, Ok(10));
        check(r#"{"Host":"a.b.shop.example.com"}"#, all, Ok(11));
        check(r#"{"Host":"notexample.com"}"#, all, Err("no zone for `Host` `notexample.com`"));
        check(r#"{"Host":""}"#, all, Err("`ZoneName` and `Host` are missing"));
        check(r#"{"Host":null,"x":[1]}"#, all, Err("are missing"));
    }

    #[test]
    fn the_zones_name_goes_before_the_host() {
        let record = r#"{"Host":"example.com","ZoneName":"other.example"}"#;
        check(record, Grant::Installation, Ok(12));
        check(r#"{"Zone\u004eame":"other.example"}"#, Grant::Installation, Ok(12));
    }

    #[test]
    fn a_zone_that_the_token_does_not_cover_is_as_if_it_were_not_there() {
        let grant = Grant::Scope(Scope::account(ACCOUNT));
        check(r#"{"Host":"other.example"}"#, grant, Err("no zone for `Host`"));
        check(r#"{"Host":"example.com"}"#, grant, Ok(10));
        let zone = Grant::Scope(Scope::zone(Id::from_bytes([11; 16])));
        check(r#"{"Host":"example.com"}"#, zone, Err("no zone"));
        check(r#"{"Host":"shop.example.com"}"#, zone, Ok(11));
    }
}
