//! The records that are sent: about 2 kB of 65 fields each, or 1 kB, as bodies and as a file.

use std::io::Write;

use bytes::Bytes;
use model::UnixNanos;
use server::demo::traffic::Traffic;
use tempfile::NamedTempFile;

/// The input of every workload.
pub(crate) struct Load {
    pub(crate) records: usize,
    pub(crate) bytes: u64,
    /// For one zone: bodies of about 1 MiB.
    pub(crate) bodies: Vec<Bytes>,
    /// The number of the first record of each body.
    pub(crate) firsts: Vec<usize>,
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

/// Fields that small records lack.
const LARGE_FIELDS: [&str; 3] = ["RequestHeaders", "ResponseHeaders", "ClientRequestReferer"];

/// How large the records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// About 2 kB.
    Wide,
    /// About 1 kB.
    Small,
}

impl Load {
    pub(crate) fn generate(records: usize, width: Width) -> Self {
        let mut traffic = Traffic::new(42, 0);
        let mut dice = Dice(42);
        let (mut bodies, mut firsts) = (Vec::new(), vec![0]);
        let mut body = Vec::with_capacity(BODY_BYTES + (16 << 10));
        let mut colos = Vec::with_capacity(records);
        for number in 0..records {
            if body.len() >= BODY_BYTES {
                let next = Vec::with_capacity(BODY_BYTES + (16 << 10));
                bodies.push(Bytes::from(std::mem::replace(&mut body, next)));
                firsts.push(number);
            }
            let at = UnixNanos::from_seconds(START + number as i64 / 1000).unwrap();
            let begin = body.len();
            traffic.write_record(at, &mut body);
            body.truncate(body.trim_ascii_end().len() - 1);
            colos.push(match width {
                Width::Wide => write_more(&mut dice, &mut body),
                Width::Small => write_less(&mut dice, &mut body, begin),
            });
        }
        bodies.push(Bytes::from(body));
        let mut file = NamedTempFile::new().unwrap();
        bodies.iter().for_each(|body| file.write_all(body).unwrap());
        let first = bodies[0].split(|&byte| byte == b'\n').next().unwrap();
        let first: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(first).unwrap();
        let fields = first.keys().cloned().collect();
        let bytes = bodies.iter().map(|body| body.len() as u64).sum();
        Self { records, bytes, bodies, firsts, file, fields, colos }
    }

    /// All bodies, for the first zone.
    pub(crate) fn for_one_zone(&self) -> Vec<(usize, Bytes)> {
        self.bodies.iter().map(|body| (0, body.clone())).collect()
    }

    /// How many records a body has.
    pub(crate) fn records_in(&self, body: usize) -> usize {
        self.firsts.get(body + 1).copied().unwrap_or(self.records) - self.firsts[body]
    }

    /// The body that a record is in.
    pub(crate) fn body_of(&self, record: usize) -> usize {
        self.firsts.partition_point(|&first| first <= record) - 1
    }

    /// The same records spread over `zones` by Zipf's law (exponent 1): bodies of up to 256 KiB,
    /// each with the number of its zone.
    pub(crate) fn spread(&self, zones: usize) -> Vec<(usize, Bytes)> {
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
                bodies.push((zone, Bytes::from(std::mem::take(&mut open[zone]))));
            }
        }
        let rest = open.into_iter().enumerate().filter(|(_, body)| !body.is_empty());
        bodies.extend(rest.map(|(zone, body)| (zone, Bytes::from(body))));
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

/// Takes the largest fields from the record that begins at `begin`, closes it, and gives the
/// `EdgeColoID` that it got.
fn write_less(dice: &mut Dice, out: &mut Vec<u8>, begin: usize) -> u32 {
    let colo = dice.below(COLOS);
    out.push(b'}');
    let mut record: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&out[begin..]).unwrap();
    LARGE_FIELDS.iter().for_each(|field| drop(record.remove(*field)));
    record.insert("EdgeColoID".to_owned(), colo.into());
    out.truncate(begin);
    serde_json::to_writer(&mut *out, &record).unwrap();
    out.push(b'\n');
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
