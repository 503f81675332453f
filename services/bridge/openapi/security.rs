//! What a call has to prove, in OpenAPI's words: the policy of its method.

use auth_interceptor::{Demand, Plane, Policy, TokenKind};
use serde_json::{Value, json};

use super::reference;

const BEARER: &str = "bearer";
const SUBJECT_AND_APP: &str = "subjectAndApp";

/// The tenant of a control-plane call, by whether it may be absent.
const TENANT: [&str; 2] = ["TenantId", "OptionalTenantId"];
/// What correlates control-plane calls.
const CORRELATION: [&str; 2] = ["ActivityId", "RequestId"];

/// The security schemes.
pub(super) fn schemes() -> Value {
    json!({
        BEARER: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token for this application. A requirement lists scopes, or \
                application roles where the token is an application's own; all of them are needed.",
        },
        SUBJECT_AND_APP: {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`SubjectAndAppToken1.0 subjectToken=\"<user's token>\", \
                appToken=\"<application's token>\"`, as Fabric calls. A requirement lists the scopes \
                that the user's token needs.",
        },
    })
}

/// The header parameters that operations refer to.
pub(super) fn parameters() -> Value {
    let header = |name: &str, required: bool, schema: Value, description: &str| {
        json!({
            "name": name,
            "in": "header",
            "required": required,
            "schema": schema,
            "description": description,
        })
    };
    let tenant = |required| {
        header(
            "x-ms-client-tenant-id",
            required,
            json!({"type": "string", "format": "uuid"}),
            "The tenant of the call: that of the user's token, where there is one.",
        )
    };
    let [required, optional] = TENANT;
    let [activity, request] = CORRELATION;
    let text = || json!({"type": "string"});
    json!({
        required: tenant(true),
        optional: tenant(false),
        activity: header(activity, false, text(), "Correlates what one user's action causes."),
        request: header(request, false, text(), "Is unique to the request, for support."),
    })
}

/// The header parameters of an operation.
pub(super) fn headers_of(policy: &Policy) -> Vec<Value> {
    if policy.plane() != Plane::Control {
        return Vec::new();
    }
    let [required, optional] = TENANT;
    let tenant = if policy.tenant_header_may_be_absent() {
        optional
    } else {
        required
    };
    let names = [tenant].into_iter().chain(CORRELATION);
    names.map(|name| reference("parameters", name)).collect()
}

/// The alternatives of what a call has to prove.
pub(super) fn requirements_of(policy: &Policy) -> Value {
    let mut requirements = Vec::new();
    for kind in policy.token_kinds() {
        let (scheme, demand) = match kind {
            TokenKind::None => return json!([]),
            TokenKind::Delegated => (BEARER, policy.scopes()),
            TokenKind::AppOnly => (BEARER, policy.roles()),
            TokenKind::SubjectAndApp => (SUBJECT_AND_APP, policy.scopes()),
        };
        requirements.extend(alternatives(scheme, demand));
    }
    requirements.into()
}

fn alternatives(scheme: &str, demand: &Demand) -> impl Iterator<Item = Value> {
    demand
        .groups()
        .map(move |group| json!({scheme: group.to_vec()}))
}
