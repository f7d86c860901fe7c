//! An object of JSON that is looked at, not built: its keys, and each value as the text it is. Most
//! of what tools say is skipped, so only what is asked for is read.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The keys and values of one object. Of two keys alike the last one counts.
#[derive(Debug, Default)]
pub(super) struct Object<'a>(Vec<(Key<'a>, &'a RawValue)>);

/// A value that was not read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a>(&'a RawValue);

impl<'a> Object<'a> {
    /// Reads the keys of `text`, which holds an object and nothing else.
    pub(super) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Whether there is such a key, whatever its value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key.0 == name)
    }

    /// The keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| &*key.0)
    }

    /// The value of a key; `null` is the same as missing.
    pub(super) fn get(&self, name: &str) -> Option<Raw<'a>> {
        let (_, value) = self.0.iter().rev().find(|(key, _)| key.0 == name)?;
        (value.get() != "null").then_some(Raw(value))
    }

    /// A value by its keys, from the outside in.
    pub(super) fn at(&self, names: &[&str]) -> Option<Raw<'a>> {
        let (first, rest) = names.split_first()?;
        let mut value = self.get(first)?;
        for name in rest {
            value = value.object()?.get(name)?;
        }
        Some(value)
    }

    /// The text of a key, where it is one.
    pub(super) fn string(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.string()
    }

    /// The whole number of a key, or 0.
    pub(super) fn count(&self, name: &str) -> u64 {
        self.get(name).and_then(Raw::count).unwrap_or(0)
    }

    /// The list of a key, or an empty one.
    pub(super) fn items(&self, name: &str) -> Vec<Raw<'a>> {
        self.get(name).map(Raw::items).unwrap_or_default()
    }

    /// The object of a key.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        self.get(name)?.object()
    }
}

impl<'a> Raw<'a> {
    /// The text, where it is a string. One that holds half a surrogate pair is none.
    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        let text = self.0.get();
        let inner = text.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            return serde_json::from_str(text).ok().map(Cow::Owned);
        }
        Some(Cow::Borrowed(inner))
    }

    /// The number, where it is whole and at least 0.
    pub(super) fn count(self) -> Option<u64> {
        self.0.get().parse().ok()
    }

    /// The number.
    pub(super) fn number(self) -> Option<f64> {
        serde_json::from_str(self.0.get()).ok()
    }

    /// The flag.
    pub(super) fn flag(self) -> Option<bool> {
        self.0.get().parse().ok()
    }

    /// The object.
    pub(super) fn object(self) -> Option<Object<'a>> {
        Object::parse(self.0.get()).ok()
    }

    /// Whether it is a list.
    pub(super) fn is_list(self) -> bool {
        self.0.get().starts_with('[')
    }

    /// The list's values; none where it is no list.
    pub(super) fn items(self) -> Vec<Self> {
        let items: Vec<&RawValue> = serde_json::from_str(self.0.get()).unwrap_or_default();
        items.into_iter().map(Raw).collect()
    }
}

/// A key; borrowed unless something in it is escaped.
#[derive(Debug)]
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Keys)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(text.to_owned())))
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Objects)
    }
}

struct Objects;

impl<'de> Visitor<'de> for Objects {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut fields = Vec::with_capacity(8);
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_when_asked_for() {
        let text = r#"{"a":1,"b":{"c":[{"d":"x\ny"},2]},"\u0061":7,"n":null,"s":"\ud800"}"#;
        let object = Object::parse(text).unwrap();
        assert_eq!(object.count("a"), 7, "of two keys alike the last one counts");
        let items = object.at(&["b", "c"]).unwrap().items();
        assert_eq!(items[0].object().unwrap().string("d").unwrap(), "x\ny");
        assert_eq!(items[1].count(), Some(2));
        assert!(object.has("n") && object.get("n").is_none());
        assert!(object.has("s") && object.string("s").is_none());
        assert!(object.at(&["a", "b", "c"]).is_none());
        assert_eq!(object.items("a").len(), 0);
    }

    #[test]
    fn what_is_no_object_is_none() {
        for text in ["", "[]", "1", "{", r#"{"a":}"#, r#"{"a":1} x"#, r#"{"a":NaN}"#] {
            assert!(Object::parse(text).is_err(), "{text}");
        }
    }
}
