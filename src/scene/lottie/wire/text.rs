//! Text layers: the documents, and the animators over their letters.

use super::super::model::Content;
use super::super::text::{Animator, Basis, Document, Grouping, Letter, Ramp, Range, Text, Unit};
use super::super::value::Color;
use super::fonts::FontEntry;
use super::lettering::{number, wrap};
use super::property::{FromWire, flag, object_list};
use super::{Object, Reader, Value, integer_in, number_in, text_in};
use kurbo::Vec2;

/// The most characters of a text; what is beyond is left out.
pub const MAX_CHARACTERS: usize = 10_000;
/// The most animators of a layer; each is asked for each letter.
const MAX_ANIMATORS: usize = 100;

impl Reader<'_> {
    /// What a text layer shows.
    pub(super) fn text(&mut self, layer: &Object<'_>) -> Content {
        let Some(text) = layer.get("t").and_then(Value::as_object) else {
            return self.nothing("text layers without text");
        };
        if text.get("p").and_then(|p| p.get("m")).is_some() {
            self.skip("text along a path");
        }
        let more = text.get("m");
        let animators: Vec<Animator> = object_list(text.get("a"))
            .take(MAX_ANIMATORS)
            .filter_map(|animator| self.animator(animator))
            .collect();
        let grouping = match more.and_then(Value::as_object).and_then(|m| integer_in(m, "g")) {
            Some(2) => Grouping::Word,
            Some(3) => Grouping::Line,
            Some(4) if !animators.is_empty() => {
                self.skip("text that is animated around its middle");
                Grouping::Line
            }
            _ => Grouping::Letter,
        };
        Content::Text(Box::new(Text {
            documents: self.documents(text.get("d")),
            animators,
            grouping,
            alignment: self.vector(more.and_then(|m| m.get("a")), Vec2::ZERO),
        }))
    }

    fn documents(&mut self, value: Option<&Value<'_>>) -> Vec<(f64, Document)> {
        let Some(value) = value else {
            return Vec::new();
        };
        let filled = self.slot(value);
        if filled.get("x").is_some_and(Value::is_string) {
            self.skip("expressions");
        }
        let keys: Vec<&Object<'_>> = match filled.get("k") {
            Some(Value::Object(document)) => vec![document],
            keys => object_list(keys).collect(),
        };
        let mut documents = Vec::new();
        for key in keys {
            let document = key.get("s").and_then(Value::as_object).unwrap_or(key);
            documents.push((number_in(key, "t", 0.0), self.document(document)));
        }
        documents.sort_by(|a, b| a.0.total_cmp(&b.0));
        documents
    }

    fn document(&mut self, wire: &Object<'_>) -> Document {
        let font = text_in(wire, "f").unwrap_or_default();
        let font = self.lettering.font(font);
        let size = number_in(wire, "s", 10.0).clamp(0.0, MAX_SIZE);
        let tracking = number_in(wire, "tr", 0.0) / 1000.0;
        let line_height = number_in(wire, "lh", 0.0);
        let pair = |key, reader: &mut Self| Vec2::read(wire.get(key)?, reader);
        let width = pair("sz", self).map_or(0.0, |size| size.x.max(0.0));
        let ascent = font.ascent.unwrap_or(ASCENT) / 100.0 * size;
        let corner = pair("ps", self).map_or(Vec2::ZERO, |p| p + Vec2::new(0.0, ascent));
        let room = if width > 0.0 && size > 0.0 { width / size } else { f64::INFINITY };
        let mut lines = self.lines(wire, &font, room, tracking);
        let color = |key, reader: &mut Self| Color::read(wire.get(key)?, reader);
        Document {
            counts: number(&mut lines),
            lines,
            size,
            tracking: tracking * size,
            line_height: if line_height == 0.0 { size * 1.2 } else { line_height },
            origin: corner - Vec2::new(0.0, number_in(wire, "ls", 0.0)),
            width,
            // Beyond 2 are the justified ones, by where their last line is.
            justify: match integer_in(wire, "j") {
                Some(1 | 4) => 1.0,
                Some(2 | 5) => 0.5,
                _ => 0.0,
            },
            fill: color("fc", self),
            stroke: color("sc", self),
            stroke_width: number_in(wire, "sw", 0.0),
            stroke_above: wire.get("of").is_none_or(flag),
        }
    }

    /// The text, broken where it says so and where it must.
    fn lines(
        &mut self,
        wire: &Object<'_>,
        font: &FontEntry<'_>,
        room: f64,
        tracking: f64,
    ) -> Vec<Vec<Letter>> {
        let text = text_in(wire, "t").unwrap_or_default();
        let most = MAX_CHARACTERS.min(self.vertices_left);
        let mut cut: String = text.chars().take(most).collect();
        if cut.len() < text.len() {
            self.skip("characters of texts beyond the limit");
        }
        self.vertices_left -= cut.chars().count();
        if integer_in(wire, "ca").is_some_and(|caps| caps == 1 || caps == 2) {
            cut = cut.to_uppercase();
        }
        if integer_in(wire, "j").is_some_and(|j| j > 2) {
            self.skip("justified text");
        }
        let mut lines = Vec::new();
        for line in cut.replace("\r\n", "\r").split(['\r', '\n', '\u{3}']) {
            let paragraph = self.paragraph(line, font);
            lines.extend(wrap(paragraph, room, tracking));
        }
        lines
    }

    fn animator(&mut self, wire: &Object<'_>) -> Option<Animator> {
        let values = wire.get("a").and_then(Value::as_object)?;
        for (key, _) in values.iter().filter(|(key, _)| !ANIMATED.contains(key)) {
            self.skip(format!("text animators of {key:.10}"));
        }
        let range = match wire.get("s").and_then(Value::as_object) {
            Some(range) => Some(self.range(range)?),
            None => None,
        };
        let hundred = Vec2::new(100.0, 100.0);
        let one = |key, default, reader: &mut Self| {
            values.get(key).map(|v| reader.scalar(Some(v), default))
        };
        let color = |key, reader: &mut Self| {
            Some(reader.property(Some(values.get(key)?), Color::default()))
        };
        Some(Animator {
            range,
            anchor: values.get("a").map(|v| self.vector(Some(v), Vec2::ZERO)),
            position: values.get("p").map(|v| self.vector(Some(v), Vec2::ZERO)),
            scale: values.get("s").map(|v| self.vector(Some(v), hundred)),
            rotation: one("r", 0.0, self),
            skew: one("sk", 0.0, self),
            skew_axis: one("sa", 0.0, self),
            opacity: one("o", 100.0, self),
            fill: color("fc", self),
            stroke: color("sc", self),
            fill_opacity: one("fo", 100.0, self),
            stroke_opacity: one("so", 100.0, self),
            stroke_width: one("sw", 0.0, self),
            tracking: one("t", 0.0, self),
        })
    }

    /// A range selector; none for kinds that are left out.
    fn range(&mut self, wire: &Object<'_>) -> Option<Range> {
        if wire.get("t").is_some_and(flag) {
            self.skip("expression selectors of text");
            return None;
        }
        if wire.get("rn").is_some_and(flag) {
            self.skip("the random order of text animators");
        }
        Some(Range {
            basis: match integer_in(wire, "b") {
                Some(2) => Basis::Solid,
                Some(3) => Basis::Words,
                Some(4) => Basis::Lines,
                _ => Basis::Characters,
            },
            unit: if integer_in(wire, "r") == Some(2) { Unit::Index } else { Unit::Percent },
            ramp: match integer_in(wire, "sh") {
                Some(2) => Ramp::Up,
                Some(3) => Ramp::Down,
                Some(4) => Ramp::Triangle,
                Some(5) => Ramp::Round,
                Some(6) => Ramp::Smooth,
                _ => Ramp::Square,
            },
            start: self.scalar(wire.get("s"), 0.0),
            end: self.scalar(wire.get("e"), 100.0),
            offset: self.scalar(wire.get("o"), 0.0),
            amount: self.scalar(wire.get("a"), 100.0),
            smoothness: self.scalar(wire.get("sm"), 100.0),
            ease_high: self.scalar(wire.get("xe"), 0.0),
            ease_low: self.scalar(wire.get("ne"), 0.0),
        })
    }
}

