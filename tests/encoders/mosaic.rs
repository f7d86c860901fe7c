//! A terminal of text cells, drawn as pixels: what stands there after all of a stream, and how far
//! that is from a frame. It panics at whatever would move or scroll a real one.

use buddy_render::frame::Frame;
use buddy_render::units::{CellPixels, CellPosition, CellSize};

/// The terminal's own colours.
pub(crate) const FOREGROUND: [u8; 3] = [0xE0; 3];
pub(crate) const BACKGROUND: [u8; 3] = [0x10, 0x20, 0x30];

/// A cell's glyph and colours; none is the terminal's own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tile {
    pub(crate) glyph: char,
    pub(crate) fg: Option<[u8; 3]>,
    pub(crate) bg: Option<[u8; 3]>,
}

impl Tile {
    /// Its pixels, row by row; none where the terminal's background is seen.
    pub(crate) fn pixels(&self, cell: CellPixels) -> Vec<Option<[u8; 3]>> {
        let (wide, high) = (usize::from(cell.width), usize::from(cell.height));
        (0..wide * high).map(|n| self.pixel(n % wide, n / wide, cell)).collect()
    }

    fn pixel(&self, x: usize, y: usize, cell: CellPixels) -> Option<[u8; 3]> {
        let middle = |n: usize, of: u16| (n * 2 + 1) as f64 / f64::from(of * 2);
        if inked(self.glyph, middle(x, cell.width), middle(y, cell.height)) {
            Some(self.fg.unwrap_or(FOREGROUND))
        } else {
            self.bg
        }
    }
}

/// What stands in cells that nobody wrote to.
pub(crate) const UNTOUCHED: Tile = Tile { glyph: 'x', fg: None, bg: None };

pub(crate) struct Mosaic {
    size: CellSize,
    tiles: Vec<Tile>,
    cursor: (u16, u16),
    /// The cursor stays in the last column until the next glyph, which would wrap.
    wraps: bool,
    pen: Pen,
    /// A peer's line ends are taken, too.
    lenient: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Pen {
    fg: Option<[u8; 3]>,
    bg: Option<[u8; 3]>,
    reverse: bool,
}

impl Mosaic {
    pub(crate) fn new(size: CellSize) -> Self {
        let count = usize::from(size.cols) * usize::from(size.rows);
        let pen = Pen::default();
        Self {
            size,
            tiles: vec![UNTOUCHED; count],
            cursor: (0, 0),
            wraps: false,
            pen,
            lenient: false,
        }
    }

    /// One for streams that are not ours: lines end in a line feed.
    pub(crate) fn lenient(size: CellSize) -> Self {
        Self { lenient: true, ..Self::new(size) }
    }

    pub(crate) fn tile(&self, col: u16, row: u16) -> Tile {
        self.tiles[usize::from(row) * usize::from(self.size.cols) + usize::from(col)]
    }

    /// Shows a stream that begins and ends with unknown colours and an unknown cursor.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        // Whoever wrote before left these; what sets no colours is not asked to undo them.
        let colored = bytes.windows(4).any(|w| w == b"\x1b[0;" || w == b"\x1b[0m");
        self.pen = if colored {
            Pen { fg: Some([1, 2, 3]), bg: Some([4, 5, 6]), reverse: false }
        } else {
            Pen::default()
        };
        self.cursor = (0, 0);
        self.wraps = !self.lenient;
        let mut rest = std::str::from_utf8(bytes).unwrap();
        while let Some(first) = rest.chars().next() {
            if let Some(sequence) = rest.strip_prefix("\x1b[") {
                let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                let last = sequence.as_bytes()[end];
                self.control(&sequence[..end], last);
                rest = &sequence[end + 1..];
                continue;
            }
            match first {
                '\x08' => self.along(-1),
                '\n' if self.lenient => (self.cursor, self.wraps) = ((0, self.cursor.1 + 1), false),
                glyph => {
                    assert!(!glyph.is_control(), "a control character: {glyph:?}");
                    self.write(glyph);
                }
            }
            rest = &rest[first.len_utf8()..];
        }
        assert!(bytes.is_empty() || self.pen == Pen::default(), "colours are left set");
    }

    fn control(&mut self, parameters: &str, last: u8) {
        let count = || parameters.parse::<i32>().unwrap_or(1);
        match last {
            b'H' => {
                let (row, col) = parameters.split_once(';').unwrap();
                let at = |n: &str| n.parse::<u16>().unwrap() - 1;
                (self.cursor, self.wraps) = ((at(col), at(row)), false);
                assert!(self.cursor.0 < self.size.cols && self.cursor.1 < self.size.rows);
            }
            b'G' => {
                (self.cursor.0, self.wraps) = (parameters.parse::<u16>().unwrap() - 1, false);
            }
            b'A' => self.down(-count()),
            b'B' => self.down(count()),
            b'C' => self.along(count()),
            b'D' => self.along(-count()),
            b'm' => self.colors(parameters),
            b'h' | b'l' if self.lenient => {}
            _ => panic!("CSI {parameters} {}", char::from(last)),
        }
    }

