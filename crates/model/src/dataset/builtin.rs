//! The built-in schemas, compiled in from `crates/model/datasets/`.

use super::Dataset;
use super::schema::Schema;

/// File name and text of a schema.
macro_rules! schemas {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../datasets/", $name, ".json")))),*]
    };
}

/// The name of each schema's file, without its ending, and its text.
pub(super) const SCHEMAS: [(&str, &str); 37] = schemas![
    "access_requests",
    "account_abuse_protection_events",
    "audit_logs",
    "audit_logs_v2",
    "biso_user_actions",
    "casb_findings",
    "device_posture_results",
    "dex_application_tests",
    "dex_device_state_events",
    "dlp_forensic_copies",
    "dns_firewall_logs",
    "dns_logs",
    "email_security_alerts",
    "email_security_post_delivery_events",
    "firewall_events",
    "gateway_dns",
    "gateway_http",
    "gateway_network",
    "http_requests",
    "ipsec_logs",
    "magic_bgp_logs",
    "magic_ids_detections",
    "mcp_portal_logs",
    "mnm_flow_logs",
    "nel_reports",
    "network_analytics_logs",
    "page_shield_events",
    "sinkhole_http_logs",
    "spectrum_events",
    "ssh_logs",
    "turnstile_events",
    "warp_config_changes",
    "warp_toggle_changes",
    "websocket_analytics",
    "workers_trace_events",
    "zaraz_events",
    "zero_trust_network_sessions",
];

/// The built-in datasets.
pub(super) fn datasets() -> impl Iterator<Item = Dataset> {
    SCHEMAS.into_iter().map(|(name, text)| {
        parse(text).unwrap_or_else(|reason| {
            unreachable!("built-in schema `{name}` is not valid, which a test rules out: {reason}")
        })
    })
}

fn parse(text: &str) -> Result<Dataset, String> {
    let schema: Schema = serde_json::from_str(text).map_err(|error| error.to_string())?;
    schema.into_dataset().map_err(|mistake| mistake.to_string())
}
