//! Reading and writing instants, against examples and against counting days one by one.

use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Result<i64, TimeProblem> {
    parse_timestamp(text.as_bytes()).map(|instant| instant.0).map_err(|error| error.problem)
}

fn written(format: TimestampFormat, instant: UnixNanos) -> String {
    let mut out = Vec::new();
    format.write(instant, &mut out);
    String::from_utf8(out).unwrap()
}

#[track_caller]
fn check_parsed(text: &str, nanos: i64) {
    assert_eq!(parsed(text), Ok(nanos), "{text}");
}

#[track_caller]
fn check_refused(text: &str, problem: TimeProblem) {
    assert_eq!(parsed(text), Err(problem), "{text}");
}

/// The date `days` after 1970-01-01, found by counting.
pub(super) fn date_by_counting(days: i64) -> (i32, u8, u8) {
    let (mut year, mut month, mut days) = (1970, 1, days);
    while days < 0 {
        year -= 1;
        days += days_in_year(year);
    }
    while days >= days_in_year(year) {
        days -= days_in_year(year);
        year += 1;
    }
    while days >= days_in(year, month) {
        days -= days_in(year, month);
        month += 1;
    }
    (year, month, days as u8 + 1)
}

fn is_leap(year: i32) -> bool {
    year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
}

fn days_in_year(year: i32) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_in(year: i32, month: u8) -> i64 {
    let february = if is_leap(year) { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][usize::from(month) - 1]
}

#[test]
fn every_day_has_the_date_that_counting_gives() {
    let first = UnixNanos::MIN.seconds() / SECONDS_PER_DAY - 1;
    let last = UnixNanos::MAX.seconds() / SECONDS_PER_DAY + 1;
    let (mut year, mut month, mut day) = date_by_counting(first);
    for days in first..=last {
        assert_eq!(days_from_civil(year, month, day), days, "{year}-{month}-{day}");
        if let Some(instant) = UnixNanos::from_seconds(days * SECONDS_PER_DAY) {
            let civil = Civil::from_unix(instant);
            assert_eq!((civil.year, civil.month, civil.day), (year, month, day));
            assert_eq!((civil.hour, civil.minute, civil.second, civil.nanosecond), (0, 0, 0, 0));
        }
        day += 1;
        if i64::from(day) > days_in(year, month) {
            (month, day) = (month + 1, 1);
        }
        if month > 12 {
            (year, month) = (year + 1, 1);
        }
    }
    assert_eq!((year, month, day), date_by_counting(last + 1));
    assert_eq!(days_from_civil(0, 1, 1), -719_528);
    assert_eq!(days_from_civil(-1, 12, 31), -719_529);
}

#[test]
fn the_number_of_digits_tells_the_unit() {
    check_parsed("0", 0);
    check_parsed("-1", -NANOS_PER_SECOND);
    check_parsed("1506700104", 1_506_700_104_000_000_000);
    check_parsed("1506700104433", 1_506_700_104_433_000_000);
    check_parsed("1506700104433000", 1_506_700_104_433_000_000);
    check_parsed("1506700104433000200", 1_506_700_104_433_000_200);
    check_parsed("-1506700104433", -1_506_700_104_433_000_000);
    check_parsed("0001506700104", 1_506_700_104_000_000_000);

    let first_after_seconds = 100_000_000_000 * 1_000_000;
    check_parsed("100000000000", first_after_seconds);
    check_parsed("100000000000000", first_after_seconds);
    check_parsed("100000000000000000", first_after_seconds);
    check_refused("99999999999", TimeProblem::OutOfRange);
}

#[test]
fn a_number_may_have_a_fraction_of_its_unit() {
    check_parsed("1506702504.433", 1_506_702_504_433_000_000);
    check_parsed("1506702504.433000200", 1_506_702_504_433_000_200);
    check_parsed("1506702504.4330002009999999999999999", 1_506_702_504_433_000_200);
    check_parsed("1506702504433.0002", 1_506_702_504_433_000_200);
    check_parsed("1506702504433000.2", 1_506_702_504_433_000_200);
    check_parsed("1506702504433000200.9", 1_506_702_504_433_000_200);
    check_parsed("0.1", 100_000_000);
    check_parsed("-0.000000001", -1);
    check_parsed("-1.5", -1_500_000_000);
}

