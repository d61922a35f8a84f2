//! The keys that exist: their names, defaults and meanings, in the order of the reference page.

/// What every environment variable of ours begins with.
pub(super) const VARIABLE_PREFIX: &str = "LOGPUSH_";

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its path in the file, sections joined by dots.
    pub path: &'static str,
    /// Its default, as it would be written; empty where there is none.
    pub default: &'static str,
    /// What it decides.
    pub meaning: &'static str,
}

const fn key(path: &'static str, default: &'static str, meaning: &'static str) -> Key {
    Key { path, default, meaning }
}

/// Every setting.
pub const KEYS: [Key; 44] = [
    key(
        "data_dir",
        "./logpush-data",
        "Where all data stands. Made at the first start, for its owner only.",
    ),
    key(
        "listen",
        "127.0.0.1:8080",
        "Address and port of the service. Port 0 lets the system choose one.",
    ),
    key(
        "admin_token",
        "",
        "The administrator's token, 16 to 512 visible ASCII characters. Without it one is \
         made at the first start and written to `<data_dir>/admin-token`.",
    ),
    key(
        "secret_key",
        "",
        "What destinations are encrypted under: 32 bytes in base64 or as 64 hex digits; several, \
         the newest first, with spaces between them. Without it a key is made at the first start \
         and kept in `<data_dir>/secret.key`.",
    ),
    key("datasets_dir", "", "A folder of TOML files (`*.toml`) that define datasets of your own."),
    key(
        "shutdown_timeout",
        "25s",
        "How long a stop may take: requests and deliveries that are under way then are left \
         for the next start.",
    ),
    key("log.format", "auto", "`human`, `json`, or `auto`: human where stderr is a terminal."),
    key(
        "log.level",
        "info",
        "`error`, `warn`, `info`, `debug`, `trace`, or directives such as \
         `info,delivery=debug`.",
    ),
    key(
        "http.connections_max",
        "4096",
        "Most connections at a time; further ones are answered 503. Lower where the system allows \
         fewer open files.",
    ),
    key(
        "http.connections_per_address_max",
        "1024",
        "Most of them from one address, apart from those of `api.trusted_proxies`.",
    ),
    key(
        "http.idle_timeout",
        "60s",
        "How long a connection may take to send the headers of its next request before it is \
         closed.",
    ),
    key("ingest.body_bytes_max", "16MiB", "Most bytes of a request's body as it is received."),
    key(
        "ingest.decoded_bytes_max",
        "32MiB",
        "Most bytes of a request's body once it is decompressed.",
    ),
    key(
        "ingest.quarantine_bytes_max",
        "8MiB",
        "Most bytes of refused lines that one request may leave in the quarantine; a request \
         with more is refused as a whole.",
    ),
    key(
        "ingest.in_flight_bytes_max",
        "128MiB",
        "Memory for requests at a time; beyond it the door answers 503. At least 3 × \
         `decoded_bytes_max` + `quarantine_bytes_max`.",
    ),
    key(
        "ingest.tenant_in_flight_bytes_max",
        "64MiB",
        "Most of it for the requests of one account with its zones, unless one request alone \
         needs more; beyond it they are answered 429. Without it half of `in_flight_bytes_max`.",
    ),
    key(
        "ingest.tenant_bytes_per_second",
        "",
        "Most bytes of bodies, decompressed, that one account with its zones may send in a \
         second, on and on; beyond it its requests are answered 429. Without it there is no limit.",
    ),
    key(
        "ingest.tenant_records_per_second",
        "",
        "The same for records. Without it there is no limit.",
    ),
    key(
        "ingest.tenant_burst",
        "10s",
        "For how long an account that sends less may save up what it may send, to send it at once.",
    ),
    key(
        "ingest.silence_timeout",
        "30s",
        "How long a client may send nothing in the middle of a body. After that time a body also \
         has to come at 1 KiB/s at least.",
    ),
    key("journal.partitions", "1", "Parallel logs. May grow, never shrink."),
    key("journal.segment_bytes", "128MiB", "Size of a segment file."),
    key(
        "journal.free_bytes_min",
        "256MiB",
        "Free space of the disk below which nothing more is taken in.",
    ),
    key(
        "journal.idempotency_keys_max",
        "1000000",
        "How many idempotency keys are remembered for their 24 hours; beyond it the oldest are \
         forgotten. Each takes about 150 bytes of memory.",
    ),
    key(
        "journal.retention_age",
        "7d",
        "How long records are kept for jobs that cannot deliver them.",
    ),
    key(
        "journal.retention_bytes",
        "100GiB",
        "How many bytes of the disk the journal may take before its oldest records are given \
         up.",
    ),
    key(
        "journal.retention_check",
        "30s",
        "How often it is looked for what has expired, or will soon.",
    ),
    key(
        "delivery.allow_private_endpoints",
        "",
        "Hosts, `host:port` and networks (`10.0.0.0/8`) that customers may name as \
         `endpoint=` although they are loopback or private. A list, or one text with commas.",
    ),
    key(
        "delivery.gzip_level",
        "auto",
        "Compression of objects: `auto` (the best ratio while there is time, the fastest level \
         when behind), or always the same level, 1 (fast) to 12 (small; 7 is nearly as small for a \
         fraction of the time); `docs/performance.md` tells what each brings.",
    ),
    key(
        "delivery.part_bytes",
        "8MiB",
        "Largest object that is put in one request; larger ones go up in parts of this size. \
         At least 5MiB.",
    ),
    key("delivery.uploads_max", "32", "Most uploads at a time, over all jobs."),
    key(
        "delivery.uploads_per_destination_max",
        "8",
        "Most of them to one bucket; fewer while its store asks for fewer.",
    ),
    key(
        "delivery.upload_memory_bytes",
        "64MiB",
        "Memory for the bytes of uploads under way, over all jobs; half of it for one bucket. At \
         least 2 × `part_bytes`.",
    ),
    key(
        "delivery.destination_bytes_per_second",
        "",
        "Most bytes that are sent to one bucket in a second. Without it there is no limit.",
    ),
    key(
        "delivery.spool_memory_bytes",
        "64MiB",
        "Memory for batches that are open or wait, over all jobs; beyond it they go to a file in \
         `<data_dir>/spool`.",
    ),
    key(
        "delivery.spool_disk_bytes",
        "10GiB",
        "Most bytes of that file; beyond it batches are encoded again from the journal when \
         their turn to be uploaded comes.",
    ),
    key(
        "delivery.retry_first",
        "500ms",
        "How long a failed upload waits before it is tried again, at first.",
    ),
    key(
        "delivery.retry_max",
        "30s",
        "How long it waits at most; 5 minutes where only the owner of the bucket, or the operator, \
         can mend what is wrong.",
    ),
    key(
        "delivery.principal_arn",
        "",
        "The ARN of the service's own AWS identity (a role or a user), which the bucket policies \
         that customers are shown let in.",
    ),
    key("api.jobs_per_scope_max", "20", "Most jobs of one account or zone."),
    key(
        "api.requests_per_second",
        "20",
        "How many requests of the API a token may make, on and on; beyond it they are answered \
         429. Sending records in is not counted.",
    ),
    key("api.requests_burst", "600", "How many requests a token that has rested may make at once."),
    key(
        "api.trusted_proxies",
        "",
        "Addresses and networks (`10.0.0.0/8`) of proxies before the service whose \
         `X-Forwarded-For` is believed when the audit trail notes who asked, and whose \
         `X-Forwarded-Proto` makes the dashboard's cookies `Secure`. A list, or one text with \
         commas.",
    ),
    key(
        "api.metrics_public",
        "true",
        "Whether `/metrics` needs no token. With `false` it needs an administrator's.",
    ),
];

impl Key {
    /// The key's environment variable: `LOGPUSH_`, then the path in capitals with `__` between
    /// its levels.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.path.to_ascii_uppercase().replace('.', "__"))
    }

    /// The key's row in the table of docs/configuration.md.
    pub fn row(&self) -> String {
        let default = match self.default {
            "" => "none".to_owned(),
            default => format!("`{default}`"),
        };
        format!("| `{}` | {default} | {} |", self.path, self.meaning)
    }
}
