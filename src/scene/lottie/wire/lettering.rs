//! Words → letters: glyphs from the file's own shapes, else from fonts; then lines of them.

use super::super::model::Item;
use super::super::moment::Moment;
use super::super::text::{Counts, Letter};
use super::fonts::{FontEntry, Fonts};
use super::property::object_list;
use super::{Files, Object, Reader, Value, number_in, text_in};
use kurbo::{Affine, BezPath, Vec2};
use std::collections::HashMap;
use std::sync::Arc;

/// What texts are set with.
pub(super) struct Lettering<'a> {
    root: &'a Object<'a>,
    fonts: Fonts<'a>,
    /// The glyphs in the file by character and family, each for a style; read when a text needs
    /// them.
    glyphs: Option<HashMap<(&'a str, &'a str), Vec<Glyph<'a>>>>,
}

/// A glyph that is drawn in the file. Lengths are in ems.
struct Glyph<'a> {
    style: &'a str,
    path: Option<Arc<BezPath>>,
    advance: f64,
}

impl<'a> Lettering<'a> {
    pub(super) fn new(root: &'a Object<'a>, files: &'a dyn Files) -> Self {
        Self { root, fonts: Fonts::new(files), glyphs: None }
    }

    /// The entry of a font in the file's list.
    pub(super) fn font<'n>(&self, name: &'n str) -> FontEntry<'n>
    where
        'a: 'n,
    {
        let list = self.root.get("fonts").and_then(|fonts| fonts.get("list"));
        let Some(font) = object_list(list).find(|f| text_in(f, "fName") == Some(name)) else {
            return FontEntry { name, family: name, ..FontEntry::default() };
        };
        let text = |key| text_in(font, key).unwrap_or_default();
        FontEntry {
            name,
            family: text("fFamily"),
            style: text("fStyle"),
            path: text("fPath"),
            ascent: font.get("ascent").and_then(super::number),
        }
    }

    /// The glyph that the file draws for a character.
    fn drawn(&self, character: char, font: &FontEntry<'_>) -> Option<Letter> {
        let mut buffer = [0; 4];
        let key = (&*character.encode_utf8(&mut buffer), font.family);
        let styles = self.glyphs.as_ref()?.get(&key)?;
        let same = styles.iter().find(|g| g.style == font.style);
        let glyph = same.or(styles.first())?;
        Some(Letter {
            path: glyph.path.clone(),
            advance: glyph.advance,
            offset: Vec2::ZERO,
            character: Some(character),
            rank: [0; 4],
        })
    }
}

/// A line of a text, as wide as it may be.
pub(super) struct Paragraph {
    pub(super) letters: Vec<Letter>,
    pub(super) right_to_left: bool,
}

impl<'a> Reader<'a> {
    fn read_glyphs(&mut self) {
        if self.lettering.glyphs.is_some() {
            return;
        }
        let mut glyphs: HashMap<_, Vec<_>> = HashMap::new();
        for entry in object_list(self.lettering.root.get("chars")) {
            let text = |key| text_in(entry, key).unwrap_or_default();
            let glyph = Glyph {
                style: text("style"),
                path: self.glyph_path(entry),
                advance: number_in(entry, "w", 0.0) / GLYPH_SIZE,
            };
            glyphs.entry((text("ch"), text("fFamily"))).or_default().push(glyph);
        }
        self.lettering.glyphs = Some(glyphs);
    }

    fn glyph_path(&mut self, entry: &Object<'_>) -> Option<Arc<BezPath>> {
        let data = entry.get("data").and_then(Value::as_object)?;
        if data.contains_key("refId") {
            self.skip("letters that are compositions");
        }
        let mut path = BezPath::new();
        append(&self.items(data.get("shapes"), 0), &mut path);
        path.apply_affine(Affine::scale(1.0 / GLYPH_SIZE));
        (!path.elements().is_empty()).then(|| Arc::new(path))
    }

    /// The letters of a text without line breaks.
    pub(super) fn paragraph(&mut self, text: &str, font: &FontEntry<'_>) -> Paragraph {
        self.read_glyphs();
        let mut line = Paragraph { letters: Vec::new(), right_to_left: false };
        let mut rest = String::new();
        for character in text.chars() {
            match self.lettering.drawn(character, font) {
                Some(letter) => {
                    self.shape(&mut rest, font, &mut line);
                    line.letters.push(letter);
                }
                None => rest.push(character),
            }
        }
        self.shape(&mut rest, font, &mut line);
        line
    }

