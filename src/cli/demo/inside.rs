//! The attack from the first guessed password to the last hour before encryption.

use std::time::Duration;

use base::Severity::{Critical, High, Info, Low, Medium};
use base::Timestamp;

use super::DemoEvent;
use super::background::ACCOUNTS;
use super::places::{OPERATOR, STAFF_HOME, STRANGERS, TAKEOVER};
use super::random::Random;
use super::stage::Stage;
use super::told::{Scene, Told};

/// Guessed passwords that are shown one by one.
const GUESSES: u64 = 64;
/// Calls of the malware home after the first.
const BEACONS: u64 = 16;

/// Makes the second half of the attack.
pub(super) fn events(now: Timestamp, random: &mut Random) -> Vec<DemoEvent> {
    let scenes = TAKEN_OVER.iter().chain(super::damage::SCENES);
    let mut events: Vec<DemoEvent> = scenes.map(|scene| scene.event(now, random)).collect();
    for _ in 0..GUESSES {
        events.push(guess(now, random));
    }
    for beacon in 0..BEACONS {
        let ago = 1_560_u64.saturating_sub(beacon.saturating_mul(95));
        let ago = Duration::from_mins(ago).saturating_sub(Duration::from_secs(random.below(900)));
        events.push(
            Told {
                source: ("ids-dmz", "c2-beacon"),
                severity: Medium,
                address: Some(OPERATOR.address),
                stage: Stage::CommandAndControl,
                techniques: &["T1071.001"],
                text: "wks-114 still calls the host with the self-signed certificate".to_owned(),
            }
            .event(now.minus(ago)),
        );
    }
    events
}

/// One refused sign-in, in the three hours in which they are tried.
fn guess(now: Timestamp, random: &mut Random) -> DemoEvent {
    let ago =
        Duration::from_mins(1_790).saturating_add(Duration::from_millis(random.below(10_800_000)));
    let account = random.pick(ACCOUNTS).copied().unwrap_or_default();
    Told {
        source: ("vpn-gw-01", "login-failed"),
        severity: Low,
        address: random.pick(STRANGERS).map(|place| place.address),
        stage: Stage::CredentialAccess,
        techniques: &["T1110.003"],
        text: format!("Sign-in of {account} refused: wrong password"),
    }
    .event(now.minus(ago))
}

const TAKEN_OVER: &[Scene] = &[
    Scene {
        minutes_ago: 1892,
        source: ("vpn-gw-01", "brute-force"),
        severity: High,
        from: None,
        stage: Stage::CredentialAccess,
        techniques: &["T1110.003"],
        text: "640 refused sign-ins to 80 accounts from 20 networks in an hour: passwords are being sprayed",
    },
    Scene {
        minutes_ago: 1756,
        source: ("vpn-gw-01", "login"),
        severity: Info,
        from: Some(STAFF_HOME),
        stage: Stage::Background,
        techniques: &[],
        text: "p.novak signed in from Germany",
    },
    Scene {
        minutes_ago: 1720,
        source: ("idp-01", "mfa-fatigue"),
        severity: High,
        from: Some(TAKEOVER),
        stage: Stage::CredentialAccess,
        techniques: &["T1621"],
        text: "9 requests to confirm a sign-in sent to p.novak in 3 minutes, the last one accepted",
    },
    Scene {
        minutes_ago: 1718,
        source: ("vpn-gw-01", "login"),
        severity: Medium,
        from: Some(TAKEOVER),
        stage: Stage::InitialAccess,
        techniques: &["T1078", "T1133"],
        text: "p.novak signed in from Chile for the first time",
    },
    Scene {
        minutes_ago: 1717,
        source: ("idp-01", "impossible-travel"),
        severity: Critical,
        from: Some(TAKEOVER),
        stage: Stage::InitialAccess,
        techniques: &["T1078"],
        text: "p.novak signed in from Chile 38 minutes after Germany, 12,000 km away",
    },
    Scene {
        minutes_ago: 1698,
        source: ("idp-01", "account-change"),
        severity: High,
        from: Some(TAKEOVER),
        stage: Stage::Persistence,
        techniques: &["T1098.005"],
        text: "Second authenticator registered for p.novak",
    },
    Scene {
        minutes_ago: 1662,
        source: ("edr-console", "malware"),
        severity: High,
        from: None,
        stage: Stage::Execution,
        techniques: &["T1059.001"],
        text: "wks-114: encoded PowerShell started by a document of p.novak",
    },
    Scene {
        minutes_ago: 1640,
        source: ("ids-dmz", "c2-beacon"),
        severity: Critical,
        from: Some(OPERATOR),
        stage: Stage::CommandAndControl,
        techniques: &["T1071.001", "T1573.002"],
        text: "wks-114 calls a host with a self-signed certificate every 60 seconds",
    },
    Scene {
        minutes_ago: 1610,
        source: ("edr-console", "discovery"),
        severity: Medium,
        from: None,
        stage: Stage::Discovery,
        techniques: &["T1087.002"],
        text: "wks-114: members of Domain Admins listed by p.novak",
    },
    Scene {
        minutes_ago: 1602,
        source: ("dc-01", "discovery"),
        severity: Low,
        from: None,
        stage: Stage::Discovery,
        techniques: &["T1018"],
        text: "4,800 directory queries from wks-114 in 2 minutes",
    },
    Scene {
        minutes_ago: 1445,
        source: ("dc-01", "credential-theft"),
        severity: High,
        from: None,
        stage: Stage::CredentialAccess,
        techniques: &["T1558.003"],
        text: "Tickets with a weak cipher asked for 31 service accounts from wks-114",
    },
    Scene {
        minutes_ago: 1390,
        source: ("edr-console", "privilege-escalation"),
        severity: Critical,
        from: None,
        stage: Stage::PrivilegeEscalation,
        techniques: &["T1068"],
        text: "wks-114: vulnerable driver loaded, a process of p.novak now runs as SYSTEM",
    },
    Scene {
        minutes_ago: 1382,
        source: ("edr-console", "credential-theft"),
        severity: Critical,
        from: None,
        stage: Stage::CredentialAccess,
        techniques: &["T1003.001"],
        text: "wks-114: memory of lsass.exe read by an unknown process",
    },
    Scene {
        minutes_ago: 1310,
        source: ("dc-01", "lateral-movement"),
        severity: High,
        from: None,
        stage: Stage::LateralMovement,
        techniques: &["T1021.002"],
        text: "svc-backup signed in to the administrative shares of 9 servers in 4 minutes",
    },
    Scene {
        minutes_ago: 1296,
        source: ("fs-02", "lateral-movement"),
        severity: High,
        from: None,
        stage: Stage::LateralMovement,
        techniques: &["T1569.002"],
        text: "Service with a random name installed by svc-backup",
    },
    Scene {
        minutes_ago: 1240,
        source: ("dc-02", "privilege-escalation"),
        severity: Critical,
        from: None,
        stage: Stage::PrivilegeEscalation,
        techniques: &["T1098.007"],
        text: "svc-backup added to Domain Admins outside the change window",
    },
    Scene {
        minutes_ago: 1228,
        source: ("dc-02", "log-cleared"),
        severity: High,
        from: None,
        stage: Stage::DefenseEvasion,
        techniques: &["T1070.001"],
        text: "Security log cleared by svc-backup",
    },
    Scene {
        minutes_ago: 905,
        source: ("ci-runner-01", "credential-theft"),
        severity: Medium,
        from: None,
        stage: Stage::CredentialAccess,
        techniques: &["T1552.001"],
        text: "Settings with the key of ci-deploy read by p.novak",
    },
];
