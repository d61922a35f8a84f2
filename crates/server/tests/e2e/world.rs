//! A service with an account, a zone, a bucket, and what a test does with them.

use std::ops::Range;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::api::{Answer, Api};
use crate::cli::Cli;
use crate::objects::Object;
use crate::records;
use crate::s3::S3Server;
use crate::service::{ADMIN_TOKEN, FREE_PORT, Home, Service};

/// The bucket that is there.
pub(crate) const BUCKET: &str = "burritobot";

/// Far more than anything here takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    /// Dropped before its home, where its log is.
    pub(crate) service: Service,
    pub(crate) home: Home,
    pub(crate) s3: S3Server,
    pub(crate) api: Api,
    pub(crate) account: String,
    /// The id of `burritobot.example`.
    pub(crate) zone: String,
}

/// A world whose service does not run.
pub(crate) struct Stopped {
    pub(crate) home: Home,
    pub(crate) s3: S3Server,
    account: String,
    zone: String,
}

impl Stopped {
    /// Starts a service again.
    pub(crate) async fn start(self) -> World {
        let Self { home, s3, account, zone } = self;
        let service = home.start().await;
        let api = Api::new(&service.url(), ADMIN_TOKEN);
        World { service, home, s3, api, account, zone }
    }
}

impl World {
    /// Asks the service to stop, which must succeed.
    pub(crate) async fn stop(self) -> Stopped {
        let Self { service, home, s3, account, zone, .. } = self;
        assert!(service.terminate().await.success());
        Stopped { home, s3, account, zone }
    }

    /// Kills the service.
    pub(crate) async fn kill(self) -> Stopped {
        let Self { service, home, s3, account, zone, .. } = self;
        service.kill().await;
        Stopped { home, s3, account, zone }
    }

    /// A service and an S3 server with one bucket.
    pub(crate) async fn start() -> Self {
        Self::start_with(S3Server::start(&[BUCKET]).await).await
    }

    pub(crate) async fn start_with(s3: S3Server) -> Self {
        let home = Home::new(&s3.url());
        Self::start_in(s3, home).await
    }

    pub(crate) async fn start_in(s3: S3Server, home: Home) -> Self {
        let service = home.start().await;
        let api = Api::new(&service.url(), ADMIN_TOKEN);
        let account = api.create("/accounts", &json!({ "name": "Burrito Bot" })).await;
        let account = account["id"].as_str().unwrap().to_owned();
        let mut world = Self { service, home, s3, api, account, zone: String::new() };
        world.zone = world.add_zone("burritobot.example").await;
        world
    }

    /// Stops the service, which must succeed, and starts another with the same data.
    pub(crate) async fn restart(mut self) -> Self {
        assert!(self.service.terminate().await.success());
        self.service = self.home.start().await;
        self.api = Api::new(&self.service.url(), ADMIN_TOKEN);
        self
    }

    /// Kills the service, and starts another with the same data; before that, starts that are
    /// killed after these times.
    pub(crate) async fn crash(mut self, in_starts: &[Duration]) -> Self {
        self.service.kill().await;
        for after in in_starts {
            let mut start = self.home.serve(FREE_PORT).spawn().unwrap();
            sleep(*after).await;
            start.kill().await.unwrap();
        }
        self.service = self.home.start().await;
        self.api = Api::new(&self.service.url(), ADMIN_TOKEN);
        self
    }

    /// Kills the service, and starts another with the same data at the same address.
    pub(crate) async fn crash_in_place(mut self) -> Self {
        let address = self.service.address;
        self.service.kill().await;
        self.service = self.home.start_at(address).await;
        self
    }

    /// Waits until everything is read, stops the service, so that open batches are delivered, and
    /// gives the bucket's objects.
    pub(crate) async fn finish(self) -> Vec<Object> {
        self.finish_with_s3().await.objects(BUCKET)
    }

    /// The same, giving the S3 server.
    pub(crate) async fn finish_with_s3(self) -> S3Server {
        self.wait_until_read().await;
        assert!(self.service.terminate().await.success());
        self.s3
    }

