//! What datasets and regions are called for people.

use model::Dataset;

/// A dataset's name, its title, and what it holds.
type Described = (&'static str, &'static str, &'static str);

const DATASETS: [Described; 37] = [
    (
        "access_requests",
        "Access requests",
        "Who signed in to an application behind Access, and how it was decided.",
    ),
    (
        "account_abuse_protection_events",
        "Account abuse protection events",
        "Sign-ups and sign-ins that look like abuse of accounts.",
    ),
    ("audit_logs", "Audit logs", "What people and programs changed in the account."),
    (
        "audit_logs_v2",
        "Audit logs, version 2",
        "What people and programs changed in the account, in the newer form.",
    ),
    (
        "biso_user_actions",
        "Browser isolation user actions",
        "What people did in an isolated browser: copy, paste, print, download.",
    ),
    (
        "casb_findings",
        "CASB findings",
        "Weaknesses found in the SaaS applications that the account watches.",
    ),
    ("device_posture_results", "Device posture results", "How devices passed the posture checks."),
    (
        "dex_application_tests",
        "DEX application tests",
        "How applications answered the tests from devices.",
    ),
    (
        "dex_device_state_events",
        "DEX device state events",
        "How devices and their connections fare.",
    ),
    (
        "dlp_forensic_copies",
        "DLP forensic copies",
        "Copies of requests that data loss prevention caught.",
    ),
    ("dns_firewall_logs", "DNS Firewall logs", "Queries that the DNS Firewall answered."),
    ("dns_logs", "DNS logs", "Queries for the zone's names, and their answers."),
    (
        "email_security_alerts",
        "Email security alerts",
        "Messages that were found malicious, suspicious or spam.",
    ),
    (
        "email_security_post_delivery_events",
        "Email security post-delivery events",
        "What became of messages after their delivery.",
    ),
    ("firewall_events", "Firewall events", "Requests that a security rule acted on."),
    ("gateway_dns", "Gateway DNS", "DNS queries that Gateway looked at, and what it decided."),
    ("gateway_http", "Gateway HTTP", "HTTP requests that Gateway looked at, and what it decided."),
    (
        "gateway_network",
        "Gateway network",
        "Network sessions that Gateway looked at, and what it decided.",
    ),
    (
        "http_requests",
        "HTTP requests",
        "One record for each request to the zone: client, edge, cache, origin, security.",
    ),
    ("ipsec_logs", "IPsec logs", "Negotiations and state of IPsec tunnels."),
    ("magic_bgp_logs", "Magic BGP logs", "Sessions and announcements of BGP peers."),
    (
        "magic_ids_detections",
        "Magic IDS detections",
        "Traffic that intrusion detection recognised.",
    ),
    ("mcp_portal_logs", "MCP portal logs", "Calls through the portal for MCP servers."),
    ("mnm_flow_logs", "Network monitoring flow logs", "Flows that routers reported."),
    ("nel_reports", "NEL reports", "Network errors that browsers reported for the zone."),
    (
        "network_analytics_logs",
        "Network analytics logs",
        "Samples of packets, and how they were mitigated.",
    ),
    (
        "page_shield_events",
        "Page Shield events",
        "Scripts, connections and cookies seen on the zone's pages.",
    ),
    ("sinkhole_http_logs", "Sinkhole HTTP logs", "Requests that reached a sinkhole."),
    (
        "spectrum_events",
        "Spectrum events",
        "Connections of TCP and UDP applications behind Spectrum.",
    ),
    ("ssh_logs", "SSH logs", "Commands and sessions over SSH."),
    (
        "turnstile_events",
        "Turnstile events",
        "Challenges that visitors were given, and how they did.",
    ),
    (
        "warp_config_changes",
        "WARP configuration changes",
        "Changes of the client's configuration on devices.",
    ),
    (
        "warp_toggle_changes",
        "WARP toggle changes",
        "When the client was switched on and off on devices.",
    ),
    (
        "websocket_analytics",
        "WebSocket analytics",
        "WebSocket connections and what went over them.",
    ),
    (
        "workers_trace_events",
        "Workers trace events",
        "Runs of Workers, with their logs and exceptions.",
    ),
    ("zaraz_events", "Zaraz events", "Events that Zaraz took from the zone's pages."),
    (
        "zero_trust_network_sessions",
        "Zero Trust network sessions",
        "Sessions over the Zero Trust network.",
    ),
];

/// The title of a dataset, and what it holds; one of the operator's own has its name.
pub(super) fn described(dataset: &Dataset) -> (String, String) {
    let known = DATASETS.iter().find(|(name, _, _)| *name == dataset.name);
    match known {
        Some((_, title, line)) => ((*title).to_owned(), (*line).to_owned()),
        None => (dataset.name.clone(), "A data set of this installation's own.".to_owned()),
    }
}

/// Amazon's regions, as Amazon calls them, and the two in China, which are not supported.
/// <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>
pub(super) const REGIONS: [(&str, &str); 36] = [
    ("us-east-1", "US East (N. Virginia)"),
    ("us-east-2", "US East (Ohio)"),
    ("us-west-1", "US West (N. California)"),
    ("us-west-2", "US West (Oregon)"),
    ("us-gov-west-1", "AWS GovCloud (US-West)"),
    ("ca-central-1", "Canada (Central)"),
    ("ca-west-1", "Canada West (Calgary)"),
    ("mx-central-1", "Mexico (Central)"),
    ("sa-east-1", "South America (São Paulo)"),
    ("eu-central-1", "Europe (Frankfurt)"),
    ("eu-central-2", "Europe (Zurich)"),
    ("eu-north-1", "Europe (Stockholm)"),
    ("eu-south-1", "Europe (Milan)"),
    ("eu-south-2", "Europe (Spain)"),
    ("eu-west-1", "Europe (Ireland)"),
    ("eu-west-2", "Europe (London)"),
    ("eu-west-3", "Europe (Paris)"),
    ("af-south-1", "Africa (Cape Town)"),
    ("il-central-1", "Israel (Tel Aviv)"),
    ("me-central-1", "Middle East (UAE)"),
    ("me-south-1", "Middle East (Bahrain)"),
    ("ap-east-1", "Asia Pacific (Hong Kong)"),
    ("ap-east-2", "Asia Pacific (Taipei)"),
    ("ap-northeast-1", "Asia Pacific (Tokyo)"),
    ("ap-northeast-2", "Asia Pacific (Seoul)"),
    ("ap-northeast-3", "Asia Pacific (Osaka)"),
    ("ap-south-1", "Asia Pacific (Mumbai)"),
    ("ap-south-2", "Asia Pacific (Hyderabad)"),
    ("ap-southeast-1", "Asia Pacific (Singapore)"),
    ("ap-southeast-2", "Asia Pacific (Sydney)"),
    ("ap-southeast-3", "Asia Pacific (Jakarta)"),
    ("ap-southeast-4", "Asia Pacific (Melbourne)"),
    ("ap-southeast-5", "Asia Pacific (Malaysia)"),
    ("ap-southeast-7", "Asia Pacific (Thailand)"),
    ("cn-north-1", "China (Beijing), not supported"),
    ("cn-northwest-1", "China (Ningxia), not supported"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::Datasets;
    use model::destination::AMAZON_REGIONS;

    use super::*;

    #[test]
    fn every_dataset_and_every_region_has_words() {
        for dataset in Datasets::builtin().iter() {
            assert_ne!(described(dataset).0, dataset.name);
        }
        let named: BTreeSet<&str> = REGIONS.iter().map(|(region, _)| *region).collect();
        let mut known: BTreeSet<&str> = AMAZON_REGIONS.into();
        known.extend(["cn-north-1", "cn-northwest-1"]);
        assert_eq!(named, known);
    }
}
