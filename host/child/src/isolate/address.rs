//! Addresses of sockets in the kernel's own form, and which of them a command may connect to.

use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The longest address that the kernel accepts (`struct sockaddr_storage`).
pub(super) const LONGEST: usize = 128;
/// The prefix of the addresses by which IPv6 reaches IPv4 through a translator. Source: RFC 6052.
const TRANSLATED: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];

/// An address, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address<'a> {
    /// An address of the internet protocols.
    Internet(IpAddr),
    /// A Unix socket with a path.
    Path(&'a Path),
    /// A Unix socket with a name and no path.
    Abstract,
    /// A socket of the hypervisor, which no namespace holds.
    Machine,
    /// Any other: the kernel itself (netlink), or the end of an association.
    Other,
    /// An address that the kernel would refuse.
    Malformed,
}

impl<'a> Address<'a> {
    /// Reads the address.
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let Some((family, rest)) = bytes.split_first_chunk::<2>() else { return Self::Malformed };
        match i32::from(u16::from_ne_bytes(*family)) {
            libc::AF_INET => match rest.get(2..6).and_then(|part| <[u8; 4]>::try_from(part).ok()) {
                Some(address) => Self::Internet(Ipv4Addr::from(address).into()),
                None => Self::Malformed,
            },
            libc::AF_INET6 => {
                match rest.get(6..22).and_then(|part| <[u8; 16]>::try_from(part).ok()) {
                    Some(address) => Self::Internet(canonical(Ipv6Addr::from(address))),
                    None => Self::Malformed,
                }
            }
            libc::AF_UNIX => match rest.first() {
                None => Self::Malformed,
                Some(0) => Self::Abstract,
                Some(_) => {
                    let path = rest.split(|byte| *byte == 0).next().unwrap_or_default();
                    Self::Path(Path::new(OsStr::from_bytes(path)))
                }
            },
            libc::AF_VSOCK => Self::Machine,
            _ => Self::Other,
        }
    }
}

/// Returns the IPv4 address that an IPv6 address stands for, or the address itself.
fn canonical(address: Ipv6Addr) -> IpAddr {
    let [start @ .., high, low] = address.segments();
    if start == TRANSLATED {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        return Ipv4Addr::new(a, b, c, d).into();
    }
    address.to_canonical()
}

/// Returns true if `address` lies in one of the networks, each an address and the number of bits that count.
pub(super) fn is_in(address: IpAddr, networks: &[(IpAddr, u8)]) -> bool {
    networks.iter().any(|(network, bits)| match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            same(address.to_bits().into(), network.to_bits().into(), 32, *bits)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            same(address.to_bits(), network.to_bits(), 128, *bits)
        }
        _ => false,
    })
}

fn same(one: u128, other: u128, width: u8, bits: u8) -> bool {
    let ignored = u32::from(width.saturating_sub(bits));
    // A shift by the whole width is an error; a network of zero bits contains every address.
    (one ^ other).checked_shr(ignored).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn internet(family: i32, before: usize, address: &[u8]) -> Vec<u8> {
        let mut bytes = u16::try_from(family).unwrap().to_ne_bytes().to_vec();
        bytes.extend(vec![0; before]);
        bytes.extend(address);
        bytes.extend([0; 8]);
        bytes
    }

    fn is_refused(bytes: &[u8]) -> bool {
        let metadata =
            [("169.254.0.0".parse().unwrap(), 16), ("fd00:ec2::254".parse().unwrap(), 128)];
        matches!(Address::read(bytes), Address::Internet(address) if is_in(address, &metadata))
    }

    #[test]
    fn a_metadata_server_is_known_in_every_form_and_its_neighbours_are_not() {
        let four = |address: [u8; 4]| internet(libc::AF_INET, 2, &address);
        let six =
            |text: &str| internet(libc::AF_INET6, 6, &text.parse::<Ipv6Addr>().unwrap().octets());
        assert!(is_refused(&four([169, 254, 169, 254])));
        for text in ["::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "fd00:ec2::254"] {
            assert!(is_refused(&six(text)), "{text}");
        }
        assert!(!is_refused(&four([169, 253, 169, 254])) && !is_refused(&four([127, 0, 0, 1])));
        for text in ["::1", "fd00:ec2::253", "::ffff:127.0.0.1", "64:ff9b:1::169.254.169.254"] {
            assert!(!is_refused(&six(text)), "{text}");
        }
    }

    #[test]
    fn an_address_that_is_cut_is_malformed() {
        let bytes = internet(libc::AF_INET, 2, &[127, 0, 0, 1]);
        for length in [0, 1, 2, 7] {
            assert_eq!(Address::read(&bytes[..length]), Address::Malformed);
        }
        let unix = u16::try_from(libc::AF_UNIX).unwrap().to_ne_bytes();
        assert_eq!(Address::read(&unix), Address::Malformed);
    }

    #[test]
    fn a_unix_socket_has_a_path_or_a_name() {
        let unix =
            |rest: &[u8]| [&u16::try_from(libc::AF_UNIX).unwrap().to_ne_bytes()[..], rest].concat();
        assert_eq!(Address::read(&unix(b"/a\0junk")), Address::Path(Path::new("/a")));
        assert_eq!(Address::read(&unix(b"/a")), Address::Path(Path::new("/a")));
        assert_eq!(Address::read(&unix(b"\0/a")), Address::Abstract);
    }

    #[test]
    fn a_network_of_no_bits_has_every_address() {
        let all = [(IpAddr::from([0, 0, 0, 0]), 0)];
        assert!(is_in([1, 2, 3, 4].into(), &all) && !is_in("::1".parse().unwrap(), &all));
    }
}
