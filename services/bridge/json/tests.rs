//! Odd documents, both ways: what is kept byte for byte, and what is refused by its field's name.

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use super::{JsonMapping, JsonReader, Unreadable};
use crate::call::CallError;
use crate::contracts::DESCRIPTOR_SET;
use crate::contracts::control::v1::{
    CreateItemJobInstanceRequest, InvokeType, ItemJobInstanceState, JobStatus, ResolveRequest,
};
use crate::contracts::data::v1::{ListTasksRequest, Row, Task, WriteDataRequest};

struct Json {
    pool: DescriptorPool,
    mapping: JsonMapping,
}

impl Json {
    fn new() -> Self {
        let pool = DescriptorPool::decode(DESCRIPTOR_SET).unwrap();
        let mapping = JsonMapping::of(&pool).unwrap();
        Self { pool, mapping }
    }

    fn descriptor(&self, name: &str) -> MessageDescriptor {
        self.pool
            .get_message_by_name(&format!("selvedge.{name}"))
            .unwrap()
    }

    fn read(&self, name: &str, document: &[u8]) -> Result<DynamicMessage, Unreadable> {
        let reader = JsonReader {
            mapping: &self.mapping,
            ignore_unknown_members: false,
        };
        reader.message(&self.descriptor(name), document)
    }

    fn write(&self, name: &str, message: &impl prost::Message) -> String {
        let bytes = message.encode_to_vec();
        let message = DynamicMessage::decode(self.descriptor(name), bytes.as_slice()).unwrap();
        String::from_utf8(self.mapping.write(message).unwrap()).unwrap()
    }
}

fn typed<M: prost::Message + Default>(message: &DynamicMessage) -> M {
    M::decode(message.encode_to_vec().as_slice()).unwrap()
}

/// The field that a document is refused for.
#[track_caller]
fn refused(name: &str, document: &str) -> String {
    match Json::new().read(name, document.as_bytes()) {
        Err(Unreadable::Field(CallError::Field { field, .. })) => field,
        other => panic!("{document}: {other:?}"),
    }
}

#[test]
fn values_that_are_json_pass_byte_for_byte() {
    let values = [
        "{ \"b\" : 1.50,\n\"a\":[9007199254740993, 1e400]}",
        "18446744073709551616",
        "\"\\u0000\\ud800 \u{1f9f5}\"",
        "{\"twice\":1,\"twice\":2}",
        "[]",
        "false",
    ];
    let json = Json::new();
    let rows: Vec<String> = values
        .iter()
        .map(|value| format!("{{\"json\":\t{value} }}"))
        .collect();
    let document = format!("{{\"rows\":[{}]}}", rows.join(","));
    let message = json
        .read("data.v1.WriteDataRequest", document.as_bytes())
        .unwrap();
    let request: WriteDataRequest = typed(&message);
    let read: Vec<&[u8]> = request.rows.iter().map(|row| row.json.as_ref()).collect();
    assert_eq!(read, values.map(str::as_bytes));

    let written = json.write("data.v1.WriteDataRequest", &request);
    let expected: Vec<String> = values.iter().map(|v| format!("{{\"json\":{v}}}")).collect();
    assert_eq!(written, format!("{{\"rows\":[{}]}}", expected.join(",")));
}

#[test]
fn a_value_that_is_null_or_absent_is_empty() {
    for document in ["{}", "{\"json\":null}"] {
        let message = Json::new()
            .read("data.v1.Row", document.as_bytes())
            .unwrap();
        assert_eq!(typed::<Row>(&message), Row::default(), "{document}");
    }
    assert_eq!(Json::new().write("data.v1.Row", &Row::default()), "{}");
}

#[test]
fn members_beside_a_value_are_written_with_it() {
    let row = Row {
        row_id: "a\"b".to_owned(),
        json: Bytes::from_static(b"{\"x\": 1}"),
        update_time: Some(prost_types::Timestamp {
            seconds: 0,
            nanos: 0,
        }),
        ..Row::default()
    };
    assert_eq!(
        Json::new().write("data.v1.Row", &row),
        r#"{"rowId":"a\"b","updateTime":"1970-01-01T00:00:00Z","json":{"x": 1}}"#
    );
}

#[test]
fn a_value_that_is_no_json_is_not_written() {
    let json = Json::new();
    for text in ["{", "{} {}", "\u{feff}{}", "nul"] {
        let mut row = DynamicMessage::new(json.descriptor("data.v1.Row"));
        row.set_field_by_name(
            "json",
            prost_reflect::Value::Bytes(Bytes::copy_from_slice(text.as_bytes())),
        );
        assert!(json.mapping.write(row).is_err(), "{text}");
    }
}

