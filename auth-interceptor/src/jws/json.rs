//! The one reading of JSON that tokens get: strict, bounded, and the same for check and use.
//!
//! RFC 8259 leaves open what a repeated member name means, and parsers differ. Here a name given
//! twice in one object, at any depth and after its escapes are read, refuses the whole text. What is
//! read here is structure, plain strings and plain integers, at the speed that the first sight of a
//! token needs; escapes and all other numbers are left to serde_json.

mod names;

use std::borrow::Cow;
use std::fmt;

use names::Names;

/// Objects and arrays within each other, the outermost included.
const MAX_DEPTH: u8 = 16;

/// The members of an object that somebody reads; all others are checked and dropped.
pub(crate) trait Members<'t> {
    /// Where the member of that name goes.
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'t>>>;
}

/// A member's value, with as much detail as claims and headers need.
#[derive(Clone, PartialEq)]
pub(crate) enum Value<'t> {
    Null,
    Boolean,
    /// A number without sign, fraction or exponent.
    Integer(u64),
    /// Any other number.
    Number,
    Text(Cow<'t, str>),
    /// An array of nothing but strings, possibly empty.
    Texts(Vec<Cow<'t, str>>),
    /// An array with anything else in it.
    Array,
    Object,
}

/// Leaves out what the value is: it may be a name or an address, and a stranger has written it.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Boolean => "Boolean",
            Self::Integer(_) => "Integer",
            Self::Number => "Number",
            Self::Text(_) => "Text",
            Self::Texts(_) => "Texts",
            Self::Array => "Array",
            Self::Object => "Object",
        })
    }
}

/// The text is not one JSON object, or not in the strict form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotStrictJson;

/// Reads one JSON object that fills the text.
pub(crate) fn read_object<'t>(
    json: &'t [u8],
    members: &mut impl Members<'t>,
) -> Result<(), NotStrictJson> {
    let mut reader = Reader {
        text: std::str::from_utf8(json).map_err(|_| NotStrictJson)?,
        rest: json,
        names: Names::new(),
    };
    reader.object(members, 1)?;
    reader.skip_blanks();
    if reader.rest.is_empty() {
        Ok(())
    } else {
        Err(NotStrictJson)
    }
}

/// Reads from the front of what is left of a text.
struct Reader<'t> {
    text: &'t str,
    /// The end of `text` that was not read yet.
    rest: &'t [u8],
    names: Names,
}

