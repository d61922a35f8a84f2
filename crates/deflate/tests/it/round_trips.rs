//! Texts of all kinds there and back.

use deflate::Encoder;
use proptest::prelude::*;

use crate::{round_trip, texts};

/// Lines as they come: some fields missing or in another order, long values, odd line ends.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        4 => "[a-z]{0,12}",
        4 => "[0-9]{1,19}",
        1 => "(GET|POST|HEAD) /[a-z/]{0,40}",
        1 => "[a-f0-9]{32}",
        1 => "[ -~]{100,900}",
    ];
    let field = (0_usize..12, value);
    let line = (prop::collection::vec(field, 0..14), 0_u8..8);
    prop::collection::vec(line, 0..120).prop_map(|lines| {
        let mut text = Vec::new();
        for (mut fields, end) in lines {
            if end > 1 {
                fields.sort_by_key(|(name, _)| *name);
            }
            let fields = fields.iter().map(|(name, value)| format!("\"Field{name}\":\"{value}\""));
            let line = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
            text.extend_from_slice(line.as_bytes());
            text.extend_from_slice([&b"\r\n"[..], b"", b"\n"][usize::from(end).min(2)]);
        }
        text
    })
}

/// Pieces of a few texts, again and again, at any distance.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let sources = prop::collection::vec(prop::collection::vec(any::<u8>(), 1..2_000), 1..5);
    let piece = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1_usize..2_000);
    (sources, prop::collection::vec(piece, 0..200)).prop_map(|(sources, pieces)| {
        let mut text = Vec::new();
        for (source, begin, length) in pieces {
            let source = source.get(&sources);
            let begin = begin.index(source.len());
            text.extend_from_slice(&source[begin..source.len().min(begin + length)]);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..5_000)) {
        round_trip(&mut Encoder::new(), &text);
    }

    #[test]
    fn bytes_of_few_kinds(text in prop::collection::vec(0_u8..3, 0..5_000)) {
        round_trip(&mut Encoder::new(), &text);
    }

    #[test]
    fn log_lines(text in lines()) {
        round_trip(&mut Encoder::new(), &text);
    }

    #[test]
    fn text_that_is_made_of_pieces(text in pieces()) {
        round_trip(&mut Encoder::new(), &text);
    }

    #[test]
    fn records_with_bytes_changed(
        seed in any::<u64>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..99),
    ) {
        let mut text = texts::records("gateway_http", seed, 20);
        for (at, byte) in changes {
            let at = at.index(text.len());
            text[at] = byte;
        }
        round_trip(&mut Encoder::new(), &text);
    }
}

#[test]
fn short_texts_of_every_length() {
    let mut encoder = Encoder::new();
    let text = texts::records("http_requests", 1, 2);
    for end in 0..300 {
        round_trip(&mut encoder, &text[..end]);
        round_trip(&mut encoder, &vec![b'\n'; end]);
        round_trip(&mut encoder, &vec![0; end]);
        round_trip(&mut encoder, &texts::noise(1, end));
    }
}

#[test]
fn runs_around_the_longest_match() {
    let mut encoder = Encoder::new();
    for multiple in [1, 2, 3, 100] {
        for length in 258 * multiple - 5..=258 * multiple + 20 {
            let run = b"x".repeat(length);
            let member = round_trip(&mut encoder, &run);
            assert!(member.len() < 100, "{} bytes of one kind: {}", length, member.len());
            round_trip(&mut encoder, &[&run[..], b"end"].concat());
            round_trip(&mut encoder, &[b"begin", &run[..]].concat());
        }
    }
}

#[test]
fn what_is_just_near_enough_is_found_and_what_is_farther_is_not() {
    let mut encoder = Encoder::new();
    let [phrase, other] = [1, 2].map(|seed| texts::noise(seed, 200));
    let records = texts::records("dns_logs", 1, 700);
    // How many bytes it saves that the phrase comes again.
    let mut saved = |distance: usize| {
        let between = &records[..distance - phrase.len()];
        let [same, different] = [&phrase, &other]
            .map(|second| round_trip(&mut encoder, &[&phrase[..], between, second, b" "].concat()));
        different.len().saturating_sub(same.len())
    };
    for distance in [32_766, 32_767, 32_768] {
        assert!(saved(distance) > 100, "{distance}");
    }
    for distance in [32_769, 32_770, 65_535, 65_536, 65_537, 98_304] {
        assert!(saved(distance) < 60, "{distance}");
    }
}

#[test]
fn texts_of_many_blocks() {
    let mut encoder = Encoder::new();
    let records = texts::records("http_requests", 5, 700);
    let noise = texts::noise(5, 700_000);
    let skewed = texts::skewed(5, 1_500_000);
    let zeros = vec![0; 3_000_000];
    round_trip(&mut encoder, &records);
    round_trip(&mut encoder, &noise);
    round_trip(&mut encoder, &skewed);
    round_trip(&mut encoder, &zeros);
    round_trip(&mut encoder, &[&noise[..], &records, &zeros, &skewed, &records, &noise].concat());
}

#[test]
fn noise_grows_by_little() {
    let noise = texts::noise(9, 1 << 20);
    let member = round_trip(&mut Encoder::new(), &noise);
    assert!(member.len() < noise.len() + 300, "{}", member.len());
}

#[test]
fn records_become_smaller_than_by_the_fastest_level_of_libdeflate() {
    let level = libdeflater::CompressionLvl::new(1).unwrap();
    let mut compressor = libdeflater::Compressor::new(level);
    for dataset in ["http_requests", "dns_logs", "workers_trace_events", "nel_reports"] {
        let text = texts::records(dataset, 3, 500);
        let mut room = vec![0; compressor.gzip_compress_bound(text.len())];
        let other = compressor.gzip_compress(&text, &mut room).unwrap();
        let member = round_trip(&mut Encoder::new(), &text);
        assert!(member.len() < other, "{dataset}: {} and {other}", member.len());
    }
}
