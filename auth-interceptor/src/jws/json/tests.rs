//! What strict JSON takes, keeps and refuses.

use std::borrow::Cow;

use proptest::prelude::*;

use super::names::MAX_MEMBERS;
use super::{MAX_DEPTH, Members, NotStrictJson, Value, plain_length, read_object};

#[derive(Debug, PartialEq)]
struct One<'t>(Option<Value<'t>>);

impl<'t> Members<'t> for One<'t> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'t>>> {
        (name == "a").then_some(&mut self.0)
    }
}

fn read(json: &[u8]) -> Result<One<'_>, NotStrictJson> {
    let mut one = One(None);
    read_object(json, &mut one).map(|()| one)
}

fn read_value(json: &str) -> Value<'_> {
    read(json.as_bytes()).unwrap().0.unwrap()
}

#[test]
fn each_value_keeps_what_a_claim_needs() {
    let text = |text: &'static str| Cow::Borrowed(text);
    for (json, value) in [
        (r#"{"a":null}"#, Value::Null),
        (r#"{"a":true}"#, Value::Boolean),
        (r#"{"a":0}"#, Value::Integer(0)),
        (r#"{"a":18446744073709551615}"#, Value::Integer(u64::MAX)),
        (r#"{"a":18446744073709551616}"#, Value::Number),
        (r#"{"a":-1}"#, Value::Number),
        (r#"{"a":1.0}"#, Value::Number),
        (r#"{"a":1e3}"#, Value::Number),
        (r#"{"a":1e300}"#, Value::Number),
        (r#"{"a":"x"}"#, Value::Text(text("x"))),
        (r#"{"a":"\u0078\n"}"#, Value::Text(text("x\n"))),
        (r#"{"\u0061":"x"}"#, Value::Text(text("x"))),
        (r#"{"a":[]}"#, Value::Texts(Vec::new())),
        (
            r#"{"a":["x","y"]}"#,
            Value::Texts(vec![text("x"), text("y")]),
        ),
        (r#"{"a":["x",1]}"#, Value::Array),
        (r#"{"a":[null]}"#, Value::Array),
        (r#"{"a":[["x"]]}"#, Value::Array),
        (r#"{"a":{"a":1}}"#, Value::Object),
        (" { \"a\" : 1 } ", Value::Integer(1)),
    ] {
        assert_eq!(read_value(json), value, "{json}");
    }
    assert_eq!(read(br#"{"b":1,"A":2}"#), Ok(One(None)));
}

#[test]
fn what_is_not_one_strict_object_is_refused() {
    for json in [
        "",
        " ",
        "null",
        "1",
        r#""a""#,
        r#"["a"]"#,
        "{",
        r#"{"a":1"#,
        r#"{"a":1}x"#,
        r#"{"a":1}{}"#,
        "{\"a\":1}\0",
        r#"{"a":1,}"#,
        r#"{"a":[1,]}"#,
        r"{'a':1}",
        r"{a:1}",
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":01}"#,
        r#"{"a":+1}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":0x1}"#,
        r#"{"a":1e999}"#,
        r#"{"a":1/*x*/}"#,
        "{\"a\":1}//x",
        "{\"a\":\"x\ny\"}",
        r#"{"a":"\x"}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00\ud800"}"#,
        r#"{"\ud800":1}"#,
        r#"{"b":"\ud800"}"#,
        r#"{"b":["\ud800"]}"#,
        "\u{feff}{\"a\":1}",
        r#"{1:1}"#,
    ] {
        assert_eq!(read(json.as_bytes()), Err(NotStrictJson), "{json}");
    }
    for bytes in [
        b"{\"a\":\"\xff\"}".as_slice(),
        b"{\"b\":\"\xc0\xaf\"}",
        b"\xff\xfe{\0}\0",
        b"\0{\0}",
        b"\0\0\0{\0\0\0}",
    ] {
        assert_eq!(read(bytes), Err(NotStrictJson));
    }
}

#[test]
fn a_name_given_twice_refuses_the_text_at_any_depth() {
    for json in [
        r#"{"a":1,"a":1}"#,
        r#"{"b":1,"b":2}"#,
        r#"{"b":1,"c":2,"b":3}"#,
        r#"{"scp":"x","\u0073cp":"y"}"#,
        r#"{"":1,"":2}"#,
        r#"{"b":{"x":1,"x":2}}"#,
        r#"{"b":[{"x":1},{"x":1,"y":2,"x":3}]}"#,
        r#"{"a":{"c":{"x":1,"x":2}}}"#,
        r#"{"a long member name, longer than a tag":1,"a long member name, longer than a tag":2}"#,
    ] {
        assert_eq!(read(json.as_bytes()), Err(NotStrictJson), "{json}");
    }
    for json in [
        r#"{"b":{"b":{"b":1}}}"#,
        r#"{"x":1,"b":{"x":1},"c":[{"x":1},{"x":2}]}"#,
        r#"{"name one two three":1,"name 0ne two three":2}"#,
    ] {
        assert!(read(json.as_bytes()).is_ok(), "{json}");
    }
}

#[test]
fn depth_is_bounded_whether_or_not_the_value_is_read() {
    for name in ["a", "b"] {
        for (open, close) in [("[", "]"), (r#"{"x":"#, "}")] {
            let nested = |levels: usize| {
                let inner = levels - 1;
                let core = if open == "[" { "" } else { "1" };
                format!(
                    "{{\"{name}\":{}{core}{}}}",
                    open.repeat(inner),
                    close.repeat(inner)
                )
            };
            assert!(read(nested(usize::from(MAX_DEPTH)).as_bytes()).is_ok());
            for levels in [17, 18, 127, 128, 200, 2_000] {
                assert_eq!(
                    read(nested(levels).as_bytes()),
                    Err(NotStrictJson),
                    "{levels}"
                );
            }
        }
    }
}

#[test]
fn members_are_bounded_and_still_compared_when_there_are_many() {
    let object = |names: &mut dyn Iterator<Item = usize>| {
        let members: Vec<_> = names.map(|number| format!("\"m{number}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(read(object(&mut (0..MAX_MEMBERS)).as_bytes()).is_ok());
    assert_eq!(
        read(object(&mut (0..=MAX_MEMBERS)).as_bytes()),
        Err(NotStrictJson)
    );
    assert_eq!(
        read(object(&mut (0..100).chain([57])).as_bytes()),
        Err(NotStrictJson)
    );
}

/// JSON objects with few distinct names, so that some repeat.
fn any_object() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("\"x\"".to_owned()),
        Just("null".to_owned())
    ];
    let value = leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|values| format!("[{}]", values.join(","))),
            members(inner),
        ]
    });
    members(value)
}

fn members(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec(("[a-e]", value), 0..4).prop_map(|members| {
        let members: Vec<_> = members
            .into_iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

/// Whether serde_json reads the text as an object that repeats no name within our bounds.
fn is_plain_object(json: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(json) else {
        return false;
    };
    value.is_object()
}

/// Fragments of JSON and of what is almost JSON, in any order.
fn almost_json() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        "[-+0-9.eE]{1,5}",
        "\"[a-c ]{0,12}\"",
        "\"[a\\\\\"u0d8/]{0,8}\"",
        "[\\{\\}\\[\\]:, \t\n\"\\\\]",
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("\"\\ud83d\\ude00\"".to_owned()),
        "\\PC",
    ];
    prop::collection::vec(fragment, 1..4)
        .prop_map(|fragments| format!("{{\"a\":{}}}", fragments.concat()))
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(json in any::<Vec<u8>>()) {
        let _ = read(&json);
    }

    /// serde_json keeps one member of each name, so a text loses bytes there exactly if a name
    /// repeats.
    #[test]
    fn a_text_is_refused_exactly_if_a_name_repeats(json in any_object()) {
        let kept: serde_json::Value = serde_json::from_str(&json).unwrap();
        let repeats = kept.to_string().len() != json.len();
        prop_assert_eq!(read(json.as_bytes()).is_err(), repeats);
    }

    #[test]
    fn nothing_is_read_that_serde_json_would_not_read(json in almost_json()) {
        if read(json.as_bytes()).is_ok() {
            prop_assert!(is_plain_object(json.as_bytes()), "{json}");
        }
    }

    /// One value has no room for a repeated name, for depth or for many members.
    #[test]
    fn one_value_is_read_exactly_if_serde_json_reads_it(
        value in prop_oneof!["[-+0-9.eE]{1,8}", "\"[^\"]{0,24}\"", "\"[a\\\\\"u0d8cf/nt]{0,10}\"", "[a-z]{4,5}"],
    ) {
        let json = format!("{{\"a\":{value}}}");
        let expected = serde_json::from_str::<serde_json::Value>(&json)
            .ok()
            .filter(|object| object.as_object().is_some_and(|members| members.len() == 1));
        match (read(json.as_bytes()), expected) {
            (Ok(One(Some(Value::Text(text)))), Some(expected)) => {
                prop_assert_eq!(Some(&*text), expected["a"].as_str());
            }
            (Ok(One(Some(Value::Integer(number)))), Some(expected)) => {
                prop_assert_eq!(Some(number), expected["a"].as_u64());
            }
            (read, expected) => prop_assert_eq!(read.is_ok(), expected.is_some(), "{}", json),
        }
    }

    #[test]
    fn plain_text_ends_at_the_first_byte_that_is_not(bytes in prop::collection::vec(prop_oneof![
        9 => any::<u8>().prop_filter("plain", |byte| *byte >= 0x20 && !b"\"\\".contains(byte)),
        1 => prop::sample::select(vec![0, 0x1f, b'"', b'\\', 0x20, 0x21, 0x23, 0x5b, 0x5d, 0x80, 0xa2, 0xdc, 0xff]),
    ], 0..40)) {
        let ends = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
        let expected = bytes.iter().position(ends).unwrap_or(bytes.len());
        prop_assert_eq!(plain_length(&bytes), expected);
    }
}
