//! The tree of a JSON text, as small as it can be while its animation is read: texts that need no
//! unescaping stay where they are, every number is an `f64`, and lists are no longer than what they
//! hold.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A JSON value.
#[derive(Debug)]
pub(in super::super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    Array(Box<[Value<'a>]>),
    Object(Object<'a>),
}

/// A JSON object, in the order of the text while it is small.
#[derive(Debug, Default)]
pub(in super::super) struct Object<'a>(Box<[Entry<'a>]>);

type Entry<'a> = (Cow<'a, str>, Value<'a>);

/// Objects of more entries are sorted by their keys and bisected, so that a file of one huge object
/// does not take a time that grows with its square.
const SCANNED: usize = 32;

impl<'a> Value<'a> {
    /// Reads a text. Nesting ends where `serde_json` ends it, at 128 levels.
    pub(super) fn parse(text: &'a [u8]) -> serde_json::Result<Self> {
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = Seed(&mut Scratch::default()).deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    }

    /// A view of a value of the other kind.
    pub(super) fn of(value: &'a serde_json::Value) -> serde_json::Result<Self> {
        Seed(&mut Scratch::default()).deserialize(value)
    }

    /// What an object holds under a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key)
    }

    pub(super) fn as_object(&self) -> Option<&Object<'a>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    pub(super) fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(list) = self { Some(list) } else { None }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    pub(super) fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    pub(super) fn is_string(&self) -> bool {
        matches!(self, Self::Text(_))
    }
}

impl<'a> Object<'a> {
    fn new(mut entries: Box<[Entry<'a>]>) -> Self {
        if entries.len() > SCANNED {
            // Stable, so that of two alike the later one stays behind the other.
            entries.sort_by(|a, b| a.0.cmp(&b.0));
        }
        Self(entries)
    }

    /// The value of a key; of two alike the later one counts.
    pub(super) fn get(&self, key: &str) -> Option<&Value<'a>> {
        let entries = &self.0;
        if entries.len() <= SCANNED {
            return entries.iter().rev().find(|entry| entry.0 == key).map(|entry| &entry.1);
        }
        let after = entries.partition_point(|entry| &*entry.0 <= key);
        let entry = &entries[after.checked_sub(1)?];
        (entry.0 == key).then_some(&entry.1)
    }

    pub(super) fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }
}

/// What belongs to lists and objects that have not ended: so that each is allocated once, in its
/// size.
#[derive(Default)]
struct Scratch<'a> {
    values: Vec<Value<'a>>,
    entries: Vec<Entry<'a>>,
}

struct Seed<'s, 'a>(&'s mut Scratch<'a>);

impl<'a> DeserializeSeed<'a> for Seed<'_, 'a> {
    type Value = Value<'a>;

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<Value<'a>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Seed<'_, 'a> {
    type Value = Value<'a>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'a>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'a>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'a>, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'a>, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'a>, E> {
        Ok(Value::Number(value))
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Value<'a>, E> {
        Ok(Value::Text(text.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'a>, E> {
        Ok(Value::Text(text.to_owned().into()))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Value<'a>, A::Error> {
        let from = self.0.values.len();
        while let Some(value) = list.next_element_seed(Seed(self.0))? {
            self.0.values.push(value);
        }
        Ok(Value::Array(self.0.values.drain(from..).collect()))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut object: A) -> Result<Value<'a>, A::Error> {
        let from = self.0.entries.len();
        while let Some(key) = object.next_key_seed(Key)? {
            let value = object.next_value_seed(Seed(self.0))?;
            self.0.entries.push((key, value));
        }
        Ok(Value::Object(Object::new(self.0.entries.drain(from..).collect())))
    }
}

/// A key: `Cow` by itself would always be read as an owned one.
struct Key;

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<Cow<'a, str>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Key {
    type Value = Cow<'a, str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string key")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Cow<'a, str>, E> {
        Ok(text.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'a, str>, E> {
        Ok(text.to_owned().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: Option<&Value<'_>>) -> Option<f64> {
        if let Some(Value::Number(number)) = value { Some(*number) } else { None }
    }

    #[test]
    fn of_two_keys_alike_the_later_one_counts() {
        for others in [0, SCANNED, 1000] {
            let others: String = (0..others).map(|i| format!(r#""k{i}":{i},"#)).collect();
            let text = format!(r#"{{"a":1,{others}"\u0061":2,"b":3}}"#);
            let value = Value::parse(text.as_bytes()).unwrap();
            assert_eq!(number(value.get("a")), Some(2.0));
            assert_eq!(number(value.get("b")), Some(3.0));
            assert!(value.get("").is_none() && value.get("z").is_none());
        }
    }

    #[test]
    fn only_what_was_escaped_is_copied() {
        let value = Value::parse(r#"["ä", "\n"]"#.as_bytes()).unwrap();
        let kinds = value.as_array().unwrap().iter().map(|text| match text {
            Value::Text(text) => (matches!(text, Cow::Borrowed(_)), &**text),
            other => panic!("{other:?}"),
        });
        assert_eq!(kinds.collect::<Vec<_>>(), [(true, "ä"), (false, "\n")]);
    }

    #[test]
    fn errors_and_numbers_are_those_of_serde_json() {
        let deep = |levels| "[".repeat(levels) + &"]".repeat(levels);
        let texts = ["", "{", "[1,]", "1e999", "{\"a\" 1}", "{1:2}", "[] x", "\"\\ud800\"", "01"];
        for text in texts.map(str::to_owned).into_iter().chain([deep(127), deep(128), deep(9999)]) {
            let ours = Value::parse(text.as_bytes()).map_err(|error| error.to_string());
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            assert_eq!(ours.err(), theirs.map_err(|error| error.to_string()).err(), "{text:.20}");
        }
        for text in
            ["0", "-0", "0.1", "-7", "18446744073709551615", "1e300", "12345678901234567890123"]
        {
            let theirs: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(number(Value::parse(text.as_bytes()).ok().as_ref()), theirs.as_f64());
            assert_eq!(number(Value::of(&theirs).ok().as_ref()), theirs.as_f64());
        }
    }

    #[test]
    fn a_value_is_three_words() {
        assert_eq!(size_of::<Value<'_>>(), 3 * size_of::<usize>());
    }
}
