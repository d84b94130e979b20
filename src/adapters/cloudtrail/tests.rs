#![expect(clippy::too_many_lines, reason = "one sample after the other")]

use base::Severity::{self, High, Info, Low, Medium};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::FORMAT;
use super::severity::CALLS;
use crate::adapters::tests::{any_json, attributes, fields_are, read_all, read_one, survives};

fn record() -> Value {
    json!({
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROAEXAMPLE:alice@example.com",
            "arn": "arn:aws:sts::111122223333:assumed-role/Admin/alice@example.com",
            "accountId": "111122223333", "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "Admin"}, "attributes": {"mfaAuthenticated": "true"}},
        },
        "eventTime": "2026-11-20T09:00:00Z", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser",
        "awsRegion": "us-east-1", "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.0",
        "requestParameters": {"userName": "mallory"}, "responseElements": null, "readOnly": false,
        "eventID": "0f8fad5b-d9cb-469f-a165-70867728950e", "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333", "tlsDetails": {"tlsVersion": "TLSv1.3"},
    })
}

#[test]
fn a_call_becomes_an_event() {
    let reading = read_one(&FORMAT, &record());
    let event = &reading.event;
    assert_eq!(
        (event.source_name.as_str(), event.event_type.as_str()),
        ("sender", "cloudtrail-iam")
    );
    assert_eq!(event.severity, Info);
    assert_eq!(
        event.description,
        "iam CreateUser (by alice@example.com, role Admin, for mallory, from 198.51.100.7, \
         in us-east-1, account 111122223333)"
    );
    assert_eq!(
        reading.key.as_deref(),
        Some("0f8fad5b-d9cb-469f-a165-70867728950e")
    );
    assert_eq!(reading.said.as_deref(), Some("CreateUser"));
    fields_are(
        &reading,
        &[
            ("event.action", json!("CreateUser")),
            ("event.outcome", json!("success")),
            ("event.category", json!("iam")),
            ("event.type", json!("creation")),
            ("user.name", json!("alice@example.com")),
            ("user.roles", json!(["Admin"])),
            ("user.target.name", json!("mallory")),
            ("cloud.account.id", json!("111122223333")),
            ("logsource.product", json!("aws")),
            ("logsource.service", json!("cloudtrail")),
            ("tls.version", json!("TLSv1.3")),
            ("aws.mfa", json!("true")),
        ],
    );
}

#[test]
fn a_file_a_list_and_eventbridge_give_the_same() {
    let bare = read_one(&FORMAT, &record());
    let envelope = json!({
        "version": "0", "id": "x", "detail-type": "AWS API Call via CloudTrail", "source": "aws.iam",
        "account": "111122223333", "time": "2026-11-20T09:00:05Z", "region": "us-east-1", "detail": record(),
    });
    let bridged = read_one(&FORMAT, &envelope);
    assert_eq!(attributes(&bridged), attributes(&bare));
    assert_eq!(bridged.key, bare.key);
    let mut other = record();
    other["eventID"] = json!("two");
    let file = json!({"Records": [record(), other]});
    for body in [
        file.to_string(),
        format!("{file:#}"),
        json!([record(), other]).to_string(),
    ] {
        for format in [&FORMAT, &crate::adapters::json::FORMAT] {
            let keys: Vec<String> = read_all(format, &body)
                .into_iter()
                .map(|read| read.unwrap().key.unwrap())
                .collect();
            assert_eq!(keys, ["0f8fad5b-d9cb-469f-a165-70867728950e", "two"]);
        }
    }
}

#[test]
fn a_file_may_be_longer_than_a_record_may_be() {
    let records: Vec<Value> = (0..1_500)
        .map(|number| {
            let mut one = record();
            one["eventID"] = json!(number.to_string());
            one
        })
        .collect();
    let file = json!({ "Records": records }).to_string();
    assert!(file.len() > crate::adapters::RECORD_MAX);
    assert_eq!(read_all(&FORMAT, file).into_iter().flatten().count(), 1_500);
}

#[test]
fn whoever_calls_has_a_name() {
    for (identity, name) in [
        (
            json!({"type": "IAMUser", "userName": "bob", "arn": "arn:aws:iam::1:user/ops/bob"}),
            "bob",
        ),
        (
            json!({"type": "Root", "accountId": "1", "userName": "alias"}),
            "root",
        ),
        (
            json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}),
            "ec2.amazonaws.com",
        ),
        (
            json!({"type": "AssumedRole", "principalId": "AROAX:i-0abc"}),
            "i-0abc",
        ),
        (
            json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"userName": "R"}}}),
            "R",
        ),
        (
            json!({"type": "SAMLUser", "userName": "carol@example.com", "identityProvider": "idp"}),
            "carol@example.com",
        ),
        (
            json!({"type": "WebIdentityUser", "userName": "repo:x"}),
            "repo:x",
        ),
        (
            json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}}),
            "u-1",
        ),
        (json!({"type": "AWSAccount", "accountId": "999"}), "999"),
    ] {
        let mut record = record();
        record["userIdentity"] = identity;
        fields_are(&read_one(&FORMAT, &record), &[("user.name", json!(name))]);
    }
}

