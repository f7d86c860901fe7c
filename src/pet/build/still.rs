//! The rig at rest as a plain SVG: what is hidden at rest is left out.

use super::rig::{Color, Item, Outline, Paint, Rig, Shape, Stop};
use std::fmt::Write as _;

/// Writes the drawing.
pub(super) fn svg(rig: &Rig) -> String {
    let mut drawing = Drawing::default();
    drawing.items(&rig.items);
    let defs = match drawing.gradients.as_str() {
        "" => String::new(),
        gradients => format!("<defs>{gradients}</defs>"),
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 512 512\">{defs}{}</svg>\n",
        drawing.body
    )
}

#[derive(Default)]
struct Drawing {
    gradients: String,
    count: usize,
    body: String,
}

impl Drawing {
    fn items(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Part(part) if part.hidden => {}
                Item::Part(part) => {
                    let _ = write!(self.body, "<g{}>", opacity("opacity", part.opacity));
                    self.items(&part.items);
                    self.body.push_str("</g>");
                }
                Item::Shape(shape) => self.shape(shape),
            }
        }
    }

    fn shape(&mut self, shape: &Shape) {
        let mut paint = self.paint("fill", shape.fill.as_ref());
        if shape.even_odd {
            paint.push_str(" fill-rule=\"evenodd\"");
        }
        if let Some(stroke) = &shape.stroke {
            paint.push_str(&self.paint("stroke", Some(&stroke.paint)));
            let cap = ["butt", "round", "square"][usize::from(stroke.cap.clamp(1, 3) - 1)];
            let join = ["miter", "round", "bevel"][usize::from(stroke.join.clamp(1, 3) - 1)];
            let _ = write!(
                paint,
                " stroke-width=\"{}\" stroke-linecap=\"{cap}\" stroke-linejoin=\"{join}\"",
                stroke.width
            );
            if !stroke.dashes.is_empty() {
                let dashes: Vec<String> = stroke.dashes.iter().map(f64::to_string).collect();
                let _ = write!(paint, " stroke-dasharray=\"{}\"", dashes.join(" "));
            }
        }
        paint.push_str(&opacity("opacity", shape.opacity));
        let outline = match &shape.outline {
            Outline::Path(path) => format!("<path d=\"{}\"", path.to_svg()),
            Outline::Ellipse { center, radii } => {
                format!(
                    "<ellipse cx=\"{}\" cy=\"{}\" rx=\"{}\" ry=\"{}\"",
                    center.x, center.y, radii.0, radii.1
                )
            }
            Outline::Rect { origin, size, radius } => format!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{radius}\"",
                origin.x, origin.y, size.0, size.1
            ),
        };
        let _ = write!(self.body, "{outline}{paint}/>");
    }

    fn paint(&mut self, name: &str, paint: Option<&Paint>) -> String {
        let Some(paint) = paint else {
            return format!(" {name}=\"none\"");
        };
        let color = match &paint.color {
            Color::Solid(rgb) => hex(*rgb),
            gradient => self.gradient(gradient),
        };
        format!(" {name}=\"{color}\"{}", opacity(&format!("{name}-opacity"), paint.opacity))
    }

    fn gradient(&mut self, color: &Color) -> String {
        let id = format!("g{}", self.count);
        self.count += 1;
        let units = "gradientUnits=\"userSpaceOnUse\"";
        let _ = match color {
            Color::Linear { from, to, stops } => write!(
                self.gradients,
                "<linearGradient id=\"{id}\" {units} x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\">{}</linearGradient>",
                from.x,
                from.y,
                to.x,
                to.y,
                ramp(stops)
            ),
            Color::Radial { center, radius, stops } => write!(
                self.gradients,
                "<radialGradient id=\"{id}\" {units} cx=\"{}\" cy=\"{}\" r=\"{radius}\">{}</radialGradient>",
                center.x,
                center.y,
                ramp(stops)
            ),
            Color::Solid(_) => Ok(()),
        };
        format!("url(#{id})")
    }
}

fn ramp(stops: &[Stop]) -> String {
    let stop = |stop: &Stop| {
        let (offset, color) = (stop.offset, hex(stop.color));
        format!(
            "<stop offset=\"{offset}\" stop-color=\"{color}\"{}/>",
            opacity("stop-opacity", stop.opacity)
        )
    };
    stops.iter().map(stop).collect()
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn opacity(name: &str, value: f64) -> String {
    if value < 1.0 { format!(" {name}=\"{value}\"") } else { String::new() }
}