#[test]
fn rfc_3339_is_read_in_all_its_forms() {
    let second = 1_506_700_104_000_000_000;
    check_parsed("2017-09-29T15:48:24Z", second);
    check_parsed("2017-09-29t15:48:24z", second);
    check_parsed("2017-09-29 15:48:24Z", second);
    check_parsed("2017-09-29T15:48:24.4Z", second + 400_000_000);
    check_parsed("2017-09-29T15:48:24.433000200Z", second + 433_000_200);
    check_parsed("2017-09-29T15:48:24.43300020099999999999999Z", second + 433_000_200);
    check_parsed("2017-09-29T17:48:24+02:00", second);
    check_parsed("2017-09-29T05:18:24.5-10:30", second + 500_000_000);
    check_parsed("2017-09-29T15:48:24-00:00", second);
    check_parsed("1969-12-31T23:59:59.999999999Z", -1);
    check_parsed("1677-09-21T00:12:43.145224192Z", i64::MIN);
    check_parsed("2262-04-11T23:47:16.854775807Z", i64::MAX);
}

#[test]
fn a_leap_second_is_the_last_nanosecond_before_it() {
    let expected = parsed("2016-12-31T23:59:59.999999999Z").unwrap();
    check_parsed("2016-12-31T23:59:60Z", expected);
    check_parsed("2016-12-31T23:59:60.5Z", expected);
    check_parsed("2016-12-31T15:59:60-08:00", expected);
}

#[test]
fn what_has_no_known_form_is_refused() {
    for text in [
        "",
        "-",
        ".",
        "1.",
        ".5",
        "+1",
        "1e9",
        "1.5e9",
        "1 ",
        " 1",
        "12a",
        "--1",
        "now",
        "2017-09-29",
        "2017-09-29T15:48Z",
        "2017-09-29T15:48:24",
        "2017-09-29T15:48:24.Z",
        "2017-09-29T15:48:24,5Z",
        "2017-09-29T15:48:24ZZ",
        "2017-09-29T15:48:24+0200",
        "2017-09-29T15:48:24+02",
        "2017-09-29_15:48:24Z",
        "2017/09/29T15:48:24Z",
        "2017-9-29T15:48:24Z",
        "20170929T154824Z",
        "201x-09-29T15:48:24Z",
        "-017-09-29T15:48:24Z",
        "02017-09-29T15:48:24Z",
        "2017-09-29T15:48:24é",
    ] {
        check_refused(text, TimeProblem::Form);
    }
}

#[test]
fn a_part_that_does_not_exist_is_named() {
    for (text, part, found, min, max) in [
        ("2017-00-29T15:48:24Z", "month", 0, 1, 12),
        ("2017-13-29T15:48:24Z", "month", 13, 1, 12),
        ("2017-02-29T15:48:24Z", "day", 29, 1, 28),
        ("2016-02-30T15:48:24Z", "day", 30, 1, 29),
        ("1900-02-29T15:48:24Z", "day", 29, 1, 28),
        ("2017-09-00T15:48:24Z", "day", 0, 1, 30),
        ("2017-09-29T24:00:00Z", "hour", 24, 0, 23),
        ("2017-09-29T15:60:24Z", "minute", 60, 0, 59),
        ("2017-09-29T15:48:61Z", "second", 61, 0, 60),
        ("2017-09-29T15:48:24+24:00", "hour of the offset", 24, 0, 23),
        ("2017-09-29T15:48:24-01:60", "minute of the offset", 60, 0, 59),
    ] {
        check_refused(text, TimeProblem::Part { part, found, min, max });
    }
}

#[test]
fn what_does_not_fit_is_out_of_range() {
    for text in [
        "9223372036854775808",
        "-9223372036854775809",
        "9999999999999999999",
        "99999999999999999999999999999999999",
        "9223372037",
        "9223372036.854775808",
        "-9223372036.854775809",
        "1677-09-21T00:12:43.145224191Z",
        "2262-04-11T23:47:16.854775808Z",
        "2262-04-11T23:47:16-00:01",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ] {
        check_refused(text, TimeProblem::OutOfRange);
    }
}

#[test]
fn an_error_tells_the_value_and_what_is_allowed() {
    let message = |text: &str| parse_timestamp(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        message("yesterday"),
        "`yesterday` is not a timestamp: expected unix seconds, milliseconds, microseconds or \
         nanoseconds, or RFC 3339 such as `2017-09-29T15:48:24.433Z`"
    );
    assert_eq!(
        message("2017-13-01T00:00:00Z"),
        "`2017-13-01T00:00:00Z` is not a timestamp: the month is 13, expected 01 to 12"
    );
    assert!(message(&"é".repeat(1_000)).len() < 300);
}

