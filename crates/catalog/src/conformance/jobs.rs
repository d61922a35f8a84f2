//! What every backend promises of jobs and their revisions.

use model::{JobId, JobSpec, Revision, Scope};

use super::{
    NOON, assert_conflict, assert_not_found, at, by, change, cursor, failure, id, job, zone,
};
use crate::{Catalog, Job, JobChange, JobRevision, Page};

pub async fn a_job_reads_back(catalog: &dyn Catalog) {
    let scope = zone(catalog, 1).await;
    let JobChange { spec, name, kind, frequency, enabled } = change();
    let added = catalog.add_job(scope, change(), &[], &by(at(1))).await.unwrap();
    let expected = Job {
        id: added.id,
        scope,
        revision: Revision(1),
        spec: spec.clone(),
        name,
        kind,
        frequency,
        enabled,
        last_complete: None,
        failure: None,
        created_at: at(1),
        updated_at: at(1),
    };
    assert_eq!(added, expected);
    assert_eq!(catalog.job(added.id).await.unwrap(), expected);
    let revision =
        JobRevision { job: added.id, scope, revision: Revision(1), spec, created_at: at(1) };
    assert_eq!(catalog.revision(added.id, Revision(1)).await.unwrap(), revision);

    let bare = JobChange {
        spec: JobSpec { dataset: "dns_logs".to_owned(), ..JobSpec::default() },
        name: None,
        kind: String::new(),
        frequency: "low".to_owned(),
        enabled: false,
    };
    let scope = Scope::account(id(1));
    let added = catalog.add_job(scope, bare.clone(), &[], &by(NOON)).await.unwrap();
    let read = catalog.job(added.id).await.unwrap();
    assert_eq!((read.scope, read.spec, read.name), (scope, bare.spec, None));
    assert_not_found(catalog.job(JobId(99)).await, "job");
    assert_not_found(catalog.revision(added.id, Revision(2)).await, "revision");
}

pub async fn a_job_needs_its_account_or_zone(catalog: &dyn Catalog) {
    for (scope, what) in [(Scope::account(id(7)), "account"), (Scope::zone(id(7)), "zone")] {
        assert_not_found(catalog.add_job(scope, change(), &[], &by(NOON)).await, what);
    }
    assert_eq!(catalog.jobs(None).await.unwrap(), []);
}

pub async fn a_job_begins_where_it_is_told(catalog: &dyn Catalog) {
    let scope = zone(catalog, 1).await;
    let begin = [cursor(3, 7), cursor(0, 0)];
    let added = catalog.add_job(scope, change(), &begin, &by(NOON)).await.unwrap();
    assert_eq!(catalog.cursors(added.id).await.unwrap(), [cursor(0, 0), cursor(3, 7)]);
}

pub async fn a_job_added_disabled_begins_nowhere(catalog: &dyn Catalog) {
    let scope = zone(catalog, 1).await;
    let disabled = JobChange { enabled: false, ..change() };
    let added = catalog.add_job(scope, disabled, &[cursor(0, 5)], &by(NOON)).await.unwrap();
    assert!(!added.enabled);
    assert_eq!(catalog.cursors(added.id).await.unwrap(), []);
}

pub async fn another_spec_makes_a_revision(catalog: &dyn Catalog) {
    let before = job(catalog, 1).await;
    let destination = "s3://elsewhere/logs".to_owned();
    let other = JobChange { spec: JobSpec { destination, ..change().spec }, ..change() };
    let after =
        catalog.change_job(before.id, Revision(1), other.clone(), &[], &by(at(1))).await.unwrap();
    assert_eq!((after.revision, &after.spec), (Revision(2), &other.spec));
    assert_eq!((after.created_at, after.updated_at), (NOON, at(1)));
    assert_eq!(catalog.job(before.id).await.unwrap(), after);

    let revision = async |number| catalog.revision(before.id, Revision(number)).await.unwrap();
    assert_eq!(revision(1).await.spec, before.spec);
    assert_eq!((revision(2).await.spec, revision(2).await.created_at), (other.spec, at(1)));
}

pub async fn another_frequency_makes_a_revision(catalog: &dyn Catalog) {
    let before = job(catalog, 1).await;
    let other = JobChange { frequency: "low".to_owned(), ..change() };
    let after = catalog.change_job(before.id, Revision(1), other, &[], &by(at(1))).await.unwrap();
    assert_eq!((after.revision, after.frequency.as_str()), (Revision(2), "low"));
    assert_eq!(catalog.revision(before.id, Revision(2)).await.unwrap().spec, before.spec);
}

