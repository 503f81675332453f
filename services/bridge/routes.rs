//! The table of REST routes, read from the contracts' descriptor set by reflection.
//!
//! Whoever needs to know a route asks here: the bridge that serves them, the OpenAPI document that
//! describes them. A contract that contradicts itself fails the start, never a request.

use std::collections::HashSet;
use std::sync::Arc;

use http::{Method, StatusCode, Uri};
use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MethodDescriptor,
    ServiceDescriptor,
};

use super::field_path::FieldPath;
use super::template::{Segment, Template, TemplateError, Variable};
use crate::contracts::google_api::HttpRule;
use crate::contracts::google_api::http_rule::Pattern;
use crate::contracts::rest::v1::{MethodRest, ServiceRest};

pub(super) use crate::contracts::rest::v1::ErrorForm;

/// A contract whose REST form cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// Bytes that are no descriptor set.
    #[error("the contracts are no descriptor set")]
    DescriptorSet(#[source] prost_reflect::DescriptorError),
    /// An option is not declared, or not as the message it should be.
    #[error("the contracts do not declare the option {0}")]
    Option(&'static str),
    /// A path template is none.
    #[error("{method}: the path {path}")]
    Template {
        /// The method, as `package.Service/Method`.
        method: String,
        /// The path as the contract states it.
        path: String,
        /// What is wrong with it.
        #[source]
        source: TemplateError,
    },
    /// A method's rule contradicts the method or itself.
    #[error("{method}: {contradiction}")]
    Contradiction {
        /// The method, as `package.Service/Method`.
        method: String,
        /// What does not go together.
        contradiction: &'static str,
    },
    /// Two routes answer the same requests.
    #[error("{first} and {second} are both {verb} {path}")]
    Ambiguous {
        /// The method of the one route.
        first: String,
        /// The method of the other.
        second: String,
        /// The verb of both.
        verb: Method,
        /// The path of both, variables as `*`.
        path: String,
    },
    /// What the contracts say of a field or an enum value in JSON cannot be done.
    #[error("{name}: {contradiction}")]
    Json {
        /// The field or enum, by its full name.
        name: String,
        /// What does not go together.
        contradiction: &'static str,
    },
}

/// Where a request's HTTP body goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BodyField {
    /// Nowhere: the route has none, and one that is sent is not read.
    None,
    /// Into the request message itself.
    Whole,
    /// Into this field of it.
    Field(FieldDescriptor),
}

/// One way to call one method.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// The method that is called.
    pub(super) method: MethodDescriptor,
    /// Its gRPC path: `/package.Service/Method`.
    pub(super) grpc_path: String,
    /// Where a call of it goes.
    pub(super) grpc_uri: Uri,
    /// The HTTP verb.
    pub(super) verb: Method,
    /// The paths it answers, as the contract writes them.
    pub(super) path: Arc<str>,
    /// The same, to match by.
    pub(super) template: Template,
    /// The fields that the template's variables name, in their order.
    pub(super) variables: Vec<FieldPath>,
    /// Where the HTTP body goes.
    pub(super) body: BodyField,
    /// The field of the response message that is the response's body; `None`: the message itself.
    pub(super) response_body: Option<FieldDescriptor>,
    /// The status of a success.
    pub(super) success_status: StatusCode,
    /// Whether a success has no body.
    pub(super) empty_body: bool,
    /// Whether the body of whatever direction streams is `application/octet-stream`.
    pub(super) octet_stream: bool,
    /// The form of refusals.
    pub(super) error_form: ErrorForm,
    /// Whether members of the body that the contract does not know are skipped.
    pub(super) ignore_unknown_members: bool,
    /// Which of the method's bindings this is: 0 is the rule itself, then its additional bindings.
    pub(super) binding: usize,
}

impl Route {
    /// The method as `package.Service/Method`.
    pub(super) fn method_name(&self) -> &str {
        self.grpc_path.strip_prefix('/').unwrap_or(&self.grpc_path)
    }

    /// Whether the request's HTTP body is a stream of bytes.
    pub(super) fn takes_bytes(&self) -> bool {
        self.octet_stream && self.method.is_client_streaming()
    }

    /// Whether the response's HTTP body is a stream of bytes.
    pub(super) fn gives_bytes(&self) -> bool {
        self.octet_stream && self.method.is_server_streaming()
    }

    /// Whether `field` of the request message is a query parameter, or its fields are: it is
    /// neither the body nor in the path.
    pub(super) fn is_in_query(&self, field: &FieldPath) -> bool {
        let in_body = match &self.body {
            BodyField::None => false,
            BodyField::Whole => true,
            BodyField::Field(body) => field.root() == body,
        };
        !in_body && !self.variables.contains(field)
    }
}

/// The routes of every method that states one, in the contracts' order.
#[derive(Clone, Debug)]
pub(super) struct Routes {
    pool: DescriptorPool,
    routes: Vec<Arc<Route>>,
}

