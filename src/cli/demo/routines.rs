//! What thirty sources report day by day.

use base::Severity::{self, Info, Low, Medium};

/// The largest weight of an hour.
const WEIGHT_MAX: u64 = 12;

/// When something happens, in hours of the day on UTC.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rhythm {
    /// While people work: most from 8 to 17.
    Office,
    /// While nobody works: back-ups and updates from 0 to 5.
    Night,
    /// Always: the rest of the world never sleeps.
    Always,
}

impl Rhythm {
    /// How much happens in an hour of the day, 0 to [`WEIGHT_MAX`].
    const fn weight(self, hour: u64) -> u64 {
        match (self, hour) {
            (Self::Office, 8..=11 | 13..=16) | (Self::Night, 0..=4) => WEIGHT_MAX,
            (Self::Office, 7 | 12 | 17) => 7,
            (Self::Office, 6 | 18..=20) => 2,
            (Self::Office | Self::Night, _) => 0,
            (Self::Always, _) => 3,
        }
    }
}

/// Whose address an event names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose {
    Nobody,
    Inside,
    Staff,
    Stranger,
}

/// Something a source reports over and over.
#[derive(Debug)]
pub(super) struct Routine {
    pub(super) source: (&'static str, &'static str),
    pub(super) severity: Severity,
    /// How often, beside the others; 1 to 10.
    share: u64,
    rhythm: Rhythm,
    pub(super) whose: Whose,
    /// `{user}` stands for an account, `{n}` for a number from 2 to 99.
    pub(super) text: &'static str,
}

impl Routine {
    /// How much of this happens in an hour of the day.
    pub(super) const fn weight(&self, hour: u64) -> u64 {
        self.share.saturating_mul(self.rhythm.weight(hour))
    }
}

const fn routine(
    source: (&'static str, &'static str),
    (severity, share): (Severity, u64),
    (rhythm, whose): (Rhythm, Whose),
    text: &'static str,
) -> Routine {
    Routine {
        source,
        severity,
        share,
        rhythm,
        whose,
        text,
    }
}

/// The sum of all shares at the largest weight of an hour: no hour is busier.
pub(super) const BUSIEST: u64 = {
    let (mut sum, mut rest) = (0_u64, ROUTINES);
    while let [first, others @ ..] = rest {
        sum = sum.saturating_add(first.share.saturating_mul(WEIGHT_MAX));
        rest = others;
    }
    sum
};

use Rhythm::{Always, Night, Office};
use Whose::{Inside, Nobody, Staff, Stranger};

