//! The shop's records with as many fields as a platform's own have: what benchmarks send.

use std::io::Write;

use crate::UnixNanos;
use crate::synthetic::Dice;

use super::Traffic;

/// `EdgeColoID` is one of so many, all as likely.
pub const COLOS: u32 = 1_000;

/// A stream of the requests of [`Traffic`] in records of 65 fields and about 2.1 kB.
#[derive(Debug, Clone)]
pub struct WideTraffic {
    traffic: Traffic,
    dice: Dice,
}

impl WideTraffic {
    /// Traffic that is decided by `seed`, with ray ids of the run `run`.
    pub fn new(seed: u64, run: u32) -> Self {
        Self { traffic: Traffic::new(seed, run), dice: Dice::new(seed) }
    }

    /// Appends one record and a newline: a request that ended at `at`. Gives its `EdgeColoID`.
    pub fn write_record(&mut self, at: UnixNanos, out: &mut Vec<u8>) -> u32 {
        self.traffic.write_record(at, out);
        // The brace is opened again.
        out.truncate(out.trim_ascii_end().len() - 1);
        write_more(&mut self.dice, out)
    }
}

/// Writes the fields that the shop's records lack, closes the record, and gives its `EdgeColoID`.
fn write_more(dice: &mut Dice, out: &mut Vec<u8>) -> u32 {
    let mut number = |bound| dice.below(bound);
    let ja3 = [0; 4].map(|_| number(300).wrapping_mul(0x9e37_79b1) as u32);
    let ja3 = ja3.map(|word| format!("{word:08x}")).concat();
    let colo = number(u64::from(COLOS)) as u32;
    // Writing to memory does not fail.
    let mut write = |text: std::fmt::Arguments<'_>| drop(out.write_fmt(text));
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
