//! Objects of many members are read whole by the programs that people read them with.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::world::World;

const BUCKET: &str = "burritobot";
/// Each reads an object from standard input and writes its bytes to standard output.
const GZIP_READERS: [(&str, &[&str]); 3] = [
    ("gunzip", &["-c"]),
    (
        "python3",
        &[
            "-c",
            "import gzip, sys, shutil; shutil.copyfileobj(gzip.open(sys.stdin.buffer), sys.stdout.buffer)",
        ],
    ),
    ("node", &["-e", "process.stdin.pipe(require('zlib').createGunzip()).pipe(process.stdout)"]),
];
const ZSTD_READERS: [(&str, &[&str]); 1] = [("zstd", &["-d", "-c"])];

#[tokio::test]
async fn gzip_objects_of_many_members_are_read_by_all_readers() {
    let (object, lines) = object_of("gzip").await;
    let members = object.windows(3).filter(|bytes| *bytes == [0x1f, 0x8b, 0x08]).count();
    assert!(members > 1, "{members} members");
    check(&GZIP_READERS, &object, &lines);
}

#[tokio::test]
async fn zstd_objects_of_many_frames_are_read_by_all_readers() {
    let (object, lines) = object_of("zstd").await;
    let frames = object.windows(4).filter(|bytes| *bytes == [0x28, 0xb5, 0x2f, 0xfd]).count();
    assert!(frames > 1, "{frames} frames");
    let read = zstd::decode_all(&*object).unwrap();
    assert!(read == lines, "the zstd library reads {} bytes of {}", read.len(), lines.len());
    check(&ZSTD_READERS, &object, &lines);
}

#[tokio::test]
async fn an_object_of_records_that_are_empty_texts_is_read_by_all_readers() {
    for (compression, readers) in [("gzip", &GZIP_READERS[..]), ("zstd", &ZSTD_READERS[..])] {
        let world = World::new().await;
        world.s3.create_bucket(BUCKET);
        let job = world
            .job("s3://burritobot/logs?region=us-east-1", |spec| {
                let options = format!(
                    r#"{{"field_names":["ClientRequestHost"],"output_type":"csv","record_suffix":"","compression":"{compression}"}}"#
                );
                spec.output_options = Some(options);
            })
            .await;
        world.append(0, 10).await;
        world.finish().await;
        world.settled(&job, 10).await;
        let keys = world.s3.keys(BUCKET);
        assert_eq!(keys.len(), 1, "{keys:?}");
        let object = world.s3.object(BUCKET, &keys[0]);
        assert!(!object.is_empty(), "no file of {compression} is empty");
        check(readers, &object, b"");
    }
}

/// An object of some megabytes, and what it should hold.
async fn object_of(compression: &str) -> (Vec<u8>, Vec<u8>) {
    let world = World::new().await;
    world.s3.create_bucket(BUCKET);
    let options =
        format!(r#"{{"field_names":["RayID","ClientRequestURI"],"compression":"{compression}"}}"#);
    let job = world
        .job("s3://burritobot/logs?region=us-east-1", |spec| {
            spec.max_upload_records = Some(1_000);
            spec.output_options = Some(options);
        })
        .await;
    let mut lines = Vec::new();
    for frame in 0..4 {
        for line in world.append_noise(frame).await {
            lines.extend_from_slice(line.as_bytes());
            lines.push(b'\n');
        }
    }
    world.finish().await;
    world.settled(&job, 400).await;
    let keys = world.s3.keys(BUCKET);
    let ending = if compression == "zstd" { ".log.zst" } else { ".log.gz" };
    assert!(keys.len() == 1 && keys[0].ends_with(ending), "{keys:?}");
    (world.s3.object(BUCKET, &keys[0]), lines)
}

/// Compares what each program reads with what the object should hold. A program that is not here
/// is skipped loudly, and fails the test where nothing may be skipped.
fn check(readers: &[(&str, &[&str])], object: &[u8], expected: &[u8]) {
    for (program, arguments) in readers {
        match read_by(program, arguments, object) {
            Ok(read) => {
                let found = read.len();
                assert!(read == expected, "{program} reads {found} bytes of {}", expected.len());
            }
            Err(error) => {
                let all = std::env::var_os("LOGPUSH_TEST_REQUIRE").is_some_and(|v| v == "all");
                assert!(!all, "this test needs `{program}`: {error}");
                let told = writeln!(std::io::stderr(), "SKIPPED: reading by `{program}`: {error}");
                told.unwrap();
            }
        }
    }
}

fn read_by(program: &str, arguments: &[&str], object: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut file = tempfile::tempfile()?;
    file.write_all(object)?;
    std::io::Seek::rewind(&mut file)?;
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::from(file))
        .stderr(Stdio::inherit())
        .output()?;
    assert!(output.status.success(), "{program} ends with {}", output.status);
    Ok(output.stdout)
}