/// The largest font size, in units of the canvas.
const MAX_SIZE: f64 = 100_000.0;
/// A font's ascent where the file does not say it, percent of the size.
const ASCENT: f64 = 75.0;
/// What animators can change here.
const ANIMATED: [&str; 13] =
    ["a", "p", "s", "r", "sk", "sa", "o", "fc", "sc", "fo", "so", "sw", "t"];

#[cfg(test)]
mod tests {
    use super::super::{NoFiles, parse};
    use super::*;

    /// The text layer of a file with these documents and an "A" of its own.
    fn read(documents: &str) -> (Text, Vec<String>) {
        let json = format!(
            r#"{{"w":9,"h":9,"layers":[{{"ty":5,"t":{{"d":{documents}}}}}],
            "chars":[{{"ch":"A","w":50,"fFamily":"Own","data":{{"shapes":[{{"ty":"gr","it":[
            {{"ty":"sh","ks":{{"k":{{"v":[[0,0],[50,-50]],"i":[],"o":[],"c":true}}}}}}]}}]}}}}],
            "fonts":{{"list":[{{"fName":"F","fFamily":"Own","ascent":80}}]}},
            "slots":{{"s":{{"p":{{"k":[{{"s":{{"f":"F","t":"AAA"}}}}]}}}}}}}}"#
        );
        let mut animation = parse(json.as_bytes(), &NoFiles).expect("a readable file");
        match animation.layers.pop().expect("a layer").content {
            Content::Text(text) => (*text, animation.unsupported),
            _ => panic!("it is a text layer"),
        }
    }

    fn line_lengths(document: &Document) -> Vec<usize> {
        document.lines.iter().map(Vec::len).collect()
    }

    #[test]
    fn glyphs_in_the_file_need_no_font() {
        let (text, unsupported) =
            read(r#"{"k":[{"t":5,"s":{"f":"F","t":"aa\rA\u0003a","ca":1,"s":20,"ps":[1,2]}}]}"#);
        assert_eq!(unsupported, Vec::<String>::new());
        let (from, document) = &text.documents[0];
        assert_eq!((*from, line_lengths(document)), (5.0, vec![2, 1, 1]));
        assert_eq!((document.origin, document.line_height), (Vec2::new(1.0, 18.0), 24.0));
        let letter = &document.lines[0][0];
        assert_eq!(letter.advance, 0.5);
        assert!(letter.path.as_ref().is_some_and(|path| path.control_box().y0 == -0.5));
    }

    #[test]
    fn a_box_breaks_lines_and_a_slot_fills_the_text() {
        let (text, _) = read(r#"{"k":{"f":"F","t":"AAA","s":10,"sz":[10,50]}}"#);
        assert_eq!(line_lengths(&text.documents[0].1), [2, 1]);
        let (text, _) = read(r#"{"sid":"s"}"#);
        assert_eq!(line_lengths(&text.documents[0].1), [3]);
    }

    #[test]
    fn what_is_no_text_is_empty() {
        for documents in ["0", "{}", r#"{"k":[1]}"#, r#"{"k":{"s":[]}}"#, r#"{"k":{"t":1}}"#] {
            let (text, _) = read(documents);
            assert!(text.documents.iter().all(|(_, d)| d.counts[0] == 0), "{documents}");
        }
    }
}
