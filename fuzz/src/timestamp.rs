//! A time that was read is written in every form, and read again it is the same, as far as
//! the form goes.

use model::TimestampFormat;
use model::time::{parse_json_record_time, parse_json_timestamp, parse_timestamp};

/// From 2001-09-09 to the year 5138, in seconds: there the number of digits tells the unit.
const NUMBERS: std::ops::Range<i64> = 1_000_000_000..100_000_000_000;

/// Tries these bytes.
pub fn run(data: &[u8]) {
    let _ = parse_timestamp(data);
    let near = parse_json_timestamp(data);
    let Ok(time) = parse_json_record_time(data) else { return assert!(near.is_err()) };
    assert_eq!(near.ok(), time.near());
    // A bare number is read by its magnitude: near 1970 nanoseconds look like seconds, and in far
    // years seconds like milliseconds.
    let numbers: &[_] = if NUMBERS.contains(&time.seconds()) { &["unix", "unixnano"] } else { &[] };
    for name in numbers.iter().chain(&["rfc3339", "rfc3339ms", "rfc3339ns"]) {
        let format = TimestampFormat::from_name(name).expect("a format of that name");
        let mut written = Vec::new();
        format.write_record_time(time, &mut written);
        let again = parse_json_record_time(&written).expect("what was written can be read");
        let mut twice = Vec::new();
        format.write_record_time(again, &mut twice);
        assert_eq!(written, twice, "{name}");
        if matches!(*name, "unixnano" | "rfc3339ns") {
            assert_eq!(again, time, "{name}");
        }
    }
}
