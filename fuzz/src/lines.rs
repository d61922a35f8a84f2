//! A body's lines, put together again, are the body without its blank lines.

use model::record::Lines;

/// Tries these bytes.
pub fn run(data: &[u8]) {
    let expected = data
        .split(|&byte| byte == b'\n')
        .zip(1..)
        .map(|(line, number)| (number, line.strip_suffix(b"\r").unwrap_or(line)))
        .filter(|(_, line)| !line.iter().all(|byte| matches!(byte, b' ' | b'\t')));
    let found = Lines::new(data).map(|line| (line.number, line.bytes));
    assert!(found.eq(expected));
}
