//! Text layers: lines of letters, which animators move one by one.
//!
//! Glyphs were found and lines broken while reading; what is left for a frame is where each letter
//! lies. Letters are drawn as shapes, so all that shapes can do holds for text.

mod select;

use super::evaluate::{Command, Ink, Pen, Sheet, Stroke, placed};
use super::moment::Moment;
use super::value::{Color, Property};
use kurbo::{Affine, BezPath, Vec2};
use std::sync::Arc;
use tiny_skia::{BlendMode, LineCap, LineJoin};

pub(super) use select::{Basis, Ramp, Range, Unit};

/// What a text layer shows.
pub(super) struct Text {
    /// Each from its frame on; ascending.
    pub(super) documents: Vec<(f64, Document)>,
    pub(super) animators: Vec<Animator>,
    pub(super) grouping: Grouping,
    /// Where in its group a letter turns and grows, from the middle on the baseline; percent.
    pub(super) alignment: Property<Vec2>,
}

/// What a letter turns and grows with, around one point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Grouping {
    #[default]
    Letter,
    Word,
    Line,
}

impl Grouping {
    /// The middle and half the width of each letter's group in a line, from the line's start.
    fn groups(self, line: &[Letter], places: &[f64], size: f64) -> Vec<(f64, f64)> {
        let same = |a: &Letter, b: &Letter| match self {
            Self::Letter => b.character.is_none(),
            Self::Word => a.rank[2] == b.rank[2] && a.is_space() == b.is_space(),
            Self::Line => true,
        };
        let mut groups = Vec::with_capacity(line.len());
        for group in line.chunk_by(same) {
            let places = places.get(groups.len()..).unwrap_or_default();
            let start = places.first().copied().unwrap_or(0.0);
            let last = group.last().zip(places.get(group.len() - 1));
            let end = last.map_or(start, |(letter, place)| place + letter.advance * size);
            let extent = (f64::midpoint(start, end), (end - start) / 2.0);
            groups.extend(group.iter().map(|_| extent));
        }
        groups
    }
}

/// A text with its looks, laid out. Lengths are in the units of the canvas.
pub(super) struct Document {
    pub(super) lines: Vec<Vec<Letter>>,
    pub(super) counts: Counts,
    pub(super) size: f64,
    /// What is added between two letters.
    pub(super) tracking: f64,
    pub(super) line_height: f64,
    /// Where the first baseline starts.
    pub(super) origin: Vec2,
    /// The width of the box it stands in; 0 where it hangs at its origin.
    pub(super) width: f64,
    /// 0 for lines that start at the left, 0.5 for centred ones, 1 for ones that end at the right.
    pub(super) justify: f64,
    pub(super) fill: Option<Color>,
    pub(super) stroke: Option<Color>,
    pub(super) stroke_width: f64,
    pub(super) stroke_above: bool,
}

/// A place, or a number of places, counted in each [`Basis`].
pub(super) type Counts = [u32; 4];

/// A glyph in its line. Lengths are in ems.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    /// None where nothing is to be seen.
    pub(super) path: Option<Arc<BezPath>>,
    pub(super) advance: f64,
    /// From where the pen is, y downwards.
    pub(super) offset: Vec2,
    /// What it shows; several glyphs may make one character, then the first one has it.
    pub(super) character: Option<char>,
    /// Its place among all letters.
    pub(super) rank: Counts,
}

impl Letter {
    /// Whether it is a gap between words.
    pub(super) fn is_space(&self) -> bool {
        self.character == Some(' ')
    }
}

/// Changes letters, each by as much as the range says.
#[derive(Default)]
pub(super) struct Animator {
    /// None for all letters in full.
    pub(super) range: Option<Range>,
    pub(super) anchor: Option<Property<Vec2>>,
    pub(super) position: Option<Property<Vec2>>,
    /// Percent.
    pub(super) scale: Option<Property<Vec2>>,
    /// Degrees.
    pub(super) rotation: Option<Property<f64>>,
    /// Degrees.
    pub(super) skew: Option<Property<f64>>,
    /// Degrees.
    pub(super) skew_axis: Option<Property<f64>>,
    /// Percent.
    pub(super) opacity: Option<Property<f64>>,
    pub(super) fill: Option<Property<Color>>,
    pub(super) stroke: Option<Property<Color>>,
    /// Percent, as is the stroke's.
    pub(super) fill_opacity: Option<Property<f64>>,
    pub(super) stroke_opacity: Option<Property<f64>>,
    pub(super) stroke_width: Option<Property<f64>>,
    pub(super) tracking: Option<Property<f64>>,
}

