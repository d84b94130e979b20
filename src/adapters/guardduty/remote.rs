//! Who did it: the remote party of each kind of action.

use super::super::json::address;
use super::super::members::{As, at, first, object, read, text};
use crate::adapters::{Draft, Object};

/// The kinds of action, in the finding's words.
const ACTIONS: [&str; 6] = [
    "networkConnectionAction",
    "awsApiCallAction",
    "portProbeAction.portProbeDetails",
    "kubernetesApiCallAction",
    "rdsLoginAttemptAction",
    "dnsRequestAction",
];

/// Fills both ends, what was called and what was looked up.
///
/// A connection outward has the instance as its source, everything else the remote party.
#[expect(clippy::too_many_lines, reason = "a table: one line a field")]
pub(super) fn put(draft: &mut Draft, whole: &Object) {
    let fields = &mut draft.fields;
    fields.set("event.action", text(whole, "service.action.actionType"));
    fields.set(
        "event.action",
        text(whole, "service.action.awsApiCallAction.api"),
    );
    fields.set(
        "service.name",
        text(whole, "service.action.awsApiCallAction.serviceName"),
    );
    fields.set(
        "dns.question.name",
        text(whole, "service.action.dnsRequestAction.domain"),
    );
    fields.set(
        "network.transport",
        first(
            whole,
            &[
                "service.action.networkConnectionAction.protocol",
                "service.action.dnsRequestAction.protocol",
            ],
        )
        .map(str::to_ascii_lowercase),
    );
    let own = text(
        whole,
        "resource.instanceDetails.networkInterfaces.privateIpAddress",
    );
    let own = text(
        whole,
        "service.action.networkConnectionAction.localIpDetails.ipAddressV4",
    )
    .or(own);
    let Some(action) = ACTIONS.iter().find_map(|name| {
        object(whole, &format!("service.action.{name}")).or_else(|| {
            at(whole, &format!("service.action.{name}"))?
                .get(0)?
                .as_object()
        })
    }) else {
        fields.address("host.ip", own);
        return;
    };
    let remote = first(
        action,
        &["remoteIpDetails.ipAddressV4", "remoteIpDetails.ipAddressV6"],
    );
    let outward = text(action, "connectionDirection") == Some("OUTBOUND");
    let (theirs, ours) = if outward {
        ("destination", "source")
    } else {
        ("source", "destination")
    };
    fields.address(&format!("{theirs}.ip"), remote);
    fields.address(&format!("{ours}.ip"), own);
    fields.address("host.ip", own);
    fields.address("remote.ip", remote);
    let port = |path: &str| read(at(action, path)?, As::Port);
    fields.set(&format!("{theirs}.port"), port("remotePortDetails.port"));
    fields.set(&format!("{ours}.port"), port("localPortDetails.port"));
    for (field, path) in [
        (
            "as.organization.name",
            "remoteIpDetails.organization.asnOrg",
        ),
        ("as.number", "remoteIpDetails.organization.asn"),
        ("geo.country_name", "remoteIpDetails.country.countryName"),
    ] {
        fields.set(&format!("{theirs}.{field}"), text(action, path));
    }
    // Whatever the direction, the event is about the other party.
    draft.ip_address = remote.and_then(address).map(|(ip, _)| ip);
}
