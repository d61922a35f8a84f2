//! Where an S3-compatible store listens.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// How an endpoint is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that is meant where none is given.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The address of an S3-compatible store, without bucket and path. Displays as a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// How it is spoken to; `https` where the customer named none.
    pub scheme: Scheme,
    /// A lower-case host name, an IPv4 address, or an IPv6 address without its brackets.
    pub host: String,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
}

impl Endpoint {
    /// The endpoint written as `HOST`, `HOST:PORT`, or either with `http://` or `https://` before
    /// it; a trailing slash is dropped. The error is a message for the customer.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains('@') {
            return Err("an endpoint cannot hold credentials; give them as `access-key-id` and \
                        `secret-access-key`"
                .to_owned());
        }
        let wrong = |what: &str| format!("the endpoint `{}` {what}", text.escape_debug());
        let (scheme, rest) = match text.split_once("://") {
            None => (Scheme::Https, text),
            Some(("https", rest)) => (Scheme::Https, rest),
            Some(("http", rest)) => (Scheme::Http, rest),
            Some(_) => return Err(wrong("must begin with `https://`, `http://` or a host")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '\\']) {
            return Err(wrong("must be a host, without bucket, path or query"));
        }
        let (host, port) = split_port(authority);
        let port = match port {
            None => None,
            Some(digits) => Some(
                digits
                    .parse::<u16>()
                    .ok()
                    .filter(|&port| port > 0 && digits.bytes().all(|b| b.is_ascii_digit()))
                    .ok_or_else(|| wrong("has no valid port; ports go from 1 to 65535"))?,
            ),
        };
        let host = checked_host(host)
            .ok_or_else(|| wrong("is not a host such as `sfo2.digitaloceanspaces.com`"))?;
        Ok(Self { scheme, host, port: port.filter(|&port| port != scheme.default_port()) })
    }

    /// The port that it listens on.
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(self.scheme.default_port())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{}://{open}{}{close}", self.scheme.name(), self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// The host and, where there is one, what stands behind its colon.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    if let Some(end) = authority.rfind(']') {
        let (host, rest) = authority.split_at(end + 1);
        return match rest {
            "" => (host, None),
            _ => (host, Some(rest.strip_prefix(':').unwrap_or(rest))),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    }
}

/// The host in lower case: an IPv6 address in brackets, an IPv4 address, or a DNS name.
fn checked_host(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(address.to_string());
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(is_label) {
        return None;
    }
    // A last label that is a number would be read as an IPv4 address, in one of its many forms
    // (`0x7f.1`, `2130706433`); only the plain one is allowed.
    let last = host.rsplit('.').next().unwrap_or(host).to_ascii_lowercase();
    let is_number = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x");
    if is_number && host.parse::<Ipv4Addr>().is_err() {
        return None;
    }
    Some(host.to_ascii_lowercase())
}
