//! Who called: the many forms of `userIdentity`.

use super::super::members::{first, text};
use crate::adapters::{Fields, Object};

/// Fills `user.*`.
///
/// A session of a role is called by its own name, which tells the person or the machine; the role
/// stands in `user.roles`. The root user is `root`, a service its domain.
pub(super) fn put(fields: &mut Fields, identity: Option<&Object>) {
    let Some(identity) = identity else {
        return;
    };
    let kind = text(identity, "type").unwrap_or_default();
    let role = text(identity, "sessionContext.sessionIssuer.userName");
    let name = match kind {
        "Root" => Some("root"),
        "AssumedRole" => session(identity).or(role),
        "AWSService" => text(identity, "invokedBy"),
        "AWSAccount" => first(identity, &["userName", "accountId"]),
        "IdentityCenterUser" => first(identity, &["userName", "onBehalfOf.userId"]),
        // IAMUser, FederatedUser, WebIdentityUser, SAMLUser, Directory, Unknown and what may come.
        _ => text(identity, "userName").or_else(|| session(identity)),
    };
    fields.set("user.name", name);
    fields.set("user.type", Some(kind));
    fields.set(
        "user.id",
        first(identity, &["principalId", "onBehalfOf.userId"]),
    );
    fields.set("user.roles", role.map(|role| vec![role]));
    fields.set("user.domain", text(identity, "identityProvider"));
    fields.set("aws.access_key.id", text(identity, "accessKeyId"));
    fields.set("aws.arn", text(identity, "arn"));
    fields.set(
        "aws.mfa",
        text(identity, "sessionContext.attributes.mfaAuthenticated"),
    );
    fields.set("aws.invoked_by", text(identity, "invokedBy"));
}

/// The end of `arn:aws:sts::123456789012:assumed-role/ROLE/SESSION`, or of `AROA…:SESSION`.
fn session(identity: &Object) -> Option<&str> {
    let arn = text(identity, "arn").and_then(|arn| arn.rsplit_once('/'));
    let principal = text(identity, "principalId").and_then(|id| id.rsplit_once(':'));
    arn.or(principal)
        .map(|(_, session)| session)
        .filter(|name| !name.is_empty())
}
