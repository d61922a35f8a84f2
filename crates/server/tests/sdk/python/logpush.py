"""What a customer does with the official Python SDK: nothing but its base URL is changed.

CLOUDFLARE_BASE_URL and CLOUDFLARE_API_TOKEN are read by the SDK itself. The bucket is a folder, as
the customer would read it with their own credentials.
"""

import os
import pathlib

import cloudflare

client = cloudflare.Cloudflare()
bucket = pathlib.Path(os.environ["BUCKET_FOLDER"])
destination = os.environ["DESTINATION"]
account_id, zone_id = os.environ["ACCOUNT_ID"], os.environ["ZONE_ID"]


def equal(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def fails(status, call, **arguments):
    try:
        call(**arguments)
    except cloudflare.APIStatusError as error:
        equal(error.status_code, status)
        return error
    raise AssertionError(f"expected status {status}")


def whose():
    equal(client.user.tokens.verify().status, "active")
    equal([account.id for account in client.accounts.list()], [account_id])
    equal(client.accounts.get(account_id=account_id).name, "Burrito Bot")
    equal([zone.id for zone in client.zones.list(name="burritobot.example")], [zone_id])
    equal(client.zones.get(zone_id=zone_id).account.id, account_id)


def fields():
    datasets = client.logpush.datasets
    known = datasets.fields.get("http_requests", zone_id=zone_id)
    assert "ClientIP" in known and "RayID" in known, known


def checks():
    validate = client.logpush.validate
    equal(validate.destination(zone_id=zone_id, destination_conf=destination).valid, True)
    exists = validate.destination_exists(zone_id=zone_id, destination_conf=destination)
    equal(exists.exists, False)
    options = "fields=RayID,ClientIP&timestamps=rfc3339"
    equal(validate.origin(zone_id=zone_id, logpull_options=options).valid, True)
    wrong = validate.origin(zone_id=zone_id, logpull_options="fields=RayId")
    equal(wrong.valid, False)
    assert "RayID" in wrong.message, wrong


def prove():
    written = client.logpush.ownership.create(zone_id=zone_id, destination_conf=destination)
    equal(written.valid, True)
    challenge = (bucket / written.filename).read_text()
    proof = {"destination_conf": destination, "ownership_challenge": challenge}
    equal(client.logpush.ownership.validate(zone_id=zone_id, **proof).valid, True)
    proof["ownership_challenge"] = challenge[:-4] + "AAAA"
    equal(client.logpush.ownership.validate(zone_id=zone_id, **proof).valid, False)
    return challenge


def jobs(challenge):
    jobs = client.logpush.jobs
    job = jobs.create(
        zone_id=zone_id,
        dataset="http_requests",
        destination_conf=destination,
        ownership_challenge=challenge,
        name="sdk",
        output_options={"field_names": ["RayID", "ClientIP"], "timestamp_format": "rfc3339"},
        max_upload_interval_seconds=30,
        filter_attack_traffic=False,
    )
    equal((job.dataset, job.enabled, job.name, job.kind), ("http_requests", False, "sdk", ""))
    equal(job.output_options.field_names, ["RayID", "ClientIP"])
    equal(jobs.get(job.id, zone_id=zone_id).destination_conf, destination)
    equal([one.id for one in jobs.list(zone_id=zone_id)], [job.id])
    of_dataset = client.logpush.datasets.jobs.get("http_requests", zone_id=zone_id)
    equal([one.id for one in of_dataset], [job.id])
    exists = client.logpush.validate.destination_exists(
        zone_id=zone_id, destination_conf=destination
    )
    equal(exists.exists, True)

    changed = jobs.update(
        job.id,
        zone_id=zone_id,
        enabled=True,
        filter='{"where":{"key":"EdgeResponseStatus","operator":"geq","value":500}}',
        output_options={"field_names": ["RayID"], "output_type": "csv"},
    )
    equal((changed.enabled, changed.name), (True, "sdk"))
    equal(changed.output_options.field_names, ["RayID"])
    equal(changed.output_options.timestamp_format, None)
    equal(changed.max_upload_interval_seconds, 30)

    error = fails(400, jobs.update, job_id=job.id, zone_id=zone_id, max_upload_records=1)
    assert "/max_upload_records" in str(error), error
    equal(jobs.delete(job.id, zone_id=zone_id).id, job.id)
    fails(404, jobs.get, job_id=job.id, zone_id=zone_id)
    equal(list(jobs.list(zone_id=zone_id)), [])


def of_account():
    jobs = client.logpush.jobs
    keys = "&access-key-id=AKIA&secret-access-key=secret"
    job = jobs.create(
        account_id=account_id,
        dataset="audit_logs",
        destination_conf="s3://elsewhere/logs?region=us-east-1" + keys,
    )
    equal([one.id for one in jobs.list(account_id=account_id)], [job.id])
    equal(jobs.delete(job.id, account_id=account_id).id, job.id)


whose()
fields()
checks()
jobs(prove())
of_account()
print("all of it works")
