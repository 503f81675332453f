//! Path templates as `google/api/http.proto` states them: `/v1/{name=shelves/*}/books/{path=**}:verb`.
//!
//! A template says which paths it matches and which parts of them are values. Paths are compared as
//! they were sent: case counts, nothing is normalised, an empty segment matches nothing.

use std::fmt;
use std::ops::Range;

use percent_encoding::percent_decode_str;

/// A template that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It does not begin with a slash.
    #[error("does not begin with a slash")]
    NotAbsolute,
    /// A segment is empty.
    #[error("has an empty segment")]
    EmptySegment,
    /// A literal has a character that no path segment may have, or one of the syntax's own.
    #[error("has a literal with a character that it cannot have")]
    Literal,
    /// A brace is never closed, never opened, or within another.
    #[error("has unbalanced or nested braces")]
    Braces,
    /// A variable does not name a field.
    #[error("has a variable that names no field")]
    FieldPath,
    /// `**` is followed by more segments.
    #[error("has segments behind **")]
    BehindRest,
}

/// What one segment of a template matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// This text.
    Literal(String),
    /// `*`: any one segment.
    One,
    /// `**`: all segments that are left, also none.
    Rest,
}

/// A part of the path that is a field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    /// The field as the template names it, from the request message: `task.task_id`.
    pub(super) field: String,
    segments: Range<usize>,
    matches: Matches,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Matches {
    /// Exactly one segment, which is decoded as a whole.
    One,
    /// As many segments as it is made of.
    Several,
    /// All segments that are left.
    Rest,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    segments: Vec<Segment>,
    verb: Option<String>,
    variables: Vec<Variable>,
}

/// A percent-encoding that encodes nothing, or not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Undecodable;

impl Template {
    /// Reads `text` by the grammar of `google/api/http.proto`, "Path template syntax".
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut rest = text.strip_prefix('/').ok_or(TemplateError::NotAbsolute)?;
        let mut template = Self {
            segments: Vec::new(),
            verb: None,
            variables: Vec::new(),
        };
        loop {
            rest = template.parse_segment(rest)?;
            if let Some(more) = rest.strip_prefix('/') {
                rest = more;
                continue;
            }
            if let Some(verb) = rest.strip_prefix(':') {
                template.verb = Some(literal(verb)?);
                rest = "";
            }
            if !rest.is_empty() {
                return Err(TemplateError::Braces);
            }
            break;
        }
        let before_last = template
            .segments
            .split_last()
            .map_or(&[][..], |(_, all)| all);
        if before_last.contains(&Segment::Rest) {
            return Err(TemplateError::BehindRest);
        }
        Ok(template)
    }

    /// Reads one segment, or one variable with its segments, and returns what follows it.
    fn parse_segment<'t>(&mut self, text: &'t str) -> Result<&'t str, TemplateError> {
        let Some(variable) = text.strip_prefix('{') else {
            let end = text.find(['/', ':']).unwrap_or(text.len());
            let (segment, rest) = text.split_at(end);
            self.segments.push(plain_segment(segment)?);
            return Ok(rest);
        };
        let (variable, rest) = variable.split_once('}').ok_or(TemplateError::Braces)?;
        let (field, pattern) = variable.split_once('=').unwrap_or((variable, "*"));
        if !field.split('.').all(is_identifier) {
            return Err(TemplateError::FieldPath);
        }
        let start = self.segments.len();
        for segment in pattern.split('/') {
            self.segments.push(plain_segment(segment)?);
        }
        let segments = start..self.segments.len();
        let matches = if self.segments.last() == Some(&Segment::Rest) {
            Matches::Rest
        } else if segments.len() == 1 {
            Matches::One
        } else {
            Matches::Several
        };
        self.variables.push(Variable {
            field: field.to_owned(),
            segments,
            matches,
        });
        Ok(rest)
    }

    /// The segments, variables resolved to what they match.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The custom verb behind the last colon.
    pub(super) fn verb(&self) -> Option<&str> {
        self.verb.as_deref()
    }

    /// The variables, from left to right.
    pub(super) fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The template without names, in which two templates that match the same paths are equal.
    pub(super) fn shape(&self) -> String {
        let mut shape = String::new();
        for segment in &self.segments {
            shape.push('/');
            shape.push_str(segment.as_str());
        }
        if let Some(verb) = &self.verb {
            shape.push(':');
            shape.push_str(verb);
        }
        shape
    }
}

