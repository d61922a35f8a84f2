//! What every backend promises, as tests that every backend runs.
//!
//! [`conformance_suite!`](crate::conformance_suite) makes one test of each check, each with a
//! catalogue of its own.

#![allow(missing_docs, reason = "the name of a check says what it checks")]
#![allow(clippy::unwrap_used, reason = "a check fails by a panic")]

pub mod audit;
pub mod history;
pub mod jobs;
pub mod ledger;
pub mod settling;
pub mod tenants;
pub mod tokens;

use model::{
    Batch, Id, JobId, JobSpec, Offset, OffsetRange, Partition, Revision, Scope, UnixNanos,
};

use crate::{Actor, Catalog, CatalogError, Cursor, Delivered, Job, JobChange, JobFailure};

/// Tests a backend: `$open` is the path of an async function that gives a new, empty catalogue
/// and something to keep while it is used (a folder that goes when it is dropped, or `()`).
#[macro_export]
macro_rules! conformance_suite {
    ($open:path) => {
        $crate::conformance_suite! { $open:
            tenants::an_account_reads_back,
            tenants::an_account_id_is_taken_once,
            tenants::accounts_are_listed_in_the_order_of_their_creation,
            tenants::a_zone_reads_back_in_lower_case,
            tenants::a_zone_name_is_taken_once_in_all_accounts,
            tenants::a_zone_id_is_taken_once,
            tenants::a_zone_needs_its_account,
            tenants::zones_are_found_by_account_id_and_name,
            tenants::pages_divide_a_list,
            tokens::a_token_reads_back_by_its_hash,
            tokens::a_hash_and_an_id_are_taken_once,
            tokens::a_token_needs_a_permission,
            tokens::a_token_needs_its_account_or_zone,
            tokens::tokens_are_listed_by_exactly_their_grant,
            tokens::a_revoked_token_stays_revoked_as_at_first,
            tokens::the_newest_use_of_a_token_is_noted,
            jobs::a_job_reads_back,
            jobs::a_job_needs_its_account_or_zone,
            jobs::a_job_begins_where_it_is_told,
            jobs::a_job_added_disabled_begins_nowhere,
            jobs::another_spec_makes_a_revision,
            jobs::another_frequency_makes_a_revision,
            jobs::another_name_makes_no_revision,
            jobs::a_change_of_an_outdated_revision_does_nothing,
            jobs::the_kind_of_a_job_is_fixed,
            jobs::enabling_a_job_keeps_the_cursors_that_it_has,
            jobs::cursors_are_used_only_where_the_job_becomes_enabled,
            jobs::a_deleted_job_is_gone_but_for_its_past,
            jobs::the_number_of_a_job_is_never_used_again,
            jobs::jobs_are_listed_by_exactly_their_scope,
            jobs::the_newest_failure_is_noted,
            jobs::a_change_that_changes_nothing_does_nothing,
            jobs::jobs_are_paged_and_counted,
            jobs::changes_are_told_since_a_version,
            ledger::an_owner_goes_on_after_taking_over_again,
            jobs::a_deleted_job_stays_known_and_one_that_never_was_is_not,
            ledger::a_cursor_that_exists_stays,
            ledger::cursors_of_deleted_jobs_are_left_out,
            ledger::a_seal_moves_the_cursor,
            ledger::a_seal_from_elsewhere_is_fenced,
            ledger::of_two_seals_at_once_one_is_fenced,
            ledger::a_deleted_job_is_fenced,
            ledger::a_batch_without_frames_is_refused,
            ledger::a_batch_of_an_unknown_revision_is_refused,
            ledger::an_older_revision_may_be_sealed,
            ledger::only_cursors_that_stand_there_pass_over,
            ledger::unsealed_frames_can_be_sealed_otherwise,
            ledger::what_is_delivered_is_not_unsealed,
            ledger::what_is_lost_is_not_unsealed,
            ledger::unsealing_begins_where_a_batch_begins,
            settling::a_settled_batch_is_delivered,
            settling::settling_again_changes_nothing,
            settling::last_complete_never_goes_back,
            settling::a_delivery_clears_the_failure,
            settling::a_deleted_job_still_settles,
            settling::a_batch_that_is_not_there_cannot_be_settled,
            settling::totals_are_of_one_job,
            settling::undelivered_batches_come_in_order,
            settling::undelivered_batches_of_deleted_jobs_are_left_out,
            settling::batches_are_listed_newest_seal_first,
            settling::batches_are_walked_through_by_partition_and_frame,
            settling::giving_up_moves_the_cursor_from_within,
            settling::giving_up_leaves_a_cursor_outside,
            settling::batches_in_a_loss_are_lost,
            settling::giving_up_again_changes_nothing,
            settling::losses_are_listed_newest_first,
            audit::an_action_says_who_did_what,
            audit::every_change_of_a_job_is_one_action,
            audit::a_refused_change_is_no_action,
            audit::an_action_shows_no_secret,
            audit::a_token_is_made_and_revoked_once,
            audit::actions_are_listed_by_account,
            audit::old_actions_are_forgotten,
            audit::deleted_zones_and_accounts_are_gone,
            audit::what_is_in_use_is_not_deleted,
            history::an_event_that_repeats_is_counted,
            history::the_newest_events_of_a_job_are_kept,
            history::a_failure_is_told_and_counted,
            history::deliveries_make_an_hours_figures,
            history::a_delivery_after_failures_is_told,
            history::a_loss_is_told_and_counted_once,
            history::old_events_and_hours_are_forgotten,
            history::a_deleted_job_keeps_its_history,
            history::an_open_upload_reads_back_with_its_parts,
            history::settling_a_batch_closes_its_uploads,
            history::only_sealed_batches_are_uploaded,
            history::an_upload_outlives_its_batch,
            history::what_a_store_can_do_is_remembered,
        }
    };
    ($open:path: $($room:ident::$check:ident,)*) => { $(
        #[tokio::test]
        async fn $check() {
            let (catalog, _keep) = $open().await;
            $crate::conformance::$room::$check(&catalog).await;
        }
    )* };
}

