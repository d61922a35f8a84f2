// What a customer does with the official TypeScript SDK: nothing but its base URL is changed.
//
// CLOUDFLARE_BASE_URL and CLOUDFLARE_API_TOKEN are read by the SDK itself. The bucket is a folder,
// as the customer would read it with their own credentials.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import Cloudflare from "cloudflare";

function setting(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}

const client = new Cloudflare();
const destination_conf = setting("DESTINATION");
const account_id = setting("ACCOUNT_ID");
const zone_id = setting("ZONE_ID");

async function whose(): Promise<void> {
  assert.equal((await client.user.tokens.verify()).status, "active");
  const accounts = [];
  for await (const account of client.accounts.list()) accounts.push(account.id);
  assert.deepEqual(accounts, [account_id]);
  assert.equal((await client.accounts.get({ account_id })).name, "Burrito Bot");
  const zones = [];
  for await (const zone of client.zones.list({ name: "burritobot.example" })) zones.push(zone.id);
  assert.deepEqual(zones, [zone_id]);
  assert.equal((await client.zones.get({ zone_id })).account.id, account_id);
}

async function fields(): Promise<void> {
  const known = await client.logpush.datasets.fields.get("http_requests", { zone_id });
  assert.ok("ClientIP" in (known as object) && "RayID" in (known as object));
}

async function checks(): Promise<void> {
  const { validate } = client.logpush;
  assert.equal((await validate.destination({ zone_id, destination_conf }))?.valid, true);
  const exists = await validate.destinationExists({ zone_id, destination_conf });
  assert.equal(exists?.exists, false);
  const logpull_options = "fields=RayID,ClientIP&timestamps=rfc3339";
  assert.equal((await validate.origin({ zone_id, logpull_options }))?.valid, true);
  const wrong = await validate.origin({ zone_id, logpull_options: "fields=RayId" });
  assert.equal(wrong?.valid, false);
  assert.match(wrong?.message ?? "", /RayID/);
}

async function prove(): Promise<string> {
  const written = await client.logpush.ownership.create({ zone_id, destination_conf });
  assert.equal(written?.valid, true);
  const file = join(setting("BUCKET_FOLDER"), written?.filename ?? "");
  const ownership_challenge = await readFile(file, "utf8");
  const proof = { zone_id, destination_conf, ownership_challenge };
  assert.equal((await client.logpush.ownership.validate(proof))?.valid, true);
  const altered = { ...proof, ownership_challenge: ownership_challenge.slice(0, -4) + "AAAA" };
  assert.equal((await client.logpush.ownership.validate(altered))?.valid, false);
  return ownership_challenge;
}

async function ids(scope: { zone_id: string } | { account_id: string }): Promise<unknown[]> {
  const found = [];
  for await (const job of client.logpush.jobs.list(scope)) found.push(job?.id);
  return found;
}

async function jobs(ownership_challenge: string): Promise<void> {
  const { jobs } = client.logpush;
  const job = await jobs.create({
    zone_id,
    dataset: "http_requests",
    destination_conf,
    ownership_challenge,
    name: "sdk",
    output_options: { field_names: ["RayID", "ClientIP"], timestamp_format: "rfc3339" },
    max_upload_interval_seconds: 30,
  });
  const id = job?.id;
  assert.ok(id);
  assert.deepEqual([job.enabled, job.name, job.kind], [false, "sdk", ""]);
  assert.equal((await jobs.get(id, { zone_id }))?.destination_conf, destination_conf);
  assert.deepEqual(await ids({ zone_id }), [id]);
  const ofDataset = [];
  for await (const one of client.logpush.datasets.jobs.get("http_requests", { zone_id })) {
    ofDataset.push(one?.id);
  }
  assert.deepEqual(ofDataset, [id]);
  const exists = await client.logpush.validate.destinationExists({ zone_id, destination_conf });
  assert.equal(exists?.exists, true);

  const changed = await jobs.update(id, {
    zone_id,
    enabled: true,
    filter: '{"where":{"key":"EdgeResponseStatus","operator":"geq","value":500}}',
    output_options: { field_names: ["RayID"], output_type: "csv" },
  });
  assert.deepEqual([changed?.enabled, changed?.name], [true, "sdk"]);
  assert.deepEqual(changed?.output_options, { field_names: ["RayID"], output_type: "csv" });
  assert.equal(changed?.max_upload_interval_seconds, 30);

  const refused = jobs.update(id, { zone_id, max_upload_records: 1 });
  await assert.rejects(refused, Cloudflare.BadRequestError);
  assert.equal((await jobs.delete(id, { zone_id }))?.id, id);
  await assert.rejects(jobs.get(id, { zone_id }), Cloudflare.NotFoundError);
  assert.deepEqual(await ids({ zone_id }), []);
}

async function ofAccount(): Promise<void> {
  const keys = "&access-key-id=AKIA&secret-access-key=secret";
  const job = await client.logpush.jobs.create({
    account_id,
    dataset: "audit_logs",
    destination_conf: `s3://elsewhere/logs?region=us-east-1${keys}`,
  });
  const id = job?.id;
  assert.ok(id);
  assert.deepEqual(await ids({ account_id }), [id]);
  assert.equal((await client.logpush.jobs.delete(id, { account_id }))?.id, id);
}

await whose();
await fields();
await checks();
await jobs(await prove());
await ofAccount();
console.log("all of it works");
