//! One route as an operation: what it takes, what it answers, and what a caller has to prove.

use auth_interceptor::Policy;
use http::Method;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::comments::Comments;
use super::refusals::Refusals;
use super::schemas::{Members, Presence, Schemas, is_plain};
use super::{naming, security};
use crate::bridge::field_path::FieldPath;
use crate::bridge::refusal::Form;
use crate::bridge::routes::{BodyField, Route};

/// What operations are described with, and what they add to.
pub(super) struct Operations<'d, 'c> {
    pub(super) comments: &'c Comments,
    pub(super) schemas: &'d mut Schemas<'c>,
    pub(super) refusals: &'d mut Refusals,
}

impl Operations<'_, '_> {
    /// The operation that `route` is. A method without a policy is refused to everybody.
    pub(super) fn describe(mut self, route: &Route, policy: Option<&Policy>, form: Form) -> Value {
        let comment = self.comments.of_method(&route.method);
        let mut parameters = self.path_parameters(route);
        self.add_query_parameters(
            route,
            &mut Vec::new(),
            &route.method.input(),
            &mut parameters,
        );
        parameters.extend(policy.map(security::headers_of).unwrap_or_default());

        let mut responses = self.refusals.of(route, comment, form);
        let status = route.success_status.as_str().to_owned();
        responses.insert(status, self.success(route));

        let mut operation = json!({
            "operationId": naming::operation_id(route),
            "tags": [route.method.parent_service().name()],
            "summary": first_sentence(comment),
            "description": comment,
            "parameters": parameters,
            "responses": responses,
            "security": policy.map_or_else(|| json!([]), security::requirements_of),
        });
        if let Some(body) = self.request_body(route)
            && let Value::Object(operation) = &mut operation
        {
            operation.insert("requestBody".to_owned(), body);
        }
        operation
    }

    fn path_parameters(&mut self, route: &Route) -> Vec<Value> {
        let variables = route.variables.iter().zip(route.template.variables());
        variables
            .map(|(path, variable)| {
                let (mut schema, description) = self.parameter(path.leaf());
                if let Value::Object(schema) = &mut schema {
                    // No segment of a path is empty.
                    schema.insert("minLength".to_owned(), 1.into());
                }
                let description = if variable.is_multi_segment() {
                    format!("{description} Its slashes stand in the path as they are.")
                } else {
                    description
                };
                json!({
                    "name": naming::path_parameter(route, path),
                    "in": "path",
                    "required": true,
                    "schema": schema,
                    "description": description,
                })
            })
            .collect()
    }

    /// Adds a parameter for each field that is neither in the path nor in the body.
    fn add_query_parameters(
        &mut self,
        route: &Route,
        parents: &mut Vec<FieldDescriptor>,
        message: &MessageDescriptor,
        parameters: &mut Vec<Value>,
    ) {
        for field in message.fields() {
            if let Kind::Message(inner) = field.kind()
                && !is_plain(inner.full_name())
            {
                parents.push(field);
                self.add_query_parameters(route, parents, &inner, parameters);
                parents.pop();
                continue;
            }
            let name = naming::query_parameter(parents, &field);
            let path = FieldPath::resolve(&route.method.input(), &name);
            if !path.is_some_and(|path| route.is_in_query(&path)) {
                continue;
            }
            let is_required = self.comments.is_required(&field);
            let (schema, description) = self.parameter(&field);
            parameters.push(json!({
                "name": name,
                "in": "query",
                "required": is_required,
                "schema": schema,
                "description": description,
            }));
        }
    }

    /// A field's schema, and its comment apart.
    fn parameter(&mut self, field: &FieldDescriptor) -> (Value, String) {
        let mut schema = self.schemas.field(field, Members::Any);
        if let Value::Object(schema) = &mut schema {
            schema.remove("description");
        }
        (schema, self.comments.of_field(field).to_owned())
    }

    fn request_body(&mut self, route: &Route) -> Option<Value> {
        let members = members(route);
        let presence = if route.verb == Method::PATCH {
            Presence::Partial
        } else {
            Presence::Whole
        };
        let schema = match &route.body {
            BodyField::None => return None,
            BodyField::Field(_) if route.takes_bytes() => {
                return Some(json!({"required": true, "content": bytes()}));
            }
            BodyField::Field(field) => match field.kind() {
                Kind::Message(message) if presence == Presence::Partial => {
                    self.schemas.object(&message, &[], members, presence)
                }
                _ => self.schemas.field(field, members),
            },
            BodyField::Whole => self.whole(route, members, presence),
        };
        Some(json!({"required": true, "content": {"application/json": {"schema": schema}}}))
    }

    /// The request message, but for what the path holds of it.
    fn whole(&mut self, route: &Route, members: Members, presence: Presence) -> Value {
        let message = route.method.input();
        let in_path: Vec<FieldDescriptor> = route
            .variables
            .iter()
            .map(|variable| variable.root().clone())
            .collect();
        if in_path.is_empty() && presence == Presence::Whole {
            self.schemas.message(&message, members)
        } else {
            self.schemas.object(&message, &in_path, members, presence)
        }
    }

    fn success(&mut self, route: &Route) -> Value {
        let members = members(route);
        let mut success = Map::new();
        let message = route.method.output();
        let description = self.comments.of_message(&message);
        success.insert("description".to_owned(), description.into());
        if route.empty_body {
            return success.into();
        }
        let content = if route.gives_bytes() {
            bytes()
        } else {
            let schema = match &route.response_body {
                Some(field) => self.schemas.field(field, members),
                None => self.schemas.message(&message, members),
            };
            json!({"application/json": {"schema": schema}})
        };
        success.insert("content".to_owned(), content);
        success.into()
    }
}

fn members(route: &Route) -> Members {
    if route.ignore_unknown_members {
        Members::Any
    } else {
        Members::Known
    }
}

fn bytes() -> Value {
    json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}})
}

/// The first sentence, without its full stop: those of the contracts hold no other.
fn first_sentence(comment: &str) -> &str {
    let end = comment.find(". ").unwrap_or(comment.len());
    comment.get(..end).unwrap_or(comment).trim_end_matches('.')
}
