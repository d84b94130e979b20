//! The event's own names under those of the Elastic Common Schema.
//!
//! Users: of logons and tickets the account that logs on (`TargetUserName`), of changes to
//! accounts who makes them (`SubjectUserName`, the changed account being `user.target.name`), of
//! Sysmon `User`. Processes: Sysmon's `Image` and `SourceImage`, Security's `NewProcessName` and
//! `ProcessName`. Hashes are of the process in Sysmon 1, of the file elsewhere.

use serde_json::Value;

use super::entry::Entry;
use crate::adapters::Fields;
use crate::adapters::members::{As, read};

/// Logons, logoffs, tickets, lockouts: the account they are about stands in `Target…`.
const LOGONS: [i64; 16] = [
    4624, 4625, 4634, 4647, 4740, 4767, 4768, 4769, 4770, 4771, 4772, 4773, 4774, 4775, 4776, 4777,
];

/// Its domain is the computer that tried.
const LOCKED_OUT: i64 = 4740;

/// Fields that any event may have.
const ANY: &[(&str, As, &[&str])] = &[
    (
        "source.ip",
        As::Address,
        &[
            "IpAddress",
            "SourceIp",
            "SourceAddress",
            "ClientAddress",
            "ClientIP",
        ],
    ),
    (
        "source.port",
        As::Port,
        &["IpPort", "SourcePort", "ClientPort"],
    ),
    (
        "source.domain",
        As::Text,
        &[
            "WorkstationName",
            "SourceHostname",
            "Workstation",
            "ClientName",
        ],
    ),
    (
        "destination.ip",
        As::Address,
        &["DestinationIp", "DestAddress"],
    ),
    (
        "destination.port",
        As::Port,
        &["DestinationPort", "DestPort"],
    ),
    (
        "destination.domain",
        As::Text,
        &["DestinationHostname", "TargetServerName"],
    ),
    (
        "process.command_line",
        As::Text,
        &["CommandLine", "ProcessCommandLine"],
    ),
    (
        "process.entity_id",
        As::Text,
        &["ProcessGuid", "SourceProcessGUID"],
    ),
    ("process.working_directory", As::Text, &["CurrentDirectory"]),
    ("process.target.executable", As::Text, &["TargetImage"]),
    (
        "process.parent.command_line",
        As::Text,
        &["ParentCommandLine"],
    ),
    ("process.parent.entity_id", As::Text, &["ParentProcessGuid"]),
    (
        "file.path",
        As::Text,
        &[
            "TargetFilename",
            "ImageLoaded",
            "ServiceFileName",
            "ImagePath",
            "Path",
        ],
    ),
    ("registry.path", As::Text, &["TargetObject"]),
    ("registry.data.strings", As::Text, &["Details"]),
    ("dns.question.name", As::Text, &["QueryName"]),
    ("dns.response_code", As::Text, &["QueryStatus"]),
    ("service.name", As::Text, &["ServiceName"]),
    ("task.name", As::Text, &["TaskName"]),
    ("pipe.name", As::Text, &["PipeName"]),
    ("share.name", As::Text, &["ShareName"]),
    ("rule.name", As::Text, &["Threat Name"]),
    ("rule.category", As::Text, &["Category Name"]),
    (
        "powershell.file.script_block_text",
        As::Text,
        &["ScriptBlockText"],
    ),
    (
        "powershell.file.script_block_id",
        As::Text,
        &["ScriptBlockId"],
    ),
    ("winlog.logon.type", As::Text, &["LogonType"]),
    (
        "winlog.logon.id",
        As::Text,
        &["TargetLogonId", "LogonId", "SubjectLogonId"],
    ),
    (
        "error.code",
        As::Text,
        &["SubStatus", "FailureCode", "Status"],
    ),
];

/// Fills the fields of one event.
pub(super) fn put(fields: &mut Fields, entry: &Entry<'_>) {
    for (field, how, names) in ANY {
        let value = names.iter().find_map(|name| {
            let value = entry.value(name)?;
            (value != "N/A").then(|| read(value, *how))?
        });
        fields.set_if_absent(field, value);
    }
    users(fields, entry);
    processes(fields, entry);
    hashes(fields, entry);
    let object = entry.text("ObjectName");
    match entry.text("ObjectType") {
        Some("File") => fields.set_if_absent("file.path", object),
        Some("Key") => fields.set_if_absent("registry.path", object),
        _ => {}
    }
    if let Some(path) = text(fields, "file.path") {
        fields.set("file.name", Some(leaf(&path).to_owned()));
    }
    fields.set(
        "network.transport",
        entry.word("Protocol").and_then(|word| transport(&word)),
    );
    fields.set(
        "network.direction",
        match entry.text("Direction") {
            Some("%%14592") => Some("inbound"),
            Some("%%14593") => Some("outbound"),
            _ => None,
        },
    );
}