    /// Appends what `text` is in a font, and empties it.
    fn shape(&mut self, text: &mut String, font: &FontEntry<'_>, line: &mut Paragraph) {
        if text.is_empty() {
            return;
        }
        let text = std::mem::take(text);
        let Some(face) = self.lettering.fonts.face(font) else {
            return self.skip(format!("text in {:.60}, for which there is no font", font.name));
        };
        let is_the_one = face.is_the_one;
        let Some(shaped) = face.shape(&text, &mut self.vertices_left) else {
            return self.skip(format!("text in {:.60}, beyond what can be read", font.name));
        };
        if !is_the_one {
            self.skip(format!("the font {:.60}, in whose place is another", font.name));
        }
        if shaped.lacking {
            self.skip(format!("letters that the font for {:.60} lacks", font.name));
        }
        let both = text.chars().any(is_right_to_left)
            && text.chars().any(|c| c.is_alphabetic() && !is_right_to_left(c));
        if both {
            self.skip("the order of text that runs both ways");
        }
        line.right_to_left = shaped.right_to_left && line.letters.is_empty();
        line.letters.extend(shaped.letters);
    }
}

/// Whether a character is of the Hebrew, Arabic and related blocks.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

/// Glyphs in the file are drawn at this font size, whatever their own `size` says.
const GLYPH_SIZE: f64 = 100.0;

/// Appends the paths among some shapes.
fn append(items: &[Item], path: &mut BezPath) {
    for item in items {
        match item {
            Item::Group { items, .. } => append(items, path),
            Item::Path(outline) => outline.at(&Moment::at(0.0)).append_to(path),
            _ => {}
        }
    }
}

/// Breaks a paragraph between words so that it is at most `width` ems wide; a word that is wider
/// is broken where it must be. The space at a break goes.
pub(super) fn wrap(paragraph: Paragraph, width: f64, tracking: f64) -> Vec<Vec<Letter>> {
    let Paragraph { mut letters, right_to_left } = paragraph;
    if right_to_left {
        letters.reverse();
    }
    let (mut lines, mut line) = (Vec::new(), Vec::<Letter>::new());
    let mut used = 0.0;
    for letter in letters {
        if used + letter.advance > width && !letter.is_space() && !line.is_empty() {
            let space = line.iter().rposition(Letter::is_space);
            let next = line.split_off(space.map_or(line.len(), |space| space + 1));
            if space.is_some() {
                line.pop();
            }
            used = next.iter().map(|l| l.advance + tracking).sum();
            lines.push(std::mem::replace(&mut line, next));
        }
        used += letter.advance + tracking;
        line.push(letter);
    }
    lines.push(line);
    if right_to_left {
        lines.iter_mut().for_each(|line| line.reverse());
    }
    lines
}

/// Numbers the letters and returns how many there are, in each basis: all, all but spaces, words,
/// lines.
pub(super) fn number(lines: &mut [Vec<Letter>]) -> Counts {
    let mut counts: Counts = [0; 4];
    for line in lines {
        let mut in_word = false;
        for letter in line.iter_mut() {
            letter.rank = counts;
            let Some(character) = letter.character else {
                // A part of the character before it.
                letter.rank[0] = counts[0].saturating_sub(1);
                letter.rank[1] = counts[1].saturating_sub(1);
                continue;
            };
            let space = character == ' ';
            counts[0] += 1;
            counts[1] += u32::from(!space);
            counts[2] += u32::from(space && in_word);
            in_word = !space;
        }
        counts[2] += u32::from(in_word);
        counts[3] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: &str) -> Vec<Letter> {
        let letter = |c| Letter {
            path: None,
            advance: 1.0,
            offset: Vec2::ZERO,
            character: Some(c),
            rank: [0; 4],
        };
        text.chars().map(letter).collect()
    }

    fn wrapped(text: &str, width: f64, right_to_left: bool) -> Vec<String> {
        let lines = wrap(Paragraph { letters: letters(text), right_to_left }, width, 0.0);
        lines.iter().map(|l| l.iter().filter_map(|l| l.character).collect()).collect()
    }

    #[test]
    fn lines_break_between_words_and_long_words_within() {
        assert_eq!(wrapped("one two six", 7.0, false), ["one two", "six"]);
        assert_eq!(wrapped("abcdef", 4.0, false), ["abcd", "ef"]);
        assert_eq!(wrapped("", 4.0, false), [""]);
        assert_eq!(wrapped("ab", 0.0, false), ["a", "b"]);
        assert_eq!(wrapped("xis owt eno", 7.0, true), ["owt eno", "xis"]);
    }

    #[test]
    fn letters_are_numbered_in_each_basis() {
        let mut lines = [letters("ab c"), letters("d")];
        assert_eq!(number(&mut lines), [5, 4, 3, 2]);
        assert_eq!(lines[0][3].rank, [3, 2, 1, 0]);
        assert_eq!(lines[1][0].rank, [4, 3, 2, 1]);
    }
}
