//! Where a request comes from: the address at the other end of the connection or, where that is a
//! proxy that the operator trusts, the one that the proxy tells.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::config::Network;

/// The other end of a connection: an extension of each request that comes over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Each proxy adds the address that it was asked from at the end.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Whether the other end is a proxy that the operator trusts.
pub(super) fn is_trusted(peer: Peer, trusted: &[Network]) -> bool {
    let address = peer.0.ip().to_canonical();
    trusted.iter().any(|network| network.contains(address))
}

/// The address of the client behind `peer`: the last one of `X-Forwarded-For` that is not a
/// trusted proxy's itself. What stands before it may be anybody's invention.
pub(super) fn client(peer: Peer, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.0.ip().to_canonical();
    let told = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let told: Vec<&str> = told.flat_map(|value| value.split(',')).map(str::trim).collect();
    for text in told.iter().rev() {
        if !is_trusted(client) {
            break;
        }
        let Some(address) = parsed(text) else { break };
        client = address.to_canonical();
    }
    client
}

/// An address, perhaps with its port.
fn parsed(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().map(|socket| socket.ip());
    text.parse().or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(peer: &str, told: &[&str], trusted: &[&str], expected: &str) {
        let mut headers = HeaderMap::new();
        for value in told {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        let peer = Peer(format!("{peer}:999").parse().unwrap());
        assert_eq!(client(peer, &headers, &trusted).to_string(), expected);
    }

    #[test]
    fn nobody_is_believed_but_a_trusted_proxy() {
        check("203.0.113.9", &["198.51.100.1"], &[], "203.0.113.9");
        check("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"], "203.0.113.9");
        check("10.1.1.1", &["198.51.100.1"], &["10.0.0.0/8"], "198.51.100.1");
        check("10.1.1.1", &["1.1.1.1, 198.51.100.1"], &["10.0.0.0/8"], "198.51.100.1");
        check("10.1.1.1", &["198.51.100.1", "10.2.2.2"], &["10.0.0.0/8"], "198.51.100.1");
        check("10.1.1.1", &["[2001:db8::1]:80"], &["10.0.0.0/8"], "2001:db8::1");
        check("10.1.1.1", &["unknown"], &["10.0.0.0/8"], "10.1.1.1");
        check("10.1.1.1", &[], &["10.0.0.0/8"], "10.1.1.1");
        check("[::ffff:10.1.1.1]", &["198.51.100.1"], &["10.0.0.0/8"], "198.51.100.1");
    }
}
