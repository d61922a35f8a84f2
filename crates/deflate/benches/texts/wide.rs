//! The shop's wide records, such as the end-to-end benchmark sends, and what jobs write of them.

use std::io::Write;

use model::UnixNanos;
use model::synthetic::traffic::WideTraffic;

/// A field's name, and its value as JSON.
pub(super) type Member = (String, Vec<u8>);

/// Records that have `bytes` in all.
pub(super) fn lines(bytes: usize) -> Vec<Vec<Member>> {
    let mut traffic = WideTraffic::new(42, 0);
    let (mut lines, mut written) = (Vec::new(), 0);
    let mut number = 0;
    while written < bytes {
        let at = UnixNanos::from_seconds(super::START + number / 1_000).unwrap();
        number += 1;
        let mut line = Vec::new();
        traffic.write_record(at, &mut line);
        written += line.len();
        lines.push(members(&line));
    }
    lines
}

/// The members of a record without whitespace between them.
fn members(line: &[u8]) -> Vec<Member> {
    let mut members = Vec::new();
    let mut at = 1;
    while line.get(at) == Some(&b'"') {
        let name_end = at + 1 + line[at + 1..].iter().position(|&byte| byte == b'"').unwrap();
        let begin = name_end + 2;
        let end = value_end(line, begin);
        let name = String::from_utf8(line[at + 1..name_end].to_vec()).unwrap();
        members.push((name, line[begin..end].to_vec()));
        at = end + 1;
    }
    members
}

/// Where the value that begins at `at` ends: at the next comma or brace that is in no string and no
/// container of its own.
fn value_end(line: &[u8], mut at: usize) -> usize {
    let (mut depth, mut in_string) = (0, false);
    loop {
        match (line[at], in_string) {
            (b'\\', true) => at += 1,
            (b'"', _) => in_string = !in_string,
            (b',' | b'}', false) if depth == 0 => return at,
            (b'{' | b'[', false) => depth += 1,
            (b'}' | b']', false) => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

/// The members of these names, in the order of the names.
pub(super) fn with_fields(line: &[Member], names: &[&str]) -> Vec<Member> {
    let find = |name: &&str| line.iter().find(|(found, _)| found == name).unwrap().clone();
    names.iter().map(find).collect()
}

pub(super) fn write_json(line: &[Member], out: &mut Vec<u8>) {
    let mut separator = '{';
    for (name, value) in line {
        write!(out, "{separator}\"{name}\":").unwrap();
        out.extend_from_slice(value);
        separator = ',';
    }
    out.extend_from_slice(b"}\n");
}

pub(super) fn write_csv(line: &[Member], out: &mut Vec<u8>) {
    for (number, (_, value)) in line.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        match value.strip_prefix(b"\"") {
            None if value.contains(&b',') => {
                let text = String::from_utf8_lossy(value).replace('"', "\"\"");
                write!(out, "\"{text}\"").unwrap();
            }
            _ => out.extend_from_slice(value),
        }
    }
    out.push(b'\n');
}
