//! The same text becomes the same bytes: an object that is made again after a crash is the same.

use crc_fast::CrcAlgorithm;
use deflate::{Effort, Encoder};

use crate::{encoders, round_trip, texts};

#[test]
fn what_came_before_leaves_no_trace() {
    let texts = [
        texts::records("http_requests", 1, 300),
        texts::noise(2, 200_000),
        Vec::new(),
        texts::records("dns_logs", 3, 3_000),
        b"a".repeat(100_000),
        texts::records("http_requests", 1, 299),
    ];
    for effort in [Effort::Fast, Effort::Dense] {
        let mut used = Encoder::with_effort(effort);
        for text in texts.iter().chain(&texts) {
            let fresh = round_trip(&mut Encoder::with_effort(effort), text);
            assert!(round_trip(&mut used, text) == fresh, "{effort:?}");
        }
    }
}

/// Batches that were sealed by one version of the program are made again by the next: whoever
/// changes what the encoder writes has to give it another level in the ledger.
#[test]
fn the_bytes_are_those_of_yesterday() {
    let checksum = |member: &[u8]| crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, member) as u32;
    let texts = [
        texts::records("http_requests", 7, 500),
        texts::records("firewall_events", 7, 2_000),
        texts::noise(7, 100_000),
        texts::skewed(7, 300_000),
        b"{}\n".to_vec(),
        Vec::new(),
    ];
    let found = encoders()
        .map(|mut encoder| texts.each_ref().map(|text| checksum(&round_trip(&mut encoder, text))));
    assert_eq!(
        found,
        [
            [0x6a61_3c0d, 0xa5f1_69b2, 0xd107_e477, 0x9594_f83d, 0xeff5_2079, 0xbf16_a835],
            [0xba9a_9628, 0x8c3e_f600, 0x2773_59bc, 0xbbb0_ee9a, 0x7422_a28c, 0x7ad1_f8f5],
        ],
        "{found:#010x?}"
    );
}
