//! Layer effects and layer styles. Effects are numbered by After Effects' exporter; their values
//! stand in a fixed order.

use super::super::model::{Filter, Shadow, Side};
use super::super::moment::Moment;
use super::super::value::{Color, Property};
use super::property::{flag, object_list};
use super::{Object, Reader, Value, integer_in};

/// The most effects and styles of a layer.
const MAX_FILTERS: usize = 32;
/// After Effects' blurriness and softness as a standard deviation, measured by other players.
const EFFECT_SIGMA: f64 = 0.3;
/// A layer style's size as a standard deviation.
const STYLE_SIGMA: f64 = 0.5;

const WHITE: Color = [1.0; 4];
const BLACK: Color = [0.0, 0.0, 0.0, 1.0];

impl Reader<'_> {
    /// The effects of a layer and then its styles.
    pub(super) fn filters(&mut self, layer: &Object<'_>) -> Vec<Filter> {
        let mut filters = Vec::new();
        for effect in object_list(layer.get("ef")).take(MAX_FILTERS) {
            if effect.get("en").is_none_or(flag) {
                filters.extend(self.effect(effect));
            }
        }
        for style in object_list(layer.get("sy")).take(MAX_FILTERS) {
            filters.extend(self.style(style));
        }
        filters
    }

    fn effect(&mut self, effect: &Object<'_>) -> Option<Filter> {
        let values: Vec<Option<&Value<'_>>> =
            object_list(effect.get("ef")).map(|value| value.get("v")).collect();
        let value = |i: usize| values.get(i).copied().flatten();
        Some(match integer_in(effect, "ty") {
            Some(20) => Filter::Tint {
                black: self.property(value(0), BLACK),
                white: self.property(value(1), WHITE),
                amount: self.scalar(value(2), 100.0),
            },
            Some(21) => Filter::Fill {
                color: self.property(value(2), BLACK),
                opacity: self.scalar(value(6), 1.0),
                whole: 1.0,
            },
            Some(23) => Filter::Tritone {
                bright: self.property(value(0), WHITE),
                middle: self.property(value(1), [0.5, 0.5, 0.5, 1.0]),
                dark: self.property(value(2), BLACK),
                original: self.scalar(value(3), 0.0),
            },
            Some(25) => Filter::Shadow(Box::new(self.shadow_effect(&values))),
            Some(29) => Filter::Blur {
                softness: self.scalar(value(0), 0.0),
                sigma: EFFECT_SIGMA,
                axes: self.scalar(value(1), 1.0),
            },
            // Sliders and the like, which only expressions look at.
            Some(5) => return None,
            other => {
                self.skip(format!("layer effects of type {}", other.unwrap_or_default()));
                return None;
            }
        })
    }

    fn shadow_effect(&mut self, values: &[Option<&Value<'_>>]) -> Shadow {
        let value = |i: usize| values.get(i).copied().flatten();
        let only = self.scalar(value(5), 0.0).at(&Moment::at(0.0)) > 0.0;
        Shadow {
            color: self.property(value(0), BLACK),
            opacity: self.scalar(value(1), 127.5),
            whole: 255.0,
            // From the top, clockwise.
            direction: self.scalar(value(2), 135.0),
            turn: -std::f64::consts::FRAC_PI_2,
            mirrored: false,
            distance: self.scalar(value(3), 5.0),
            softness: self.scalar(value(4), 0.0),
            sigma: EFFECT_SIGMA,
            spread: Property::Fixed(0.0),
            side: if only { Side::Instead } else { Side::Below },
        }
    }

    fn style(&mut self, style: &Object<'_>) -> Option<Filter> {
        let kind = integer_in(style, "ty").unwrap_or(-1);
        let side = match kind {
            1 | 3 => Side::Below,
            2 | 4 => Side::Inside,
            7 => {
                return Some(Filter::Fill {
                    color: self.property(style.get("c"), BLACK),
                    opacity: self.scalar(style.get("so"), 100.0),
                    whole: 100.0,
                });
            }
            other => {
                self.skip(format!("layer styles of type {other}"));
                return None;
            }
        };
        // A glow is a shadow that does not move.
        let is_shadow = kind <= 2;
        let far = if is_shadow { style.get("d") } else { None };
        Some(Filter::Shadow(Box::new(Shadow {
            color: self.property(style.get("c"), BLACK),
            opacity: self.scalar(style.get("o"), 75.0),
            whole: 100.0,
            // Where the light comes from, counter-clockwise from the right.
            direction: self.scalar(style.get("a"), 120.0),
            turn: 0.0,
            mirrored: true,
            distance: self.scalar(far, if is_shadow { 5.0 } else { 0.0 }),
            softness: self.scalar(style.get("s"), 5.0),
            sigma: STYLE_SIGMA,
            spread: self.scalar(style.get("ch"), 0.0),
            side,
        })))
    }
}
