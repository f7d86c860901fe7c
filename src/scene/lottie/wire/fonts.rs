//! Fonts: where they are found, and the glyphs of a text in one.

use super::super::text::Letter;
use super::Files;
use super::assets::data_url;
use crate::scene::svg::guarded;
use fontdb::{Database, Family, Query, Stretch, Style, Weight};
use harfrust::{Direction, Feature, ShapeOptions, ShaperData, UnicodeBuffer};
use kurbo::{BezPath, Vec2};
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider, Tag};
use std::collections::HashMap;
use std::sync::Arc;

/// The largest font, in bytes; those of the largest alphabets have about this many.
pub const MAX_FONT_BYTES: usize = 16 << 20;
/// The most fonts of a file.
pub const MAX_FONTS: usize = 64;
/// The most bytes of all its fonts together.
const MAX_ALL_BYTES: usize = 64 << 20;
/// What it costs of the vertices to shape a text at all: the tables of the font are looked up.
const RUN_COST: usize = 50;

/// What a file says of a font.
#[derive(Clone, Copy, Default)]
pub(super) struct FontEntry<'a> {
    pub(super) name: &'a str,
    pub(super) family: &'a str,
    /// In words, such as "Bold Italic".
    pub(super) style: &'a str,
    /// A file name, an address or a data URL; often empty.
    pub(super) path: &'a str,
    /// From the baseline to the top, percent of the size.
    pub(super) ascent: Option<f64>,
}

/// The opened fonts, by the name in the file.
pub(super) struct Fonts<'a> {
    files: &'a dyn Files,
    faces: HashMap<String, Option<Face>>,
    bytes_left: usize,
    /// Listed when the first text needs it, as that reads many files.
    system: Option<Database>,
}

impl<'a> Fonts<'a> {
    pub(super) fn new(files: &'a dyn Files) -> Self {
        Self { files, faces: HashMap::new(), bytes_left: MAX_ALL_BYTES, system: None }
    }

    /// The face for a font, opened once.
    pub(super) fn face(&mut self, font: &FontEntry<'_>) -> Option<&mut Face> {
        if !self.faces.contains_key(font.name) {
            if self.faces.len() >= MAX_FONTS {
                return None;
            }
            let face = self.given(font).or_else(|| self.installed(font));
            let left = |face: &Face| self.bytes_left.checked_sub(face.data.len());
            let left = face.as_ref().and_then(left);
            let face = face.filter(|_| left.is_some());
            self.bytes_left = left.unwrap_or(self.bytes_left);
            self.faces.insert(font.name.to_owned(), face);
        }
        self.faces.get_mut(font.name)?.as_mut()
    }

    /// The font that comes with the animation.
    fn given(&self, font: &FontEntry<'_>) -> Option<Face> {
        let bytes = match font.path.strip_prefix("data:") {
            Some(url) => data_url(url),
            None if font.path.is_empty() => None,
            None => self.files.font(font.path),
        };
        Face::open(bytes?, 0, true)
    }

    fn installed(&mut self, font: &FontEntry<'_>) -> Option<Face> {
        let system = self.system.get_or_insert_with(|| {
            let mut system = Database::new();
            system.load_system_fonts();
            system
        });
        let query = |families: &[Family<'_>]| {
            let weight = weight(font.style);
            system.query(&Query { families, weight, stretch: Stretch::Normal, style: style(font) })
        };
        let named = query(&[Family::Name(font.family), Family::Name(font.name)]);
        let id = named.or_else(|| query(&[Family::SansSerif])).or_else(|| {
            let families =
                system.faces().filter_map(|face| Some(face.families.first()?.0.as_str()));
            let sans: Vec<&str> = families.filter(|name| name.contains("Sans")).collect();
            // The plain one, such as "DejaVu Sans" and not its mono or condensed kin.
            query(&[Family::Name(sans.into_iter().min_by_key(|name| name.len())?)])
        });
        let id = id.or_else(|| system.faces().next().map(|face| face.id))?;
        let open = |data: &[u8], index| {
            let fits = data.len() <= MAX_FONT_BYTES;
            fits.then(|| Face::open(data.to_vec(), index, named.is_some()))?
        };
        system.with_face_data(id, open)?
    }
}

/// The weight that a style's words mean.
fn weight(style: &str) -> Weight {
    let style = style.to_lowercase().replace([' ', '-'], "");
    let has = |word| style.contains(word);
    Weight(match () {
        () if has("thin") || has("hairline") => 100,
        () if has("extralight") || has("ultralight") => 200,
        () if has("light") => 300,
        () if has("medium") => 500,
        () if has("semibold") || has("demi") => 600,
        () if has("extrabold") || has("ultrabold") || has("heavy") => 800,
        () if has("black") => 900,
        () if has("bold") => 700,
        () => 400,
    })
}

fn style(font: &FontEntry<'_>) -> Style {
    let words = font.style.to_lowercase();
    match () {
        () if words.contains("italic") => Style::Italic,
        () if words.contains("oblique") => Style::Oblique,
        () => Style::Normal,
    }
}

