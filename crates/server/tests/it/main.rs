//! The service, started in this process, asked over real HTTP.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api_accounts;
mod api_description;
mod api_destination;
mod api_history;
mod api_job_changes;
mod api_jobs;
mod api_limits;
mod api_ownership;
mod api_terraform;
mod api_tokens;
mod api_verify;
mod auth;
mod browser;
mod bucket;
mod corpus;
mod dashboard_connect;
mod dashboard_edit;
mod dashboard_hand;
mod dashboard_job;
mod dashboard_login;
mod dashboard_pages;
mod dashboard_strangers;
mod health;
mod ingest_answers;
mod ingest_codings;
mod ingest_combined;
mod ingest_edge;
mod ingest_formats;
mod ingest_keys;
mod life;
mod quarantine;
mod site;