    pub(crate) fn cli(&self) -> Cli {
        Cli::administrator(self.service.url())
    }

    pub(crate) async fn add_zone(&self, name: &str) -> String {
        let body = json!({ "name": name, "account": { "id": self.account } });
        let zone = self.api.create("/zones", &body).await;
        zone["id"].as_str().unwrap().to_owned()
    }

    /// A token of a zone.
    pub(crate) async fn token(&self, permission: &str, zone: &str) -> String {
        let body = json!({ "name": permission, "permissions": [permission], "zone_id": zone });
        let token = self.api.create("/user/tokens", &body).await;
        token["value"].as_str().unwrap().to_owned()
    }

    /// An enabled job of a zone for `http_requests`, that pushes ids into a folder of the bucket
    /// in batches of 1,000 records; `more` is laid over it. Its number.
    pub(crate) async fn job(&self, zone: &str, folder: &str, more: &Value) -> u64 {
        let mut body = json!({
            "dataset": "http_requests",
            "destination_conf": format!("s3://{BUCKET}/{folder}/{{DATE}}?region=us-east-1"),
            "enabled": true,
            "max_upload_records": 1000,
            "output_options": { "field_names": ["RayID", "ClientIP"] },
        });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let job = self.api.create(&format!("/zones/{zone}/logpush/jobs"), &body).await;
        job["id"].as_u64().unwrap()
    }

    /// Changes a job of a zone.
    pub(crate) async fn change(&self, zone: &str, job: u64, body: &Value) {
        self.api.change(&format!("/zones/{zone}/logpush/jobs/{job}"), body).await;
    }

    /// Sends these records of a stream into a zone, in one request that must succeed.
    pub(crate) async fn send(&self, zone: &str, stream: &str, numbers: Range<u64>) {
        let count = numbers.end - numbers.start;
        let request = self.api.ingest(zone, "http_requests");
        let taken = Answer::of(request.body(records::body(stream, numbers))).await.result();
        assert_eq!(taken["accepted"], count, "{taken}");
    }

    pub(crate) async fn statuses(&self) -> Vec<Value> {
        match self.api.read("/logpush/status").await {
            Value::Array(statuses) => statuses,
            other => panic!("not a list: {other}"),
        }
    }

    pub(crate) async fn status(&self, job: u64) -> Value {
        let statuses = self.statuses().await;
        let found = statuses.into_iter().find(|status| status["job_id"] == job);
        found.unwrap_or_else(|| panic!("no status of job {job}"))
    }

    /// Waits until a job's status is as `wanted` says, and gives it.
    pub(crate) async fn wait_for(
        &self,
        job: u64,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let begun = Instant::now();
        loop {
            let status = self.status(job).await;
            if wanted(&status) {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "job {job} waits in vain for {what}: {status}");
            // Within what a token may ask for.
            sleep(Duration::from_millis(60)).await;
        }
    }

    /// Waits until the service says of itself at `/readyz` what `wanted` says, and gives it.
    pub(crate) async fn wait_for_service(
        &self,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let begun = Instant::now();
        loop {
            let ready = self.api.get("/readyz").await.json();
            if wanted(&ready) {
                return ready;
            }
            assert!(begun.elapsed() < PATIENCE, "the service is not {what}: {ready}");
            sleep(Duration::from_millis(60)).await;
        }
    }

    /// Waits until that many records of a job are delivered, since its service started.
    pub(crate) async fn wait_until_delivered(&self, job: u64, records: u64) {
        self.wait_for(job, "delivery", |status| status["delivered_records"] == records).await;
    }

    /// Waits until no job has records in the journal that it has not read.
    pub(crate) async fn wait_until_read(&self) {
        for status in self.statuses().await {
            let job = status["job_id"].as_u64().unwrap();
            self.wait_for(job, "reading", |status| status["unread_frames"] == 0).await;
        }
    }
}