#[test]
fn a_service_is_no_address() {
    let mut record = record();
    record["sourceIPAddress"] = json!("cloudformation.amazonaws.com");
    let reading = read_one(&FORMAT, &record);
    assert_eq!(reading.event.ip_address, None);
    fields_are(
        &reading,
        &[("source.domain", json!("cloudformation.amazonaws.com"))],
    );
}

#[test]
fn few_calls_are_worse_than_info() {
    let severity = |change: &dyn Fn(&mut Value)| {
        let mut record = record();
        change(&mut record);
        read_one(&FORMAT, &record).event.severity
    };
    for (service, call, expected, _) in CALLS {
        let set = |it: &mut Value| {
            it["eventSource"] = json!(format!("{service}.amazonaws.com"));
            it["eventName"] = json!(call);
        };
        assert_eq!(severity(&set), *expected, "{call}");
        assert_eq!(
            severity(&|it| {
                set(it);
                it["errorCode"] = json!("AccessDenied");
            }),
            Low,
            "{call}"
        );
        assert_eq!(
            severity(&|it| {
                set(it);
                it["errorCode"] = json!("Client.DryRunOperation");
            }),
            Info,
            "{call}"
        );
    }
    let root = |it: &mut Value| it["userIdentity"] = json!({"type": "Root", "accountId": "1"});
    let logon = |it: &mut Value, factor: &str| {
        it["eventSource"] = json!("signin.amazonaws.com");
        it["eventName"] = json!("ConsoleLogin");
        it["responseElements"] = json!({"ConsoleLogin": "Success"});
        it["additionalEventData"] = json!({ "MFAUsed": factor });
    };
    assert_eq!(severity(&|it| logon(it, "No")), Info);
    assert_eq!(
        severity(&|it| {
            root(it);
            logon(it, "No");
        }),
        High
    );
    assert_eq!(
        severity(&|it| {
            root(it);
            logon(it, "Yes");
        }),
        Medium
    );
    assert_eq!(
        severity(&|it| {
            logon(it, "No");
            it["responseElements"]["ConsoleLogin"] = json!("Failure");
        }),
        Low
    );
    assert_eq!(severity(&root), Medium);
    assert_eq!(
        severity(&|it| it["eventName"] = json!("CreateAccessKey")),
        Medium
    );
    let opened = |range: &str| json!({"ipPermissions": {"items": [{"ipRanges": {"items": [{"cidrIp": range}]}}]}});
    let ingress = |it: &mut Value, range: &str| {
        it["eventName"] = json!("AuthorizeSecurityGroupIngress");
        it["requestParameters"] = opened(range);
    };
    assert_eq!(severity(&|it| ingress(it, "0.0.0.0/0")), Medium);
    assert_eq!(severity(&|it| ingress(it, "10.0.0.0/8")), Info);
    let policy = |it: &mut Value| {
        it["eventName"] = json!("AttachRolePolicy");
        it["requestParameters"] =
            json!({"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"});
    };
    assert_eq!(severity(&policy), Medium);
}

#[test]
fn the_manual_lists_the_same_calls() {
    let manual = include_str!("../../../docs/senders/cloudtrail.md");
    let rows: Vec<String> = CALLS
        .iter()
        .map(|(service, call, severity, why)| {
            format!("| {service} | {call} | {severity} | {why} |")
        })
        .collect();
    let is_row = |line: &&str| {
        let cells: Vec<&str> = line.split(" | ").collect();
        cells.len() == 4 && cells[2].parse::<Severity>().is_ok()
    };
    assert_eq!(manual.lines().filter(is_row).collect::<Vec<_>>(), rows);
}

#[test]
fn what_is_no_call_is_refused_by_its_field() {
    for (record, field) in [
        (json!({}), "eventName"),
        (json!({"eventName": "x"}), "eventSource"),
        (json!({"detail": {}}), "eventName"),
    ] {
        let read = read_all(&FORMAT, record.to_string());
        assert!(
            read[0].as_ref().unwrap_err().contains_key(field),
            "{record}"
        );
    }
}

proptest! {
    #[test]
    fn any_value_in_any_member_is_read_or_refused(
        name in prop::sample::select(vec![
            "userIdentity", "eventTime", "eventSource", "eventName", "sourceIPAddress",
            "requestParameters", "responseElements", "errorCode", "detail", "Records",
        ]),
        value in any_json(&["type", "arn", "userName", "principalId", "cidrIp", "items", "ConsoleLogin", "sessionContext", "eventName"]),
    ) {
        survives(&FORMAT, &record(), name, value);
    }
}
