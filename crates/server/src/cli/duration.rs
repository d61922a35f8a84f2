//! Durations as arguments: `500ms`, `60s`, `5m`, `2h`, `90d`.

use std::time::Duration;

/// Parses a whole number with its unit.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || {
        format!("`{text}` is not a duration: expected a number with ms, s, m, h or d, such as 60s")
    };
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis_per_unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(millis_per_unit).map(Duration::from_millis).ok_or_else(wrong)
}

/// Parses a duration of whole seconds: half a second must not become none.
pub(super) fn parse_seconds(text: &str) -> Result<u64, String> {
    let duration = parse(text)?;
    if duration.subsec_nanos() > 0 {
        return Err(format!("`{text}` is no number of whole seconds, such as 30s"));
    }
    Ok(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_a_unit() {
        for (text, seconds) in [("60s", 60), ("5m", 300), ("2h", 7_200), ("90d", 7_776_000)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        for text in ["", "60", "s", "-1s", "1.5h", "1 s", "5w", "99999999999999999999s"] {
            assert!(parse(text).unwrap_err().contains(text), "{text}");
        }
        assert!(parse("18446744073709551615d").is_err());
        assert_eq!(parse_seconds("2m"), Ok(120));
        assert_eq!(parse_seconds("30000ms"), Ok(30));
        assert!(parse_seconds("500ms").unwrap_err().contains("`500ms`"));
    }
}
