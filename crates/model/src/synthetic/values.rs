//! The value of a field, by its type and its name.

use std::io::Write;

use super::dice::Dice;
use super::text;
use crate::{ElementType, Field, FieldType, TimestampFormat, UnixNanos};

/// Most elements of an array.
const ELEMENTS_MAX: u64 = 4;
/// How far before the record's time its other timestamps lie, in nanoseconds.
const EARLIER_MAX: u64 = 2_000_000_000;

/// Appends a value, which is not `null`.
pub(super) fn write(field: &Field, at: UnixNanos, dice: &mut Dice, out: &mut Vec<u8>) {
    match field.field_type {
        FieldType::String => text::write(&field.name, dice, out),
        FieldType::Int => int(&field.name, dice, out),
        FieldType::Float => float(dice, out),
        FieldType::Bool => out.extend_from_slice(if dice.chance(300) { b"true" } else { b"false" }),
        FieldType::Timestamp => timestamp(at, dice, out),
        FieldType::Object => object(dice, 2, out),
        FieldType::Array(element) => array(dice, out, |dice, out| match element {
            ElementType::String => text::write(&field.name, dice, out),
            ElementType::Int => int(&field.name, dice, out),
            ElementType::Object => object(dice, 1, out),
        }),
    }
}

fn number(value: u64, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = write!(out, "{value}");
}

fn int(name: &str, dice: &mut Dice, out: &mut Vec<u8>) {
    let has = |part: &str| name.contains(part);
    if has("ResponseStatus") || has("StatusCode") || has("ResponseCode") {
        number(dice.pick(&[200, 200, 200, 200, 204, 301, 304, 403, 404, 499, 502, 503]), out);
    } else if has("Port") {
        let other = 1_024 + dice.below(64_000);
        number(dice.pick(&[443, 443, 80, 53, 22, other]), out);
    } else if has("ASN") || has("Asn") {
        number(dice.pick(&[7_922, 3_320, 2_856, 28_573, 4_713, 4_200_000_001]), out);
    } else if has("Score") {
        number(1 + dice.below(99), out);
    } else if has("DBM") {
        let _ = write!(out, "-{}", 30 + dice.below(60));
    } else if has("Bytes") || has("Size") || has("Bits") || has("Packets") || has("BPS") {
        number(dice.log_normal(4_000.0, 1.5) as u64, out);
    } else if has("Ms") || has("Time") || has("Us") {
        number(dice.log_normal(40.0, 1.0) as u64, out);
    } else if has("ID") || has("Key") {
        wide_int(dice, out);
    } else {
        number(dice.below(1_000), out);
    }
}

/// An identifier, every eighth one beyond what a 64-bit float holds exactly.
fn wide_int(dice: &mut Dice, out: &mut Vec<u8>) {
    match dice.below(16) {
        0 => number((1 << 53) + 1 + dice.below(1 << 20), out),
        1 => out.extend_from_slice(b"18446744073709551616123"),
        _ => number(dice.below(100_000), out),
    }
}

fn float(dice: &mut Dice, out: &mut Vec<u8>) {
    match dice.below(8) {
        0 => out.extend_from_slice(dice.pick(&[b"1.0", b"1e5", b"-0 ", b"0.0"]).trim_ascii()),
        1 => number(dice.below(100), out),
        2 => drop(write!(out, "{}.{:02}0", dice.below(100), dice.below(100))),
        _ => drop(write!(out, "{}", dice.unit() * 100.0)),
    }
}

fn timestamp(at: UnixNanos, dice: &mut Dice, out: &mut Vec<u8>) {
    let at = UnixNanos(at.0 - dice.below(EARLIER_MAX) as i64);
    let format = dice.pick(&[
        TimestampFormat::UnixNano,
        TimestampFormat::UnixNano,
        TimestampFormat::Rfc3339,
        TimestampFormat::Rfc3339Ms,
        TimestampFormat::Rfc3339Ns,
        TimestampFormat::Unix,
    ]);
    format.write(at, out);
}

fn array(dice: &mut Dice, out: &mut Vec<u8>, element: impl Fn(&mut Dice, &mut Vec<u8>)) {
    out.push(b'[');
    for number in 0..dice.below(ELEMENTS_MAX + 1) {
        if number > 0 {
            out.push(b',');
        }
        element(dice, out);
    }
    out.push(b']');
}

/// An object as platforms nest them: headers, counts, flags, and objects down to `depth`.
fn object(dice: &mut Dice, depth: u32, out: &mut Vec<u8>) {
    let mut separator = b'{';
    for name in ["Host", "x-request-id", "Message", "attempts", "ratio", "cached", "detail", "tags"]
    {
        if dice.chance(350) {
            continue;
        }
        out.push(separator);
        separator = b',';
        let _ = write!(out, "\"{name}\":");
        match name {
            "attempts" => wide_int(dice, out),
            "ratio" => float(dice, out),
            "cached" => out.extend_from_slice(dice.pick(&["true", "false", "null"]).as_bytes()),
            "detail" if depth > 0 => object(dice, depth - 1, out),
            "detail" => out.extend_from_slice(b"{ }"),
            "tags" => array(dice, out, |dice, out| text::write("Name", dice, out)),
            name => text::write(name, dice, out),
        }
    }
    if separator == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}
