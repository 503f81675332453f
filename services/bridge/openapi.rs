//! The OpenAPI document: what the REST face takes and answers, for those who generate clients.
//!
//! It is derived from what the bridge itself serves by: the route table, the policies, the options and
//! comments of the contracts, and the one mapping from reasons to HTTP statuses. So it can promise
//! nothing that is not so. The same contracts and settings make the same bytes.

mod comments;
mod naming;
mod operation;
mod refusals;
mod schemas;
mod security;

use auth_interceptor::Policy;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use self::comments::Comments;
use self::operation::Operations;
use self::refusals::Refusals;
use self::schemas::Schemas;
use super::Casings;
use super::json::JsonMapping;
use super::routes::Routes;

/// The version of the OpenAPI Specification that the document follows.
const VERSION: &str = "3.1.0";

/// The document that describes `routes`, each with the policy that `policy` returns for its method,
/// given as `package.Service/Method`.
pub(super) fn document<'p>(
    routes: &Routes,
    mapping: &JsonMapping,
    policy: impl Fn(&str) -> Option<&'p Policy>,
    casings: Casings,
) -> Bytes {
    let comments = Comments::of(routes.pool());
    let mut schemas = Schemas::new(routes.pool(), mapping, &comments);
    let mut refusals = Refusals::default();
    let mut paths = Map::new();
    let mut tags = Vec::new();
    for route in routes.iter() {
        let service = route.method.parent_service();
        let tag = json!({
            "name": service.name(),
            "description": comments.of_service(service),
        });
        if !tags.contains(&tag) {
            tags.push(tag);
        }
        let operation = Operations {
            comments: &comments,
            schemas: &mut schemas,
            refusals: &mut refusals,
        }
        .describe(
            route,
            policy(route.method_name()),
            casings.form(route.error_form),
        );
        let operations = paths
            .entry(naming::path(route))
            .or_insert_with(|| json!({}));
        if let Value::Object(operations) = operations {
            operations.insert(route.verb.as_str().to_ascii_lowercase(), operation);
        }
    }
    let (responses, headers) = refusals.components(&mut schemas);
    let document = json!({
        "openapi": VERSION,
        "info": {
            "title": "Selvedge",
            "version": env!("CARGO_PKG_VERSION"),
            "description": env!("CARGO_PKG_DESCRIPTION"),
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas.components(),
            "responses": responses,
            "headers": headers,
            "parameters": security::parameters(),
            "securitySchemes": security::schemes(),
        },
    });
    let mut text = format!("{document:#}");
    text.push('\n');
    text.into()
}

/// A reference to a component.
fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

#[cfg(test)]
mod tests;
