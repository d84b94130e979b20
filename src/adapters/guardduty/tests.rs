use base::Severity::{Critical, High, Info, Low, Medium};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{FORMAT, severity};
use crate::adapters::tests::{any_json, fields_are, read_all, read_one, survives};

fn finding() -> Value {
    json!({
        "schemaVersion": "2.0", "accountId": "111122223333", "region": "eu-central-1", "id": "f1",
        "arn": "arn:aws:guardduty:eu-central-1:111122223333:detector/d/finding/f1",
        "type": "CredentialAccess:RDS/AnomalousBehavior.FailedLogin", "severity": 8,
        "title": "Many failed logons to the database.", "description": "long",
        "createdAt": "2026-11-20T08:00:00.000Z", "updatedAt": "2026-11-20T09:00:00.000Z",
        "resource": {
            "resourceType": "Instance",
            "instanceDetails": {"instanceId": "i-0abc", "networkInterfaces": [{"privateIpAddress": "10.0.0.5"}]},
        },
        "service": {
            "serviceName": "guardduty", "count": 3, "archived": false,
            "eventFirstSeen": "2026-11-20T07:59:00Z", "eventLastSeen": "2026-11-20T08:59:00Z",
            "action": {"actionType": "NETWORK_CONNECTION", "networkConnectionAction": {
                "connectionDirection": "OUTBOUND", "protocol": "TCP",
                "remoteIpDetails": {"ipAddressV4": "203.0.113.9", "organization": {"asn": "64500", "asnOrg": "EXAMPLE"}},
                "remotePortDetails": {"port": 4444}, "localPortDetails": {"port": 50_123},
            }},
        },
    })
}

#[test]
fn the_party_outside_has_the_same_address_however_it_is_written() {
    let mut finding = finding();
    finding["service"]["action"]["networkConnectionAction"]["remoteIpDetails"] =
        json!({"ipAddressV6": "::ffff:203.0.113.9"});
    let event = read_one(&FORMAT, &finding).event;
    assert_eq!(event.ip_address, "203.0.113.9".parse().ok());
}

#[test]
fn a_finding_becomes_an_event() {
    let reading = read_one(&FORMAT, &finding());
    let event = &reading.event;
    assert_eq!(event.event_type, "guardduty-credentialaccess");
    assert_eq!(event.severity, High);
    assert_eq!(
        event.description,
        "Many failed logons to the database (CredentialAccess:RDS/AnomalousBehavior.FailedLogin, \
         instance i-0abc, remote 203.0.113.9, seen 3, account 111122223333)"
    );
    assert_eq!(event.ip_address, "203.0.113.9".parse().ok());
    assert_eq!(
        event.occurred_at.unwrap().to_string(),
        "2026-11-20T08:59:00.000000Z"
    );
    assert_eq!(reading.key.as_deref(), Some("f1/3"));
    assert_eq!(event.tags, ["guardduty", "TA0006"]);
    fields_are(
        &reading,
        &[
            ("source.ip", json!("10.0.0.5")),
            ("destination.ip", json!("203.0.113.9")),
            ("destination.port", json!(4444)),
            ("source.port", json!(50_123)),
            ("network.transport", json!("tcp")),
            ("host.id", json!("i-0abc")),
            ("destination.as.organization.name", json!("EXAMPLE")),
            ("event.severity", json!(8)),
            ("logsource.service", json!("guardduty")),
            ("cloud.region", json!("eu-central-1")),
        ],
    );
}

#[test]
fn in_every_envelope_it_is_the_same_finding() {
    let bare = read_one(&FORMAT, &finding());
    let bridge = json!({"version": "0", "detail-type": "GuardDuty Finding", "source": "aws.guardduty", "detail": finding()});
    let sns = json!({"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:x", "Message": bridge.to_string()});
    for record in [&bridge, &sns] {
        let reading = read_one(&FORMAT, record);
        assert_eq!(reading.key, bare.key);
        assert_eq!(reading.event.description, bare.event.description);
    }
    // As `aws guardduty get-findings` prints it.
    let list = json!({"Findings": [{
        "Id": "f1", "Type": "Recon:EC2/PortProbeUnprotectedPort", "Severity": 2.0, "AccountId": "1",
        "Title": "t", "Resource": {"InstanceDetails": {"InstanceId": "i-1"}},
        "Service": {"Count": 9, "Action": {"PortProbeAction": {"PortProbeDetails": [
            {"RemoteIpDetails": {"IpAddressV4": "198.51.100.7"}, "LocalPortDetails": {"Port": 22}},
        ]}}},
    }]});
    let reading = read_all(&FORMAT, list.to_string()).remove(0).unwrap();
    assert_eq!(
        (reading.key.as_deref(), reading.event.severity),
        (Some("f1/9"), Low)
    );
    fields_are(
        &reading,
        &[
            ("source.ip", json!("198.51.100.7")),
            ("destination.port", json!(22)),
            ("threat.tactic.id", json!(["TA0043"])),
            ("guardduty.Title", json!("t")),
        ],
    );
}