pub async fn another_name_makes_no_revision(catalog: &dyn Catalog) {
    let before = job(catalog, 1).await;
    let other = JobChange { name: None, enabled: false, ..change() };
    let after = catalog.change_job(before.id, Revision(1), other, &[], &by(at(1))).await.unwrap();
    let expected = Job { name: None, enabled: false, updated_at: at(1), ..before };
    assert_eq!(after, expected);
    assert_not_found(catalog.revision(after.id, Revision(2)).await, "revision");
}

pub async fn a_change_of_an_outdated_revision_does_nothing(catalog: &dyn Catalog) {
    let before = job(catalog, 1).await;
    let mut other = change();
    other.spec.filter = String::new();
    catalog.change_job(before.id, Revision(1), other, &[], &by(at(1))).await.unwrap();
    let now = catalog.job(before.id).await.unwrap();

    let late = JobChange { name: Some("late".to_owned()), ..change() };
    let refused = catalog.change_job(before.id, Revision(1), late, &[], &by(at(2))).await;
    assert_conflict(refused, "revision 2");
    assert_eq!(catalog.job(before.id).await.unwrap(), now);
    assert_not_found(catalog.revision(before.id, Revision(3)).await, "revision");
    let unknown = catalog.change_job(JobId(99), Revision(1), change(), &[], &by(NOON)).await;
    assert_not_found(unknown, "job");
}

pub async fn the_kind_of_a_job_is_fixed(catalog: &dyn Catalog) {
    let before = job(catalog, 1).await;
    let other = JobChange { kind: String::new(), ..change() };
    let refused = catalog.change_job(before.id, Revision(1), other, &[], &by(at(1))).await;
    assert_conflict(refused, "kind");
    assert_eq!(catalog.job(before.id).await.unwrap(), before);
}

pub async fn enabling_a_job_keeps_the_cursors_that_it_has(catalog: &dyn Catalog) {
    let paused = JobChange { enabled: false, ..change() };
    let added = job(catalog, 1).await;
    let set = async |change, begin: &[_]| {
        catalog.change_job(added.id, Revision(1), change, begin, &by(at(1))).await.unwrap();
    };
    set(paused, &[]).await;
    set(change(), &[cursor(0, 50), cursor(2, 50)]).await;
    let cursors = catalog.cursors(added.id).await.unwrap();
    assert_eq!(cursors, [cursor(0, 0), cursor(1, 0), cursor(2, 50)]);
}

pub async fn cursors_are_used_only_where_the_job_becomes_enabled(catalog: &dyn Catalog) {
    let added = job(catalog, 1).await;
    for enabled in [true, false] {
        let to = JobChange { enabled, ..change() };
        catalog.change_job(added.id, Revision(1), to, &[cursor(2, 50)], &by(at(1))).await.unwrap();
        let cursors = catalog.cursors(added.id).await.unwrap();
        assert_eq!(cursors, [cursor(0, 0), cursor(1, 0)]);
    }
}

pub async fn a_deleted_job_is_gone_but_for_its_past(catalog: &dyn Catalog) {
    let gone = job(catalog, 1).await;
    catalog.delete_job(gone.id, &by(at(1))).await.unwrap();
    assert_not_found(catalog.job(gone.id).await, "job");
    assert_not_found(catalog.delete_job(gone.id, &by(at(2))).await, "job");
    assert_not_found(catalog.begin(gone.id, &[]).await, "job");
    let change = catalog.change_job(gone.id, Revision(1), change(), &[], &by(at(2))).await;
    assert_not_found(change, "job");
    assert_eq!(catalog.jobs(None).await.unwrap(), []);
    assert_eq!(catalog.revision(gone.id, Revision(1)).await.unwrap().spec, gone.spec);
    assert_eq!(catalog.cursors(gone.id).await.unwrap().len(), 2);
}

pub async fn the_number_of_a_job_is_never_used_again(catalog: &dyn Catalog) {
    let gone = job(catalog, 1).await;
    catalog.delete_job(gone.id, &by(at(1))).await.unwrap();
    let next = job(catalog, 2).await;
    assert!(next.id > gone.id, "{} after {}", next.id, gone.id);
}

