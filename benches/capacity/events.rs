//! The events that are sent: 450 bytes of JSON, 200 sources, 16 types, 8 % HIGH and CRITICAL.

const TYPES: [&str; 16] = [
    "intrusion",
    "malware",
    "anomaly",
    "brute_force",
    "port_scan",
    "data_exfiltration",
    "phishing",
    "policy_violation",
    "privilege_escalation",
    "ddos",
    "recon",
    "web_attack",
    "login_failed",
    "dns_tunnel",
    "ransomware",
    "beaconing",
];
/// Networks of several countries.
const NETWORKS: [&str; 8] = [
    "81.2", "8.8", "133.11", "200.160", "41.0", "139.130", "193.0", "175.45",
];

/// How severe the events are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mix {
    /// 8 % HIGH or CRITICAL, the rest INFO, LOW and MEDIUM.
    Usual,
    /// HIGH and CRITICAL only: each raises an alert.
    Severe,
    /// INFO, LOW and MEDIUM only.
    Harmless,
}

/// Spreads consecutive numbers over all 64 bits (the finaliser of `SplitMix64`).
const fn scatter(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn severity(mix: Mix, bits: u64) -> &'static str {
    match (mix, bits % 100) {
        (Mix::Usual, 0..6) | (Mix::Severe, 0..70) => "HIGH",
        (Mix::Usual, 6..8) | (Mix::Severe, _) => "CRITICAL",
        (_, 8..30) => "MEDIUM",
        (_, 30..60) => "LOW",
        _ => "INFO",
    }
}

/// The n-th event as one line of JSON.
pub(crate) fn json(n: u64, mix: Mix) -> String {
    let bits = scatter(n);
    let [low, high, third, fourth, kind, network, ..] = scatter(bits).to_le_bytes();
    let kind = TYPES
        .get(usize::from(kind % 16))
        .copied()
        .unwrap_or_default();
    let network = NETWORKS
        .get(usize::from(network % 8))
        .copied()
        .unwrap_or_default();
    let severity = severity(mix, bits >> 32);
    let source = (bits >> 24) % 200;
    let second = n % 60;
    format!(
        "{{\"source_name\":\"sensor-{source:03}\",\"event_type\":\"{kind}\",\
         \"severity\":\"{severity}\",\"description\":\"{kind} seen by rule {third:03}: {fourth} packets from \
         {network}.{low}.{high} towards the service behind the edge firewall, session {n:010x} ended\",\
         \"ip_address\":\"{network}.{low}.{high}\",\"occurred_at\":\"2026-03-01T12:00:{second:02}Z\",\
         \"attributes\":{{\"proto\":\"tcp\",\"src_port\":{},\"dst_ip\":\"10.0.{third}.{fourth}\",\
         \"dst_port\":443,\"bytes\":{},\"rule_id\":{third},\"user\":\"svc-{fourth:03}\",\
         \"action\":\"allowed\",\"flow\":{n}}}}}",
        1024 + u64::from(low) * 199,
        u64::from(high) * 7919,
    )
}

/// Bodies of 1,000 lines each.
pub(crate) fn bodies(count: u64, mix: Mix) -> Vec<String> {
    (0..count)
        .map(|body| {
            (0..1_000).fold(String::with_capacity(512_000), |mut text, line| {
                text.push_str(&json(body * 1_000 + line, mix));
                text.push('\n');
                text
            })
        })
        .collect()
}