#[test]
fn a_finding_seen_again_is_news_and_a_repeated_delivery_is_not() {
    let mut again = finding();
    again["updatedAt"] = json!("2026-11-20T10:00:00.000Z");
    assert_eq!(
        read_one(&FORMAT, &again).key,
        read_one(&FORMAT, &finding()).key
    );
    again["service"]["count"] = json!(4);
    assert_ne!(
        read_one(&FORMAT, &again).key,
        read_one(&FORMAT, &finding()).key
    );
}

#[test]
fn severities_are_guarddutys_own() {
    for (number, expected) in [
        (1.0, Low),
        (3.9, Low),
        (4.0, Medium),
        (6.9, Medium),
        (7.0, High),
        (8.9, High),
        (9.0, Critical),
    ] {
        assert_eq!(severity(number), expected, "{number}");
    }
    let mut archived = finding();
    archived["service"]["archived"] = json!(true);
    assert_eq!(read_one(&FORMAT, &archived).event.severity, Info);
    for bad in [json!("high"), json!(11), json!(null)] {
        let mut record = finding();
        record["severity"] = bad;
        let read = read_all(&FORMAT, record.to_string());
        assert!(read[0].as_ref().unwrap_err().contains_key("severity"));
    }
}

#[test]
fn a_finding_of_security_hub_is_read_by_its_label() {
    let asff = json!({
        "SchemaVersion": "2018-10-08", "Id": "arn:x/1", "ProductArn": "arn:aws:securityhub:x", "ProductName": "Inspector",
        "GeneratorId": "g", "AwsAccountId": "1", "Types": ["TTPs/Credential Access/x"], "Title": "A bucket is public.",
        "Severity": {"Label": "HIGH"}, "UpdatedAt": "2026-11-20T09:00:00Z", "Workflow": {"Status": "NEW"},
        "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::b"}],
    });
    let bridge =
        json!({"detail-type": "Security Hub Findings - Imported", "detail": {"findings": [asff]}});
    for record in [&asff, &bridge] {
        let reading = read_one(&FORMAT, record);
        assert_eq!(
            (reading.event.event_type.as_str(), reading.event.severity),
            ("securityhub-finding", High)
        );
        assert_eq!(
            reading.event.description,
            "A bucket is public (Inspector, resource arn:aws:s3:::b, account 1)"
        );
        assert_eq!(reading.key.as_deref(), Some("arn:x/1/2026-11-20T09:00:00Z"));
        fields_are(
            &reading,
            &[
                ("threat.tactic.id", json!(["TA0006"])),
                ("rule.id", json!("g")),
            ],
        );
    }
    let mut over = asff;
    over["Workflow"]["Status"] = json!("RESOLVED");
    assert_eq!(read_one(&FORMAT, &over).event.severity, Info);
}

#[test]
fn every_finding_of_a_list_is_an_event() {
    let of = |id: &str, label: &str| {
        json!({
            "Id": id, "ProductArn": "arn:aws:securityhub:x", "Title": "A bucket is public",
            "Severity": {"Label": label}, "UpdatedAt": "2026-11-20T09:00:00Z", "Resources": [{"Id": "b"}],
        })
    };
    let findings = json!([of("a", "LOW"), of("b", "CRITICAL"), of("c", "HIGH")]);
    let bridge =
        json!({"version": "0", "source": "aws.securityhub", "detail": {"findings": findings}});
    let sns = json!({"Type": "Notification", "TopicArn": "t", "Message": bridge.to_string()});
    let listed = json!({"version": "0", "findings": findings});
    for record in [bridge, sns, listed] {
        for format in [&FORMAT, &crate::adapters::json::FORMAT] {
            let read = read_all(format, record.to_string());
            let read: Vec<_> = read.into_iter().map(Result::unwrap).collect();
            let severities: Vec<_> = read.iter().map(|it| it.event.severity).collect();
            assert_eq!(severities, [Low, Critical, High], "{record}");
            assert_eq!(read[1].key.as_deref(), Some("b/2026-11-20T09:00:00Z"));
            fields_are(&read[2], &[("securityhub.Id", json!("c"))]);
            assert!(!read[0].event.tags.contains(&"several-findings".to_owned()));
        }
    }
}

#[test]
fn the_question_of_sns_is_shown_to_people() {
    let record = json!({
        "Type": "SubscriptionConfirmation", "MessageId": "m", "TopicArn": "arn:aws:sns:x", "Token": "t",
        "Message": "You have chosen to subscribe", "SubscribeURL": "https://sns.example/?Action=ConfirmSubscription",
    });
    let reading = read_one(&FORMAT, &record);
    assert_eq!(reading.event.event_type, "sns-confirmation");
    assert!(
        reading
            .event
            .description
            .ends_with("https://sns.example/?Action=ConfirmSubscription")
    );
}

proptest! {
    #[test]
    fn any_value_in_any_member_is_read_or_refused(
        name in prop::sample::select(vec![
            "id", "type", "severity", "resource", "service", "title", "detail", "Type", "findings",
            "Message", "TopicArn", "Severity", "Resources", "ProductArn", "Title",
        ]),
        value in any_json(&["action", "count", "networkConnectionAction", "remoteIpDetails", "ipAddressV4", "instanceDetails", "findings", "Label"]),
    ) {
        survives(&FORMAT, &finding(), name, value);
    }
}
