//! One call, described once: what it is over each face follows from the contracts.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumValueDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    MethodDescriptor, Value as Reflected,
};
use selvedge::contracts::DESCRIPTOR_SET;
use serde_json::{Map, Value};

use crate::support::Call;

/// A method, its request message as REST writes it, and headers.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    method: Cow<'static, str>,
    message: Map<String, Value>,
    headers: Vec<(&'static str, String)>,
}

impl Asked {
    /// `method` is `/package.Service/Method`.
    pub(crate) fn of(method: impl Into<Cow<'static, str>>, message: &Value) -> Self {
        Self {
            method: method.into(),
            message: message.as_object().expect("a message").clone(),
            headers: Vec::new(),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Over gRPC. A method of no contract of ours takes an empty message.
    pub(crate) fn grpc(&self) -> Call {
        let call = Call::to(&self.method);
        let call = match contract(&self.method) {
            None => call,
            Some(method) => call.message(&encoded(&method.input(), &self.message)),
        };
        self.with_headers(call)
    }

    /// Over REST; none for a method without a route.
    pub(crate) fn rest(&self) -> Option<Call> {
        let (verb, template, body) = route(&contract(&self.method)?)?;
        let mut members = self.message.clone();
        let mut call = Call::to(&fill(&template, &mut members));
        call.headers.clear();
        call.method = verb;
        call.body = Bytes::new();
        match body.as_str() {
            "*" => {
                call = call.header("content-type", "application/json");
                call.body = Value::from(members).to_string().into();
            }
            "" if members.is_empty() => {}
            "" => {
                let pairs = members
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"));
                call.path = format!("{}?{}", call.path, pairs.collect::<Vec<_>>().join("&"));
            }
            field => panic!("no recipe has a body that is {field} alone"),
        }
        Some(self.with_headers(call))
    }

    fn with_headers(&self, call: Call) -> Call {
        let headers = self.headers.iter();
        headers.fold(call, |call, (name, value)| call.header(name, value))
    }
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(DESCRIPTOR_SET).unwrap()
}

/// The method as its contract describes it; none for one of no contract of ours.
fn contract(path: &str) -> Option<MethodDescriptor> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    let service = pool().get_service_by_name(service)?;
    service.methods().find(|one| one.name() == method)
}

/// The methods that have a REST form, as `package.Service/Method`.
pub(super) fn with_route() -> Vec<String> {
    let mut names = Vec::new();
    for service in pool().services() {
        let methods = service.methods().filter(|method| route(method).is_some());
        names.extend(methods.map(|method| format!("{}/{}", service.full_name(), method.name())));
    }
    names
}

/// The verb and path of `google.api.http`, and which field is the body.
fn route(method: &MethodDescriptor) -> Option<(Method, String, String)> {
    let option = method
        .parent_pool()
        .get_extension_by_name("google.api.http")
        .unwrap();
    let options = method.options();
    if !options.has_extension(&option) {
        return None;
    }
    let rule = options.get_extension(&option);
    let rule = rule.as_message().unwrap();
    let text = |name| {
        let value = rule.get_field_by_name(name).unwrap();
        value.as_str().unwrap().to_owned()
    };
    let verbs = ["get", "put", "post", "delete", "patch"];
    let verb = verbs.into_iter().find(|verb| !text(verb).is_empty())?;
    let method = Method::from_bytes(verb.to_uppercase().as_bytes()).unwrap();
    Some((method, text(verb), text("body")))
}

/// The path with its variables taken out of `members`.
fn fill(template: &str, members: &mut Map<String, Value>) -> String {
    let mut parts = template.split(['{', '}']);
    let mut path = parts.next().unwrap_or_default().to_owned();
    while let (Some(variable), Some(after)) = (parts.next(), parts.next()) {
        let field = variable.split('=').next().unwrap_or(variable);
        path.push_str(&take(members, field));
        path.push_str(after);
    }
    path
}

fn take(members: &mut Map<String, Value>, path: &str) -> String {
    let name = |field: &str| {
        let mut words = field.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |name, word| {
            name + &word[..1].to_uppercase() + &word[1..]
        })
    };
    let value = match path.split_once('.') {
        None => members.remove(&name(path)).expect(path),
        Some((message, field)) => {
            let message = members.get_mut(&name(message)).expect(path);
            return take(message.as_object_mut().unwrap(), field);
        }
    };
    value.as_str().expect(path).to_owned()
}

