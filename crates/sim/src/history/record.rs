//! Records that are told apart by a number, which decides all that is in them.

use std::fmt::Write;

use crate::rng::Rng;

/// What stands before a record's number, wherever the record is written.
const MARK: &str = "ray-";
/// Digits of a record's number.
const DIGITS: usize = 8;

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// What tells it from every other.
    pub number: u32,
    /// Its `EdgeResponseStatus`.
    pub status: u16,
    /// Its `ClientRequestHost` is this number's host.
    pub host: u8,
    /// How long its `ClientRequestPath` is.
    pub path_bytes: u16,
    /// The number of the request that caused it, which came before it.
    pub cause: Option<u32>,
}

impl Record {
    /// The record of this number; `bulk` makes some records long.
    pub fn of(number: u32, bulk: bool) -> Self {
        let mut rng = Rng::new(u64::from(number));
        let status = rng.pick(&[200, 200, 200, 200, 304, 404, 500, 503]);
        let host = rng.below(4) as u8;
        let longest = if bulk { 1500 } else { 12 };
        let path_bytes = rng.below(longest) as u16;
        let back = rng.between(1, 3) as u32;
        let cause = number.checked_sub(back).filter(|_| rng.per_mille(300));
        Self { number, status, host, path_bytes, cause }
    }

    /// The record as it is sent in.
    pub fn write_line(&self, out: &mut String) {
        let (host, path, ray) =
            (self.value("ClientRequestHost"), self.value("ClientRequestPath"), self.value("RayID"));
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            r#"{{"ClientRequestHost":{host},"RayID":{ray},"EdgeResponseStatus":{},"ParentRayID":{},"ClientRequestPath":{path}}}"#,
            self.status,
            self.cause_id()
        );
    }

    /// The id of the request that caused it, as JSON has it. The hyphen is an escape, so that it is
    /// not taken for a record's number.
    fn cause_id(&self) -> String {
        match self.cause {
            Some(number) => format!("\"{}{number:0DIGITS$}\"", MARK.replace('-', "\\u002d")),
            None => "\"00\"".to_owned(),
        }
    }

    /// The value of a field, as JSON has it.
    pub fn value(&self, field: &str) -> String {
        match field {
            "RayID" => format!("\"{MARK}{:0DIGITS$}\"", self.number),
            "ClientRequestHost" => format!("\"h{}.example\"", self.host),
            "ClientRequestPath" => format!("\"/{}\"", "p".repeat(usize::from(self.path_bytes))),
            "EdgeResponseStatus" => self.status.to_string(),
            // No record has any other field.
            _ => "null".to_owned(),
        }
    }
}

/// The numbers of the records in a text, in order, whatever its form.
pub fn numbers_in(text: &[u8]) -> Vec<u32> {
    // No value of a record holds a hyphen, but for the one in the mark.
    let text = std::str::from_utf8(text).unwrap_or_default();
    let numbers = text.split('-').skip(1).filter_map(|rest| rest.get(..DIGITS)?.parse().ok());
    numbers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_by_their_numbers() {
        let mut text = String::new();
        for number in [7, 12_345_678, 7] {
            Record::of(number, false).write_line(&mut text);
        }
        assert_eq!(numbers_in(text.as_bytes()), [7, 12_345_678, 7]);
        assert!(numbers_in(b"ray-").is_empty());
    }
}