impl Routes {
    /// Reads the routes from `descriptor_set`.
    ///
    /// # Errors
    ///
    /// See [`RouteError`].
    pub(super) fn from_descriptor_set(descriptor_set: &[u8]) -> Result<Self, RouteError> {
        let pool = DescriptorPool::decode(descriptor_set).map_err(RouteError::DescriptorSet)?;
        let options = RestOptions::of(&pool)?;
        let mut routes = Vec::new();
        for service in pool.services() {
            let service_rest: ServiceRest = options.of_service(&service)?;
            for method in service.methods() {
                let Some(rule) = options.rule_of(&method)? else {
                    continue;
                };
                let reader = RuleReader {
                    service_rest,
                    method_rest: options.of_method(&method)?,
                    method,
                };
                reader.read(&rule, &mut routes)?;
            }
        }
        require_unambiguous(&routes)?;
        Ok(Self {
            pool,
            routes: routes.into_iter().map(Arc::new).collect(),
        })
    }

    /// Only the routes of methods that `is_served`, given as `package.Service/Method`.
    pub(super) fn served(mut self, is_served: impl Fn(&str) -> bool) -> Self {
        self.routes.retain(|route| is_served(route.method_name()));
        self
    }

    /// Makes sure that every path begins with the segment `prefix`: others would never get here.
    pub(super) fn require_below(&self, prefix: &str) -> Result<(), RouteError> {
        let is_below = |route: &Route| {
            let first = route.template.segments().first();
            matches!(first, Some(Segment::Literal(text)) if Some(text.as_str()) == prefix.strip_prefix('/'))
        };
        match self.routes.iter().find(|route| !is_below(route)) {
            None => Ok(()),
            Some(route) => Err(RouteError::Contradiction {
                method: route.method_name().to_owned(),
                contradiction: "its path is not below the one of the REST face",
            }),
        }
    }

    /// The contracts that the routes were read from.
    pub(super) fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// The routes.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.routes.iter()
    }
}

fn require_unambiguous(routes: &[Route]) -> Result<(), RouteError> {
    let mut seen = std::collections::HashMap::new();
    for route in routes {
        let shape = route.template.shape();
        if let Some(first) = seen.insert((route.verb.clone(), shape.clone()), route) {
            return Err(RouteError::Ambiguous {
                first: first.method_name().to_owned(),
                second: route.method_name().to_owned(),
                verb: route.verb.clone(),
                path: shape,
            });
        }
    }
    Ok(())
}

/// The options that routes are read from.
struct RestOptions {
    http: ExtensionDescriptor,
    service: ExtensionDescriptor,
    method: ExtensionDescriptor,
}

impl RestOptions {
    fn of(pool: &DescriptorPool) -> Result<Self, RouteError> {
        let option = |name| {
            pool.get_extension_by_name(name)
                .ok_or(RouteError::Option(name))
        };
        Ok(Self {
            http: option("google.api.http")?,
            service: option("selvedge.rest.v1.service")?,
            method: option("selvedge.rest.v1.method")?,
        })
    }

    fn rule_of(&self, method: &MethodDescriptor) -> Result<Option<HttpRule>, RouteError> {
        let options = method.options();
        if !options.has_extension(&self.http) {
            return Ok(None);
        }
        read_option(&options, &self.http, "google.api.http").map(Some)
    }

    fn of_service(&self, service: &ServiceDescriptor) -> Result<ServiceRest, RouteError> {
        read_option(
            &service.options(),
            &self.service,
            "selvedge.rest.v1.service",
        )
    }

    fn of_method(&self, method: &MethodDescriptor) -> Result<MethodRest, RouteError> {
        read_option(&method.options(), &self.method, "selvedge.rest.v1.method")
    }
}

/// The value of an option that is a message; unset, the message's default.
pub(super) fn read_option<T: prost::Message + Default>(
    options: &DynamicMessage,
    option: &ExtensionDescriptor,
    name: &'static str,
) -> Result<T, RouteError> {
    options
        .get_extension(option)
        .as_message()
        .and_then(|message| message.transcode_to().ok())
        .ok_or(RouteError::Option(name))
}

/// Reads the rule of one method.
struct RuleReader {
    method: MethodDescriptor,
    service_rest: ServiceRest,
    method_rest: MethodRest,
}

impl RuleReader {
    fn read(&self, rule: &HttpRule, routes: &mut Vec<Route>) -> Result<(), RouteError> {
        self.require_stream_form()?;
        routes.push(self.route(rule, 0)?);
        for (index, additional) in rule.additional_bindings.iter().enumerate() {
            if !additional.additional_bindings.is_empty() {
                return Err(self.contradiction("an additional binding has additional bindings"));
            }
            routes.push(self.route(additional, index + 1)?);
        }
        Ok(())
    }

