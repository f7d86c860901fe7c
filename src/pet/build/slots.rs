//! What a dotLottie theme may set anew, as Lottie slots (Lottie specification 1.0, "Slots"): the
//! colours of a rig that have names, and the size of the whole. A solid colour's slot takes a theme's
//! `Color`, a gradient's a `Gradient`, the size a `Vector`.

use super::rig::{Color, Item, Paint, Rig};
use super::{BuildError, STAGE, animate};
use serde_json::{Map, Value as Json, json};

/// The slots by id, each with the rig's own value: its colours, and [`STAGE`].
pub(super) fn of(rig: &Rig) -> Result<Map<String, Json>, BuildError> {
    let own =
        |(name, color): (&str, &Color)| (name.to_owned(), json!({"p": animate::color(color)}));
    let mut slots: Map<String, Json> = colors(rig)?.into_iter().map(own).collect();
    for (id, own) in STAGE.into_iter().zip([[100, 100], animate::FEET]) {
        slots.insert(id.to_owned(), json!({"p": {"a": 0, "k": own}}));
    }
    Ok(slots)
}

/// The colours that have names, in the order of the drawing.
///
/// All that name a slot must be painted alike, because one colour stands there for all.
pub(super) fn colors(rig: &Rig) -> Result<Vec<(&str, &Color)>, BuildError> {
    let mut colors = Vec::new();
    collect(&rig.items, &mut colors)?;
    Ok(colors)
}

fn collect<'a>(
    items: &'a [Item],
    colors: &mut Vec<(&'a str, &'a Color)>,
) -> Result<(), BuildError> {
    for item in items {
        match item {
            Item::Part(part) => collect(&part.items, colors)?,
            Item::Shape(shape) => {
                let stroke = shape.stroke.as_ref().map(|stroke| &stroke.paint);
                for paint in shape.fill.iter().chain(stroke) {
                    add(paint, colors)?;
                }
            }
        }
    }
    Ok(())
}

fn add<'a>(paint: &'a Paint, colors: &mut Vec<(&'a str, &'a Color)>) -> Result<(), BuildError> {
    let Some(name) = paint.slot.as_deref() else {
        return Ok(());
    };
    if STAGE.contains(&name) {
        return Err(BuildError::Rig(format!("has a slot {name:?}, which is the whole drawing's")));
    }
    let there = colors.iter().find(|(known, _)| *known == name);
    match there {
        None => colors.push((name, &paint.color)),
        // What is written alike is alike: a gradient's place does not stand in its slot.
        Some((_, known)) if animate::color(known) == animate::color(&paint.color) => {}
        Some(_) => {
            return Err(BuildError::Rig(format!(
                "has two colours in the slot {name:?}: a slot has one"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::rig;
    use super::*;

    fn slots(shapes: &str) -> Result<Map<String, Json>, BuildError> {
        let gradient = "<linearGradient id=\"g\" data-slot=\"sky\" gradientUnits=\"userSpaceOnUse\">\
                        <stop offset=\"0\" stop-color=\"#fff\"/><stop offset=\"1\"/></linearGradient>";
        of(&rig::parse(&format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 512 512\">\
             <defs>{gradient}</defs><g>{shapes}</g></svg>"
        ))?)
    }

    #[test]
    fn named_colours_are_slots() {
        let slots = slots(
            "<circle r=\"9\" fill=\"#ff0000\" data-slot=\"eye\" stroke=\"#0000ff\" data-stroke-slot=\"rim\"/>\
             <circle r=\"9\" fill=\"url(#g)\"/><circle r=\"9\" fill=\"#f00\" data-slot=\"eye\"/>\
             <circle r=\"9\" fill=\"#0f0\"/>",
        )
        .unwrap();
        let names: Vec<&str> = slots.keys().map(String::as_str).collect();
        assert_eq!(names, ["eye", "rim", "sky", STAGE[0], STAGE[1]]);
        assert_eq!(slots["eye"], json!({"p": {"a": 0, "k": [1.0, 0.0, 0.0]}}));
        let stops = json!([0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(slots["sky"], json!({"p": {"p": 2, "k": {"a": 0, "k": stops}}}));
    }

    #[test]
    fn what_cannot_be_a_slot_is_named() {
        let error = |shapes: &str| slots(shapes).unwrap_err().to_string();
        let two = "<circle fill=\"#f00\" data-slot=\"a\"/><circle fill=\"#0f0\" data-slot=\"a\"/>";
        assert!(error(two).contains("two colours in the slot \"a\""));
        assert!(error("<circle fill=\"none\" data-slot=\"a\"/>").contains("fill=\"none\""));
        assert!(error("<circle data-slot=\"A b\"/>").contains("a-z"));
        let beside = error("<circle fill=\"url(#g)\" data-slot=\"a\"/>");
        assert!(beside.contains("on the gradient"));
    }
}