/// A font that can be read.
pub(super) struct Face {
    data: Vec<u8>,
    index: u32,
    units_per_em: f64,
    /// It is what the file asks for, and not only what the machine has in its place.
    pub(super) is_the_one: bool,
    outlines: HashMap<u32, Option<Arc<BezPath>>>,
}

/// A text in a font, in the order it is seen.
#[derive(Default)]
pub(super) struct Shaped {
    pub(super) letters: Vec<Letter>,
    pub(super) right_to_left: bool,
    /// The font lacks some of it.
    pub(super) lacking: bool,
}

impl Face {
    fn open(data: Vec<u8>, index: u32, is_the_one: bool) -> Option<Self> {
        if data.len() > MAX_FONT_BYTES {
            return None;
        }
        let font = FontRef::from_index(&data, index).ok()?;
        let metrics = font.metrics(Size::unscaled(), LocationRef::default());
        let units_per_em = f64::from(metrics.units_per_em.max(1));
        Some(Self { data, index, units_per_em, is_the_one, outlines: HashMap::new() })
    }

    /// The glyphs of a text without line breaks. Outlines that are new cost their points of
    /// `budget`; none when it is spent or the font is broken.
    pub(super) fn shape(&mut self, text: &str, budget: &mut usize) -> Option<Shaped> {
        *budget = budget.checked_sub(RUN_COST)?;
        let Self { data, index, units_per_em, outlines, .. } = self;
        // Fonts come with files of strangers, and the code that reads them is not ours.
        guarded(|| {
            let font = FontRef::from_index(data, *index).ok()?;
            let mut shaped = shape(&font, text, 1.0 / *units_per_em);
            for (id, letter) in &mut shaped.0 {
                let new = || outline(&font, *id, 1.0 / *units_per_em);
                letter.path = match outlines.get(id) {
                    Some(known) => known.clone(),
                    None => {
                        let path = new().map(Arc::new);
                        let cost = path.as_ref().map_or(1, |p| p.elements().len());
                        *budget = budget.checked_sub(cost)?;
                        outlines.entry(*id).or_insert(path).clone()
                    }
                };
            }
            let letters = shaped.0.into_iter().map(|(_, letter)| letter).collect();
            Some(Shaped { letters, right_to_left: shaped.1, lacking: shaped.2 })
        })?
    }
}

/// The glyphs of a text, whether it runs from right to left, and whether some are not there.
fn shape(font: &FontRef<'_>, text: &str, em: f64) -> (Vec<(u32, Letter)>, bool, bool) {
    let data = ShaperData::new(font);
    let shaper = data.shaper(font).build();
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    let right_to_left = buffer.direction() == Direction::RightToLeft;
    // Letters are animated one by one, so they must stay apart where the script lets them.
    let features = [*b"liga", *b"clig"].map(|tag| Feature::new(Tag::new(&tag), 0, ..));
    let glyphs = shaper.shape(buffer, ShapeOptions::new().features(&features));
    let (mut cluster, mut lacking) = (None, false);
    let mut letters = Vec::with_capacity(glyphs.len());
    for (info, place) in glyphs.glyph_infos().iter().zip(glyphs.glyph_positions()) {
        let new = cluster.replace(info.cluster) != Some(info.cluster);
        let rest = usize::try_from(info.cluster).ok().and_then(|at| text.get(at..));
        let character = rest.and_then(|rest| rest.chars().next()).filter(|_| new);
        lacking |= info.glyph_id == 0;
        letters.push((
            info.glyph_id,
            Letter {
                path: None,
                advance: f64::from(place.x_advance) * em,
                offset: Vec2::new(f64::from(place.x_offset), -f64::from(place.y_offset)) * em,
                character,
                rank: [0; 4],
            },
        ));
    }
    (letters, right_to_left, lacking)
}

/// The outline of a glyph, y downwards; none for a blank one, and for the box of a missing one.
fn outline(font: &FontRef<'_>, id: u32, em: f64) -> Option<BezPath> {
    if id == 0 {
        return None;
    }
    let glyph = font.outline_glyphs().get(GlyphId::new(id))?;
    let mut pen = Pen { path: BezPath::new(), em };
    glyph.draw(DrawSettings::unhinted(Size::unscaled(), LocationRef::default()), &mut pen).ok()?;
    let whole = pen.path.elements().first().is_some_and(|e| matches!(e, kurbo::PathEl::MoveTo(_)));
    (whole && pen.path.is_finite()).then_some(pen.path)
}

/// Writes a glyph as a path.
struct Pen {
    path: BezPath,
    em: f64,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> kurbo::Point {
        kurbo::Point::new(f64::from(x) * self.em, -f64::from(y) * self.em)
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.at(x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.at(x, y));
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.quad_to(self.at(cx, cy), self.at(x, y));
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.path.curve_to(self.at(ax, ay), self.at(bx, by), self.at(x, y));
    }

    fn close(&mut self) {
        self.path.close_path();
    }
}
