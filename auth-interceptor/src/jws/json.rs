//! The one reading of JSON that tokens get: strict, bounded, and the same for check and use.
//!
//! RFC 8259 leaves open what a repeated member name means, and parsers differ. Here a name given
//! twice in one object, at any depth and after its escapes are read, refuses the whole text.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Objects and arrays within each other, the outermost included.
const MAX_DEPTH: u8 = 16;

/// Members in a whole text. An access token has some thirty; the bound keeps the comparison of
/// names cheap, whoever wrote them.
const MAX_MEMBERS: usize = 256;

/// Up to here, comparing each name with each is cheaper than sorting them.
const MAX_COMPARED_PAIRWISE: usize = 40;

/// The members of an object that somebody reads; all others are checked and dropped.
pub(crate) trait Members<'t>: Default {
    /// Where the member of that name goes.
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'t>>>;
}

/// A member's value, with as much detail as claims and headers need.
#[derive(Clone, Debug, PartialEq)]
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

/// The text is not one JSON object, or not in the strict form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotStrictJson;

/// Reads one JSON object that fills the text.
pub(crate) fn read_object<'t, M: Members<'t>>(json: &'t [u8]) -> Result<M, NotStrictJson> {
    let text = std::str::from_utf8(json).map_err(|_| NotStrictJson)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut names = Names::default();
    let members = (&mut deserializer)
        .deserialize_map(ObjectVisitor {
            names: &mut names,
            members: PhantomData,
        })
        .map_err(|_| NotStrictJson)?;
    deserializer.end().map_err(|_| NotStrictJson)?;
    Ok(members)
}

/// The names of the objects that are open, the innermost last.
struct Names<'t> {
    /// One word per name that equal names share, side by side so that a scan is fast.
    tags: Vec<u64>,
    texts: Vec<Cow<'t, str>>,
    total: usize,
}

impl Default for Names<'_> {
    fn default() -> Self {
        Self {
            tags: Vec::with_capacity(48),
            texts: Vec::with_capacity(48),
            total: 0,
        }
    }
}

impl<'t> Names<'t> {
    fn add<E: Error>(&mut self, name: Cow<'t, str>) -> Result<(), E> {
        self.total += 1;
        if self.total > MAX_MEMBERS {
            return Err(E::custom("too many members"));
        }
        self.tags.push(tag(name.as_bytes()));
        self.texts.push(name);
        Ok(())
    }

    /// How many names were open before the object that begins now.
    fn open(&self) -> usize {
        self.tags.len()
    }

    /// Ends the object that began at `start`.
    fn close<E: Error>(&mut self, start: usize) -> Result<(), E> {
        let tags = self.tags.get(start..).unwrap_or_default();
        let texts = self.texts.get_mut(start..).unwrap_or_default();
        let repeated = if texts.len() <= MAX_COMPARED_PAIRWISE {
            tags.iter()
                .zip(texts.iter())
                .enumerate()
                .any(|(at, (tag, text))| {
                    let later = tags.get(at + 1..).unwrap_or_default();
                    later.contains(tag) && texts.iter().skip(at + 1).any(|other| other == text)
                })
        } else {
            texts.sort_unstable();
            texts.windows(2).any(|pair| pair.first() == pair.last())
        };
        if repeated {
            return Err(E::custom("repeated member name"));
        }
        self.tags.truncate(start);
        self.texts.truncate(start);
        Ok(())
    }
}

/// The first and the last eight bytes and the length: equal for equal names, cheap, and mostly
/// different for different ones.
fn tag(name: &[u8]) -> u64 {
    let mut word = [0; 8];
    let head = name.first_chunk().copied().unwrap_or_else(|| {
        for (to, from) in word.iter_mut().zip(name) {
            *to = *from;
        }
        word
    });
    let tail = name.last_chunk().copied().unwrap_or_default();
    u64::from_ne_bytes(head) ^ u64::from_ne_bytes(tail).rotate_left(29) ^ name.len() as u64
}

struct ObjectVisitor<'n, 't, M> {
    names: &'n mut Names<'t>,
    members: PhantomData<M>,
}

impl<'t, M: Members<'t>> Visitor<'t> for ObjectVisitor<'_, 't, M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<M, A::Error> {
        let mut members = M::default();
        let start = self.names.open();
        while let Some(Name(name)) = map.next_key_seed(NameSeed)? {
            let slot = members.slot(&name);
            let value = map.next_value_seed(ValueSeed {
                names: self.names,
                depth: 1,
                wanted: slot.is_some(),
            })?;
            if let Some(slot) = slot {
                *slot = Some(value);
            }
            self.names.add(name)?;
        }
        self.names.close(start)?;
        Ok(members)
    }
}

struct Name<'t>(Cow<'t, str>);

struct NameSeed;

impl<'t> DeserializeSeed<'t> for NameSeed {
    type Value = Name<'t>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Name<'t>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for NameSeed {
    type Value = Name<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'t str) -> Result<Name<'t>, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name<'t>, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

struct ValueSeed<'n, 't> {
    names: &'n mut Names<'t>,
    /// How many objects and arrays are around the value.
    depth: u8,
    /// Whether somebody reads the value; otherwise it is only checked.
    wanted: bool,
}

impl<'t> ValueSeed<'_, 't> {
    /// The seed of a value inside this one, which is an object or an array.
    fn inside<E: Error>(&mut self) -> Result<ValueSeed<'_, 't>, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("nested too deep"));
        }
        Ok(ValueSeed {
            names: self.names,
            depth: self.depth + 1,
            wanted: self.wanted,
        })
    }
}

impl<'t> DeserializeSeed<'t> for ValueSeed<'_, 't> {
    type Value = Value<'t>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Value<'t>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for ValueSeed<'_, 't> {
    type Value = Value<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value<'t>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Value<'t>, E> {
        Ok(Value::Boolean)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value<'t>, E> {
        Ok(Value::Integer(number))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Value<'t>, E> {
        Ok(Value::Number)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Value<'t>, E> {
        Ok(Value::Number)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'t str) -> Result<Value<'t>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value<'t>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut seq: A) -> Result<Value<'t>, A::Error> {
        let mut texts = Vec::new();
        let mut only_texts = true;
        while let Some(value) = seq.next_element_seed(self.inside()?)? {
            match value {
                Value::Text(text) if self.wanted => texts.push(text),
                Value::Text(_) => {}
                _ => only_texts = false,
            }
        }
        Ok(if only_texts {
            Value::Texts(texts)
        } else {
            Value::Array
        })
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<Value<'t>, A::Error> {
        let start = self.names.open();
        while let Some(Name(name)) = map.next_key_seed(NameSeed)? {
            map.next_value_seed(self.inside()?)?;
            self.names.add(name)?;
        }
        self.names.close(start)?;
        Ok(Value::Object)
    }
}

#[cfg(test)]
mod tests;
