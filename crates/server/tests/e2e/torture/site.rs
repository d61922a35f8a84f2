//! The place of the torture: a service, a store that fails, zones and jobs; and the count at its
//! end.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sim::s3::{BucketSettings, Operation, S3Server};
use tokio::time::sleep;

use super::clients::{Client, Load, Sent, is_error};
use crate::api::Api;
use crate::objects::Object;
use crate::records::{delivered, id};
use crate::service::{ADMIN_TOKEN, FREE_PORT, Home, Service};

const BUCKET: &str = "torture";
/// Far more than catching up takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// A job, and which of the records of its zone it wants.
struct Job {
    folder: &'static str,
    load: Load,
    wants: fn(u64) -> bool,
    body: Value,
}

fn jobs() -> Vec<Job> {
    let all: fn(u64) -> bool = |_| true;
    let short = |folder, wants, body| Job { folder, load: Load::Short, wants, body };
    let errors = r#"{"where":{"key":"EdgeResponseStatus","operator":"geq","value":500}}"#;
    vec![
        // Without output options an object holds all fields.
        short("all", all, json!({ "max_upload_records": 20_000 })),
        short("errors", is_error, json!({ "filter": errors })),
        short(
            "small",
            all,
            json!({ "max_upload_records": 1_000, "output_options": { "field_names": ["RayID"] } }),
        ),
        Job {
            folder: "parts",
            load: Load::Long,
            wants: all,
            body: json!({
                "max_upload_records": 1_000,
                "output_options": { "field_names": ["RayID", "ClientRequestURI"] },
            }),
        },
    ]
}

/// The place of the torture.
pub(super) struct Site {
    /// Dropped before its home, where its log is.
    service: Service,
    home: Home,
    pub(super) s3: S3Server,
    zones: BTreeMap<&'static str, String>,
}

const fn zone_of(load: Load) -> &'static str {
    match load {
        Load::Short => "short.example",
        Load::Long => "long.example",
    }
}

impl Site {
    /// A service with its zones and jobs, and a store that works.
    pub(super) async fn start(seed: u64) -> Self {
        let s3 = S3Server::start(seed, &[]).await;
        s3.set_bucket(BUCKET, BucketSettings::default());
        let home = Home::new(&s3.url())
            .set("LOGPUSH_DELIVERY__PART_BYTES", "5MiB")
            .set("LOGPUSH_SHUTDOWN_TIMEOUT", "50s");
        let service = home.start().await;
        let mut site = Self { service, home, s3, zones: BTreeMap::new() };
        let api = site.api();
        let account = api.create("/accounts", &json!({ "name": "Torture" })).await;
        for load in [Load::Short, Load::Long] {
            let zone = json!({ "name": zone_of(load), "account": { "id": account["id"] } });
            let zone = api.create("/zones", &zone).await;
            site.zones.insert(zone_of(load), zone["id"].as_str().unwrap().to_owned());
        }
        for job in jobs() {
            let mut body = job.body;
            body["dataset"] = json!("http_requests");
            body["enabled"] = json!(true);
            let folder = job.folder;
            let destination = format!("s3://{BUCKET}/{folder}/{{DATE}}?region=us-east-1");
            body["destination_conf"] = json!(destination);
            let zone = &site.zones[zone_of(job.load)];
            api.create(&format!("/zones/{zone}/logpush/jobs"), &body).await;
        }
        site
    }

    fn api(&self) -> Api {
        Api::new(&self.service.url(), ADMIN_TOKEN)
    }

    pub(super) async fn client(&self, number: u64, load: Load) -> Client {
        let zone = &self.zones[zone_of(load)];
        let token = json!({
            "name": format!("client {number}"), "permissions": ["logs:ingest"], "zone_id": zone,
        });
        let token = self.api().create("/user/tokens", &token).await;
        let path = format!("/ingest/v1/zones/{zone}/http_requests");
        Client::new(&self.service.url(), &path, token["value"].as_str().unwrap(), number, load)
    }

    /// Kills the service, and starts it again at its address; before that a start that is killed
    /// after a while.
    pub(super) async fn kill(mut self, in_start: Option<Duration>) -> Self {
        let address = self.service.address;
        self.service.kill().await;
        if let Some(after) = in_start {
            let mut start = self.home.serve(FREE_PORT).spawn().unwrap();
            sleep(after).await;
            start.kill().await.unwrap();
        }
        self.service = self.home.start_at(address).await;
        self
    }