fn users(fields: &mut Fields, entry: &Entry<'_>) {
    let text = |name| entry.text(name);
    let target = (
        text("TargetUserName"),
        text("TargetDomainName"),
        text("TargetUserSid").or_else(|| text("TargetSid")),
    );
    let subject = (
        text("SubjectUserName"),
        text("SubjectDomainName"),
        text("SubjectUserSid"),
    );
    let is_logon = LOGONS.contains(&entry.id) && entry.service() == Some("security");
    let (user, other) = if is_logon || subject.0.is_none() {
        (target, (None, None, None))
    } else {
        (subject, target)
    };
    if let Some(name) = user.0 {
        fields.set("user.name", Some(name));
        if entry.id == LOCKED_OUT {
            fields.set_if_absent("source.domain", user.1);
        } else {
            fields.set("user.domain", user.1);
        }
        fields.set("user.id", user.2);
    } else if let Some(user) = text("User").or_else(|| text("SourceUser")) {
        account(fields, user);
    } else if let Some(name) = text("AccountName").or_else(|| text("UserName")) {
        // NXLog's words for whose process wrote the event; Defender and services write `User`.
        account(fields, name);
        fields.set("user.id", text("UserID"));
    }
    // 4728 and its like name the group as target, and who is added as member.
    let is_group = matches!(entry.id, 4727..=4737 | 4754..=4758);
    if is_group {
        fields.set("group.name", other.0);
        fields.set("group.domain", other.1);
        fields.set(
            "user.target.name",
            text("MemberName").or_else(|| text("MemberSid")),
        );
    } else if other.0.is_some() && (other.0 != user.0 || other.1 != user.1) {
        fields.set("user.target.name", other.0);
        fields.set("user.target.domain", other.1);
        fields.set("user.target.id", other.2);
    }
}

/// `DOMAIN\name`, or a name alone.
fn account(fields: &mut Fields, user: &str) {
    match user.split_once('\\') {
        Some((domain, name)) => {
            fields.set("user.name", Some(name));
            fields.set("user.domain", Some(domain));
        }
        None => fields.set("user.name", Some(user)),
    }
}

fn processes(fields: &mut Fields, entry: &Entry<'_>) {
    let text = |name| entry.text(name);
    let is_new = entry.id == 4688;
    let (own, parent) = if is_new {
        (
            (text("NewProcessName"), pid(entry, "NewProcessId")),
            (text("ParentProcessName"), pid(entry, "ProcessId")),
        )
    } else {
        let image = [
            "Image",
            "SourceImage",
            "ProcessName",
            "Application",
            "Process Name",
        ];
        // 5156 and its like write `ID`.
        let ids = ["ProcessId", "ProcessID", "SourceProcessId"];
        let id = ids.iter().find_map(|name| pid(entry, name));
        (
            (image.iter().find_map(|name| entry.text(name)), id),
            (text("ParentImage"), pid(entry, "ParentProcessId")),
        )
    };
    for (prefix, (path, id)) in [("process", own), ("process.parent", parent)] {
        fields.set(&format!("{prefix}.executable"), path);
        fields.set(&format!("{prefix}.name"), path.map(leaf));
        fields.set(&format!("{prefix}.pid"), id);
    }
    fields.set("process.target.name", text("TargetImage").map(leaf));
    fields.set("process.target.pid", pid(entry, "TargetProcessId"));
}

/// Decimal, or with `0x` in front.
fn pid(entry: &Entry<'_>, name: &str) -> Option<u64> {
    let word = entry.word(name)?;
    match word.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    }
}

/// Sysmon's `SHA1=…,MD5=…,SHA256=…,IMPHASH=…`.
fn hashes(fields: &mut Fields, entry: &Entry<'_>) {
    let whose = if entry.id == 1 { "process" } else { "file" };
    let list = entry
        .text("Hashes")
        .or_else(|| entry.text("Hash"))
        .unwrap_or_default();
    for part in list.split(',').take(8) {
        let Some((name, value)) = part.split_once('=') else {
            continue;
        };
        let name = match name.trim().to_ascii_lowercase().as_str() {
            "md5" => "hash.md5",
            "sha1" => "hash.sha1",
            "sha256" => "hash.sha256",
            "imphash" => "pe.imphash",
            _ => continue,
        };
        fields.set(
            &format!("{whose}.{name}"),
            Some(value.trim().to_ascii_lowercase()),
        );
    }
}

fn transport(word: &str) -> Option<String> {
    Some(match word {
        "1" => "icmp".to_owned(),
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "58" => "ipv6-icmp".to_owned(),
        word if word.parse::<u64>().is_ok() => return None,
        word => word.to_ascii_lowercase(),
    })
}

fn text(fields: &Fields, path: &str) -> Option<String> {
    fields.get(path).and_then(Value::as_str).map(str::to_owned)
}

/// The last part of a path.
fn leaf(path: &str) -> &str {
    path.rsplit(['\\', '/']).next().unwrap_or(path)
}
