//! The records that are sent: about 2 kB of 65 fields each, as bodies and as a file.

use std::io::Write;

use model::UnixNanos;
use server::demo::traffic::Traffic;
use tempfile::NamedTempFile;

/// The input of every workload.
pub(crate) struct Load {
    pub(crate) records: usize,
    pub(crate) bytes: u64,
    /// For one zone: bodies of about 1 MiB.
    pub(crate) bodies: Vec<Vec<u8>>,
    pub(crate) file: NamedTempFile,
    /// The names of all fields that the records have.
    pub(crate) fields: Vec<String>,
    /// `EdgeColoID` of each record.
    pub(crate) colos: Vec<u32>,
}

/// Bytes after which a body ends.
const BODY_BYTES: usize = 1 << 20;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;
/// `EdgeColoID` is one of so many, all as likely: a filter on a fiftieth of them keeps 2 %.
pub(crate) const COLOS: u32 = 1_000;

impl Load {
    pub(crate) fn generate(records: usize) -> Self {
        let mut traffic = Traffic::new(42, 1);
        let mut dice = Dice(42);
        let mut bodies = vec![Vec::with_capacity(BODY_BYTES + (16 << 10))];
        let mut colos = Vec::with_capacity(records);
        for number in 0..records {
            if bodies.last().is_some_and(|body: &Vec<u8>| body.len() >= BODY_BYTES) {
                bodies.push(Vec::with_capacity(BODY_BYTES + (16 << 10)));
            }
            let at = UnixNanos::from_seconds(START + number as i64 / 1000).unwrap();
            let body = bodies.last_mut().unwrap();
            traffic.write_record(at, body);
            body.truncate(body.trim_ascii_end().len() - 1);
            colos.push(write_more(&mut dice, body));
        }
        let mut file = NamedTempFile::new().unwrap();
        bodies.iter().for_each(|body| file.write_all(body).unwrap());
        let first = bodies[0].split(|&byte| byte == b'\n').next().unwrap();
        let first: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(first).unwrap();
        let fields = first.keys().cloned().collect();
        let bytes = bodies.iter().map(|body| body.len() as u64).sum();
        Self { records, bytes, bodies, file, fields, colos }
    }

    /// The same records spread over `zones` by Zipf's law (exponent 1): bodies of up to 256 KiB,
    /// each with the number of its zone.
    pub(crate) fn spread(&self, zones: usize) -> Vec<(usize, Vec<u8>)> {
        const SPREAD_BODY_BYTES: usize = 256 << 10;
        let mut sums = Vec::with_capacity(zones);
        let mut sum = 0.0;
        for rank in 1..=zones {
            sum += 1.0 / rank as f64;
            sums.push(sum);
        }
        let mut dice = Dice(7);
        let mut open = vec![Vec::new(); zones];
        let mut bodies = Vec::new();
        for line in self.bodies.iter().flat_map(|body| body.split_inclusive(|&b| b == b'\n')) {
            let lot = f64::from(dice.below(1 << 30)) / f64::from(1 << 30) * sum;
            let zone = sums.partition_point(|&bound| bound <= lot).min(zones - 1);
            open[zone].extend_from_slice(line);
            if open[zone].len() >= SPREAD_BODY_BYTES {
                bodies.push((zone, std::mem::take(&mut open[zone])));
            }
        }
        bodies.extend(open.into_iter().enumerate().filter(|(_, body)| !body.is_empty()));
        bodies
    }
}

/// Adds the fields that the demo's records lack, closes the record, and gives its `EdgeColoID`.
fn write_more(dice: &mut Dice, out: &mut Vec<u8>) -> u32 {
    let colo = dice.below(COLOS);
    let mut number = |bound| dice.below(bound);
    let ja3 = [0; 4].map(|_| number(300).wrapping_mul(0x9e37_79b1));
    let ja3 = ja3.map(|word| format!("{word:08x}")).concat();
    // Writing to memory does not fail.
    let mut write = |text: std::fmt::Arguments<'_>| out.write_fmt(text).unwrap();
    write(format_args!(
        ",\"EdgeColoID\":{colo},\"CacheResponseBytes\":{},\"CacheResponseStatus\":200,\
         \"CacheTieredFill\":{},\"ClientIPClass\":\"noRecord\",\"ClientRegionCode\":\"{:02}\",\
         \"ClientLatitude\":\"{}.{:05}\",\"ClientLongitude\":\"-{}.{:05}\"",
        number(90_000),
        number(10) == 0,
        number(60),
        number(60),
        number(100_000),
        number(100),
        number(100_000),
    ));
    write(format_args!(
        ",\"ClientRequestScheme\":\"https\",\"ClientRequestSource\":\"eyeball\",\
         \"ClientSSLCipher\":\"AEAD-AES128-GCM-SHA256\",\"ClientXRequestedWith\":\"\",\
         \"ClientTLSKeyExchangeGroup\":\"X25519MLKEM768\",\"JA3Hash\":\"{ja3}\",\
         \"JA4\":\"t13d1516h2_8daaf6152771_{}\",\"BotScoreSrc\":\"Machine Learning\",\
         \"BotTags\":[],\"EdgePathingOp\":\"wl\",\"EdgePathingSrc\":\"macro\"",
        &ja3[..12],
    ));
    write(format_args!(
        ",\"EdgePathingStatus\":\"nr\",\"EdgeServerIP\":\"198.51.100.{}\",\
         \"OriginSSLProtocol\":\"TLSv1.3\",\"OriginDNSResponseTimeMs\":{},\
         \"OriginTCPHandshakeDurationMs\":{},\"OriginTLSHandshakeDurationMs\":{},\
         \"ParentRayID\":\"00\",\"CacheReserveUsed\":false,\"WAFSQLiAttackScore\":{},\"WAFXSSAttackScore\":{}}}\n",
        number(256),
        number(30),
        number(60),
        number(90),
        80 + number(20),
        80 + number(20),
    ));
    colo
}

/// Numbers that a seed decides (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((((word ^ (word >> 31)) >> 32) * u64::from(bound)) >> 32) as u32
    }
}
