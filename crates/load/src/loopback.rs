//! The only addresses this crate sends to.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

/// An address of this host's loopback interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loopback(SocketAddr);

impl Loopback {
    /// The address, if it is one of the loopback interface.
    ///
    /// # Errors
    /// Any other address: a load generator that can be pointed at a host is a weapon.
    pub fn new(address: SocketAddr) -> Result<Self, NotLoopback> {
        if address.ip().is_loopback() {
            return Ok(Self(address));
        }
        Err(NotLoopback(address))
    }

    /// A port of 127.0.0.1.
    #[must_use]
    pub fn port(port: u16) -> Self {
        Self((Ipv4Addr::LOCALHOST, port).into())
    }

    /// The address, for sockets.
    #[must_use]
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

impl fmt::Display for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The address is not on the loopback interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotLoopback(SocketAddr);

impl fmt::Display for NotLoopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a loopback address: load stays on this host", self.0)
    }
}

impl std::error::Error for NotLoopback {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_taken() {
        for refused in ["192.0.2.1:5060", "0.0.0.0:5060", "[2001:db8::1]:5060", "10.0.0.1:1"] {
            assert!(Loopback::new(refused.parse().expect("an address")).is_err());
        }
        for taken in ["127.0.0.1:5060", "127.9.9.9:1", "[::1]:5060"] {
            assert!(Loopback::new(taken.parse().expect("an address")).is_ok());
        }
    }
}
