//! Keeps tenants from pointing the service at addresses inside the operator's network.
//!
//! A tenant can name an endpoint. Its host is resolved here, at each connection, and the
//! connection goes to the very addresses that were checked: a name that resolves to something
//! else a moment later gains nothing. Refused are all addresses that are not public unicast, in
//! every form that carries an IPv4 address within IPv6, unless the operator allows them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use thiserror::Error;

/// What an operator allows although it is not public: a place, and perhaps only one port there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allowed {
    place: Place,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Host(String),
    Network { address: IpAddr, prefix: u8 },
}

/// An entry of the operator's list that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is neither a host name nor an address nor a network: expected such as \
     `minio.internal`, `minio.internal:9000`, `10.1.2.3` or `10.1.0.0/16`"
)]
pub struct InvalidAllowance(pub String);

/// An address that a tenant may not use.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the endpoint `{host}` is at {address}, which is not a public address; the operator can allow \
     it by the setting `delivery.allow_private_endpoints`"
)]
pub(super) struct NotPublic {
    pub(super) host: String,
    pub(super) address: IpAddr,
}

impl FromStr for Allowed {
    type Err = InvalidAllowance;

    fn from_str(text: &str) -> Result<Self, InvalidAllowance> {
        let invalid = || InvalidAllowance(text.to_owned());
        // More than one colon is an IPv6 address, which stands here without a port.
        let (place, port) = match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => {
                (host, Some(port.parse().map_err(|_| invalid())?))
            }
            _ => (text, None),
        };
        let place = Place::parse(place).ok_or_else(invalid)?;
        Ok(Self { place, port })
    }
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        if let Some((address, prefix)) = text.split_once('/') {
            let address: IpAddr = address.parse().ok()?;
            let prefix = prefix.parse().ok().filter(|&prefix| prefix <= bits(address))?;
            return Some(Self::Network { address, prefix });
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::Network { address, prefix: bits(address) });
        }
        let host = text.to_ascii_lowercase();
        let is_host = !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        is_host.then_some(Self::Host(host))
    }

    fn covers(&self, host: &str, address: IpAddr) -> bool {
        match *self {
            Self::Host(ref allowed) => allowed == host,
            Self::Network { address: network, prefix } => match (network, address) {
                (IpAddr::V4(network), IpAddr::V4(address)) => {
                    let differing = u32::from(network) ^ u32::from(address);
                    differing.leading_zeros() >= u32::from(prefix)
                }
                (IpAddr::V6(network), IpAddr::V6(address)) => {
                    let differing = u128::from(network) ^ u128::from(address);
                    differing.leading_zeros() >= u32::from(prefix)
                }
                _ => false,
            },
        }
    }
}

/// The bits of an address of this kind.
const fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Checks and resolves the hosts that tenants name.
#[derive(Debug, Clone)]
pub(super) struct AddressGuard {
    allowed: Arc<[Allowed]>,
}

impl AddressGuard {
    pub(super) fn new(allowed: impl IntoIterator<Item = Allowed>) -> Self {
        Self { allowed: allowed.into_iter().collect() }
    }

    /// The guard of connections to this port.
    pub(super) fn for_port(&self, port: u16) -> Self {
        let holds = |allowed: &&Allowed| allowed.port.is_none_or(|only| only == port);
        Self::new(self.allowed.iter().filter(holds).cloned())
    }

    /// Whether `host`, which stands at `address`, may be connected to.
    pub(super) fn check(&self, host: &str, address: IpAddr) -> Result<(), NotPublic> {
        let allowed = is_public(address)
            || self.allowed.iter().any(|allowed| allowed.place.covers(host, address));
        if allowed { Ok(()) } else { Err(NotPublic { host: host.to_owned(), address }) }
    }

    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, ResolveDnsError> {
        let host = host.to_ascii_lowercase();
        let found = tokio::net::lookup_host((host.as_str(), 0));
        let addresses: Vec<IpAddr> =
            found.await.map_err(ResolveDnsError::new)?.map(|socket| socket.ip()).collect();
        for &address in &addresses {
            self.check(&host, address).map_err(ResolveDnsError::new)?;
        }
        Ok(addresses)
    }
}

impl ResolveDns for AddressGuard {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(self.resolve(name))
    }
}

/// Whether an address is public unicast, by the IANA special-purpose registries (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => {
            embedded_v4(address).map_or_else(|| is_public_v6(address), is_public_v4)
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

/// Only 2000::/3 is global unicast, and within it the protocol and documentation blocks are not.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let global = first & 0xe000 == 0x2000;
    let special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8)) || first == 0x3fff;
    global && !special
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64 or 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let from = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, _, _, _, _, high, low]
        | [0x2002, high, low, ..] => from(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> bool {
        AddressGuard::new([]).check("host", address.parse().unwrap()).is_err()
    }

    #[test]
    fn addresses_inside_a_network_are_refused_in_every_form() {
        for address in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:a00:1::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
        ] {
            assert!(refused(address), "{address}");
        }
    }

    #[test]
    fn public_addresses_are_let_through() {
        for address in ["52.216.0.1", "2600:1f60::1", "::ffff:52.216.0.1", "172.32.0.1"] {
            assert!(!refused(address), "{address}");
        }
    }

    #[test]
    fn the_operator_can_allow_hosts_addresses_and_networks() {
        let allow = |text: &str| AddressGuard::new([text.parse().unwrap()]);
        let check = |guard: &AddressGuard, host: &str, address: &str| {
            guard.check(host, address.parse().unwrap()).is_ok()
        };
        assert!(check(&allow("minio.internal"), "minio.internal", "10.0.0.9"));
        assert!(!check(&allow("minio.internal"), "other.internal", "10.0.0.9"));
        assert!(check(&allow("10.1.0.0/16"), "x", "10.1.255.255"));
        assert!(!check(&allow("10.1.0.0/16"), "x", "10.2.0.0"));
        assert!(check(&allow("0.0.0.0/0"), "x", "10.2.0.0"));
        assert!(check(&allow("::1"), "x", "::1"));
        assert!(!check(&allow("fd00::/8"), "x", "::1"));
    }

    #[test]
    fn an_allowance_may_be_for_one_port_only() {
        let guard = AddressGuard::new(["minio.internal:9000".parse().unwrap()]);
        let address = "10.0.0.9".parse().unwrap();
        assert!(guard.for_port(9000).check("minio.internal", address).is_ok());
        assert!(guard.for_port(22).check("minio.internal", address).is_err());
    }

    #[test]
    fn an_entry_that_means_nothing_is_refused_by_name() {
        for text in ["", "10.0.0.0/33", "ho st", "10.0.0/8", "minio:", "minio:70000"] {
            assert_eq!(text.parse::<Allowed>(), Err(InvalidAllowance(text.to_owned())));
        }
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_refused() {
        let answer = AddressGuard::new([]).resolve("localhost").await;
        assert!(answer.is_err());
    }
}
