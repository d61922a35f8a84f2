//! Texts of all kinds there and back.

use proptest::prelude::*;

use crate::{encoders, round_trip, round_trips, texts};

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
        round_trips(&text);
    }

    #[test]
    fn bytes_of_few_kinds(text in prop::collection::vec(0_u8..3, 0..5_000)) {
        round_trips(&text);
    }

    #[test]
    fn log_lines(text in lines()) {
        round_trips(&text);
    }

    #[test]
    fn text_that_is_made_of_pieces(text in pieces()) {
        round_trips(&text);
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
        round_trips(&text);
    }
}

#[test]
fn short_texts_of_every_length() {
    let text = texts::records("http_requests", 1, 2);
    for mut encoder in encoders() {
        for end in 0..300 {
            round_trip(&mut encoder, &text[..end]);
            round_trip(&mut encoder, &vec![b'\n'; end]);
            round_trip(&mut encoder, &vec![0; end]);
            round_trip(&mut encoder, &texts::noise(1, end));
        }
    }
}

#[test]
fn runs_around_the_longest_match() {
    let lengths = [1, 2, 3, 100].map(|multiple| 258 * multiple - 5..=258 * multiple + 20);
    for mut encoder in encoders() {
        for length in lengths.iter().cloned().flatten() {
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
    let [phrase, other] = [1, 2].map(|seed| texts::noise(seed, 200));
    let records = texts::records("dns_logs", 1, 700);
    for mut encoder in encoders() {
        // How many bytes it saves that the phrase comes again.
        let mut saved = |distance: usize| {
            let between = &records[..distance - phrase.len()];
            let [same, different] = [&phrase, &other].map(|second| {
                round_trip(&mut encoder, &[&phrase[..], between, second, b" "].concat())
            });
            different.len().saturating_sub(same.len())
        };
        for distance in [32_766, 32_767, 32_768] {
            assert!(saved(distance) > 100, "{distance}");
        }
        for distance in [32_769, 32_770, 65_535, 65_536, 65_537, 98_304] {
            assert!(saved(distance) < 60, "{distance}");
        }
    }
}

#[test]
fn texts_of_many_blocks() {
    let records = texts::records("http_requests", 5, 700);
    let noise = texts::noise(5, 700_000);
    let skewed = texts::skewed(5, 1_500_000);
    let zeros = vec![0; 3_000_000];
    let all = [&noise[..], &records, &zeros, &skewed, &records, &noise].concat();
    for mut encoder in encoders() {
        for text in [&records, &noise, &skewed, &zeros, &all] {
            round_trip(&mut encoder, text);
        }
    }
}

#[test]
fn noise_grows_by_little() {
    let noise = texts::noise(9, 1 << 20);
    for mut encoder in encoders() {
        let member = round_trip(&mut encoder, &noise);
        assert!(member.len() < noise.len() + 300, "{}", member.len());
    }
}

#[test]
fn records_become_smaller_than_by_the_fastest_level_of_libdeflate_and_smaller_still() {
    let level = libdeflater::CompressionLvl::new(1).unwrap();
    let mut compressor = libdeflater::Compressor::new(level);
    for dataset in ["http_requests", "dns_logs", "workers_trace_events", "nel_reports"] {
        let text = texts::records(dataset, 3, 500);
        let mut room = vec![0; compressor.gzip_compress_bound(text.len())];
        let other = compressor.gzip_compress(&text, &mut room).unwrap();
        let [fast, dense] = encoders().map(|mut encoder| round_trip(&mut encoder, &text).len());
        assert!(fast < other, "{dataset}: {fast} and {other}");
        assert!(dense * 10 < fast * 9, "{dataset}: {dense} and {fast}");
    }
}

#[test]
fn a_period_of_any_length_is_found() {
    for mut encoder in encoders() {
        for period in [1, 2, 3, 7, 40, 999, 1_023, 1_025, 9_000] {
            let part = texts::noise(period as u64, period);
            let text: Vec<u8> = part.iter().copied().cycle().take(100_000).collect();
            let member = round_trip(&mut encoder, &text);
            assert!(member.len() < period + 1_500, "{period}: {}", member.len());
        }
    }
}