#[test]
fn enum_values_have_the_spelling_that_the_contract_states() {
    let json = Json::new();
    let message = json
        .read(
            "control.v1.CreateItemJobInstanceRequest",
            br#"{"invokeType":"Manual"}"#,
        )
        .unwrap();
    let request: CreateItemJobInstanceRequest = typed(&message);
    assert_eq!(request.invoke_type(), InvokeType::Manual);
    let state = ItemJobInstanceState {
        status: JobStatus::InProgress.into(),
        ..ItemJobInstanceState::default()
    };
    assert_eq!(
        json.write("control.v1.ItemJobInstanceState", &state),
        r#"{"status":"InProgress"}"#
    );
    let message = json
        .read(
            "control.v1.ResolveRequest",
            br#"{"context":[{"name":"TenantRegion","value":"West"}]}"#,
        )
        .unwrap();
    assert_eq!(typed::<ResolveRequest>(&message).context[0].name, 2);
    for other in ["manual", "INVOKE_TYPE_MANUAL", ""] {
        let document = format!(r#"{{"invokeType":"{other}"}}"#);
        let field = refused("control.v1.CreateItemJobInstanceRequest", &document);
        assert_eq!(field, "invoke_type");
    }
}

#[test]
fn what_the_contract_does_not_say_is_refused_by_name() {
    for (message, document, field) in [
        ("data.v1.Task", r#"{"titel":"x"}"#, "titel"),
        ("data.v1.Task", r#"{"title":1}"#, "title"),
        ("data.v1.Task", r#"{"title":["x"]}"#, "title"),
        ("data.v1.Task", r#"{"completed":"yes"}"#, "completed"),
        ("data.v1.Task", r#"{"title":"a","title":"b"}"#, "title"),
        ("data.v1.Task", r#"{"taskId":"a","task_id":"b"}"#, "task_id"),
        (
            "data.v1.Task",
            r#"{"createTime":"yesterday"}"#,
            "create_time",
        ),
        ("data.v1.Task", "[]", "body"),
        ("data.v1.Task", "\"x\"", "body"),
        (
            "data.v1.CreateTaskRequest",
            r#"{"task":{"title":{}}}"#,
            "task.title",
        ),
        ("data.v1.CreateTaskRequest", r#"{"task":[]}"#, "task"),
        ("data.v1.CreateTaskRequest", r#"{"task":{"":1}}"#, "task."),
        ("data.v1.WriteDataRequest", r#"{"rows":{}}"#, "rows"),
        (
            "data.v1.WriteDataRequest",
            r#"{"rows":[{},{"rowId":7}]}"#,
            "rows[1].row_id",
        ),
        (
            "data.v1.WriteDataRequest",
            r#"{"rows":[{},null]}"#,
            "rows[1]",
        ),
        (
            "data.v1.ListTasksRequest",
            r#"{"pageSize":2147483648}"#,
            "page_size",
        ),
        (
            "data.v1.ListTasksRequest",
            r#"{"pageSize":1.5}"#,
            "page_size",
        ),
        (
            "data.v1.WriteFileRequest",
            r#"{"location":{},"content":""}"#,
            "content",
        ),
    ] {
        assert_eq!(refused(message, document), field, "{document}");
    }
    let long = format!(r#"{{"{}":1}}"#, "x\\n".repeat(1_000));
    assert_eq!(refused("data.v1.Task", &long), "x".repeat(64));
}

#[test]
fn numbers_may_be_texts_and_names_may_be_the_contracts_own() {
    let message = Json::new()
        .read("data.v1.ListTasksRequest", br#"{"page_size":"7"}"#)
        .unwrap();
    assert_eq!(typed::<ListTasksRequest>(&message).page_size, 7);
}

#[test]
fn a_document_that_is_no_json_is_malformed() {
    let deep = "[".repeat(100_000);
    for document in [
        &b"{"[..],
        b"",
        b"{}{}",
        b"{\"title\":\"x\"",
        b"{\"title\":'x'}",
        b"\xff",
        b"{\"json\":\"\xff\"}",
        b"{\"json\":\"\n\"}",
        b"\xef\xbb\xbf{}",
        b"NaN",
        deep.as_bytes(),
    ] {
        let read = Json::new().read("data.v1.Row", document);
        assert_eq!(read, Err(Unreadable::Malformed));
    }
}

#[test]
fn members_that_nobody_knows_are_skipped_where_the_contract_says_so() {
    let json = Json::new();
    let reader = JsonReader {
        mapping: &json.mapping,
        ignore_unknown_members: true,
    };
    let document = format!(
        r#"{{"new":{}{},"title":"x","new":1}}"#,
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    let message = reader
        .message(&json.descriptor("data.v1.Task"), document.as_bytes())
        .unwrap();
    assert_eq!(typed::<Task>(&message).title, "x");
}
