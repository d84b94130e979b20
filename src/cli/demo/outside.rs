//! The attack until it is inside: looking around, mail, doors.

use base::Severity::{High, Info, Low, Medium};
use base::Timestamp;

use super::DemoEvent;
use super::places::{MAILER, PROBER, SCANNER};
use super::random::Random;
use super::stage::Stage;
use super::told::Scene;

/// Makes the first half of the attack.
pub(super) fn events(now: Timestamp, random: &mut Random) -> Vec<DemoEvent> {
    SCENES
        .iter()
        .map(|scene| scene.event(now, random))
        .collect()
}

const SCENES: &[Scene] = &[
    Scene {
        minutes_ago: 4290,
        source: ("ids-dmz", "port-scan"),
        severity: Low,
        from: Some(SCANNER),
        stage: Stage::Reconnaissance,
        techniques: &["T1595.001"],
        text: "254 addresses swept for ports 22, 443, 3389 and 8443",
    },
    Scene {
        minutes_ago: 4262,
        source: ("fw-edge-01", "port-scan"),
        severity: Low,
        from: Some(PROBER),
        stage: Stage::Reconnaissance,
        techniques: &["T1595.001"],
        text: "1,024 ports of the VPN gateway tried in 40 seconds",
    },
    Scene {
        minutes_ago: 4105,
        source: ("waf-01", "web-attack"),
        severity: Medium,
        from: Some(SCANNER),
        stage: Stage::Reconnaissance,
        techniques: &["T1595.003"],
        text: "List of folders tried on www.corp.example: 3,100 requests, all refused",
    },
    Scene {
        minutes_ago: 4040,
        source: ("dns-01", "reconnaissance"),
        severity: Medium,
        from: Some(PROBER),
        stage: Stage::Reconnaissance,
        techniques: &["T1590.002"],
        text: "Transfer of the zone corp.example asked for and refused",
    },
    Scene {
        minutes_ago: 3920,
        source: ("honeypot-01", "intrusion"),
        severity: Medium,
        from: Some(PROBER),
        stage: Stage::Reconnaissance,
        techniques: &["T1595.002"],
        text: "Honeypot met an exploit for VPN gateways of last month",
    },
    Scene {
        minutes_ago: 3850,
        source: ("waf-01", "web-attack"),
        severity: High,
        from: Some(SCANNER),
        stage: Stage::InitialAccess,
        techniques: &["T1190"],
        text: "SQL injection in the search of the shop, 57 attempts blocked",
    },
    Scene {
        minutes_ago: 3005,
        source: ("mail-gw-01", "phishing"),
        severity: Medium,
        from: Some(MAILER),
        stage: Stage::InitialAccess,
        techniques: &["T1566.002"],
        text: "14 mails 'Your parcel is waiting' with a link to parcel-track.example held back",
    },
    Scene {
        minutes_ago: 2998,
        source: ("mail-gw-01", "phishing"),
        severity: High,
        from: Some(MAILER),
        stage: Stage::InitialAccess,
        techniques: &["T1566.002"],
        text: "3 mails with the link to parcel-track.example had been delivered before",
    },
    Scene {
        minutes_ago: 2951,
        source: ("proxy-01", "phishing"),
        severity: High,
        from: Some(MAILER),
        stage: Stage::InitialAccess,
        techniques: &["T1566.002"],
        text: "p.novak on wks-114 sent a form to a copy of the sign-in page at parcel-track.example",
    },
    Scene {
        minutes_ago: 2920,
        source: ("mail-gw-01", "phishing"),
        severity: Info,
        from: None,
        stage: Stage::InitialAccess,
        techniques: &["T1566.002"],
        text: "m.okafor reported the mail 'Your parcel is waiting'",
    },
    Scene {
        minutes_ago: 2780,
        source: ("cam-rear-gate-ai", "loitering"),
        severity: Medium,
        from: None,
        stage: Stage::Physical,
        techniques: &[],
        text: "One person at the rear gate for 11 minutes, confidence 0.87",
    },
    Scene {
        minutes_ago: 2771,
        source: ("cam-rear-gate-ai", "loitering"),
        severity: Medium,
        from: None,
        stage: Stage::Physical,
        techniques: &[],
        text: "The same person is back and photographs the badge reader, confidence 0.81",
    },
    Scene {
        minutes_ago: 1655,
        source: ("door-ctl-hq", "access-denied"),
        severity: Low,
        from: None,
        stage: Stage::Physical,
        techniques: &[],
        text: "Badge 20417, reported as lost, refused at the rear gate",
    },
    Scene {
        minutes_ago: 1652,
        source: ("cam-lobby-ai", "tailgating"),
        severity: High,
        from: None,
        stage: Stage::Physical,
        techniques: &[],
        text: "Two people through the staff door on one badge, confidence 0.93",
    },
    Scene {
        minutes_ago: 1631,
        source: ("nac-01", "rogue-device"),
        severity: High,
        from: None,
        stage: Stage::InitialAccess,
        techniques: &["T1200"],
        text: "Unknown single-board computer on the network socket of meeting room 3.12",
    },
    Scene {
        minutes_ago: 1604,
        source: ("switch-core-01", "network"),
        severity: Info,
        from: None,
        stage: Stage::InitialAccess,
        techniques: &["T1200"],
        text: "Socket of meeting room 3.12 shut down by c.meyer",
    },
];