impl<'t> Reader<'t> {
    /// An object inside `depth - 1` others.
    fn object<M: Members<'t>>(&mut self, members: &mut M, depth: u8) -> Result<(), NotStrictJson> {
        self.take(b'{')?;
        let mut open = self.names.open();
        if !self.takes(b'}') {
            loop {
                self.skip_blanks();
                let name = self.string()?;
                self.names.add(&name, &mut open)?;
                self.take(b':')?;
                match members.slot(&name) {
                    Some(slot) => *slot = Some(self.value(depth, true)?),
                    None => drop(self.value(depth, false)?),
                }
                if !self.takes(b',') {
                    break;
                }
            }
            self.take(b'}')?;
        }
        self.names.close(&open);
        Ok(())
    }

    /// A value inside `depth` objects and arrays; only checked if it is not wanted.
    fn value(&mut self, depth: u8, wanted: bool) -> Result<Value<'t>, NotStrictJson> {
        self.skip_blanks();
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'0'..=b'9' | b'-') => self.number(),
            Some(b'{' | b'[') if depth >= MAX_DEPTH => Err(NotStrictJson),
            Some(b'{') => self.object(&mut Nobody, depth + 1).map(|()| Value::Object),
            Some(b'[') => self.array(depth + 1, wanted),
            Some(b'n') => self.word("null", Value::Null),
            Some(b't') => self.word("true", Value::Boolean),
            Some(b'f') => self.word("false", Value::Boolean),
            _ => Err(NotStrictJson),
        }
    }

    fn array(&mut self, depth: u8, wanted: bool) -> Result<Value<'t>, NotStrictJson> {
        self.take(b'[')?;
        let mut texts = Vec::new();
        let mut only_texts = true;
        if !self.takes(b']') {
            loop {
                match self.value(depth, wanted)? {
                    Value::Text(text) if wanted => texts.push(text),
                    Value::Text(_) => {}
                    _ => only_texts = false,
                }
                if !self.takes(b',') {
                    break;
                }
            }
            self.take(b']')?;
        }
        Ok(if only_texts {
            Value::Texts(texts)
        } else {
            Value::Array
        })
    }

    fn string(&mut self) -> Result<Cow<'t, str>, NotStrictJson> {
        let Some((b'"', body)) = self.rest.split_first() else {
            return Err(NotStrictJson);
        };
        let plain = plain_length(body);
        match body.get(plain) {
            Some(b'"') => {
                self.rest = body;
                let text = self.advance(plain)?;
                self.advance(1)?;
                Ok(Cow::Borrowed(text))
            }
            Some(b'\\') => self.escaped_string(),
            _ => Err(NotStrictJson),
        }
    }

    /// A string with escapes. It ends at the first quote that no backslash precedes as its escape.
    fn escaped_string(&mut self) -> Result<Cow<'t, str>, NotStrictJson> {
        let mut escaped = false;
        let end = self.rest.iter().skip(1).position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        });
        // The quotes on both sides included.
        let quoted = self.advance(end.ok_or(NotStrictJson)? + 2)?;
        serde_json::from_str(quoted)
            .map(Cow::Owned)
            .map_err(|_| NotStrictJson)
    }

    fn number(&mut self) -> Result<Value<'t>, NotStrictJson> {
        // Any number of so many digits fits into 64 bits.
        const SAFE_DIGITS: usize = 19;
        let mut integer = 0_u64;
        let mut digits = 0;
        for byte in self.rest.iter().take_while(|byte| byte.is_ascii_digit()) {
            integer = integer
                .wrapping_mul(10)
                .wrapping_add(u64::from(byte - b'0'));
            digits += 1;
        }
        let has_more = matches!(
            self.rest.get(digits),
            Some(b'-' | b'+' | b'.' | b'e' | b'E')
        );
        let leads_with_zero = digits > 1 && self.peek() == Some(b'0');
        if (1..=SAFE_DIGITS).contains(&digits) && !has_more && !leads_with_zero {
            self.advance(digits)?;
            return Ok(Value::Integer(integer));
        }
        self.other_number()
    }

    /// A number with a sign, a fraction, an exponent or very many digits, or none at all.
    fn other_number(&mut self) -> Result<Value<'t>, NotStrictJson> {
        let in_number = |byte: &u8| byte.is_ascii_digit() || b"-+.eE".contains(byte);
        let length = self.rest.iter().take_while(|byte| in_number(byte)).count();
        match serde_json::from_str::<serde_json::Number>(self.advance(length)?) {
            Ok(number) => Ok(number.as_u64().map_or(Value::Number, Value::Integer)),
            Err(_) => Err(NotStrictJson),
        }
    }

    fn word(&mut self, word: &str, value: Value<'t>) -> Result<Value<'t>, NotStrictJson> {
        self.rest = self
            .rest
            .strip_prefix(word.as_bytes())
            .ok_or(NotStrictJson)?;
        Ok(value)
    }

    /// Goes past so many bytes, which end where a character ends, and gives them out.
    fn advance(&mut self, length: usize) -> Result<&'t str, NotStrictJson> {
        let start = self.text.len() - self.rest.len();
        self.rest = self.rest.get(length..).ok_or(NotStrictJson)?;
        self.text.get(start..start + length).ok_or(NotStrictJson)
    }

    /// Goes past a structural character, which must be next.
    fn take(&mut self, expected: u8) -> Result<(), NotStrictJson> {
        if self.takes(expected) {
            Ok(())
        } else {
            Err(NotStrictJson)
        }
    }

    /// Goes past a structural character if it is next.
    fn takes(&mut self, expected: u8) -> bool {
        self.skip_blanks();
        match self.rest.split_first() {
            Some((byte, rest)) if *byte == expected => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn skip_blanks(&mut self) {
        while let Some((b' ' | b'\t' | b'\n' | b'\r', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }
}

/// Whom the members of an object inside another go to.
struct Nobody;

impl<'t> Members<'t> for Nobody {
    fn slot(&mut self, _: &str) -> Option<&mut Option<Value<'t>>> {
        None
    }
}

/// How many bytes come before the first quote, backslash or control character, looking at eight at
/// a time.
fn plain_length(text: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);
    // The high bit of each byte below `limit` (at most 0x80) is set, and that of no byte before the
    // first such; later ones do not matter.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH_BITS;
    let equal = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let (words, rest) = text.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = below(word, 0x20) | equal(word, b'"') | equal(word, b'\\');
        if found != 0 {
            return number * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let ends = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    words.len() * 8 + rest.iter().position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests;
