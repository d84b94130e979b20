//! What the system dropped before we could read it, and how much it holds for us.

use std::os::fd::AsRawFd;

use socket2::SockRef;
use tokio::net::UdpSocket;

/// Receive buffer asked for: 32 MiB; the system gives as much as `net.core.rmem_max` allows.
const BUFFER_WANTED: usize = 32 << 20;

/// Asks for a large receive buffer; what the system gave, in bytes.
pub(super) fn enlarge(socket: &UdpSocket) -> Option<usize> {
    let socket = SockRef::from(socket);
    if let Err(error) = socket.set_recv_buffer_size(BUFFER_WANTED) {
        tracing::debug!(%error, "the receive buffer for syslog stays as it is");
    }
    socket.recv_buffer_size().ok()
}

/// The number by which the system knows a socket.
pub(super) fn inode(socket: &UdpSocket) -> Option<u64> {
    let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    let name = link.to_str()?.strip_prefix("socket:[")?;
    name.strip_suffix(']')?.parse().ok()
}

/// Datagrams the system dropped for want of room at these sockets, since they were opened; 0 where
/// it does not tell.
pub(super) async fn dropped(inodes: &[u64]) -> u64 {
    let mut sum = 0_u64;
    for file in ["/proc/self/net/udp", "/proc/self/net/udp6"] {
        if let Ok(text) = tokio::fs::read_to_string(file).await {
            sum = sum.saturating_add(of(&text, inodes));
        }
    }
    sum
}

/// Inode and drops are the tenth and the last of thirteen columns (Linux: `proc_net_udp`).
fn of(text: &str, inodes: &[u64]) -> u64 {
    let drops = text.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_ascii_whitespace();
        let inode: u64 = columns.nth(9)?.parse().ok()?;
        let drops: u64 = columns.nth(2)?.parse().ok()?;
        inodes.contains(&inode).then_some(drops)
    });
    drops.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_those_of_our_sockets() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            12: 0100007F:158A 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 4711 2 00000000f3c1 17\n\
            13: 0100007F:158B 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 00000000f3c2 5\n\
            14: 0100007F:158C 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4713 2 00000000f3c3 1\n\
            broken line\n";
        assert_eq!(of(text, &[4711, 4713]), 18);
        assert_eq!(of(text, &[]), 0);
    }

    #[tokio::test]
    async fn a_socket_is_found_by_its_inode() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        assert!(enlarge(&socket).unwrap() >= 64 * 1024);
        let inode = inode(&socket).unwrap();
        let text = std::fs::read_to_string("/proc/self/net/udp").unwrap();
        assert!(text.contains(&format!(" {inode} ")));
        assert_eq!(dropped(&[inode]).await, 0);
    }
}
