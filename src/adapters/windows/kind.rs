//! What events mean by channel and id: Sigma's words, severities, and a few words of our own for
//! events that come without their message.

use base::Severity::{self, High, Info, Low, Medium};

use super::entry::Entry;

/// Sigma's short names of channels.
const SERVICES: &[(&str, &str)] = &[
    ("Security", "security"),
    ("System", "system"),
    ("Application", "application"),
    ("Setup", "setup"),
    ("Windows PowerShell", "powershell-classic"),
    ("Microsoft-Windows-PowerShell/Operational", "powershell"),
    ("PowerShellCore/Operational", "powershell"),
    ("Microsoft-Windows-Sysmon/Operational", "sysmon"),
    (
        "Microsoft-Windows-Windows Defender/Operational",
        "windefend",
    ),
    (
        "Microsoft-Windows-TaskScheduler/Operational",
        "taskscheduler",
    ),
    ("Microsoft-Windows-WMI-Activity/Operational", "wmi"),
    (
        "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",
        "firewall-as",
    ),
    ("Microsoft-Windows-Bits-Client/Operational", "bits-client"),
    (
        "Microsoft-Windows-CodeIntegrity/Operational",
        "codeintegrity-operational",
    ),
    ("Microsoft-Windows-NTLM/Operational", "ntlm"),
    ("DNS Server", "dns-server"),
    ("Microsoft-Windows-DNS-Client/Operational", "dns-client"),
    ("Microsoft-Windows-AppLocker/EXE and DLL", "applocker"),
    ("Microsoft-Windows-AppLocker/MSI and Script", "applocker"),
    (
        "Microsoft-Windows-DriverFrameworks-UserMode/Operational",
        "driver-framework",
    ),
    ("Microsoft-Windows-PrintService/Admin", "printservice-admin"),
    (
        "Microsoft-Windows-PrintService/Operational",
        "printservice-operational",
    ),
    ("Microsoft-Windows-SmbClient/Security", "smbclient-security"),
    (
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
        "terminalservices-localsessionmanager",
    ),
    ("Microsoft-Windows-LDAP-Client/Debug", "ldap"),
    ("MSExchange Management", "msexchange-management"),
    ("OpenSSH/Operational", "openssh"),
];

/// Events that are worse than INFO whatever the computer: channel, id, severity, and why.
pub(super) const SEVERITIES: &[(&str, i64, Severity, &str)] = &[
    ("security", 1102, High, "somebody cleared the audit log"),
    ("system", 104, Medium, "somebody cleared a log"),
    ("security", 4719, Medium, "the audit policy was changed"),
    ("security", 4697, Medium, "a service was installed"),
    ("system", 7045, Medium, "a service was installed"),
    (
        "security",
        4765,
        Medium,
        "SID history was added to an account",
    ),
    (
        "security",
        4794,
        Medium,
        "somebody tried to set the directory restore password",
    ),
    ("windefend", 1006, High, "Defender found malware"),
    (
        "windefend",
        1015,
        High,
        "Defender found suspicious behaviour",
    ),
    ("windefend", 1116, High, "Defender found malware"),
    ("windefend", 1117, High, "Defender acted against malware"),
    (
        "windefend",
        1118,
        High,
        "Defender failed to act against malware",
    ),
    (
        "windefend",
        1119,
        High,
        "Defender failed badly to act against malware",
    ),
    (
        "windefend",
        5001,
        High,
        "real-time protection was switched off",
    ),
    (
        "windefend",
        5010,
        Medium,
        "scanning for malware was switched off",
    ),
    (
        "windefend",
        5012,
        Medium,
        "scanning for viruses was switched off",
    ),
    ("security", 4625, Low, "a logon failed"),
    ("security", 4771, Low, "Kerberos refused a logon"),
    ("security", 4740, Low, "an account was locked out"),
    ("security", 4720, Low, "an account was made"),
    (
        "security",
        4728,
        Low,
        "somebody was added to a global group",
    ),
    ("security", 4732, Low, "somebody was added to a local group"),
    (
        "security",
        4756,
        Low,
        "somebody was added to a universal group",
    ),
    ("security", 4698, Low, "a scheduled task was made"),
    ("security", 1100, Low, "logging was shut down"),
    ("sysmon", 25, Medium, "a process was tampered with"),
];

