//! Expressions that only say "as that one over there", which authors make by dragging one property
//! onto another. They are followed while reading: the property takes the other one's JSON.

use super::property::object_list;
use super::{Object, Reader, Value, text_in};

/// The longest way through groups to a property.
const MAX_STEPS: usize = 32;

/// The way to a property: a layer's name, then what leads on from there.
#[derive(Debug, PartialEq)]
pub(super) struct Link {
    layer: String,
    steps: Vec<Step>,
}

#[derive(Debug, PartialEq)]
enum Step {
    /// A group, a shape or an effect by its name, or by its place from 1.
    Named(String),
    At(usize),
    Word(String),
}

impl Link {
    /// Reads `thisComp.layer("…").content("…").path` and the like; none where there is more to it.
    pub(super) fn parse(source: &str) -> Option<Self> {
        let source = source.trim().strip_prefix("var $bm_rt;").unwrap_or(source).trim();
        let source =
            source.strip_prefix("$bm_rt").map_or(source, |s| s.trim().trim_start_matches('='));
        let rest = source.trim().trim_end_matches(';').trim().strip_prefix("thisComp.layer(")?;
        let (layer, mut rest) = quoted(rest)?;
        let mut steps = Vec::new();
        while !rest.is_empty() && steps.len() < MAX_STEPS {
            if let Some(inner) = rest.strip_prefix('(') {
                let (step, after) = argument(inner)?;
                steps.push(step);
                rest = after;
                continue;
            }
            let word = rest.strip_prefix('.')?;
            let end = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
            let (word, after) = word.split_at(end);
            // The words before a name only say of what kind it is.
            if !after.starts_with('(') {
                steps.push(Step::Word(word.to_owned()));
            }
            rest = after;
        }
        rest.is_empty().then(|| Self { layer: layer.to_owned(), steps })
    }
}

/// `"a name")` or `'a name')`, and what comes after.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (name, rest) = text.get(1..)?.split_once(quote)?;
    Some((name, rest.strip_prefix(')')?))
}

fn argument(text: &str) -> Option<(Step, &str)> {
    if let Some((name, rest)) = quoted(text) {
        return Some((Step::Named(name.to_owned()), rest));
    }
    let (number, rest) = text.split_once(')')?;
    Some((Step::At(number.trim().parse().ok()?), rest))
}

impl<'a> Reader<'a> {
    /// The JSON of the property that a link leads to, in the composition that is being read.
    pub(super) fn follow(&self, link: &Link) -> Option<&'a Value<'a>> {
        let layers = self.siblings.iter().filter_map(Value::as_object);
        let layer = layers.into_iter().find(|l| text_in(l, "nm") == Some(&link.layer))?;
        let mut at: &'a Object<'a> = layer;
        for step in &link.steps {
            at = match step {
                Step::Named(name) => {
                    children(at).find(|child| text_in(child, "nm") == Some(name))?
                }
                Step::At(place) => children(at).nth(place.checked_sub(1)?)?,
                Step::Word(word) => return property(at, word, &link.steps),
            };
        }
        // A slider of an effect is a property by itself.
        at.get("v")
    }
}

/// What a layer, a group or an effect holds.
fn children<'a>(of: &'a Object<'a>) -> impl Iterator<Item = &'a Object<'a>> {
    ["shapes", "it", "ef"].into_iter().flat_map(|key| object_list(of.get(key)))
}

/// The property that a word means in a layer or shape.
fn property<'a>(of: &'a Object<'a>, word: &str, steps: &[Step]) -> Option<&'a Value<'a>> {
    // `.transform.position` and `.position` are the same.
    let last = match steps.last()? {
        Step::Word(last) => last.as_str(),
        Step::Named(_) | Step::At(_) => word,
    };
    let transform = || {
        let group = object_list(of.get("it")).find(|item| text_in(item, "ty") == Some("tr"));
        of.get("ks").and_then(Value::as_object).or(group)
    };
    match last {
        "path" => of.get("ks").filter(|_| text_in(of, "ty") == Some("sh")),
        "position" => transform()?.get("p").or(of.get("p")),
        "anchorPoint" => transform()?.get("a"),
        "scale" => transform()?.get("s"),
        "rotation" => transform()?.get("r"),
        "opacity" => transform().and_then(|t| t.get("o")).or(of.get("o")),
        "color" => of.get("c"),
        "size" => of.get("s"),
        "strokeWidth" => of.get("w"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_a_layer_and_the_way_on() {
        let source =
            "var $bm_rt;\n$bm_rt = thisComp.layer('a (b) ').content(\"G\").content(2).path;";
        let named = |name: &str| Step::Named(name.into());
        let steps = vec![named("G"), Step::At(2), Step::Word("path".into())];
        assert_eq!(Link::parse(source), Some(Link { layer: "a (b) ".into(), steps }));
        let effect = Link::parse("thisComp.layer('c').effect('Size')('Slider')").unwrap();
        assert_eq!(effect.steps, [named("Size"), named("Slider")]);
    }

    #[test]
    fn what_is_more_than_a_link_is_none() {
        for source in [
            "",
            "time",
            "thisComp.layer(",
            "thisComp.layer('a",
            "thisComp.layer('a').transform.rotation * 2",
            "thisComp.layer('a').transform.position[0]",
            "thisComp.layer(index + 1).path",
            "$bm_rt = add(thisComp.layer('a').path, 1);",
        ] {
            assert_eq!(Link::parse(source), None, "{source}");
        }
    }
}
