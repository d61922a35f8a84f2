//! What an upload costs: CPU-seconds of the client for each GB of compressed bytes, over plain
//! HTTP on loopback, to a server in a process of its own that throws everything away.
//!
//! The kernel's share of sending is the client's, that of receiving is the server's; both are
//! printed. The body is made once, so that nothing but the upload is measured.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "its output is what a benchmark is for")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use bytes::Bytes;
use delivery::s3::{S3Settings, S3Store, StaticKeys};
use delivery::{Content, PutObject, Store, UploadId};
use model::destination::{Checksum, Destination, Endpoint};

/// As large as an object gets in one request, and as a part by default.
const BODY_BYTES: usize = 8 << 20;
/// 2 GB for each case.
const BODIES: usize = 240;
const SERVE: &str = "--throw-away";
/// Clock ticks of `/proc`, which Linux fixes at 100 for programs.
const TICKS_PER_SECOND: f64 = 100.0;

fn main() {
    if std::env::args().any(|argument| argument == SERVE) {
        return serve();
    }
    let mut server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("CPU-seconds per GB, of the client and of the server, and MB/s:");
    runtime.block_on(async {
        for (name, checksum) in [
            ("crc64nvme", Checksum::Crc64Nvme),
            ("crc32c", Checksum::Crc32c),
            ("none", Checksum::None),
        ] {
            measure(&server, name, checksum).await;
        }
    });
    server.process.kill().unwrap();
    server.process.wait().unwrap();
}

async fn measure(server: &Server, name: &str, checksum: Checksum) {
    let store = S3Store::new(S3Settings {
        keys: Some(StaticKeys {
            access_key_id: "AKIABENCHBENCHBENCH0".to_owned(),
            secret_access_key: "bench-secret".to_owned(),
        }),
        allow_private_endpoints: vec!["127.0.0.1".to_owned()],
        ..S3Settings::default()
    })
    .await
    .unwrap();
    let keys = "&access-key-id=AKIABENCHBENCHBENCH0&secret-access-key=bench-secret";
    let text = format!("s3://bench-bucket?region=us-east-1{keys}&endpoint={}", server.url);
    let mut to = Destination::parse(&text).unwrap();
    assert_eq!(to.endpoint.as_ref().map(Endpoint::to_string).as_ref(), Some(&server.url));
    to.checksum = checksum;
    let body = Bytes::from((0..BODY_BYTES).map(|byte| (byte * 31 >> 3) as u8).collect::<Vec<_>>());
    let upload = UploadId { key: "logs/1.log.gz".to_owned(), id: "upload".to_owned() };
    for parts in [false, true] {
        let what = if parts { "part of 8 MiB" } else { "PUT of 8 MiB " };
        let before = (cpu("self"), cpu(&server.process.id().to_string()), Instant::now());
        for number in 1..=BODIES {
            let body = body.clone();
            if parts {
                store.put_part(&to, &upload, number as u32, body).await.unwrap();
            } else {
                let content = Content::Gzip;
                let object = PutObject { key: &upload.key, body, content, guarded: false };
                store.put(&to, object).await.unwrap();
            }
        }
        let gigabytes = (BODIES * BODY_BYTES) as f64 / 1e9;
        let client = (cpu("self") - before.0) / gigabytes;
        let served = (cpu(&server.process.id().to_string()) - before.1) / gigabytes;
        let rate = gigabytes * 1e3 / before.2.elapsed().as_secs_f64();
        println!("{what} {name:<10} client {client:.3}  server {served:.3}  {rate:.0} MB/s");
    }
}

/// The CPU time that a process has used, its own and the kernel's for it.
fn cpu(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
}

struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg(SERVE)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, url: format!("http://{}", line.trim()) }
    }
}

fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        std::thread::spawn(move || throw_away(stream));
    }
}

/// Reads requests and answers each as done, until the client goes.
fn throw_away(mut stream: TcpStream) {
    let mut buffer = vec![0; 256 << 10];
    let mut filled = 0;
    loop {
        let end = buffer[..filled].windows(4).position(|end| end == b"\r\n\r\n");
        let Some(end) = end else {
            match stream.read(&mut buffer[filled..]) {
                Ok(read) if read > 0 => filled += read,
                _ => return,
            }
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut left = length.map_or(0, |length| length.parse::<usize>().unwrap());
        left -= (filled - end - 4).min(left);
        while left > 0 {
            match stream.read(&mut buffer) {
                Ok(read) if read > 0 => left -= read.min(left),
                _ => return,
            }
        }
        filled = 0;
        let answer = b"HTTP/1.1 200 OK\r\netag: \"1\"\r\ncontent-length: 0\r\n\r\n";
        if stream.write_all(answer).is_err() {
            return;
        }
    }
}