    fn route(&self, rule: &HttpRule, binding: usize) -> Result<Route, RouteError> {
        let (verb, path) = self.pattern(rule)?;
        let template = Template::parse(path).map_err(|source| RouteError::Template {
            method: self.name(),
            path: path.to_owned(),
            source,
        })?;
        let variables = self.variables(template.variables())?;
        let body = self.body(&rule.body)?;
        if !takes_body(&verb) && body != BodyField::None {
            return Err(self.contradiction("GET and DELETE have no body"));
        }
        if self.method.is_client_streaming()
            && !matches!(&body, BodyField::Field(field) if is_bytes(field))
        {
            return Err(self.contradiction("a stream of bytes needs a bytes field as its body"));
        }
        let response_body = self.response_body(&rule.response_body)?;
        if self.method.is_server_streaming() && !response_body.as_ref().is_some_and(is_bytes) {
            return Err(
                self.contradiction("a stream of bytes needs a bytes field as its response body")
            );
        }
        let grpc_path = format!("/{}", self.name());
        let grpc_uri = grpc_path
            .parse()
            .map_err(|_| self.contradiction("its name is no path"))?;
        Ok(Route {
            grpc_path,
            grpc_uri,
            verb,
            path: path.into(),
            template,
            variables,
            body,
            response_body,
            success_status: self.success_status()?,
            empty_body: self.method_rest.empty_body,
            octet_stream: self.method_rest.octet_stream,
            error_form: self.service_rest.error_form(),
            ignore_unknown_members: self.service_rest.ignore_unknown_members,
            binding,
            method: self.method.clone(),
        })
    }

    /// JSON has no streams that could end in an error, so only bytes are streamed.
    fn require_stream_form(&self) -> Result<(), RouteError> {
        let streams = (
            self.method.is_client_streaming(),
            self.method.is_server_streaming(),
        );
        match (streams, self.method_rest.octet_stream) {
            ((true, true), _) => {
                Err(self.contradiction("a stream in both directions has no route"))
            }
            ((false, false), true) => Err(self.contradiction("octet_stream without a stream")),
            ((true, _) | (_, true), false) => {
                Err(self.contradiction("a stream without octet_stream"))
            }
            ((true, false) | (false, true), true) | ((false, false), false) => Ok(()),
        }
    }

    fn pattern<'r>(&self, rule: &'r HttpRule) -> Result<(Method, &'r str), RouteError> {
        match &rule.pattern {
            Some(Pattern::Get(path)) => Ok((Method::GET, path)),
            Some(Pattern::Put(path)) => Ok((Method::PUT, path)),
            Some(Pattern::Post(path)) => Ok((Method::POST, path)),
            Some(Pattern::Delete(path)) => Ok((Method::DELETE, path)),
            Some(Pattern::Patch(path)) => Ok((Method::PATCH, path)),
            Some(Pattern::Custom(_)) => Err(self.contradiction("a custom verb is not served")),
            None => Err(self.contradiction("the rule has no path")),
        }
    }

    fn variables(&self, variables: &[Variable]) -> Result<Vec<FieldPath>, RouteError> {
        let mut paths = Vec::with_capacity(variables.len());
        let mut seen = HashSet::new();
        for variable in variables {
            let path = FieldPath::resolve(&self.method.input(), &variable.field)
                .ok_or_else(|| self.contradiction("a path variable is no field of the request"))?;
            let leaf = path.leaf();
            if leaf.is_list() || leaf.is_map() || matches!(leaf.kind(), Kind::Message(_)) {
                return Err(self.contradiction("a path variable is not a single plain value"));
            }
            if variable.is_multi_segment() && leaf.kind() != Kind::String {
                return Err(self.contradiction("a path variable of several segments is no string"));
            }
            if !seen.insert(path.to_string()) {
                return Err(self.contradiction("a field is in the path twice"));
            }
            paths.push(path);
        }
        Ok(paths)
    }

    fn body(&self, selector: &str) -> Result<BodyField, RouteError> {
        match selector {
            "" => Ok(BodyField::None),
            "*" => Ok(BodyField::Whole),
            name => self
                .method
                .input()
                .get_field_by_name(name)
                .map(BodyField::Field)
                .ok_or_else(|| self.contradiction("the body is no field of the request")),
        }
    }

    fn response_body(&self, name: &str) -> Result<Option<FieldDescriptor>, RouteError> {
        if name.is_empty() {
            return Ok(None);
        }
        if self.method_rest.empty_body {
            return Err(self.contradiction("an empty body has no response body field"));
        }
        self.method
            .output()
            .get_field_by_name(name)
            .map(Some)
            .ok_or_else(|| self.contradiction("the response body is no field of the response"))
    }

    fn success_status(&self) -> Result<StatusCode, RouteError> {
        match self.method_rest.success_status {
            0 => Ok(StatusCode::OK),
            status => u16::try_from(status)
                .ok()
                .and_then(|status| StatusCode::from_u16(status).ok())
                .filter(StatusCode::is_success)
                .ok_or_else(|| self.contradiction("the status is not one of a success")),
        }
    }

    fn name(&self) -> String {
        format!(
            "{}/{}",
            self.method.parent_service().full_name(),
            self.method.name()
        )
    }

    fn contradiction(&self, contradiction: &'static str) -> RouteError {
        RouteError::Contradiction {
            method: self.name(),
            contradiction,
        }
    }
}

fn takes_body(verb: &Method) -> bool {
    *verb == Method::POST || *verb == Method::PUT || *verb == Method::PATCH
}

fn is_bytes(field: &FieldDescriptor) -> bool {
    field.kind() == Kind::Bytes && !field.is_list()
}

#[cfg(test)]
mod tests;
