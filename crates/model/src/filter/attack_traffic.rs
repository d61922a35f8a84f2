//! `filter_attack_traffic`: what counts as traffic of a DDoS attack, and is left out.
//!
//! A record tells by its own fields whether it belongs to an attack, so what is left out is a
//! filter like any other, and docs/output.md shows it in the filters' own language:
//!
//! - `http_requests`: a rule of the HTTP DDoS protection matched (`l7ddos` in `SecuritySources`).
//! - `firewall_events`: the event is one of that protection (`Source`).
//! - `network_analytics_logs`: the packet belongs to an attack that was told apart (`AttackID`), or
//!   a DDoS protection, `dosd` or `flowtrackd`, found that it should be dropped. What a firewall of
//!   the customer's own (`magic-firewall`) drops is no attack.
//!
//! Values of the fields: <https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/>.

use super::Filter;
use crate::issue::listed;
use crate::{Dataset, Issue};

/// The JSON pointer of the switch.
pub const ATTACK_TRAFFIC_POINTER: &str = "/filter_attack_traffic";

/// The datasets whose records tell, each with the filter that lets through what is no attack.
pub const ATTACK_TRAFFIC: [(&str, &str); 3] = [
    (
        "http_requests",
        r#"{"where":{"key":"SecuritySources","operator":"!contains","value":"l7ddos"}}"#,
    ),
    ("firewall_events", r#"{"where":{"key":"Source","operator":"!eq","value":"l7ddos"}}"#),
    (
        "network_analytics_logs",
        concat!(
            r#"{"where":{"and":["#,
            // Empty, or not there at all.
            r#"{"or":[{"key":"AttackID","operator":"eq","value":""},"#,
            r#"{"key":"AttackID","operator":"!startsWith","value":""}]},"#,
            r#"{"or":[{"key":"Verdict","operator":"!eq","value":"drop"},"#,
            r#"{"key":"MitigationSystem","operator":"!in","value":["dosd","flowtrackd"]}]}"#,
            r#"]}}"#
        ),
    ),
];

impl Filter {
    /// The filter that lets through what is no attack traffic, or why there is none.
    pub fn without_attack_traffic(dataset: &Dataset) -> Result<Option<Self>, Vec<Issue>> {
        match ATTACK_TRAFFIC.iter().find(|(name, _)| *name == dataset.name) {
            Some((_, filter)) => Self::parse(filter, dataset),
            None => {
                let known = listed(ATTACK_TRAFFIC.map(|(name, _)| name));
                let message = format!(
                    "`true` is not possible for `{}`, whose records do not tell attack traffic: \
                     it is for {known}; set `false`, or use `filter`",
                    dataset.name
                );
                Err(vec![Issue::new(ATTACK_TRAFFIC_POINTER, message)])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Datasets, Scanner};

    #[track_caller]
    fn check(dataset: &str, cases: &[(&str, bool)]) {
        let dataset = Arc::clone(Datasets::builtin().get(dataset).unwrap());
        let filter = Filter::without_attack_traffic(&dataset).unwrap().unwrap();
        let mut scanner = Scanner::new(dataset, filter.fields());
        for (line, passes) in cases {
            scanner.scan(line.as_bytes()).unwrap();
            let found = filter.matches(|field| scanner.value(line.as_bytes(), field));
            assert_eq!(found, *passes, "{line}");
        }
    }

    #[test]
    fn a_request_that_the_ddos_protection_matched_is_attack_traffic() {
        check(
            "http_requests",
            &[
                ("{}", true),
                (r#"{"SecuritySources":null}"#, true),
                (r#"{"SecuritySources":[]}"#, true),
                (
                    r#"{"SecuritySources":["firewallManaged","botFight"],"SecurityAction":"block"}"#,
                    true,
                ),
                (r#"{"SecuritySources":["l7ddos"]}"#, false),
                (
                    r#"{"SecuritySources":["firewallCustom","l7ddos"],"SecurityAction":"block"}"#,
                    false,
                ),
            ],
        );
    }

    #[test]
    fn an_event_of_the_ddos_protection_is_attack_traffic() {
        check(
            "firewall_events",
            &[
                ("{}", true),
                (r#"{"Source":"firewallCustom","Action":"block"}"#, true),
                (r#"{"Source":"l7ddos","Action":"block"}"#, false),
                (r#"{"Source":"l7ddos","Action":"managed_challenge"}"#, false),
            ],
        );
    }

    #[test]
    fn a_packet_of_an_attack_is_attack_traffic() {
        check(
            "network_analytics_logs",
            &[
                ("{}", true),
                (r#"{"AttackID":"","Verdict":"pass","MitigationSystem":""}"#, true),
                (r#"{"Verdict":"pass","MitigationSystem":"dosd"}"#, true),
                (r#"{"AttackID":null,"Verdict":"drop","MitigationSystem":"magic-firewall"}"#, true),
                (r#"{"Verdict":"drop","MitigationSystem":"dosd"}"#, false),
                (r#"{"AttackID":"","Verdict":"drop","MitigationSystem":"flowtrackd"}"#, false),
                (r#"{"AttackID":"a7","Verdict":"pass"}"#, false),
                (r#"{"AttackID":"a7","Verdict":"drop","MitigationSystem":"dosd"}"#, false),
            ],
        );
    }

    #[test]
    fn other_datasets_are_refused_with_those_that_tell() {
        let datasets = Datasets::builtin();
        let issues = Filter::without_attack_traffic(datasets.get("dns_logs").unwrap()).unwrap_err();
        assert_eq!(issues.len(), 1);
        assert_eq!(issues[0].pointer, "/filter_attack_traffic");
        let told = "`http_requests`, `firewall_events`, `network_analytics_logs`";
        assert!(issues[0].message.contains(told), "{issues:?}");
    }

    #[test]
    fn the_documentation_shows_these_filters() {
        let page = include_str!("../../../../docs/output.md");
        for (dataset, filter) in ATTACK_TRAFFIC {
            assert!(page.contains(&format!("`{dataset}`")), "{dataset}");
            assert!(page.contains(filter), "docs/output.md lacks the line\n{filter}");
        }
    }
}
