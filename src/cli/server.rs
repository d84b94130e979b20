//! `watchpost serve`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use base::Clock;

use super::failure::Exit;
use super::signals::Signals;
use super::terminal;
use crate::config::Settings;
use crate::identity::FirstAdmin;
use crate::serve::Server;

/// Serves until a signal or a fault ends it. A second signal ends it at once.
///
/// # Errors
/// The server does not start.
pub(super) async fn serve(settings: Settings) -> anyhow::Result<Exit> {
    let mut signals = Signals::take()?;
    let server = tokio::select! {
        started = Server::start(settings, Clock::system()) => started?,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    announce(&server);
    let stopping = server.stopping();
    let exit = tokio::select! {
        () = signals.next() => Exit::Done,
        // A part of the server gave up, and the log says which.
        () = stopping.cancelled() => Exit::Failed,
    };
    tokio::select! {
        () = server.stop() => Ok(exit),
        () = signals.next() => Ok(Exit::Interrupted),
    }
}

/// Says on standard output where the server is; a closed output does not keep it from serving.
fn announce(server: &Server) {
    let address = server.address();
    let near = reachable(address);
    let everywhere = if address.ip().is_unspecified() {
        format!(" (every address of this machine, port {})", address.port())
    } else {
        String::new()
    };
    let mut lines = vec![
        format!(
            "Watchpost {} listens on http://{near}{everywhere}",
            env!("CARGO_PKG_VERSION")
        ),
        format!("API documentation: http://{near}/api/docs/"),
    ];
    if let Some(metrics) = server.metrics_address() {
        lines.push(format!("Metrics: http://{}/metrics", reachable(metrics)));
    }
    let syslog = server.syslog();
    let transports = [
        ("UDP", &syslog.udp),
        ("TCP", &syslog.tcp),
        ("TLS", &syslog.tls),
    ];
    for (name, addresses) in transports {
        lines.extend(
            addresses
                .iter()
                .map(|it| format!("Syslog over {name}: {it}")),
        );
    }
    for line in lines {
        drop(terminal::say(&line));
    }
    if let Some(text) = server.first_admin().and_then(credentials) {
        use std::io::Write as _;
        if writeln!(std::io::stdout(), "{text}").is_err() {
            tracing::warn!(
                "the first administrator's password could not be printed; \
                 `watchpost user reset-password` makes another"
            );
        }
    }
}

/// The first administrator's sign-in in a box, when the password is known to nobody else.
///
/// Standard output alone: the log is kept and sent elsewhere.
fn credentials(admin: &FirstAdmin) -> Option<String> {
    let password = admin.generated.as_ref()?;
    Some(terminal::boxed(&[
        "The first administrator was made. This is shown once:".to_owned(),
        String::new(),
        format!("  user name  {}", terminal::clean(&admin.username)),
        format!("  password   {}", password.expose()),
    ]))
}

/// An address a client on this machine can use.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Secret;

    #[test]
    fn an_address_that_means_all_is_reached_by_loopback() {
        let near = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(near("0.0.0.0:8000"), "127.0.0.1:8000");
        assert_eq!(near("[::]:8000"), "[::1]:8000");
        assert_eq!(near("192.0.2.1:80"), "192.0.2.1:80");
    }

    #[test]
    fn only_a_generated_password_is_shown() {
        let mut admin = FirstAdmin {
            username: "admin".into(),
            generated: None,
            weak: false,
        };
        assert_eq!(credentials(&admin), None);
        admin.generated = Some(Secret::new("plum-orbit".into()));
        assert!(credentials(&admin).unwrap().contains("plum-orbit"));
    }
}