/// How bad it is: the list above; else LOW where Windows itself says error or critical, or
/// PowerShell thinks a script suspicious; else INFO.
pub(super) fn severity(entry: &Entry<'_>) -> Severity {
    let service = entry.service().unwrap_or_default();
    let listed = SEVERITIES
        .iter()
        .find(|(channel, id, ..)| *channel == service && *id == entry.id);
    match (listed, entry.level) {
        (Some((_, _, severity, _)), _) => *severity,
        (None, Some(1 | 2)) => Low,
        (None, Some(3)) if service == "powershell" && entry.id == 4104 => Low,
        _ => Info,
    }
}

/// Whether the event reports a finding rather than something that happened.
pub(super) fn is_detection(entry: &Entry<'_>) -> bool {
    entry.service() == Some("windefend") && matches!(entry.id, 1006 | 1015 | 1116..=1119)
}

pub(super) fn service(channel: &str) -> Option<&'static str> {
    let known = SERVICES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(channel));
    known.map(|(_, service)| *service)
}

/// Sigma's category; `word` is the event's own type, which tells making a key from deleting one.
pub(super) fn category(service: &str, id: i64, word: &str) -> Option<&'static str> {
    Some(match (service, id) {
        ("sysmon", 1) | ("security", 4688) => "process_creation",
        ("sysmon", 2) => "file_change",
        ("sysmon", 3) => "network_connection",
        ("sysmon", 4 | 16) => "sysmon_status",
        ("sysmon", 5) => "process_termination",
        ("sysmon", 6) => "driver_load",
        ("sysmon", 7) => "image_load",
        ("sysmon", 8) => "create_remote_thread",
        ("sysmon", 9) => "raw_access_thread",
        ("sysmon", 10) => "process_access",
        ("sysmon", 11) => "file_event",
        ("sysmon", 12) => match word {
            "CreateKey" => "registry_add",
            "DeleteKey" | "DeleteValue" => "registry_delete",
            _ => "registry_event",
        },
        ("sysmon", 13) => "registry_set",
        ("sysmon", 14) => "registry_rename",
        ("sysmon", 15) => "create_stream_hash",
        ("sysmon", 17 | 18) => "pipe_created",
        ("sysmon", 19..=21) => "wmi_event",
        ("sysmon", 22) => "dns_query",
        ("sysmon", 23 | 26) => "file_delete",
        ("sysmon", 24) => "clipboard_capture",
        ("sysmon", 25) => "process_tampering",
        ("sysmon", 27) => "file_block_executable",
        ("sysmon", 28) => "file_block_shredding",
        ("sysmon", 29) => "file_executable_detected",
        ("sysmon", 255) => "sysmon_error",
        ("powershell", 4103) => "ps_module",
        ("powershell", 4104) => "ps_script",
        ("powershell-classic", 400) => "ps_classic_start",
        ("powershell-classic", 600) => "ps_classic_provider_start",
        ("powershell-classic", 800) => "ps_classic_script",
        _ => return None,
    })
}