    fn along(&mut self, by: i32) {
        assert!(!self.wraps, "terminals differ in where they move from here");
        self.cursor.0 = u16::try_from(i32::from(self.cursor.0) + by).unwrap();
        assert!(self.cursor.0 < self.size.cols, "past the right edge");
    }

    fn down(&mut self, by: i32) {
        assert!(!self.wraps, "terminals differ in where they move from here");
        self.cursor.1 = u16::try_from(i32::from(self.cursor.1) + by).unwrap();
        assert!(self.cursor.1 < self.size.rows, "past the last row");
    }

    fn write(&mut self, glyph: char) {
        assert!(!self.wraps, "{glyph:?} wraps into the next line");
        let Pen { mut fg, mut bg, reverse } = self.pen;
        if reverse {
            (fg, bg) = (bg.or(Some(BACKGROUND)), fg.or(Some(FOREGROUND)));
        }
        // Where there is no ink its colour is nobody's business.
        let fg = fg.filter(|_| glyph != ' ');
        let at = usize::from(self.cursor.1) * usize::from(self.size.cols);
        self.tiles[at + usize::from(self.cursor.0)] = Tile { glyph, fg, bg };
        if self.cursor.0 + 1 < self.size.cols {
            self.cursor.0 += 1;
        } else {
            self.wraps = true;
        }
    }

    fn colors(&mut self, parameters: &str) {
        let codes: Vec<u8> = parameters.split(';').map(|n| n.parse().unwrap_or(0)).collect();
        let mut codes = codes.into_iter();
        while let Some(code) = codes.next() {
            let color = match code {
                38 | 48 => Some(match codes.next().unwrap() {
                    5 => xterm(codes.next().unwrap()),
                    2 => std::array::from_fn(|_| codes.next().unwrap()),
                    other => panic!("SGR {code};{other}"),
                }),
                30..=37 | 40..=47 => Some(xterm(code % 10)),
                90..=97 | 100..=107 => Some(xterm(code % 10 + 8)),
                0 | 7 | 27 | 39 | 49 => None,
                _ => panic!("SGR {code}"),
            };
            match code {
                0 => self.pen = Pen::default(),
                7 | 27 => self.pen.reverse = code == 7,
                30..=39 | 90..=97 => self.pen.fg = color,
                _ => self.pen.bg = color,
            }
        }
    }

    /// The pixels of a box, row by row; none where the terminal's background is seen.
    pub(crate) fn pixels(
        &self,
        at: CellPosition,
        size: CellSize,
        cell: CellPixels,
    ) -> Vec<Option<[u8; 3]>> {
        let (wide, high) = (usize::from(cell.width), usize::from(cell.height));
        let across = usize::from(size.cols) * wide;
        let count = across * usize::from(size.rows) * high;
        let pixel = |n: usize| {
            let (x, y) = (n % across, n / across);
            let tile = self.tile(at.col + (x / wide) as u16, at.row + (y / high) as u16);
            tile.pixel(x % wide, y % high, cell)
        };
        (0..count).map(pixel).collect()
    }
}

/// Whether a glyph has ink at a point of its cell, each way from 0 to 1.
fn inked(glyph: char, x: f64, y: f64) -> bool {
    let code = u32::from(glyph);
    let part = |across: u32, down: u32| {
        (y * f64::from(down)) as u32 * across + (x * f64::from(across)) as u32
    };
    let eighths = |from: u32| f64::from(code - from) / 8.0;
    match glyph {
        ' ' | 'x' => false,
        '▀' => y < 0.5,
        '▐' => x >= 0.5,
        '▔' => y < 0.125,
        '▕' => x >= 0.875,
        // LOWER ONE EIGHTH BLOCK to FULL BLOCK; LEFT SEVEN EIGHTHS BLOCK to LEFT ONE EIGHTH BLOCK.
        '▁'..='█' => 1.0 - y < eighths(0x2580),
        '▉'..='▏' => x < 1.0 - eighths(0x2588),
        '▖'..='▟' => QUADRANTS[code as usize - 0x2596] >> part(2, 2) & 1 == 1,
        '\u{1FB82}' => y < 0.25,
        '\u{1FB85}' => y < 0.75,
        '\u{1FBE6}' => x < 0.5 && (0.25..0.75).contains(&y),
        '\u{1FBE7}' => x >= 0.5 && (0.25..0.75).contains(&y),
        '\u{1CEA8}' => x < 0.5 && y < 0.25,
        '\u{1CEAB}' => x >= 0.5 && y < 0.25,
        '\u{1CEA3}' => x < 0.5 && y >= 0.75,
        '\u{1CEA0}' => x >= 0.5 && y >= 0.75,
        '\u{1FB00}'..='\u{1FB3B}' => nth(code - 0x1_FB00, &[0, 21, 42, 63]) >> part(2, 3) & 1 == 1,
        '\u{1CD00}'..='\u{1CDE5}' => nth(code - 0x1_CD00, &ELSEWHERE) >> part(2, 4) & 1 == 1,
        '\u{2800}'..='\u{28FF}' => {
            let bit = [0, 3, 1, 4, 2, 5, 6, 7][part(2, 4) as usize];
            // A dot is a disc of about two thirds of its part's width.
            let off = |v: f64, parts: f64| (v * parts).fract() - 0.5;
            let (dx, dy) = (off(x, 2.0), off(y, 4.0));
            (code - 0x2800) >> bit & 1 == 1 && dx.hypot(dy) < 0.4
        }
        _ => panic!("not a glyph of a mosaic: {glyph:?}"),
    }
}