/// An animator's values at a frame.
struct Change {
    range: Option<select::Window>,
    anchor: Vec2,
    position: Vec2,
    /// Shares of 1.
    scale: Vec2,
    rotation: f64,
    skew: f64,
    skew_axis: f64,
    opacity: f64,
    fill: Option<Color>,
    stroke: Option<Color>,
    fill_opacity: f64,
    stroke_opacity: f64,
    stroke_width: f64,
    tracking: f64,
}

impl Change {
    fn at(animator: &Animator, counts: &Counts, now: &Moment) -> Self {
        let pair = |p: &Option<Property<Vec2>>| p.as_ref().map(|p| p.at(now));
        let one = |p: &Option<Property<f64>>| p.as_ref().map(|p| p.at(now));
        let color = |p: &Option<Property<Color>>| p.as_ref().map(|p| p.at(now));
        Self {
            range: animator.range.as_ref().map(|r| r.at(counts, now)),
            anchor: pair(&animator.anchor).unwrap_or_default(),
            position: pair(&animator.position).unwrap_or_default(),
            scale: pair(&animator.scale).map_or(Vec2::new(1.0, 1.0), |s| s / 100.0),
            rotation: one(&animator.rotation).unwrap_or(0.0),
            skew: one(&animator.skew).unwrap_or(0.0),
            skew_axis: one(&animator.skew_axis).unwrap_or(0.0),
            opacity: one(&animator.opacity).map_or(1.0, |o| o / 100.0),
            fill: color(&animator.fill),
            stroke: color(&animator.stroke),
            fill_opacity: one(&animator.fill_opacity).map_or(1.0, |o| o / 100.0),
            stroke_opacity: one(&animator.stroke_opacity).map_or(1.0, |o| o / 100.0),
            stroke_width: one(&animator.stroke_width).unwrap_or(0.0),
            tracking: one(&animator.tracking).unwrap_or(0.0),
        }
    }

    /// How much of it a letter takes.
    fn share(&self, letter: &Letter) -> f64 {
        self.range.as_ref().map_or(1.0, |range| range.share(&letter.rank))
    }
}

/// How one letter looks, all changes taken.
struct Look {
    anchor: Vec2,
    position: Vec2,
    scale: Vec2,
    /// Degrees, as are the skew and its axis.
    rotation: f64,
    skew: f64,
    skew_axis: f64,
    opacity: f64,
    fill: Option<Color>,
    stroke: Option<Color>,
    stroke_width: f64,
}

impl Look {
    fn of(letter: &Letter, document: &Document, changes: &[Change]) -> Self {
        let mut look = Self {
            anchor: Vec2::ZERO,
            position: Vec2::ZERO,
            scale: Vec2::new(1.0, 1.0),
            rotation: 0.0,
            skew: 0.0,
            skew_axis: 0.0,
            opacity: 1.0,
            fill: document.fill,
            stroke: document.stroke,
            stroke_width: document.stroke_width,
        };
        for change in changes {
            look.take(change, change.share(letter));
        }
        look
    }

    fn take(&mut self, change: &Change, share: f64) {
        self.anchor += change.anchor * share;
        self.position += change.position * share;
        self.scale.x *= 1.0 + (change.scale.x - 1.0) * share;
        self.scale.y *= 1.0 + (change.scale.y - 1.0) * share;
        self.rotation += change.rotation * share;
        self.skew += change.skew * share;
        self.skew_axis += change.skew_axis * share;
        self.opacity *= (1.0 + (change.opacity - 1.0) * share).clamp(0.0, 1.0);
        self.fill = mixed(self.fill, change.fill, change.fill_opacity, share);
        self.stroke = mixed(self.stroke, change.stroke, change.stroke_opacity, share);
        self.stroke_width += change.stroke_width * share;
    }

    fn matrix(&self) -> Affine {
        let skew = (self.skew, self.skew_axis);
        placed(self.anchor, self.position, self.scale, self.rotation, skew)
    }

    /// The paints from the upper to the lower one.
    fn paints(&self, stroke_above: bool) -> impl Iterator<Item = (Color, Option<f64>)> {
        let stroke = self.stroke.filter(|_| self.stroke_width > 0.0);
        let stroke = stroke.map(|c| (c, Some(self.stroke_width)));
        let fill = self.fill.map(|c| (c, None));
        let both = if stroke_above { [stroke, fill] } else { [fill, stroke] };
        both.into_iter().flatten()
    }
}

