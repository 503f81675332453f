//! Templates as google.api.http has them, read and written.

use proptest::prelude::*;

use super::{Segment, Template, TemplateError, Undecodable};

fn parse(text: &str) -> Template {
    Template::parse(text).unwrap()
}

/// What the template's only variable is in `path`, which the template matches.
fn value(template: &str, path: &str) -> Result<String, Undecodable> {
    let template = parse(template);
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    template.variables()[0].value(&segments)
}

#[test]
fn a_template_is_segments_variables_and_a_verb() {
    let template = parse("/v1/{name=shelves/*/books}/{page.id}/**:archive");
    assert_eq!(template.shape(), "/v1/shelves/*/books/*/**:archive");
    assert_eq!(template.verb(), Some("archive"));
    let fields: Vec<_> = template
        .variables()
        .iter()
        .map(|v| v.field.as_str())
        .collect();
    assert_eq!(fields, ["name", "page.id"]);
    assert_eq!(template.segments().last(), Some(&Segment::Rest));
    assert_eq!(template.to_string(), "/v1/{name}/{page.id}/**:archive");
}

#[test]
fn what_the_grammar_does_not_allow_is_no_template() {
    for (text, error) in [
        ("", TemplateError::NotAbsolute),
        ("v1", TemplateError::NotAbsolute),
        ("/", TemplateError::EmptySegment),
        ("/v1//a", TemplateError::EmptySegment),
        ("/v1/", TemplateError::EmptySegment),
        ("/v1/a:", TemplateError::EmptySegment),
        ("/v1/{a", TemplateError::Braces),
        ("/v1/a}", TemplateError::Braces),
        ("/v1/{a={b}}", TemplateError::Braces),
        ("/v1/{a}b", TemplateError::Braces),
        ("/v1/{}", TemplateError::FieldPath),
        ("/v1/{a.}", TemplateError::FieldPath),
        ("/v1/{1a}", TemplateError::FieldPath),
        ("/v1/{a=}", TemplateError::EmptySegment),
        ("/v1/a b", TemplateError::Literal),
        ("/v1/a?b", TemplateError::Literal),
        ("/v1/a*", TemplateError::Literal),
        ("/v1/a:b:c", TemplateError::Literal),
        ("/v1/**/a", TemplateError::BehindRest),
        ("/v1/{a=**}/{b}", TemplateError::BehindRest),
        ("/v1/{a=**/x}", TemplateError::BehindRest),
    ] {
        assert_eq!(Template::parse(text), Err(error), "{text}");
    }
}

#[test]
fn one_segment_is_decoded_as_a_whole() {
    assert_eq!(value("/{a}", "/x%2Fy%25%c3%A9+"), Ok("x/y%é+".into()));
    assert_eq!(value("/{a=*}", "/%2e%2E"), Ok("..".into()));
}

#[test]
fn several_segments_keep_their_encoded_slashes() {
    assert_eq!(value("/{a=**}", "/x%2Fy/z%2f%20"), Ok("x%2Fy/z%2f ".into()));
    assert_eq!(value("/v/{a=b/*}", "/v/b/x%2Fy"), Ok("b/x%2Fy".into()));
    assert_eq!(value("/v/{a=**}", "/v"), Ok(String::new()));
    assert_eq!(value("/v/{a=**}", "/v/one%20"), Ok("one ".into()));
}

#[test]
fn an_encoding_of_nothing_or_of_no_text_has_no_value() {
    for path in ["/%", "/%2", "/%zz", "/a%2Fb%", "/%ff", "/%c3%2F", "/%+1"] {
        assert_eq!(value("/{a}", path), Err(Undecodable), "{path}");
        assert_eq!(value("/{a=**}", path), Err(Undecodable), "{path}");
    }
}

proptest! {
    #[test]
    fn a_value_put_in_a_path_comes_out_of_it(values in prop::collection::vec(".{1,12}", 1..5)) {
        let template = parse("/v1/{a=**}");
        let encode = |value: &String| {
            percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let path = format!("v1/{}", values.iter().map(encode).collect::<Vec<_>>().join("/"));
        let segments: Vec<&str> = path.split('/').collect();
        let expected: Vec<_> = values.iter().map(|value| value.replace('/', "%2F")).collect();
        prop_assert_eq!(template.variables()[0].value(&segments), Ok(expected.join("/")));

        let single = parse("/v1/{a}");
        let segments = ["v1", &encode(&values[0])];
        prop_assert_eq!(single.variables()[0].value(&segments), Ok(values[0].clone()));
    }

    #[test]
    fn no_text_upsets_the_parser(text in "[/{}*=:.a%]{0,24}") {
        if let Ok(template) = Template::parse(&text) {
            // What OpenAPI is told is itself a template, of the same variables.
            let again = Template::parse(&template.to_string()).unwrap();
            prop_assert_eq!(again.variables().len(), template.variables().len());
        }
    }
}