/// The message of these members; what REST writes as it stands is base64 to anybody else.
fn encoded(descriptor: &MessageDescriptor, members: &Map<String, Value>) -> DynamicMessage {
    let members = Value::from(canonical(descriptor, members));
    DynamicMessage::deserialize(descriptor.clone(), members).unwrap()
}

fn canonical(descriptor: &MessageDescriptor, members: &Map<String, Value>) -> Map<String, Value> {
    let member = |(name, value): (&String, &Value)| {
        let field = descriptor.get_field_by_json_name(name).expect(name);
        let value = match (field.kind(), value) {
            (Kind::Bytes, value) if is_raw(&field) => STANDARD.encode(value.to_string()).into(),
            (Kind::Message(inner), Value::Object(value)) => canonical(&inner, value).into(),
            (Kind::Message(inner), Value::Array(values)) => {
                let each = values.iter().filter_map(Value::as_object);
                each.map(|value| canonical(&inner, value)).collect()
            }
            (Kind::Enum(values), Value::String(spelled)) => {
                let mut values = values.values();
                let value = values.find(|value| spelling(value).as_ref() == Some(spelled));
                value.expect(spelled).name().into()
            }
            (_, value) => value.clone(),
        };
        (name.clone(), value)
    };
    members.iter().map(member).collect()
}

/// Whether REST writes the bytes of a field as they stand.
fn is_raw(field: &FieldDescriptor) -> bool {
    option(field.parent_pool(), "field", &field.options(), "raw_json")
        .is_some_and(|raw| raw.as_bool() == Some(true))
}

/// How REST writes a value of an enum.
fn spelling(value: &EnumValueDescriptor) -> Option<String> {
    let name = option(value.parent_pool(), "enum_value", &value.options(), "name")?;
    Some(name.as_str()?.to_owned())
}

/// A member of one of `selvedge.rest.v1`'s options, where the contract states the option.
fn option(
    pool: &DescriptorPool,
    extension: &str,
    options: &DynamicMessage,
    member: &str,
) -> Option<Reflected> {
    let extension = pool.get_extension_by_name(&format!("selvedge.rest.v1.{extension}"))?;
    if !options.has_extension(&extension) {
        return None;
    }
    let stated = options.get_extension(&extension);
    let member = stated.as_message()?.get_field_by_name(member)?;
    Some(member.into_owned())
}

#[test]
fn one_description_is_the_same_call_over_each_face() {
    use selvedge::contracts::data::v1::{Row, WriteDataRequest};
    use serde_json::json;

    let asked = Asked::of(
        "/selvedge.data.v1.DataService/WriteData",
        &json!({"workspaceId": "w", "itemId": "i", "rows": [{"rowId": "a", "json": {"b": 1}}]}),
    );
    let rest = asked.rest().unwrap();
    assert_eq!(
        (rest.method, rest.path.as_str()),
        (Method::POST, "/workload/data/v1/workspaces/w/items/i/rows")
    );
    assert_eq!(rest.body, r#"{"rows":[{"json":{"b":1},"rowId":"a"}]}"#);
    let message = WriteDataRequest {
        workspace_id: "w".to_owned(),
        item_id: "i".to_owned(),
        rows: vec![Row {
            row_id: "a".to_owned(),
            json: br#"{"b":1}"#.to_vec().into(),
            ..Row::default()
        }],
    };
    let grpc = Call::to("/selvedge.data.v1.DataService/WriteData").message(&message);
    assert_eq!(asked.grpc().body, grpc.body);
}