/// A colour on its way to another, and to an opacity.
fn mixed(from: Option<Color>, to: Option<Color>, opacity: f64, share: f64) -> Option<Color> {
    let mut color = from?;
    let to = to.unwrap_or(color);
    for (channel, to) in color.iter_mut().zip(to).take(3) {
        *channel += (to - *channel) * share;
    }
    color[3] *= (1.0 + (opacity - 1.0) * share).clamp(0.0, 1.0);
    Some(color)
}

impl Document {
    /// The pen's place at each letter of a line, and where the line ends; spaces at the end hang
    /// over, as in After Effects.
    fn places(&self, line: &[Letter], changes: &[Change]) -> (Vec<f64>, f64) {
        let (mut x, mut end) = (0.0, 0.0);
        let mut places = Vec::with_capacity(line.len());
        for (i, letter) in line.iter().enumerate() {
            if i > 0 && letter.character.is_some() {
                x += self.tracking;
                x += changes.iter().map(|c| c.tracking * c.share(letter)).sum::<f64>();
            }
            places.push(x);
            x += letter.advance * self.size;
            if !letter.is_space() {
                end = x;
            }
        }
        (places, end)
    }
}

impl Text {
    fn document(&self, now: &Moment) -> Option<&Document> {
        let after = self.documents.partition_point(|(from, _)| *from <= now.frame());
        // The first one stands before its time too.
        if let Some((from, _)) = self.documents.get(after.saturating_sub(1)).filter(|_| after > 1) {
            now.beside(*from);
        }
        if let Some((from, _)) = self.documents.get(after.max(1)) {
            now.beside(*from);
        }
        self.documents.get(after.saturating_sub(1)).map(|(_, document)| document)
    }
}

/// How tall a capital is in ems, which is what 100 % of the vertical alignment means.
const CAPITAL: f64 = 1.2 * 0.714;

/// A letter where it lies in its layer.
struct Placed<'a> {
    letter: &'a Letter,
    look: Look,
    matrix: Affine,
}

impl Document {
    fn letters(&self, text: &Text, changes: &[Change], now: &Moment) -> Vec<Placed<'_>> {
        let alignment = text.alignment.at(now) / 100.0;
        let mut placed = Vec::new();
        let mut y = self.origin.y;
        for line in &self.lines {
            let (places, width) = self.places(line, changes);
            let x = self.origin.x + self.justify * (self.width - width);
            let groups = text.grouping.groups(line, &places, self.size);
            for ((letter, place), (middle, half)) in line.iter().zip(places).zip(groups) {
                let look = Look::of(letter, self, changes);
                let pivot = Vec2::new(
                    middle - place + half * alignment.x,
                    CAPITAL * self.size * alignment.y,
                );
                let matrix = Affine::translate(Vec2::new(x + place, y) + pivot)
                    * look.matrix()
                    * Affine::translate(-pivot);
                placed.push(Placed { letter, look, matrix });
            }
            y += self.line_height;
        }
        placed
    }
}

impl Sheet {
    /// Evaluates a text layer.
    pub(super) fn text(&mut self, text: &Text, now: &Moment) {
        let Some(document) = text.document(now) else {
            return;
        };
        let letters: usize = document.lines.iter().map(|line| 1 + line.len()).sum();
        if !self.spend(letters.saturating_mul(1 + text.animators.len())) {
            return;
        }
        let changes: Vec<Change> =
            text.animators.iter().map(|a| Change::at(a, &document.counts, now)).collect();
        let placed = document.letters(text, &changes, now);
        // Earlier commands lie above later ones, and so do later letters above earlier ones.
        for one in placed.iter().rev() {
            let first = self.shapes().len();
            self.glyph(one.letter, document.size, one.matrix);
            if !changes.is_empty() {
                self.ink(&one.look, document.stroke_above, first, one.matrix);
            }
        }
        // Letters that all look alike cost no more than one.
        if let (Some(one), true) = (placed.first(), changes.is_empty()) {
            self.ink(&one.look, document.stroke_above, 0, Affine::IDENTITY);
        }
    }

