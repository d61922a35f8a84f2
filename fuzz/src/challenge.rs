//! A proof of ownership is good for what it was signed for, and nothing else is: whatever stands in
//! it, whoever signed it, it is refused in words.

use model::destination::Destination;
use model::time::NANOS_PER_SECOND;
use model::{Id, Scope, UnixNanos};
use server::untrusted::Challenges;

const NOW: UnixNanos = UnixNanos(1_700_000_000 * NANOS_PER_SECOND);
const SAMPLE: &str = "s3://bucket/logs?region=us-west-2";

/// The first line is a destination, the rest a token, or what stands in one.
pub fn run(data: &[u8]) {
    let at = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (text, given) = (&data[..at], data.get(at + 1..).unwrap_or_default());
    let text = std::str::from_utf8(text).ok().filter(|text| Destination::parse(text).is_ok());
    let text = text.unwrap_or(SAMPLE);
    let destination = Destination::parse(text).expect("it was parsed before");
    let (ours, theirs) = (Challenges::new(&[7; 32]), Challenges::new(&[8; 32]));
    let zone = Scope::zone(Id::from_bytes([1; 16]));
    let check = |token: &str| ours.check(token, zone, text, &destination, NOW);
    let token = ours.sign(zone, text, &destination, NOW);
    assert_eq!(check(&token), Ok(()));
    assert!(theirs.check(&token, zone, text, &destination, NOW).is_err());
    let account = Scope::account(Id::from_bytes([1; 16]));
    assert!(ours.check(&token, account, text, &destination, NOW).is_err());

    if let Ok(given) = std::str::from_utf8(given) {
        assert!(check(given).is_err() || given.trim() == token, "{given} is not ours");
    }
    // Whatever was signed with our key is read, and good only where it says the same.
    let signed = ours.sign_payload(given);
    if check(&signed).is_ok() {
        let payload: serde_json::Value = serde_json::from_slice(given).expect("claims are JSON");
        assert!(payload["exp"].as_i64().is_some_and(|at| at > NOW.seconds()), "{payload}");
        assert_eq!(payload["id"], zone.id.to_string());
    }
    assert!(theirs.check(&signed, zone, text, &destination, NOW).is_err());
    check_altered(&token, given, check);
}

/// The token with one of its characters changed is refused.
fn check_altered(token: &str, given: &[u8], check: impl Fn(&str) -> Result<(), String>) {
    let [at, other, ..] = given else { return };
    let at = usize::from(*at) * token.len() / 256;
    let mut altered = token.as_bytes().to_vec();
    altered[at] = *other;
    if let Ok(altered) = std::str::from_utf8(&altered) {
        let is_same = altered.trim() == token;
        assert!(is_same || check(altered).is_err(), "{altered} is taken for {token}");
    }
}
