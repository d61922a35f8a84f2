//! One visitor: what stays the same over all their requests.

use crate::synthetic::Dice;

use super::words::{BROWSERS, COUNTRIES, DATA_CENTRES};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visitor {
    pub(super) address: String,
    pub(super) country: &'static str,
    pub(super) city: &'static str,
    pub(super) network: u32,
    pub(super) languages: &'static str,
    pub(super) agent: &'static str,
    pub(super) device: &'static str,
    /// What the browser says of itself in `sec-ch-ua`; empty where it does not.
    pub(super) agent_hints: &'static str,
    pub(super) data_centre: &'static str,
    pub(super) is_crawler: bool,
    /// Median round trip to the edge, in milliseconds.
    pub(super) round_trip_ms: u64,
}

impl Visitor {
    /// The visitor with this number: everything about them follows from it and the seed.
    pub(super) fn number(number: u64, seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93));
        let (country, network, city, languages) = skewed(&mut dice, &COUNTRIES);
        let browser = skewed_index(&mut dice, BROWSERS.len());
        let (agent, device, agent_hints) = BROWSERS[browser];
        Self {
            address: address(&mut dice),
            country,
            city,
            network,
            languages,
            agent,
            device,
            agent_hints,
            data_centre: skewed(&mut dice, &DATA_CENTRES),
            is_crawler: agent.contains("Googlebot"),
            round_trip_ms: 4 + dice.below(90),
        }
    }
}

/// An address of the ranges that are kept for tests and examples (RFC 2544, RFC 3849), so that no
/// record speaks of a real machine. A fifth of the visitors come by IPv6.
fn address(dice: &mut Dice) -> String {
    if dice.chance(200) {
        let [network, subnet, host] = [512, 65_536, 999].map(|bound| dice.below(bound));
        return format!("2001:db8:{network:x}:{subnet:x}::{:x}", host + 1);
    }
    let [half, third, last] = [2, 256, 254].map(|bound| dice.below(bound));
    format!("198.{}.{third}.{}", 18 + half, last + 1)
}

fn skewed<T: Copy>(dice: &mut Dice, items: &[T]) -> T {
    items[skewed_index(dice, items.len())]
}

/// An index that is more often small than large.
fn skewed_index(dice: &mut Dice, len: usize) -> usize {
    let unit = dice.unit();
    ((unit * unit * len as f64) as usize).min(len - 1)
}
