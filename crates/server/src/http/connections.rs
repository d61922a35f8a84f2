//! How many connections there may be: at a time, and from one address.
//!
//! A connection has a place from when it is accepted until it ends. One address has its share of
//! all places, so that nobody can shut others out; a trusted proxy stands for many, and is not
//! counted by address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::config::{HttpSettings, Network};

/// The connections that are open. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    settings: HttpSettings,
    trusted: Vec<Network>,
    open: Mutex<Open>,
    refused: Family<BoundLabel, Counter>,
}

#[derive(Debug, Default)]
struct Open {
    count: usize,
    by_address: HashMap<IpAddr, usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BoundLabel {
    bound: &'static str,
}

/// The place of one connection; dropped, it is free again.
#[derive(Debug)]
pub(super) struct Place {
    parts: Arc<Parts>,
    /// The address that it is counted for, where it is.
    address: Option<IpAddr>,
}

/// Why a connection has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// All places are taken.
    All,
    /// Those of its address are.
    Address,
}

impl Connections {
    /// Places as the settings allow; what is refused is counted in `registry`.
    pub(crate) fn new(
        settings: HttpSettings,
        trusted: Vec<Network>,
        registry: &mut Registry,
    ) -> Self {
        let refused = Family::<BoundLabel, Counter>::default();
        registry.register(
            "logpush_http_connections_refused",
            "Connections that were refused because there were too many, of all or of one address",
            refused.clone(),
        );
        let parts = Parts { settings, trusted, open: Mutex::default(), refused };
        Self { parts: Arc::new(parts) }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.parts.open().count
    }

    /// The settings that they follow.
    pub(super) fn settings(&self) -> &HttpSettings {
        &self.parts.settings
    }

    /// A place for a connection from that address.
    pub(super) fn place(&self, peer: IpAddr) -> Result<Place, Full> {
        let settings = &self.parts.settings;
        let address = self.parts.counted(peer);
        let mut open = self.parts.open();
        let own = address.map_or(0, |address| open.by_address.get(&address).copied().unwrap_or(0));
        if open.count >= settings.connections_max {
            return Err(self.refuse(Full::All));
        }
        if own >= settings.connections_per_address_max {
            return Err(self.refuse(Full::Address));
        }
        open.count += 1;
        if let Some(address) = address {
            open.by_address.insert(address, own + 1);
        }
        Ok(Place { parts: Arc::clone(&self.parts), address })
    }

    fn refuse(&self, full: Full) -> Full {
        let bound = match full {
            Full::All => "all",
            Full::Address => "address",
        };
        self.parts.refused.get_or_create(&BoundLabel { bound }).inc();
        full
    }
}

impl Parts {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a connection is counted for: nothing for a trusted proxy's, and for IPv6 the network
    /// of 64 bits, which is what one customer of a provider has.
    fn counted(&self, peer: IpAddr) -> Option<IpAddr> {
        if self.trusted.iter().any(|network| network.contains(peer)) {
            return None;
        }
        Some(match peer.to_canonical() {
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.parts.open();
        open.count -= 1;
        let Some(address) = self.address else { return };
        let left = open.by_address.get(&address).map_or(0, |own| own - 1);
        if left == 0 {
            open.by_address.remove(&address);
        } else {
            open.by_address.insert(address, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn connections(connections_max: usize, connections_per_address_max: usize) -> Connections {
        let settings =
            HttpSettings { connections_max, connections_per_address_max, ..Config::default().http };
        let trusted = vec!["10.0.0.0/8".parse().unwrap()];
        Connections::new(settings, trusted, &mut Registry::default())
    }

    fn full(connections: &Connections, address: &str) -> Option<Full> {
        connections.place(address.parse().unwrap()).err()
    }

    #[test]
    fn an_address_has_its_share_and_a_place_that_is_left_is_free() {
        let connections = connections(5, 2);
        let place = |address: &str| connections.place(address.parse().unwrap()).unwrap();
        let first = place("203.0.113.1");
        let _second = place("::ffff:203.0.113.1");
        assert_eq!(full(&connections, "203.0.113.1"), Some(Full::Address));
        let _other = place("203.0.113.2");
        drop(first);
        assert_eq!(full(&connections, "203.0.113.1"), None);
        assert_eq!(connections.count(), 2);
    }

    #[test]
    fn a_proxy_stands_for_many_and_all_places_are_bounded() {
        let connections = connections(3, 1);
        let place = |address: &str| connections.place(address.parse().unwrap()).unwrap();
        let taken = [place("10.1.1.1"), place("10.1.1.1"), place("2001:db8::1")];
        assert_eq!(full(&connections, "203.0.113.2"), Some(Full::All));
        drop(taken);
        assert_eq!(connections.count(), 0);
        assert!(connections.parts.open().by_address.is_empty());
    }

    #[test]
    fn a_network_of_64_bits_counts_as_one_address() {
        let connections = connections(9, 1);
        let _first = connections.place("2001:db8:1:2::1".parse().unwrap()).unwrap();
        assert_eq!(full(&connections, "2001:db8:1:2:ffff::9"), Some(Full::Address));
        assert_eq!(full(&connections, "2001:db8:1:3::1"), None);
    }
}