/// All of it.
pub(super) const ROUTINES: &[Routine] = &[
    routine(
        ("fw-edge-01", "connection-denied"),
        (Info, 10),
        (Always, Stranger),
        "Connection to port 23 denied",
    ),
    routine(
        ("fw-edge-01", "port-scan"),
        (Low, 4),
        (Always, Stranger),
        "{n} ports tried in a minute",
    ),
    routine(
        ("fw-edge-02", "connection-denied"),
        (Info, 8),
        (Always, Stranger),
        "Connection to port 3389 denied",
    ),
    routine(
        ("fw-edge-02", "policy"),
        (Info, 1),
        (Office, Nobody),
        "Rule set {n} installed by {user}",
    ),
    routine(
        ("vpn-gw-01", "login"),
        (Info, 6),
        (Office, Staff),
        "{user} signed in",
    ),
    routine(
        ("vpn-gw-01", "login-failed"),
        (Low, 2),
        (Office, Staff),
        "{user} mistyped the password",
    ),
    routine(
        ("vpn-gw-01", "login-failed"),
        (Low, 3),
        (Always, Stranger),
        "Sign-in of the unknown account admin{n} refused",
    ),
    routine(
        ("ids-dmz", "intrusion"),
        (Medium, 1),
        (Always, Stranger),
        "Exploit for a router never owned here",
    ),
    routine(
        ("ids-dmz", "anomaly"),
        (Info, 3),
        (Always, Stranger),
        "Answer without a question in HTTP",
    ),
    routine(
        ("waf-01", "web-attack"),
        (Low, 5),
        (Always, Stranger),
        "Request for /wp-login.php blocked, {n} times",
    ),
    routine(
        ("waf-01", "web-attack"),
        (Medium, 1),
        (Always, Stranger),
        "Script in a form field blocked",
    ),
    routine(
        ("web-01", "web"),
        (Info, 4),
        (Always, Stranger),
        "Robot reads {n} pages of the shop",
    ),
    routine(
        ("web-01", "certificate"),
        (Info, 1),
        (Night, Nobody),
        "Certificate is valid for another {n} days",
    ),
    routine(
        ("mail-gw-01", "spam"),
        (Info, 9),
        (Always, Stranger),
        "{n} mails held back as spam",
    ),
    routine(
        ("mail-gw-01", "phishing"),
        (Low, 2),
        (Office, Stranger),
        "Mail with a link to a copied sign-in page held back",
    ),
    routine(
        ("mail-gw-01", "malware"),
        (Medium, 1),
        (Office, Stranger),
        "Attachment with a macro held back, to {user}",
    ),
    routine(
        ("dns-01", "policy"),
        (Low, 2),
        (Office, Inside),
        "Question for a name on the list of unwanted sites",
    ),
    routine(
        ("proxy-01", "policy"),
        (Info, 4),
        (Office, Inside),
        "Download of a program by {user} allowed",
    ),
    routine(
        ("proxy-01", "policy"),
        (Low, 2),
        (Office, Inside),
        "Upload to a private file store by {user}",
    ),
    routine(
        ("idp-01", "login"),
        (Info, 9),
        (Office, Staff),
        "{user} signed in and confirmed on the phone",
    ),
    routine(
        ("idp-01", "account-change"),
        (Info, 1),
        (Office, Inside),
        "{user} chose a new password",
    ),
    routine(
        ("dc-01", "login-failed"),
        (Low, 3),
        (Office, Inside),
        "{user} locked out after {n} wrong passwords",
    ),
    routine(
        ("dc-02", "account-change"),
        (Info, 1),
        (Office, Inside),
        "{user} added to a project's group",
    ),
    routine(
        ("edr-console", "malware"),
        (Medium, 1),
        (Office, Inside),
        "Unwanted browser extension removed from the machine of {user}",
    ),
    routine(
        ("edr-console", "health"),
        (Info, 2),
        (Office, Nobody),
        "{n} machines have not reported for a day",
    ),
    routine(
        ("fs-02", "data-access"),
        (Info, 3),
        (Office, Inside),
        "{user} opened {n} files of a closed project",
    ),
    routine(
        ("db-01", "data-access"),
        (Info, 2),
        (Office, Inside),
        "{user} exported {n} rows",
    ),
    routine(
        ("backup-01", "backup"),
        (Info, 6),
        (Night, Nobody),
        "Back-up finished, {n} GB",
    ),
    routine(
        ("backup-01", "backup"),
        (Low, 1),
        (Night, Nobody),
        "Back-up of wks-1{n} skipped: machine is switched off",
    ),
    routine(
        ("cloudtrail-prod", "cloud"),
        (Info, 4),
        (Office, Staff),
        "{user} signed in to the console",
    ),
    routine(
        ("cloudtrail-prod", "policy"),
        (Medium, 1),
        (Office, Staff),
        "{user} opened a bucket to everybody, closed again by policy",
    ),
    routine(
        ("k8s-audit", "container"),
        (Info, 3),
        (Office, Nobody),
        "Version {n} of the shop rolled out",
    ),
    routine(
        ("git-01", "code"),
        (Low, 1),
        (Office, Inside),
        "Text that looks like a key refused in a commit of {user}",
    ),
    routine(
        ("ci-runner-01", "vulnerability"),
        (Medium, 1),
        (Night, Nobody),
        "Known hole in a library of the shop, fixed version available",
    ),
    routine(
        ("wifi-ctl-01", "wireless"),
        (Low, 2),
        (Office, Nobody),
        "Foreign network with our name seen from the street",
    ),
    routine(
        ("switch-core-01", "network"),
        (Info, 2),
        (Always, Nobody),
        "Port {n} lost its link and found it again",
    ),
    routine(
        ("nac-01", "network"),
        (Info, 2),
        (Office, Inside),
        "Guest device of {user} let into the guest network",
    ),
    routine(
        ("door-ctl-hq", "access"),
        (Info, 8),
        (Office, Nobody),
        "Staff door opened by {user}",
    ),
    routine(
        ("door-ctl-hq", "access-denied"),
        (Low, 1),
        (Office, Nobody),
        "Badge of {user} refused at the server room",
    ),
    routine(
        ("cam-lobby-ai", "person"),
        (Info, 4),
        (Office, Nobody),
        "{n} people in the lobby",
    ),
    routine(
        ("cam-rear-gate-ai", "person"),
        (Info, 3),
        (Always, Nobody),
        "Delivery at the rear gate",
    ),
    routine(
        ("cam-rear-gate-ai", "loitering"),
        (Low, 1),
        (Night, Nobody),
        "Fox at the rear gate, taken for a person, confidence 0.4",
    ),
    routine(
        ("nvr-hq", "health"),
        (Low, 1),
        (Always, Nobody),
        "Camera {n} was dark for a minute",
    ),
    routine(
        ("ups-hq", "power"),
        (Info, 1),
        (Night, Nobody),
        "Battery test passed, {n} minutes left under load",
    ),
    routine(
        ("hypervisor-01", "virtual-machine"),
        (Info, 2),
        (Night, Nobody),
        "Machine moved to host {n}",
    ),
    routine(
        ("honeypot-01", "login-failed"),
        (Low, 5),
        (Always, Stranger),
        "Sign-in as root tried {n} times",
    ),
];