    /// Waits until everything is read and nothing waits for another attempt, stops the service,
    /// and counts.
    pub(super) async fn finish(self, sent: &[Sent]) -> Verdict {
        let begun = Instant::now();
        loop {
            let statuses = self.api().read("/logpush/status").await;
            let done =
                |status: &Value| status["unread_frames"] == 0 && status["retrying"].is_null();
            if statuses.as_array().unwrap().iter().all(done) {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "delivery does not catch up: {statuses}");
            sleep(Duration::from_millis(100)).await;
        }
        assert!(self.service.terminate().await.success());
        Verdict::of(&self.s3, sent)
    }
}

/// What the bucket holds of what was promised.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// By job: the records that it wanted, and how many objects hold them.
    jobs: Vec<(&'static str, usize, usize)>,
    lost: Vec<String>,
    duplicated: Vec<String>,
    foreign: Vec<String>,
    changed: Vec<String>,
    uploads_left: usize,
    faults: BTreeMap<&'static str, u64>,
    puts: usize,
    completions: usize,
}

impl Verdict {
    fn of(s3: &S3Server, sent: &[Sent]) -> Self {
        let mut verdict = Self {
            changed: s3.changed(),
            uploads_left: s3.uploads(BUCKET).len(),
            faults: s3.faults_met(),
            puts: s3.count(BUCKET, Operation::PutObject),
            completions: s3.count(BUCKET, Operation::CompleteMultipartUpload),
            ..Self::default()
        };
        for job in jobs() {
            verdict.count(s3, &job, sent);
        }
        verdict
    }

    /// Compares what a job wanted with what is in its folder.
    fn count(&mut self, s3: &S3Server, job: &Job, sent: &[Sent]) {
        let folder = format!("{}/", job.folder);
        let objects =
            s3.objects(BUCKET).into_iter().filter(|object| object.key.starts_with(&folder));
        let objects: Vec<Object> =
            objects.map(|object| Object { key: object.key, bytes: object.body.to_vec() }).collect();
        let mut times: BTreeMap<String, u32> = BTreeMap::new();
        delivered(&objects).into_iter().for_each(|id| *times.entry(id).or_default() += 1);
        let mut wanted = 0;
        for client in sent.iter().filter(|client| is_of(client, job.load)) {
            for number in (0..client.records).filter(|number| (job.wants)(*number)) {
                wanted += 1;
                let id = id(&client.stream, number);
                match times.remove(&id) {
                    Some(1) => {}
                    Some(_) => self.duplicated.push(folder.clone() + &id),
                    None => self.lost.push(folder.clone() + &id),
                }
            }
        }
        self.foreign.extend(times.into_keys().map(|id| folder.clone() + &id));
        self.jobs.push((job.folder, wanted, objects.len()));
    }

    /// Checks that every promise was kept.
    #[track_caller]
    pub(super) fn assert_kept(&self) {
        for (what, found) in [
            ("lost", &self.lost),
            ("duplicated", &self.duplicated),
            ("in the bucket without being wanted there", &self.foreign),
            ("changed", &self.changed),
        ] {
            let first = &found[..found.len().min(5)];
            assert!(found.is_empty(), "{} are {what}, such as {first:?}", found.len());
        }
    }
}

fn is_of(client: &Sent, load: Load) -> bool {
    // The last client is the one with long records.
    (client.stream == "client3") == (load == Load::Long)
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (folder, records, objects) in &self.jobs {
            writeln!(f, "job {folder}: {records} records wanted, {objects} objects")?;
        }
        writeln!(f, "{} puts, {} completions of uploads in parts", self.puts, self.completions)?;
        let faults = self.faults.iter().map(|(name, times)| format!("{times} × {name}"));
        writeln!(f, "the store's faults: {}", faults.collect::<Vec<_>>().join(", "))?;
        writeln!(f, "{} uploads in parts left open", self.uploads_left)?;
        write!(
            f,
            "lost {}, duplicated {}, objects changed {}",
            self.lost.len(),
            self.duplicated.len(),
            self.changed.len()
        )
    }
}
