//! Synthetic `http_requests` records that look like those of a shop.
//!
//! The same seed gives the same records at the same times, without a clock or a random source of
//! the system. Visitors, products and hosts are drawn by Zipf's law; a visitor keeps its address,
//! country, network and browser; what a request is decides its status, size and duration. About
//! 1.3 kB a record.
//!
//! The ray id of a record is made of the number of its run and its number within the run, so that
//! whoever reads records back can tell which are missing and which came twice.

mod record;
#[cfg(test)]
mod tests;
mod visitor;
mod wide;
mod words;

use crate::UnixNanos;
use crate::synthetic::{Dice, Zipf};

use record::Fields;
use visitor::Visitor;
use words::{HOSTS, PAGES, PRODUCTS};

pub use wide::{COLOS, WideTraffic};

/// The shop's zone.
pub const ZONE: &str = "burritobot.example";
/// Twelve of a record's fields, such as a job asks for.
pub const SOME_FIELDS: [&str; 12] = [
    "ClientIP",
    "ClientRequestHost",
    "ClientRequestMethod",
    "ClientRequestURI",
    "ClientRequestUserAgent",
    "EdgeEndTimestamp",
    "EdgeResponseBytes",
    "EdgeResponseStatus",
    "EdgeStartTimestamp",
    "RayID",
    "CacheCacheStatus",
    "OriginResponseStatus",
];
/// Visitors that there are.
const VISITORS: usize = 20_000;

/// A stream of requests to the shop.
#[derive(Debug, Clone)]
pub struct Traffic {
    dice: Dice,
    seed: u64,
    run: u32,
    sequence: u32,
    visitors: Zipf,
    hosts: Zipf,
    pages: Zipf,
    products: Zipf,
}

/// What a request is about; everything else about it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Page,
    Product,
    Asset,
    Image,
    Search,
    Cart,
    Checkout,
    Login,
    Probe,
}

/// Kinds with their shares of the traffic, in thousandths.
const KINDS: [(Kind, u64); 9] = [
    (Kind::Image, 380),
    (Kind::Asset, 210),
    (Kind::Product, 170),
    (Kind::Page, 110),
    (Kind::Search, 50),
    (Kind::Cart, 40),
    (Kind::Checkout, 15),
    (Kind::Login, 15),
    (Kind::Probe, 10),
];

impl Traffic {
    /// Traffic that is decided by `seed`, with ray ids of the run `run`.
    pub fn new(seed: u64, run: u32) -> Self {
        Self {
            dice: Dice::new(seed),
            seed,
            run,
            sequence: 0,
            visitors: Zipf::new(VISITORS, 0.9),
            hosts: Zipf::new(HOSTS.len(), 1.1),
            pages: Zipf::new(PAGES.len(), 1.0),
            products: Zipf::new(PRODUCTS.len() * 40, 1.05),
        }
    }

    /// Appends one record and a newline: a request that ended at `at`.
    pub fn write_record(&mut self, at: UnixNanos, out: &mut Vec<u8>) {
        let kind = self.kind();
        let visitor = Visitor::number(self.visitors.draw(&mut self.dice) as u64, self.seed);
        let host = if matches!(kind, Kind::Image) {
            "img.burritobot.example"
        } else {
            HOSTS[self.hosts.draw(&mut self.dice)]
        };
        let (path, query) = self.target(kind);
        let ray = ray_id(self.run, self.sequence);
        self.sequence = self.sequence.wrapping_add(1);
        let fields =
            Fields { kind, visitor: &visitor, host, path: &path, query: &query, ray: &ray };
        fields.write(&mut self.dice, at, out);
    }

    /// How many records were written.
    pub fn written(&self) -> u64 {
        u64::from(self.sequence)
    }

    fn kind(&mut self) -> Kind {
        let mut left = self.dice.below(1_000);
        for (kind, share) in KINDS {
            if left < share {
                return kind;
            }
            left -= share;
        }
        Kind::Page
    }

    /// A path and a query (with its question mark, or empty) for a request of this kind.
    fn target(&mut self, kind: Kind) -> (String, String) {
        let dice = &mut self.dice;
        let product = self.products.draw(dice);
        let name = PRODUCTS[product % PRODUCTS.len()];
        let none = String::new();
        match kind {
            Kind::Page => (PAGES[self.pages.draw(dice)].to_owned(), none),
            Kind::Product => (format!("/products/{name}-{product}"), words::campaign(dice)),
            Kind::Image => {
                let width = [160, 320, 640, 1280][dice.below(4) as usize];
                (format!("/images/{name}-{product}.webp"), format!("?w={width}"))
            }
            Kind::Asset => (words::asset(dice), none),
            Kind::Search => ("/search".to_owned(), words::search(dice)),
            Kind::Cart => ("/api/cart/items".to_owned(), none),
            Kind::Checkout => ("/api/checkout".to_owned(), none),
            Kind::Login => ("/api/session".to_owned(), none),
            Kind::Probe => (words::probe(dice).to_owned(), none),
        }
    }
}

/// Scatters the numbers of a run, so that its ray ids are no row: one that gzip would shrink to
/// nothing.
const SCATTER: u32 = 0x9e37_79b1;
/// Its inverse: the product of both is 1, modulo 2^32.
const GATHER: u32 = 0x0e8b_2f51;

/// The ray id of a record: 16 hex digits, of its run and its number within the run.
pub fn ray_id(run: u32, sequence: u32) -> String {
    format!("{run:08x}{:08x}", sequence.wrapping_mul(SCATTER))
}

/// The run and the number within the run that a ray id holds; `None` where it is not one of ours.
pub fn parse_ray_id(text: &str) -> Option<(u32, u32)> {
    let is_hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != 16 || !is_hex {
        return None;
    }
    let (run, sequence) = text.split_at(8);
    let number = |digits| u32::from_str_radix(digits, 16).ok();
    Some((number(run)?, number(sequence)?.wrapping_mul(GATHER)))
}
