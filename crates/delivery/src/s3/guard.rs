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
    /// A host, and the buckets that stand before its name.
    Host(String),
    Network {
        address: IpAddr,
        prefix: u8,
    },
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

/// A name that has no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the name `{host}` cannot be resolved: {why}")]
pub(super) struct Unresolved {
    pub(super) host: String,
    pub(super) why: String,
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
            Self::Host(ref allowed) => {
                let below = host.strip_suffix(allowed.as_str());
                below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
            }
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AddressGuard {
    allowed: Arc<[Allowed]>,
}

impl AddressGuard {
    pub(super) fn new(allowed: impl IntoIterator<Item = Allowed>) -> Self {
        Self { allowed: allowed.into_iter().collect() }
    }

    /// A guard that lets everything through: for addresses that the operator names.
    pub(super) fn open() -> Self {
        let everything = ["0.0.0.0/0", "::/0"].map(str::parse::<Allowed>);
        Self::new(everything.into_iter().flatten())
    }

    /// The guard of connections to this port.
    pub(super) fn for_port(&self, port: u16) -> Self {
        let holds = |allowed: &&Allowed| allowed.port.is_none_or(|only| only == port);
        Self::new(self.allowed.iter().filter(holds).cloned())
    }

    /// Whether `host`, which stands at `address`, may be connected to.
    pub(super) fn check(&self, host: &str, address: IpAddr) -> Result<(), NotPublic> {
        let canonical = address.to_canonical();
        let covers = |allowed: &Allowed| allowed.place.covers(host, canonical);
        let allowed = is_public(address) || self.allowed.iter().any(covers);
        if allowed { Ok(()) } else { Err(NotPublic { host: host.to_owned(), address }) }
    }

    /// The addresses of a host, all of them checked. A name with one address that may not be
    /// used may not be used at all.
    pub(super) async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let host = host.to_ascii_lowercase();
        let unresolved = |why: String| Unresolved { host: host.clone(), why };
        let found = tokio::net::lookup_host((host.as_str(), 0)).await;
        let found = found.map_err(|error| unresolved(error.to_string()))?;
        let addresses: Vec<IpAddr> = found.map(|socket| socket.ip()).collect();
        if addresses.is_empty() {
            return Err(unresolved("it has no address".to_owned()).into());
        }
        for &address in &addresses {
            self.check(&host, address)?;
        }
        Ok(addresses)
    }
}

/// Why a host may not be connected to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum ResolveError {
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    #[error(transparent)]
    NotPublic(#[from] NotPublic),
}

impl ResolveDns for AddressGuard {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async {
            self.resolve(name).await.map_err(|error| match error {
                ResolveError::Unresolved(unresolved) => ResolveDnsError::new(unresolved),
                ResolveError::NotPublic(refused) => ResolveDnsError::new(refused),
            })
        })
    }
}

/// Whether an address is public unicast, by the IANA special-purpose registries (RFC 6890 and
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>), and no cloud's own service.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => {
            embedded_v4(address).map_or_else(|| is_public_v6(address), is_public_v4)
        }
    }
}

/// The virtual machines' host in Azure, at a public address:
/// <https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16>.
const AZURE_HOST: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || address == AZURE_HOST
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

/// Only 2000::/3 is global unicast, and within it the protocol and documentation blocks are not,
/// nor tunnels into a network by ISATAP (RFC 5214).
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, .., host_high, host_low, _, _] = address.segments();
    let global = first & 0xe000 == 0x2000;
    let special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8)) || first == 0x3fff;
    let tunnel = host_high & 0xfdff == 0 && host_low == 0x5efe;
    global && !special && !tunnel
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64 (RFC 6052) or 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let from = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => from(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::808:808",
            "::ffff:0:808:808",
            "2001:0:808:808::1",
            "2600:1f60::5efe:a00:1",
            "2600:1f60::200:5efe:808:808",
            "fec0::1",
            "3fff::1",
            "5f00::1",
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
        assert!(check(&allow("minio.internal"), "bucket.minio.internal", "10.0.0.9"));
        assert!(!check(&allow("minio.internal"), "evilminio.internal", "10.0.0.9"));
        assert!(check(&allow("10.1.0.0/16"), "x", "10.1.255.255"));
        assert!(check(&allow("10.1.0.0/16"), "x", "::ffff:10.1.2.3"));
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

    /// The blocks of RFC 6890 and its updates, as they are written there.
    const SPECIAL: [&str; 17] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "255.255.255.255/32",
    ];

    /// Addresses of all kinds, many of them at the edges of special blocks.
    fn any_v4() -> impl Strategy<Value = Ipv4Addr> {
        let edge = (0..SPECIAL.len(), -2_i64..=2, any::<bool>()).prop_map(|(block, by, at_end)| {
            let (from, prefix) = SPECIAL[block].split_once('/').unwrap();
            let from = i64::from(u32::from(from.parse::<Ipv4Addr>().unwrap()));
            let length = 1_i64 << (32 - prefix.parse::<u32>().unwrap());
            Ipv4Addr::from((from + by + if at_end { length - 1 } else { 0 }) as u32)
        });
        prop_oneof![any::<u32>().prop_map(Ipv4Addr::from), edge]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn an_address_is_public_unless_a_registered_block_holds_it(address in any_v4()) {
            let special = SPECIAL
                .iter()
                .any(|block| Place::parse(block).unwrap().covers("host", IpAddr::V4(address)));
            prop_assert_eq!(is_public(IpAddr::V4(address)), !special);
        }

        #[test]
        fn an_address_within_an_address_counts_as_itself(address in any_v4()) {
            let [a, b, c, d] = address.octets().map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            for form in [
                Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            ] {
                prop_assert_eq!(is_public(IpAddr::V6(form)), is_public(IpAddr::V4(address)));
            }
        }

        #[test]
        fn outside_of_global_unicast_nothing_is_public(bits in any::<u128>()) {
            let address = Ipv6Addr::from(bits);
            let global = address.segments()[0] & 0xe000 == 0x2000;
            if !global && embedded_v4(address).is_none() {
                prop_assert!(!is_public(IpAddr::V6(address)));
            }
        }
    }

    #[test]
    fn an_open_guard_lets_everything_through() {
        for address in ["127.0.0.1", "::1", "::ffff:10.0.0.1", "52.216.0.1"] {
            assert!(AddressGuard::open().check("host", address.parse().unwrap()).is_ok());
        }
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_refused() {
        let answer = AddressGuard::new([]).resolve("localhost").await;
        assert!(answer.is_err());
    }
}