    fn glyph(&mut self, letter: &Letter, size: f64, matrix: Affine) {
        let Some(outline) = &letter.path else {
            return;
        };
        if self.spend(1 + outline.elements().len()) {
            let place = Affine::translate(letter.offset * size) * Affine::scale(size);
            self.open(matrix * place).extend(outline.elements().iter().copied());
        }
    }

    fn ink(&mut self, look: &Look, stroke_above: bool, first: usize, matrix: Affine) {
        let paths = first..self.shapes().len();
        if look.opacity <= 0.0 || paths.is_empty() {
            return;
        }
        for (color, width) in look.paints(stroke_above) {
            if self.is_full() || !self.spend_again(first) {
                return;
            }
            self.commands.push(Command::Paint(Stroke {
                paths: paths.clone(),
                matrix,
                ink: Ink::Solid(color),
                pen: width.map(pen),
                even_odd: false,
                opacity: look.opacity,
                blend: BlendMode::SourceOver,
            }));
        }
    }
}

fn pen(width: f64) -> Pen {
    Pen {
        width,
        cap: LineCap::Butt,
        join: LineJoin::Miter,
        miter: 4.0,
        dashes: Vec::new(),
        dash_offset: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::evaluate::Means;
    use super::*;
    use kurbo::{Rect, Shape as _};

    fn letter(character: char) -> Letter {
        let path = Rect::new(0.0, -1.0, 1.0, 0.0).to_path(0.1);
        Letter {
            path: (character != ' ').then(|| Arc::new(path)),
            advance: 1.0,
            offset: Vec2::ZERO,
            character: Some(character),
            rank: [0; 4],
        }
    }

    /// Lines of square letters of size 10 with one unit between them.
    fn text(lines: &[&str], justify: f64, animators: Vec<Animator>) -> Text {
        let document = Document {
            lines: lines.iter().map(|line| line.chars().map(letter).collect()).collect(),
            counts: [0; 4],
            size: 10.0,
            tracking: 1.0,
            line_height: 12.0,
            origin: Vec2::ZERO,
            width: 0.0,
            justify,
            fill: Some([0.0, 0.0, 0.0, 1.0]),
            stroke: None,
            stroke_width: 0.0,
            stroke_above: true,
        };
        let alignment = Property::Fixed(Vec2::ZERO);
        Text { documents: vec![(0.0, document)], animators, grouping: Grouping::Letter, alignment }
    }

    /// The boxes of the letters from the last to the first, and the number of paints.
    fn drawn(text: &Text) -> (Vec<Rect>, usize) {
        let (mut sheet, mut means) = (Sheet::default(), Means::default());
        means.refill();
        sheet.make(&mut means, 1.0, |sheet| sheet.text(text, &Moment::at(0.0)));
        let boxes = sheet.shapes().iter().map(|s| (s.matrix * s.path.clone()).bounding_box());
        (boxes.collect(), sheet.commands.len())
    }

    #[test]
    fn lines_start_end_and_centre_at_the_origin() {
        let starts = |justify| {
            let (boxes, paints) = drawn(&text(&["ab ", "c"], justify, Vec::new()));
            assert_eq!(paints, 1, "letters that look alike are one paint");
            boxes.iter().rev().map(|b| (b.x0, b.y1)).collect::<Vec<_>>()
        };
        assert_eq!(starts(0.0), [(0.0, 0.0), (11.0, 0.0), (0.0, 12.0)]);
        assert_eq!(starts(0.5), [(-10.5, 0.0), (0.5, 0.0), (-5.0, 12.0)]);
        assert_eq!(starts(1.0), [(-21.0, 0.0), (-10.0, 0.0), (-10.0, 12.0)]);
    }

    #[test]
    fn a_letter_grows_around_its_middle_on_the_baseline() {
        let grow = Animator {
            scale: Some(Property::Fixed(Vec2::new(200.0, 50.0))),
            ..Animator::default()
        };
        let text = text(&["ab"], 0.0, vec![grow]);
        let (boxes, paints) = drawn(&text);
        assert_eq!(paints, 2);
        assert_eq!(boxes, [Rect::new(6.0, -5.0, 26.0, 0.0), Rect::new(-5.0, -5.0, 15.0, 0.0)]);
        let (boxes, _) = drawn(&Text { grouping: Grouping::Word, ..text });
        assert_eq!(boxes, [Rect::new(11.5, -5.0, 31.5, 0.0), Rect::new(-10.5, -5.0, 9.5, 0.0)]);
    }
}