const NOON: UnixNanos = UnixNanos(1_700_000_000_000_000_000);

/// So many nanoseconds after [`NOON`].
fn at(nanos: i64) -> UnixNanos {
    UnixNanos(NOON.0 + nanos)
}

/// A person with a token, who acts then.
fn by(at: UnixNanos) -> Actor {
    let (token, address) = (Some(id(0xaa)), Some("192.0.2.7".to_owned()));
    Actor { at, token, name: "ops".to_owned(), address }
}

const EXTERNAL_ID: &str = "0123456789abcdef0123456789abcdef";

fn id(byte: u8) -> Id {
    Id::from_bytes([byte; 16])
}

/// Adds an account and a zone of it, whose ids are made of `byte`.
async fn zone(catalog: &dyn Catalog, byte: u8) -> Scope {
    catalog.add_account(id(byte), "Burrito Bot", EXTERNAL_ID, &by(NOON)).await.unwrap();
    let name = format!("zone{byte}.example");
    catalog.add_zone(id(byte), id(byte), &name, &by(NOON)).await.unwrap();
    Scope::zone(id(byte))
}

/// An enabled job with every setting set.
fn change() -> JobChange {
    JobChange {
        spec: JobSpec {
            dataset: "http_requests".to_owned(),
            destination: "s3://burritobot/logs/{DATE}?region=eu-west-1".to_owned(),
            output_options: Some(r#"{"field_names":["ClientIP"]}"#.to_owned()),
            logpull_options: "fields=RayID&timestamps=rfc3339".to_owned(),
            filter: r#"{"where":{"key":"ClientIP","operator":"eq","value":"::1"}}"#.to_owned(),
            filter_attack_traffic: true,
            max_upload_bytes: Some(5_000_000),
            max_upload_interval_seconds: Some(30),
            max_upload_records: Some(100_000),
        },
        name: Some("all requests".to_owned()),
        kind: "edge".to_owned(),
        frequency: "high".to_owned(),
        enabled: true,
    }
}

fn cursor(partition: u16, next: u64) -> Cursor {
    Cursor { partition: Partition(partition), next: Offset(next) }
}

/// Adds a zone made of `byte`, and an enabled job of it that begins at 0 in partitions 0 and 1.
async fn job(catalog: &dyn Catalog, byte: u8) -> Job {
    let scope = zone(catalog, byte).await;
    catalog.add_job(scope, change(), &[cursor(0, 0), cursor(1, 0)], &by(NOON)).await.unwrap()
}

/// A batch of partition 0 and revision 1; as many records as frames, 10 bytes each.
fn batch(job: JobId, first: u64, next: u64) -> Batch {
    Batch {
        job,
        revision: Revision(1),
        partition: Partition(0),
        range: OffsetRange::new(Offset(first), Offset(next)),
        key: format!("logs/20231114/{job}-{first}.log.gz"),
        start: at(first as i64),
        end: at(next as i64),
        records: next - first,
        raw_bytes: 10 * (next - first),
        gzip_level: 6,
    }
}

fn delivered(nanos: i64) -> Delivered {
    let etag = "\"e\"".to_owned();
    let (at, checksum) = (at(nanos), Some(u64::MAX - 7));
    Delivered { at, object_bytes: 5, checksum, etag, attempts: 2, duration_millis: 30 }
}

fn failure(nanos: i64, message: &str) -> JobFailure {
    let (message, kind) = (message.to_owned(), "denied".to_owned());
    JobFailure { at: at(nanos), message, status: Some(403), kind }
}

async fn seal(catalog: &dyn Catalog, batch: &Batch) {
    catalog.seal(batch, at(batch.range.next.0 as i64)).await.unwrap();
}

async fn settle(catalog: &dyn Catalog, batch: &Batch) {
    catalog.settle(batch.job, batch.partition, batch.range.first, delivered(1000)).await.unwrap();
}

#[track_caller]
fn assert_not_found<T: std::fmt::Debug>(result: crate::Result<T>, what: &str) {
    match result {
        Err(CatalogError::NotFound { what: found, .. }) if found == what => {}
        other => panic!("expected no such {what}, got {other:?}"),
    }
}

/// A conflict whose message names what is in conflict.
#[track_caller]
fn assert_conflict<T: std::fmt::Debug>(result: crate::Result<T>, named: &str) {
    match result {
        Err(CatalogError::Conflict(message)) if message.contains(named) => {}
        other => panic!("expected a conflict about {named}, got {other:?}"),
    }
}

#[track_caller]
fn assert_fenced(result: &crate::Result<()>) {
    assert!(matches!(result, Err(CatalogError::Fenced(_))), "expected a fence, got {result:?}");
}

#[cfg(test)]
mod tests {
    /// A check that the suite does not list would never run.
    #[test]
    fn the_suite_lists_every_check() {
        let suite = include_str!("mod.rs");
        let rooms = [
            ("audit", include_str!("audit.rs")),
            ("history", include_str!("history.rs")),
            ("jobs", include_str!("jobs.rs")),
            ("ledger", include_str!("ledger.rs")),
            ("settling", include_str!("settling.rs")),
            ("tenants", include_str!("tenants.rs")),
            ("tokens", include_str!("tokens.rs")),
        ];
        for (room, text) in rooms {
            for check in text.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
                let check = check.split('(').next().unwrap();
                assert!(suite.contains(&format!("{room}::{check},")), "{room}::{check}");
            }
        }
    }
}