impl Segment {
    fn as_str(&self) -> &str {
        match self {
            Self::Literal(text) => text,
            Self::One => "*",
            Self::Rest => "**",
        }
    }
}

impl Variable {
    /// Whether its value may hold slashes.
    pub(super) fn is_multi_segment(&self) -> bool {
        self.matches != Matches::One
    }

    /// The value that `path`, the segments of a path that the template matches, gives the variable.
    ///
    /// One segment is decoded as a whole. In more than one `%2F` stays as it was sent: a slash that
    /// separates segments and one that is part of a segment are not the same.
    pub(super) fn value(&self, path: &[&str]) -> Result<String, Undecodable> {
        let matched = match self.matches {
            Matches::One | Matches::Several => path.get(self.segments.clone()),
            Matches::Rest => path.get(self.segments.start..),
        };
        let matched = matched.unwrap_or_default();
        if self.matches == Matches::One {
            return decode(matched.first().copied().unwrap_or_default());
        }
        let mut decoded = Vec::with_capacity(matched.len());
        for segment in matched {
            decoded.push(decode_all_but_slashes(segment)?);
        }
        Ok(decoded.join("/"))
    }
}

fn plain_segment(text: &str) -> Result<Segment, TemplateError> {
    match text {
        "*" => Ok(Segment::One),
        "**" => Ok(Segment::Rest),
        text => literal(text).map(Segment::Literal),
    }
}

/// The characters of RFC 3986's `pchar`, less the colon, which begins a verb, and `*`.
fn literal(text: &str) -> Result<String, TemplateError> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=@%".contains(&byte);
    if text.is_empty() {
        Err(TemplateError::EmptySegment)
    } else if text.contains(['{', '}']) {
        Err(TemplateError::Braces)
    } else if text.bytes().all(is_allowed) {
        Ok(text.to_owned())
    } else {
        Err(TemplateError::Literal)
    }
}

fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn decode(text: &str) -> Result<String, Undecodable> {
    if !is_well_encoded(text) {
        return Err(Undecodable);
    }
    percent_decode_str(text)
        .decode_utf8()
        .map(Into::into)
        .map_err(|_| Undecodable)
}

fn decode_all_but_slashes(text: &str) -> Result<String, Undecodable> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_encoded_slash(rest) {
        let (before, from) = rest.split_at(at);
        let (slash, after) = from.split_at("%2F".len());
        decoded.push_str(&decode(before)?);
        decoded.push_str(slash);
        rest = after;
    }
    decoded.push_str(&decode(rest)?);
    Ok(decoded)
}

fn find_encoded_slash(text: &str) -> Option<usize> {
    text.as_bytes()
        .windows("%2F".len())
        .position(|window| window.eq_ignore_ascii_case(b"%2F"))
}

/// Whether every percent sign is followed by two hexadecimal digits.
fn is_well_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|behind| {
        matches!(behind.as_bytes(), [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    })
}

impl fmt::Display for Template {
    /// The template as OpenAPI writes one: every variable by its name alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut at = 0;
        while let Some(segment) = self.segments.get(at) {
            if let Some(variable) = self.variables.iter().find(|v| v.segments.start == at) {
                write!(f, "/{{{}}}", variable.field)?;
                at = variable.segments.end;
            } else {
                write!(f, "/{}", segment.as_str())?;
                at += 1;
            }
        }
        match &self.verb {
            Some(verb) => write!(f, ":{verb}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
