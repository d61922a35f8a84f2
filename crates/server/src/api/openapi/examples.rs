//! What answers look like: an example of each, by the name of its schema.

/// Schemas and an example each, as JSON.
pub(super) const EXAMPLES: &[(&str, &str)] = &[
    (
        "Account",
        r#"{
            "id": "6d4b2121ac38bbb8103f0e6cade9ccd2", "name": "Burrito Bot", "type": "standard",
            "settings": {"enforce_twofactor": false}, "external_id": "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d",
            "created_on": "2026-11-23T20:26:56Z"
        }"#,
    ),
    (
        "Zone",
        r#"{
            "id": "e5fa713f341f9575b111cdbfc8fd6c7b", "name": "burritobot.example",
            "status": "active", "paused": false, "type": "full",
            "account": {"id": "6d4b2121ac38bbb8103f0e6cade9ccd2", "name": "Burrito Bot"},
            "created_on": "2026-11-23T20:26:57Z", "modified_on": "2026-11-23T20:26:57Z",
            "activated_on": "2026-11-23T20:26:57Z"
        }"#,
    ),
    (
        "Token",
        r#"{
            "id": "0f3c5a7be1d24f6a8b9c0d1e2f3a4b5c", "name": "edge", "status": "active",
            "permissions": ["logs:ingest"], "account_id": null,
            "zone_id": "e5fa713f341f9575b111cdbfc8fd6c7b", "issued_on": "2026-11-23T20:26:57Z",
            "expires_on": null, "last_used_on": null
        }"#,
    ),
    (
        "Job",
        r#"{
            "id": 1, "dataset": "http_requests", "name": "burritobot.example", "enabled": true,
            "destination_conf": "s3://burritobot/logs/{DATE}?region=us-west-2", "kind": "",
            "filter": "", "logpull_options": "", "frequency": "high",
            "output_options": {"field_names": ["ClientIP", "RayID"], "timestamp_format": "rfc3339"},
            "max_upload_bytes": null, "max_upload_interval_seconds": 30,
            "max_upload_records": null, "filter_attack_traffic": false,
            "last_complete": "2026-11-23T20:27:00Z", "last_error": null, "error_message": null
        }"#,
    ),
    ("JobDeleted", r#"{"id": 1}"#),
    (
        "OwnershipChallenge",
        r#"{"filename": "logs/ownership-challenge-1f2e3d4c.txt", "message": "", "valid": true}"#,
    ),
    ("OwnershipValidated", r#"{"valid": true}"#),
    ("DestinationExists", r#"{"exists": false}"#),
    (
        "Validated",
        r#"{
            "valid": false,
            "message": "the bucket `burritobot` does not exist; create it"
        }"#,
    ),
    (
        "IngestOutcome",
        r#"{
            "accepted": 2, "quarantined": 1,
            "errors": [{"line": 3, "reason": "`EdgeResponseStatus` must be an int, found a string at byte 45"}]
        }"#,
    ),
    (
        "ResultInfo",
        r#"{"page": 1, "per_page": 20, "count": 1, "total_count": 1, "total_pages": 1}"#,
    ),
];