pub async fn jobs_are_listed_by_exactly_their_scope(catalog: &dyn Catalog) {
    let first = job(catalog, 1).await;
    let second = job(catalog, 2).await;
    let account = Scope::account(id(1));
    let third = catalog.add_job(account, change(), &[], &by(NOON)).await.unwrap();
    assert_eq!(catalog.jobs(Some(first.scope)).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(catalog.jobs(Some(account)).await.unwrap(), std::slice::from_ref(&third));
    assert_eq!(catalog.jobs(None).await.unwrap(), [first, second, third]);
    assert_eq!(catalog.jobs(Some(Scope::zone(id(9)))).await.unwrap(), []);
}

pub async fn the_newest_failure_is_noted(catalog: &dyn Catalog) {
    let before = job(catalog, 1).await;
    catalog.note_failure(before.id, failure(1, "no such bucket")).await.unwrap();
    catalog.note_failure(before.id, failure(2, "access denied")).await.unwrap();
    let expected = Job { failure: Some(failure(2, "access denied")), ..before };
    assert_eq!(catalog.job(expected.id).await.unwrap(), expected);
    assert_not_found(catalog.note_failure(JobId(99), failure(1, "x")).await, "job");
}

pub async fn a_change_that_changes_nothing_does_nothing(catalog: &dyn Catalog) {
    let before = job(catalog, 1).await;
    let version = catalog.jobs_changed_since(0).await.unwrap().version;
    let same = catalog.change_job(before.id, Revision(1), change(), &[], &by(at(9))).await.unwrap();
    assert_eq!(same, before);
    assert_eq!(catalog.job(before.id).await.unwrap(), before);
    assert_eq!(catalog.jobs_changed_since(0).await.unwrap().version, version);
}

pub async fn jobs_are_paged_and_counted(catalog: &dyn Catalog) {
    let first = job(catalog, 1).await;
    let scope = first.scope;
    let mut dns = change();
    "dns_logs".clone_into(&mut dns.spec.dataset);
    let mut ids = vec![first.id];
    for change in [dns, change(), change()] {
        ids.push(catalog.add_job(scope, change, &[], &by(NOON)).await.unwrap().id);
    }
    let gone = ids.pop().unwrap();
    catalog.delete_job(gone, &by(NOON)).await.unwrap();
    job(catalog, 2).await;
    let list = async |dataset, number, size| {
        let page = catalog.jobs_page(scope, dataset, Page { number, size }).await.unwrap();
        (page.items.iter().map(|job| job.id).collect::<Vec<_>>(), page.total)
    };
    assert_eq!(list(None, 1, 2).await, (ids[..2].to_vec(), 3));
    assert_eq!(list(None, 2, 2).await, (ids[2..].to_vec(), 3));
    assert_eq!(list(Some("http_requests"), 1, 9).await, (vec![ids[0], ids[2]], 2));
    assert_eq!(list(Some("unheard_of"), 1, 9).await, (vec![], 0));
    assert_eq!(catalog.count_jobs(scope).await.unwrap(), 3);
    assert_eq!(catalog.count_jobs(Scope::account(id(1))).await.unwrap(), 0);
}

pub async fn changes_are_told_since_a_version(catalog: &dyn Catalog) {
    let start = catalog.jobs_changed_since(0).await.unwrap();
    assert_eq!((start.changed, start.deleted), (vec![], vec![]));
    let (one, two) = (job(catalog, 1).await, job(catalog, 2).await);
    let added = catalog.jobs_changed_since(start.version).await.unwrap();
    assert_eq!((added.changed, added.deleted), (vec![one.clone(), two.clone()], vec![]));

    let paused = JobChange { enabled: false, ..change() };
    let changed = catalog.change_job(two.id, Revision(1), paused, &[], &by(at(1))).await.unwrap();
    catalog.delete_job(one.id, &by(at(2))).await.unwrap();
    let since = catalog.jobs_changed_since(added.version).await.unwrap();
    assert_eq!((since.changed, since.deleted), (vec![changed.clone()], vec![one.id]));
    let all = catalog.jobs_changed_since(0).await.unwrap();
    assert_eq!((all.version, all.changed), (since.version, vec![changed]));

    catalog.note_failure(two.id, failure(3, "access denied")).await.unwrap();
    let quiet = catalog.jobs_changed_since(since.version).await.unwrap();
    assert_eq!((quiet.version, quiet.changed, quiet.deleted), (since.version, vec![], vec![]));
}

pub async fn a_deleted_job_stays_known_and_one_that_never_was_is_not(catalog: &dyn Catalog) {
    let empty = catalog.testimony(&[]).await.unwrap();
    assert_eq!(empty.installation.as_ref(), Some(catalog.installation()));
    assert_eq!((empty.version, empty.unknown, empty.is_in_place), (0, vec![], true));

    let (one, two) = (job(catalog, 1).await, job(catalog, 2).await);
    let stranger = JobId(two.id.0 + 1);
    let before = catalog.testimony(&[one.id, stranger, two.id]).await.unwrap();
    assert_eq!(before.unknown, [stranger]);
    assert_eq!(before.version, catalog.jobs_changed_since(0).await.unwrap().version);
    catalog.delete_job(one.id, &by(NOON)).await.unwrap();
    let after = catalog.testimony(&[one.id, two.id]).await.unwrap();
    assert!(after.version > before.version);
    assert_eq!(after.unknown, []);
}