/// U+2596 and on, in the order of their names; bit 0 is the top left.
const QUADRANTS: [u8; 10] = [4, 8, 1, 13, 9, 7, 11, 2, 6, 14];

/// The sets that are no BLOCK OCTANT, in order (a list of names' gaps in Unicode 16.0).
const ELSEWHERE: [u32; 26] = [
    0, 1, 2, 3, 5, 10, 15, 20, 40, 63, 64, 80, 85, 90, 95, 128, 160, 165, 170, 175, 192, 240, 245,
    250, 252, 255,
];

/// The `n`th set that is not among some.
fn nth(n: u32, missing: &[u32]) -> u32 {
    (0..256).filter(|set| !missing.contains(set)).nth(n as usize).unwrap()
}

/// xterm's colours: 16, the cube, the greys.
pub(crate) fn xterm(n: u8) -> [u8; 3] {
    const BASIC: [[u8; 3]; 16] = [
        [0, 0, 0],
        [205, 0, 0],
        [0, 205, 0],
        [205, 205, 0],
        [0, 0, 238],
        [205, 0, 205],
        [0, 205, 205],
        [229, 229, 229],
        [127, 127, 127],
        [255, 0, 0],
        [0, 255, 0],
        [255, 255, 0],
        [92, 92, 255],
        [255, 0, 255],
        [0, 255, 255],
        [255, 255, 255],
    ];
    let level = |v: u8| if v == 0 { 0 } else { 55 + 40 * v };
    match n {
        0..16 => BASIC[usize::from(n)],
        16..232 => [(n - 16) / 36, (n - 16) / 6 % 6, (n - 16) % 6].map(level),
        _ => [8 + 10 * (n - 232); 3],
    }
}

/// How far pixels are from a frame, both over the terminal's background.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Distance {
    squares: f64,
    delta: f64,
    count: f64,
}

impl Distance {
    pub(crate) fn add(&mut self, got: &[Option<[u8; 3]>], frame: &Frame) {
        for (got, want) in got.iter().zip(frame.pixmap().pixels()) {
            let over = |v: u8, n: usize| {
                let below = u32::from(BACKGROUND[n]) * (255 - u32::from(want.alpha()));
                v + ((below + 127) / 255) as u8
            };
            let want = [over(want.red(), 0), over(want.green(), 1), over(want.blue(), 2)];
            let got = got.unwrap_or(BACKGROUND);
            self.count += 1.0;
            if got != want {
                self.squares +=
                    (0..3).map(|n| f64::from(got[n].abs_diff(want[n])).powi(2)).sum::<f64>();
                let (a, b) = (oklab(got), oklab(want));
                self.delta += (0..3).map(|n| (a[n] - b[n]).powi(2)).sum::<f64>().sqrt();
            }
        }
    }

    /// The peak signal-to-noise ratio, in decibel.
    pub(crate) fn psnr(&self) -> f64 {
        10.0 * (255.0 * 255.0 * 3.0 * self.count / self.squares).log10()
    }

    /// The mean distance in Oklab; 0.02 is about the least that is seen.
    pub(crate) fn mean_delta(&self) -> f64 {
        self.delta / self.count
    }
}

/// Oklab of an sRGB colour (B. Ottosson, "A perceptual color space for image processing", 2020).
pub(crate) fn oklab(rgb: [u8; 3]) -> [f64; 3] {
    let linear = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = rgb.map(linear);
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    [
        0.210_454_255_3 * l + 0.793_617_785 * m - 0.004_072_046_8 * s,
        1.977_998_495_1 * l - 2.428_592_205 * m + 0.450_593_709_9 * s,
        0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766 * s,
    ]
}
