//! "Did you mean …?": the known name that is nearest to one that is not known.

/// Names longer than this are not compared, so that a long one costs nothing.
const COMPARED_BYTES_MAX: usize = 128;

/// The candidate nearest to `name`, if one is near enough to have been meant.
///
/// Near enough is at most one edit (a letter more, less, another, or two swapped) for each three
/// bytes of the longer name; letter case does not count. Of equally near ones the first is taken.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.is_empty() || name.len() > COMPARED_BYTES_MAX {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let longer = name.len().max(candidate.len());
        if longer > COMPARED_BYTES_MAX || longer - name.len().min(candidate.len()) > longer / 3 {
            continue;
        }
        let edits = distance(name.as_bytes(), candidate.as_bytes());
        if edits <= longer / 3 && best.is_none_or(|(fewest, _)| edits < fewest) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance, letter case ignored.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let same = |a: u8, b: u8| a.eq_ignore_ascii_case(&b);
    let mut before_last: Vec<usize> = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut row = last.clone();
    for i in 1..=left.len() {
        row[0] = i;
        for j in 1..=right.len() {
            let replaced = last[j - 1] + usize::from(!same(left[i - 1], right[j - 1]));
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            let swapped = i > 1
                && j > 1
                && same(left[i - 1], right[j - 2])
                && same(left[i - 2], right[j - 1]);
            if swapped {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["ClientIP", "ClientIPClass", "EdgeResponseStatus", "RayID"];

    #[track_caller]
    fn check(name: &str, meant: Option<&str>) {
        assert_eq!(nearest(name, NAMES), meant, "{name}");
    }

    #[test]
    fn a_slip_of_the_pen_finds_the_name_that_was_meant() {
        check("clientip", Some("ClientIP"));
        check("CleintIP", Some("ClientIP"));
        check("ClientIPclas", Some("ClientIPClass"));
        check("EdgeResponseState", Some("EdgeResponseStatus"));
        check("RayI", Some("RayID"));
    }

    #[test]
    fn of_equally_near_names_the_first_is_meant() {
        assert_eq!(nearest("dns_log", ["dns_logs", "dns_logz"]), Some("dns_logs"));
        assert_eq!(nearest("dns_log", ["dns_logz", "dns_logs"]), Some("dns_logz"));
    }

    #[test]
    fn another_word_finds_nothing() {
        check("", None);
        check("x", None);
        check("Temperature", None);
        check(&"ClientIP".repeat(1_000), None);
    }

    #[test]
    fn swapped_letters_are_one_edit() {
        assert_eq!(distance(b"abcd", b"abdc"), 1);
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
    }
}
