//! The classes that are met most, their activities, and what they are to rules.

/// A class of OCSF.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) uid: i64,
    /// Its caption.
    pub(super) name: &'static str,
    /// ECS `event.category`.
    pub(super) category: Option<&'static str>,
    /// Sigma's category.
    pub(super) sigma: Option<&'static str>,
    pub(super) activities: &'static [(i64, &'static str)],
}

const FINDING: &[(i64, &str)] = &[(1, "Create"), (2, "Update"), (3, "Close")];
const FILE: &[(i64, &str)] = &[
    (1, "Create"),
    (2, "Read"),
    (3, "Update"),
    (4, "Delete"),
    (5, "Rename"),
    (6, "Set Attributes"),
    (7, "Set Security"),
    (8, "Get Attributes"),
    (9, "Get Security"),
    (10, "Encrypt"),
    (11, "Decrypt"),
    (12, "Mount"),
    (13, "Unmount"),
    (14, "Open"),
];
const NETWORK: &[(i64, &str)] = &[
    (1, "Open"),
    (2, "Close"),
    (3, "Reset"),
    (4, "Fail"),
    (5, "Refuse"),
    (6, "Traffic"),
    (7, "Listen"),
];
const ACCOUNT: &[(i64, &str)] = &[
    (1, "Create"),
    (2, "Enable"),
    (3, "Password Change"),
    (4, "Password Reset"),
    (5, "Disable"),
    (6, "Delete"),
    (7, "Attach Policy"),
    (8, "Detach Policy"),
    (9, "Lock"),
    (10, "MFA Factor Enable"),
    (11, "MFA Factor Disable"),
    (12, "Unlock"),
];
const LOGON: &[(i64, &str)] = &[
    (1, "Logon"),
    (2, "Logoff"),
    (3, "Authentication Ticket"),
    (4, "Service Ticket Request"),
    (5, "Service Ticket Renew"),
    (6, "Preauth"),
    (7, "Account Switch"),
];
const CRUD: &[(i64, &str)] = &[(1, "Create"), (2, "Read"), (3, "Update"), (4, "Delete")];
const HTTP: &[(i64, &str)] = &[
    (1, "Connect"),
    (2, "Delete"),
    (3, "Get"),
    (4, "Head"),
    (5, "Options"),
    (6, "Post"),
    (7, "Put"),
    (8, "Trace"),
    (9, "Patch"),
];

const CLASSES: &[Class] = &[
    it(
        1001,
        "File System Activity",
        Some("file"),
        Some("file_event"),
        FILE,
    ),
    it(
        1002,
        "Kernel Extension Activity",
        Some("driver"),
        Some("driver_load"),
        &[(1, "Load"), (2, "Unload")],
    ),
    it(1003, "Kernel Activity", Some("process"), None, CRUD),
    it(1004, "Memory Activity", Some("process"), None, &[]),
    it(
        1005,
        "Module Activity",
        Some("library"),
        Some("image_load"),
        &[(1, "Load"), (2, "Unload")],
    ),
    it(
        1006,
        "Scheduled Job Activity",
        Some("configuration"),
        None,
        CRUD,
    ),
    it(
        1007,
        "Process Activity",
        Some("process"),
        Some("process_creation"),
        &[
            (1, "Launch"),
            (2, "Terminate"),
            (3, "Open"),
            (4, "Inject"),
            (5, "Set User ID"),
        ],
    ),
    it(
        1008,
        "Event Log Activity",
        Some("configuration"),
        None,
        &[(1, "Clear"), (2, "Delete"), (3, "Export")],
    ),
    it(
        2001,
        "Security Finding",
        Some("intrusion_detection"),
        None,
        FINDING,
    ),
    it(
        2002,
        "Vulnerability Finding",
        Some("vulnerability"),
        None,
        FINDING,
    ),
    it(
        2003,
        "Compliance Finding",
        Some("configuration"),
        None,
        FINDING,
    ),
    it(
        2004,
        "Detection Finding",
        Some("intrusion_detection"),
        None,
        FINDING,
    ),
    it(
        2005,
        "Incident Finding",
        Some("intrusion_detection"),
        None,
        FINDING,
    ),
    it(
        2006,
        "Data Security Finding",
        Some("intrusion_detection"),
        None,
        FINDING,
    ),
    it(3001, "Account Change", Some("iam"), None, ACCOUNT),
    it(3002, "Authentication", Some("authentication"), None, LOGON),
    it(3003, "Authorize Session", Some("iam"), None, &[]),
    it(3004, "Entity Management", Some("iam"), None, CRUD),
    it(
        3005,
        "User Access Management",
        Some("iam"),
        None,
        &[(1, "Assign Privileges"), (2, "Revoke Privileges")],
    ),
    it(3006, "Group Management", Some("iam"), None, &[]),
    it(
        4001,
        "Network Activity",
        Some("network"),
        Some("network_connection"),
        NETWORK,
    ),
    it(4002, "HTTP Activity", Some("web"), Some("proxy"), HTTP),
    it(
        4003,
        "DNS Activity",
        Some("network"),
        Some("dns"),
        &[(1, "Query"), (2, "Response"), (6, "Traffic")],
    ),
    it(4004, "DHCP Activity", Some("network"), None, &[]),
    it(4005, "RDP Activity", Some("network"), None, &[]),
    it(4006, "SMB Activity", Some("network"), None, &[]),
    it(4007, "SSH Activity", Some("network"), None, NETWORK),
    it(4008, "FTP Activity", Some("network"), None, &[]),
    it(
        4009,
        "Email Activity",
        Some("email"),
        None,
        &[(1, "Send"), (2, "Receive"), (3, "Scan")],
    ),
    it(6001, "Web Resources Activity", Some("web"), None, CRUD),
    it(6002, "Application Lifecycle", Some("package"), None, &[]),
    it(6003, "API Activity", Some("configuration"), None, CRUD),
    it(6005, "Datastore Activity", Some("database"), None, &[]),
    it(6006, "File Hosting Activity", Some("file"), None, &[]),
];

const fn it(
    uid: i64,
    name: &'static str,
    category: Option<&'static str>,
    sigma: Option<&'static str>,
    activities: &'static [(i64, &'static str)],
) -> Class {
    Class {
        uid,
        name,
        category,
        sigma,
        activities,
    }
}

/// The class of a number; extensions put their own number in front of it.
pub(super) fn class(uid: i64) -> Option<&'static Class> {
    CLASSES.iter().find(|class| class.uid == uid)
}