#[test]
fn a_json_value_is_read_bare_or_quoted() {
    let json = |raw: &str| parse_json_timestamp(raw.as_bytes()).map(|instant| instant.0);
    let second = 1_506_700_104_000_000_000;
    assert_eq!(json("1506700104"), Ok(second));
    assert_eq!(json("1506700104.000"), Ok(second));
    assert_eq!(json("\"1506700104\""), Ok(second));
    assert_eq!(json("\"2017-09-29T15:48:24Z\""), Ok(second));
    assert_eq!(json(r#""2017-09-29T17:48:24\u002B02:00""#), Ok(second));
    for raw in ["", "\"", "\"\"", "null", "true", "{}", "2017-09-29T15:48:24Z", "\"150670\\u00e9\""]
    {
        assert!(json(raw).is_err(), "{raw}");
    }
}

#[test]
fn each_format_is_written_as_documented() {
    let instant = UnixNanos(1_506_700_104_433_000_200);
    for (format, name, expected) in [
        (TimestampFormat::UnixNano, "unixnano", "1506700104433000200"),
        (TimestampFormat::Unix, "unix", "1506700104"),
        (TimestampFormat::Rfc3339, "rfc3339", "\"2017-09-29T15:48:24Z\""),
        (TimestampFormat::Rfc3339Ms, "rfc3339ms", "\"2017-09-29T15:48:24.433Z\""),
        (TimestampFormat::Rfc3339Ns, "rfc3339ns", "\"2017-09-29T15:48:24.433000200Z\""),
    ] {
        assert_eq!(written(format, instant), expected);
        assert_eq!(format.name(), name);
        assert_eq!(TimestampFormat::from_name(name), Some(format));
    }
    assert_eq!(TimestampFormat::from_name("RFC3339"), None);
    assert_eq!(TimestampFormat::ALL.len(), 5);
}

#[test]
fn instants_before_the_epoch_are_rounded_down() {
    let instant = UnixNanos(-1);
    assert_eq!(written(TimestampFormat::UnixNano, instant), "-1");
    assert_eq!(written(TimestampFormat::Unix, instant), "-1");
    assert_eq!(written(TimestampFormat::Rfc3339, instant), "\"1969-12-31T23:59:59Z\"");
    assert_eq!(written(TimestampFormat::Rfc3339Ms, instant), "\"1969-12-31T23:59:59.999Z\"");
}

#[test]
fn the_forms_in_object_names_are_utc() {
    let instant = UnixNanos(1_506_700_104_433_000_200);
    assert_eq!(compact_utc(instant), "20170929T154824Z");
    assert_eq!(day(instant), "20170929");
    assert_eq!(start_of_next_day(instant), UnixNanos(1_506_729_600_000_000_000));
    assert_eq!(start_of_next_day(UnixNanos(-1)), UnixNanos(0));
    assert_eq!(start_of_next_day(UnixNanos(0)), UnixNanos(86_400_000_000_000));
    assert_eq!(start_of_next_day(UnixNanos::MAX), UnixNanos::MAX);
    assert_eq!(compact_utc(UnixNanos::MIN), "16770921T001243Z");
    let second = UnixNanos(1_506_700_104_000_000_000);
    assert_eq!(parse_compact_utc("20170929T154824Z"), Some(second));
    for other in ["20170931T154824Z", "20170929T154860Z", "20170929T154824", "2017-09-29T15:48Z"] {
        assert_eq!(parse_compact_utc(other), None, "{other}");
    }
}

#[test]
fn a_date_that_does_not_exist_has_no_instant() {
    let good = Civil::from_unix(UnixNanos(0));
    assert_eq!(good.to_unix(), Some(UnixNanos(0)));
    for bad in [
        Civil { month: 0, ..good },
        Civil { month: 13, ..good },
        Civil { month: 4, day: 31, ..good },
        Civil { day: 0, ..good },
        Civil { hour: 24, ..good },
        Civil { minute: 60, ..good },
        Civil { second: 60, ..good },
        Civil { nanosecond: 1_000_000_000, ..good },
        Civil { year: 2263, ..good },
        Civil { year: i32::MAX, ..good },
        Civil { year: i32::MIN, ..good },
    ] {
        assert_eq!(bad.to_unix(), None, "{bad:?}");
    }
}

/// Instants of the whole range, and more often those near its ends, the epoch and now.
fn instants() -> impl Strategy<Value = UnixNanos> {
    prop_oneof![
        4 => any::<i64>(),
        1 => 1_600_000_000_000_000_000..1_900_000_000_000_000_000_i64,
        1 => -1_000_000_i64..1_000_000,
        1 => (0..1_000_i64).prop_map(|off| i64::MIN + off),
        1 => (0..1_000_i64).prop_map(|off| i64::MAX - off),
    ]
    .prop_map(UnixNanos)
}

proptest! {
    #[test]
    fn an_instant_is_written_as_counting_says(instant in instants()) {
        let (year, month, day) = date_by_counting(instant.seconds().div_euclid(SECONDS_PER_DAY));
        let second = instant.seconds().rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let nanosecond = instant.0.rem_euclid(NANOS_PER_SECOND);
        let start = format!("\"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        prop_assert_eq!(written(TimestampFormat::Rfc3339, instant), format!("{start}Z\""));
        prop_assert_eq!(
            written(TimestampFormat::Rfc3339Ms, instant),
            format!("{start}.{:03}Z\"", nanosecond / 1_000_000)
        );
        prop_assert_eq!(
            written(TimestampFormat::Rfc3339Ns, instant),
            format!("{start}.{nanosecond:09}Z\"")
        );
        prop_assert_eq!(written(TimestampFormat::UnixNano, instant), instant.0.to_string());
        prop_assert_eq!(
            written(TimestampFormat::Unix, instant),
            instant.0.div_euclid(NANOS_PER_SECOND).to_string()
        );
    }

    #[test]
    fn an_instant_reads_back_from_its_date(instant in instants()) {
        prop_assert_eq!(Civil::from_unix(instant).to_unix(), Some(instant));
        let raw = written(TimestampFormat::Rfc3339Ns, instant);
        prop_assert_eq!(parse_json_timestamp(raw.as_bytes()), Ok(instant));
    }

    #[test]
    fn an_instant_after_1973_reads_back_from_its_numbers(
        nanos in 100_000_000_000_000_000..=i64::MAX,
    ) {
        for unit in [1, 1_000, 1_000_000, 1_000_000_000] {
            let expected = Ok(nanos / unit * unit);
            prop_assert_eq!(parsed(&(nanos / unit).to_string()), expected);
            let (whole, fraction) = (nanos / unit, nanos % unit);
            let places = unit.ilog10() as usize;
            prop_assert_eq!(parsed(&format!("{whole}.{fraction:0places$}0")), Ok(nanos));
            prop_assert_eq!(parsed(&format!("-{whole}.{fraction:0places$}0")), Ok(-nanos));
        }
    }

    #[test]
    fn an_offset_moves_the_clock_and_not_the_instant(
        nanos in -9_000_000_000_000_000_000..9_000_000_000_000_000_000_i64,
        minutes in -1_439..=1_439_i64,
    ) {
        let local = UnixNanos(nanos + minutes * 60 * NANOS_PER_SECOND);
        let local = written(TimestampFormat::Rfc3339Ns, local);
        let (sign, distance) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
        let offset = format!("{sign}{:02}:{:02}", distance / 60, distance % 60);
        let text = local.replace('Z', &offset);
        prop_assert_eq!(parse_json_timestamp(text.as_bytes()), Ok(UnixNanos(nanos)));
    }

    #[test]
    fn the_next_day_starts_at_midnight(instant in instants()) {
        let next = start_of_next_day(instant);
        prop_assert!(next > instant || next == UnixNanos::MAX);
        if next != UnixNanos::MAX {
            prop_assert_eq!(next.0.rem_euclid(SECONDS_PER_DAY * NANOS_PER_SECOND), 0);
            prop_assert!(next.0.abs_diff(instant.0) <= (SECONDS_PER_DAY * NANOS_PER_SECOND) as u64);
        }
    }

    #[test]
    fn nothing_makes_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = parse_timestamp(&bytes);
        let _ = parse_json_timestamp(&bytes);
    }

    #[test]
    fn nothing_near_a_timestamp_makes_reading_panic(
        text in "\"?-?[0-9]{0,22}[-T:.Zz+ ]?[0-9]{0,4}[-T:.Zz+ ]?[0-9]{0,30}[-:.Zz+]?\"?",
    ) {
        let _ = parse_timestamp(text.as_bytes());
        let _ = parse_json_timestamp(text.as_bytes());
    }
}