/// ECS `event.category` and `event.type`.
pub(super) fn ecs(entry: &Entry<'_>) -> Option<(&'static str, &'static str)> {
    let service = entry.service()?;
    Some(match (service, entry.id) {
        ("sysmon", 1) | ("security", 4688) => ("process", "start"),
        ("sysmon", 5) | ("security", 4689) => ("process", "end"),
        ("sysmon", 8 | 9 | 10 | 25) | ("powershell" | "powershell-classic", _) => {
            ("process", "info")
        }
        ("sysmon", 3) | ("security", 5156..=5158) => ("network", "connection"),
        ("sysmon", 22) | ("dns-client" | "dns-server", _) => ("network", "protocol"),
        ("sysmon", 6) => ("driver", "start"),
        ("sysmon", 7) => ("library", "start"),
        ("sysmon", 11 | 15 | 29) => ("file", "creation"),
        ("sysmon", 23 | 26) => ("file", "deletion"),
        ("sysmon", 2) => ("file", "change"),
        ("security", 5140 | 5145) => ("file", "access"),
        ("security", 4656 | 4658 | 4663 | 4690) => match entry.text("ObjectType") {
            Some("File") => ("file", "access"),
            Some("Key") => ("registry", "access"),
            Some("Process") => ("process", "access"),
            _ => return None,
        },
        ("sysmon", 12..=14) | ("security", 4657) => ("registry", "change"),
        ("security", 4624 | 4625 | 4648 | 4768..=4777) => ("authentication", "start"),
        ("security", 4634 | 4647) => ("authentication", "end"),
        ("security", 4720..=4767 | 4781 | 4794 | 4798 | 4799) => ("iam", "info"),
        ("security", 1102 | 4719 | 4697..=4702) | ("system", 104 | 7045) => {
            ("configuration", "change")
        }
        ("windefend", _) if is_detection(entry) => ("malware", "info"),
        ("windefend", _) => ("configuration", "info"),
        _ => return None,
    })
}

/// What an event is about, where its message did not come along.
pub(super) fn title(id: i64, service: Option<&str>) -> Option<&'static str> {
    let service = service?;
    if let Some((.., why)) = SEVERITIES
        .iter()
        .find(|row| row.0 == service && row.1 == id)
    {
        return Some(why);
    }
    Some(match (service, id) {
        ("sysmon", 1) | ("security", 4688) => "A process was started",
        ("sysmon", 2) => "A file's creation time was changed",
        ("sysmon", 3) | ("security", 5156) => "A network connection was made",
        ("sysmon", 5) | ("security", 4689) => "A process ended",
        ("sysmon", 6) => "A driver was loaded",
        ("sysmon", 7) => "A library was loaded",
        ("sysmon", 8) => "A thread was made in another process",
        ("sysmon", 10) => "A process opened another one",
        ("sysmon", 11) => "A file was made",
        ("sysmon", 12) => "A registry key was made or deleted",
        ("sysmon", 13) => "A registry value was set",
        ("sysmon", 14) => "A registry key was renamed",
        ("sysmon", 15) => "A file stream was made",
        ("sysmon", 17) => "A pipe was made",
        ("sysmon", 18) => "A pipe was opened",
        ("sysmon", 22) => "A name was looked up",
        ("sysmon", 23 | 26) => "A file was deleted",
        ("security", 4624) => "An account logged on",
        ("security", 4634 | 4647) => "An account logged off",
        ("security", 4648) => "A logon was tried with explicit credentials",
        ("security", 4656) => "A handle to an object was asked for",
        ("security", 4658) => "A handle to an object was closed",
        ("security", 4663) => "An object was accessed",
        ("security", 4672) => "Special privileges were given to a logon",
        ("security", 4722) => "An account was enabled",
        ("security", 4723 | 4724) => "A password was changed or reset",
        ("security", 4725) => "An account was disabled",
        ("security", 4726) => "An account was deleted",
        ("security", 4738) => "An account was changed",
        ("security", 4767) => "An account was unlocked",
        ("security", 4768) => "A Kerberos ticket was asked for",
        ("security", 4769) => "A Kerberos service ticket was asked for",
        ("security", 4776) => "Credentials were checked",
        ("security", 5140 | 5145) => "A network share was accessed",
        ("powershell", 4103) => "PowerShell ran a command",
        ("powershell", 4104) => "PowerShell ran a script block",
        _ => return None,
    })
}
