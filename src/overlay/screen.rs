//! What the child's output has done to the terminal, as far as it must be known to write between.
//!
//! There are no cells here. There is where the cursor is, or that this is not known for sure; which
//! modes change what our bytes would do; and how far each row has ink ([`Ink`]). Where terminals
//! differ, the cursor is in doubt, and whoever wants to write asks the terminal first.

use super::ink::Ink;
use super::machine::{Acts, Sequence, StringKind};
use super::pen::Pen;
use super::sense::Mark;
use crate::protocol::Placement;
use crate::units::{CellPosition, CellSize};
use unicode_width::UnicodeWidthChar as _;

/// Marks that are kept until they are taken; a flood of more says nothing more.
const MOST_MARKS: usize = 64;

/// Whether the next character goes to the next row first (DEC STD 070: the last column flag).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wrap {
    #[default]
    No,
    Pending,
    /// Terminals differ.
    Maybe,
}

/// Characters whose width terminals do not agree on. Where the terminal was seen to take one of a kind
/// as we do, it is believed to take all of them so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One or two columns, by the locale (Unicode Standard Annex 11, "ambiguous"); here one.
    Ambiguous,
    /// Two.
    Wide,
    /// None: marks that belong to the character before.
    Mark,
    /// What joins with others into one picture.
    Joined,
}

/// A cursor, and what is saved with it (DECSC).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cursor {
    row: u16,
    col: u16,
    /// Whether `row` and `col` are the terminal's, too.
    row_sure: bool,
    col_sure: bool,
    wrap: Wrap,
    origin: bool,
    pen: Pen,
    /// G0 to G3 are ASCII, by bit; and which is shown.
    foreign: u8,
    shift: u8,
}

/// What is different between the main screen and the alternate one.
#[derive(Clone, Debug)]
struct Page {
    ink: Ink,
    saved: Option<Cursor>,
}

/// What may not happen before our picture was taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watched {
    /// The box.
    at: Placement,
    /// Whether it is to be halted before something happens to it. Else that is only noted.
    halts: bool,
}

/// What has become of the picture since that was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Rows under it have moved.
    pub scrolled: bool,
    /// Cells under it were written or erased.
    pub written: bool,
    /// The screen was cleared or reset, or the other one shown: pictures are gone.
    pub wiped: bool,
}

/// The screen.
#[derive(Clone, Debug)]
pub(super) struct Screen {
    size: CellSize,
    cursor: Cursor,
    top: u16,
    bottom: u16,
    autowrap: bool,
    insert: bool,
    newline: bool,
    side_margins: bool,
    /// DECSDM: pictures stay in the top left corner and do not scroll.
    sixel_display: bool,
    own_tabs: bool,
    pub(super) cursor_shown: bool,
    pub(super) synchronized: bool,
    pub(super) alternate: bool,
    uploading: bool,
    /// A hyperlink is open, to which our cells would belong, too.
    linked: bool,
    /// The window has changed, and where the rows went is not known yet.
    adrift: bool,
    main: Page,
    other: Page,
    trusted: u8,
    /// Kinds that were written since the cursor was known.
    guessed: u8,
    last: Option<(char, u16)>,
    /// How often the cursor has gone down since its row was in doubt, and never up.
    feeds: u16,
    watched: Option<Watched>,
    changes: Changes,
    marks: Vec<Mark>,
}

/// Columns from one tab stop to the next, unless the program sets others.
const TAB: u16 = 8;

impl Screen {
    pub(super) fn new(size: CellSize, blank: bool) -> Self {
        let page = || Page { ink: Ink::new(size.rows, blank), saved: None };
        Self {
            size,
            cursor: Cursor::default(),
            top: 0,
            bottom: size.rows.saturating_sub(1),
            autowrap: true,
            insert: false,
            newline: false,
            side_margins: false,
            sixel_display: false,
            own_tabs: false,
            cursor_shown: true,
            synchronized: false,
            alternate: false,
            uploading: false,
            linked: false,
            adrift: false,
            main: page(),
            other: page(),
            trusted: 0,
            guessed: 0,
            last: None,
            feeds: 0,
            watched: None,
            changes: Changes::default(),
            marks: Vec::new(),
        }
    }

    /// Where the cursor is, if that is sure and nothing is lost when it is put there anew.
    pub(super) fn firm_cursor(&self) -> Option<CellPosition> {
        let cursor = &self.cursor;
        let joins = self.last.is_some_and(|(last, _)| last == ZERO_WIDTH_JOINER);
        let firm = cursor.row_sure
            && cursor.col_sure
            && cursor.wrap == Wrap::No
            && !cursor.origin
            && !self.side_margins
            && !joins;
        firm.then_some(CellPosition { row: cursor.row, col: cursor.col })
    }

    /// Where the cursor is supposed to be.
    pub(super) const fn likely_cursor(&self) -> CellPosition {
        CellPosition { row: self.cursor.row, col: self.cursor.col }
    }

    /// Whether it would help to ask the terminal where the cursor is: that alone is not known.
    pub(super) const fn lacks_cursor(&self) -> bool {
        let cursor = &self.cursor;
        let lost = !cursor.row_sure || !cursor.col_sure;
        lost && !cursor.origin && !self.side_margins
    }

    /// The terminal's answer where the cursor was when `asked` was where it was supposed to be. It
    /// must have been asked for what was written up to now.
    pub(super) fn tell_cursor(&mut self, told: CellPosition) {
        let cursor = &mut self.cursor;
        if (told.row, told.col) == (cursor.row, cursor.col) {
            // What was guessed, the terminal guesses, too.
            self.trusted |= self.guessed;
        }
        // In the last column it may be waiting for the next row.
        if told.col < self.size.cols.saturating_sub(1) {
            cursor.wrap = Wrap::No;
        } else if (told.row, told.col) != (cursor.row, cursor.col) {
            cursor.wrap = Wrap::Maybe;
        }
        (cursor.row, cursor.col) = (told.row, told.col);
        (cursor.row_sure, cursor.col_sure) = (true, true);
        (self.guessed, self.feeds) = (0, 0);
    }

    /// Whether text of ours would look as it is meant to, and the program's be as before after it.
    pub(super) const fn takes_text(&self) -> bool {
        let shown = self.cursor.foreign >> self.cursor.shift & 1;
        !self.insert && !self.linked && shown == 0 && self.cursor.pen.is_known()
    }

    /// Whether a sixel picture would be drawn at the cursor.
    pub(super) const fn takes_sixel(&self) -> bool {
        !self.sixel_display && self.takes_text()
    }

    pub(super) const fn pen(&self) -> &Pen {
        &self.cursor.pen
    }

    /// From which column on a row surely has nothing of the program's.
    pub(super) fn blank_from(&self, row: u16) -> Option<u16> {
        self.page().ink.end(row)
    }

    /// Whether that box has nothing but what is ours.
    pub(super) fn is_blank(&self, at: &Placement, sure: bool) -> bool {
        let (top, col) = (at.at.row, at.at.col);
        self.page().ink.is_blank(top, top.saturating_add(at.size.rows), col, sure)
    }

    /// Whether a picture of the program's is under way in several commands (kitty, `m=1`).
    pub(super) const fn is_uploading(&self) -> bool {
        self.uploading
    }

    /// Whether it is halted before something happens to the watched box.
    pub(super) const fn halt(&mut self, halts: bool) {
        if let Some(watched) = &mut self.watched {
            watched.halts = halts;
        }
    }

    /// Watches over what happens to a box.
    pub(super) fn watch(&mut self, at: Option<Placement>, halts: bool) {
        self.watched = at.map(|at| Watched { at, halts });
    }

    pub(super) fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    pub(super) fn take_marks(&mut self) -> Vec<Mark> {
        std::mem::take(&mut self.marks)
    }

    pub(super) const fn size(&self) -> CellSize {
        self.size
    }

    /// The window has another size. Where the cursor is, nobody knows.
    pub(super) fn resize(&mut self, size: CellSize) {
        let row = self.cursor.row;
        self.size = size;
        (self.top, self.bottom) = (0, size.rows.saturating_sub(1));
        self.cursor.row = row.min(self.bottom);
        self.cursor.col = self.cursor.col.min(size.cols.saturating_sub(1));
        self.lose_cursor();
        // What was saved moves with the rows; of the page that is not seen nobody tells.
        for saved in [&mut self.main, &mut self.other].into_iter().flat_map(|page| &mut page.saved)
        {
            (saved.row_sure, saved.col_sure) = (false, false);
        }
        let unseen = if self.alternate { &mut self.main } else { &mut self.other };
        unseen.ink = Ink::new(size.rows, false);
        self.adrift = true;
        self.changes.scrolled = true;
    }

    /// Somebody else has had the terminal: nothing is known of what is on it, nor where the cursor is.
    pub(super) fn forget(&mut self) {
        self.page_mut().ink.forget();
        self.lose_cursor();
    }

    /// The rows moved with the cursor's from `old` to where it is now. Lines shorter than `col` surely
    /// did not change.
    pub(super) fn refit_ink(&mut self, old: u16, col: u16) {
        if std::mem::take(&mut self.adrift) {
            let (size, new) = (self.size, self.cursor.row);
            self.page_mut().ink.resize(size.rows, size.cols, [old, new], col);
        }
    }

    const fn page(&self) -> &Page {
        if self.alternate { &self.other } else { &self.main }
    }

    const fn page_mut(&mut self) -> &mut Page {
        if self.alternate { &mut self.other } else { &mut self.main }
    }

    const fn lose_cursor(&mut self) {
        (self.cursor.row_sure, self.cursor.col_sure) = (false, false);
        self.cursor.wrap = Wrap::Maybe;
        self.feeds = 0;
    }

    /// The cursor has gone down. After as many times as there are rows it is in the last one.
    fn count_feed(&mut self) {
        self.feeds = self.feeds.saturating_add(1);
        if self.feeds >= self.size.rows && (self.top, self.bottom) == (0, self.last_row()) {
            self.cursor.row = self.bottom;
            self.cursor.row_sure = true;
            self.feeds = 0;
        }
    }

    /// Something was done in the cursor's row, or to it: where that is in doubt, so is what became of
    /// the rows.
    fn doubt_ink(&mut self) {
        let Cursor { row, row_sure, col_sure, .. } = self.cursor;
        if !row_sure || !col_sure {
            self.page_mut().ink.doubt(row_sure.then_some(row));
        }
    }

    const fn last_col(&self) -> u16 {
        self.size.cols.saturating_sub(1)
    }

    const fn last_row(&self) -> u16 {
        self.size.rows.saturating_sub(1)
    }

    /// Up to where what is erased has ink: nowhere, unless the background has a colour (xterm's
    /// "back color erase").
    fn erased(&self) -> u16 {
        if self.cursor.pen.has_default_ground() { 0 } else { self.size.cols }
    }
}

const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// What something does to the box that is watched.
#[derive(Clone, Copy)]
enum Touch {
    Scroll,
    Write,
    Wipe,
}

impl Screen {
    /// Notes that the rows `from..=to` are touched from column `col` up to `end`, exclusive. Tells
    /// whether that may happen now.
    fn touch(&mut self, touch: Touch, rows: [u16; 2], cols: [u16; 2], firm: bool) -> bool {
        let Some(Watched { at, halts }) = self.watched else {
            if matches!(touch, Touch::Wipe) {
                self.changes.wiped = true;
            }
            return true;
        };
        let below = at.at.row.saturating_add(at.size.rows);
        let beyond = at.at.col.saturating_add(at.size.cols);
        let hit =
            rows[0] < below && rows[1] >= at.at.row && cols[0] < beyond && cols[1] > at.at.col;
        if !hit {
            return true;
        }
        if halts && !firm {
            return false;
        }
        match touch {
            Touch::Scroll => self.changes.scrolled = true,
            Touch::Write => self.changes.written = true,
            Touch::Wipe => self.changes.wiped = true,
        }
        true
    }

    fn touch_rows(&mut self, touch: Touch, from: u16, to: u16, firm: bool) -> bool {
        self.touch(touch, [from, to], [0, u16::MAX], firm)
    }

    fn touch_all(&mut self, firm: bool) -> bool {
        self.touch_rows(Touch::Wipe, 0, u16::MAX, firm)
    }

    /// Moves rows up within `top..=bottom`.
    fn scroll_up(&mut self, top: u16, by: u16, firm: bool) -> bool {
        let bottom = self.bottom;
        if !self.touch_rows(Touch::Scroll, top, bottom, firm) {
            return false;
        }
        let end = self.erased();
        self.page_mut().ink.scroll_up(top, bottom, by, end);
        true
    }

    fn scroll_down(&mut self, top: u16, by: u16, firm: bool) -> bool {
        let bottom = self.bottom;
        if !self.touch_rows(Touch::Scroll, top, bottom, firm) {
            return false;
        }
        let end = self.erased();
        self.page_mut().ink.scroll_down(top, bottom, by, end);
        true
    }

    /// IND (ECMA-48, withdrawn; DEC STD 070): down, and the rows up at the bottom margin.
    fn index(&mut self, firm: bool) -> bool {
        if self.cursor.row == self.bottom {
            if !self.scroll_up(self.top, 1, firm) {
                return false;
            }
        } else if self.cursor.row < self.last_row() {
            self.cursor.row += 1;
        }
        if !self.cursor.row_sure {
            self.doubt_ink();
            self.count_feed();
        }
        true
    }

    /// LF, VT and FF.
    fn line_feed(&mut self, firm: bool) -> bool {
        let done = self.feed(firm);
        if done && self.newline {
            self.column(0);
        }
        done
    }

    /// Down; whether it still waits for the next row then, terminals do not agree on.
    fn feed(&mut self, firm: bool) -> bool {
        let done = self.index(firm);
        if done {
            self.doubt_wrap();
        }
        done
    }

    fn reverse_index(&mut self, firm: bool) -> bool {
        self.feeds = 0;
        if !self.cursor.row_sure {
            self.doubt_ink();
        }
        if self.cursor.row == self.top {
            return self.scroll_down(self.top, 1, firm);
        }
        self.cursor.row = self.cursor.row.saturating_sub(1);
        self.doubt_wrap();
        true
    }

    /// A motion of the cursor, after which it no longer waits for the next row.
    const fn unwrap(&mut self) {
        self.cursor.wrap = Wrap::No;
    }

    /// Something after which it may wait no longer.
    fn doubt_wrap(&mut self) {
        if self.cursor.wrap != Wrap::No {
            self.cursor.wrap = Wrap::Maybe;
        }
    }

    fn column(&mut self, col: u16) {
        self.cursor.col = col.min(self.last_col());
        self.cursor.col_sure = !self.side_margins;
        self.unwrap();
    }

    fn row(&mut self, row: u16) {
        let (top, bottom) =
            if self.cursor.origin { (self.top, self.bottom) } else { (0, self.last_row()) };
        self.cursor.row = top.saturating_add(row).min(bottom);
        self.cursor.row_sure = true;
        self.feeds = 0;
        self.unwrap();
    }

    /// Relative motions stop at margins. Where one begins beyond the one and would end beyond the
    /// other, xterm stops it and kitty does not.
    fn up(&mut self, by: u16) {
        self.feeds = 0;
        if self.cursor.row > self.bottom && self.cursor.row.saturating_sub(by) < self.top {
            self.cursor.row_sure = false;
        }
        let top = if self.cursor.row >= self.top { self.top } else { 0 };
        self.cursor.row = self.cursor.row.saturating_sub(by).max(top);
        self.unwrap();
    }

    fn down(&mut self, by: u16) {
        if self.cursor.row < self.top && self.cursor.row.saturating_add(by) > self.bottom {
            self.cursor.row_sure = false;
        }
        let bottom = if self.cursor.row <= self.bottom { self.bottom } else { self.last_row() };
        self.cursor.row = self.cursor.row.saturating_add(by).min(bottom);
        self.unwrap();
    }

    fn left(&mut self, by: u16) {
        // From behind the last column terminals count differently.
        if self.cursor.wrap != Wrap::No {
            self.cursor.col_sure = false;
        }
        self.cursor.col = self.cursor.col.saturating_sub(by);
        self.unwrap();
    }

    fn right(&mut self, by: u16) {
        self.cursor.col = self.cursor.col.saturating_add(by).min(self.last_col());
        self.unwrap();
    }

    fn tab(&mut self, by: u16) {
        let at = self.cursor.col / TAB;
        self.cursor.col = at.saturating_add(by).saturating_mul(TAB).min(self.last_col());
        self.cursor.col_sure &= !self.own_tabs;
        self.doubt_wrap();
    }

    fn tab_back(&mut self, by: u16) {
        let at = self.cursor.col.div_ceil(TAB);
        self.cursor.col = at.saturating_sub(by).saturating_mul(TAB);
        self.cursor.col_sure &= !self.own_tabs;
        self.unwrap();
    }

    /// Puts a character of `width` columns; 0 belongs to the one before.
    fn put(&mut self, character: char, width: u16, visible: bool, firm: bool) -> bool {
        if width == 0 {
            self.last = Some((character, 0));
            return true;
        }
        let short = self.cursor.col.saturating_add(width) > self.size.cols;
        let wraps = self.autowrap && (self.cursor.wrap == Wrap::Pending || short);
        let scrolls = wraps && self.cursor.row == self.bottom;
        let (row, col) = match wraps {
            true if scrolls => (self.cursor.row, 0),
            true => (self.cursor.row.saturating_add(1).min(self.last_row()), 0),
            false => (self.cursor.row, self.cursor.col),
        };
        let end = col.saturating_add(width);
        let over = if self.insert { self.size.cols } else { end };
        // Nothing is done before all of it may be.
        if scrolls && !self.touch_rows(Touch::Scroll, self.top, self.bottom, firm)
            || !self.touch(Touch::Write, [row, row], [col, over], firm)
        {
            return false;
        }
        if self.cursor.wrap == Wrap::Maybe || (short && !self.autowrap) {
            self.lose_cursor();
        }
        if wraps {
            // Where the column was in doubt, so is whether this is the next row.
            let sure = self.cursor.col_sure;
            self.index(true);
            self.column(0);
            self.cursor.col_sure = sure;
            self.cursor.row_sure &= sure;
        }
        if !self.cursor.col_sure && end.saturating_add(width) >= self.size.cols {
            // It may have been too much for the row, or not.
            self.cursor.row_sure = false;
        }
        let cols = self.size.cols;
        let ink = &mut self.page_mut().ink;
        if visible {
            ink.write(row, end);
        }
        if self.insert {
            self.page_mut().ink.push_right(row, width, cols);
        }
        self.doubt_ink();
        self.advance_over(end);
        self.last = Some((character, width));
        true
    }

    fn advance_over(&mut self, end: u16) {
        if end >= self.size.cols {
            self.cursor.col = self.last_col();
            self.cursor.wrap = if self.autowrap { Wrap::Pending } else { Wrap::Maybe };
        } else {
            self.cursor.col = end;
            self.unwrap();
        }
    }

    fn guess(&mut self, kind: Kind) {
        let bit = 1 << (kind as u8);
        self.guessed |= bit;
        if self.trusted & bit == 0 || kind == Kind::Joined {
            self.cursor.col_sure = false;
        }
    }
}

/// What terminals may disagree on about a character, and its width.
fn width(character: char) -> (u16, Option<Kind>) {
    let columns = character.width().unwrap_or(0);
    let kind = match character {
        // Zero width joiner, variation selectors, skin tones, regional indicators, tags, and what a
        // terminal may take for a picture.
        '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' => Some(Kind::Joined),
        '\u{1f1e6}'..='\u{1f1ff}' | '\u{e0000}'..='\u{e01ef}' => Some(Kind::Joined),
        char::REPLACEMENT_CHARACTER | '\u{80}'..='\u{9f}' => Some(Kind::Joined),
        // Hangul's vowels join with what is before.
        '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}' => Some(Kind::Joined),
        _ if columns == 0 => Some(Kind::Mark),
        _ if columns > 1 => Some(Kind::Wide),
        // Latin letters and punctuation that no locale of the West makes wide.
        '\u{a0}'..='\u{24f}' => None,
        _ => Some(Kind::Ambiguous),
    };
    (u16::try_from(columns).unwrap_or(2), kind)
}

/// Of a flood: what changes the terminal's modes is heard, and where everything is, is not known.
pub(super) struct Skimmed<'a>(pub(super) &'a mut Screen);

impl Skimmed<'_> {
    /// What is known no more after it.
    pub(super) fn end(self, styled: bool) {
        let Self(screen) = self;
        if styled {
            screen.cursor.pen.doubt();
        }
        screen.lose_cursor();
        screen.page_mut().ink.forget();
        screen.last = None;
    }
}

impl Acts for Skimmed<'_> {
    fn text(&mut self, run: &[u8]) -> usize {
        run.len()
    }

    fn print(&mut self, _: char, _: bool) -> bool {
        true
    }

    fn control(&mut self, _: u8, _: bool) -> bool {
        true
    }

    fn escape(&mut self, intermediate: u8, last: u8, _: bool) -> bool {
        let Self(screen) = self;
        match (intermediate, last) {
            (0, b'7') => {
                screen.lose_cursor();
                screen.save();
            }
            (0, b'8' | b'c') | (b'(' | b')' | b'*' | b'+' | b'#' | b'%', _) => {
                screen.escape(intermediate, last, true);
            }
            _ => {}
        }
        true
    }

    fn sequence(&mut self, s: &Sequence<'_>, _: bool) -> bool {
        let Self(screen) = self;
        match (s.private, s.intermediate, s.last) {
            (0, 0, b'm') => screen.cursor.pen.doubt(),
            (b'?', 0, b'h' | b'l' | b'r') | (0, b'!', b'p') | (0, 0, b'h' | b'l' | b'r' | b'g') => {
                screen.sequence(s, true);
            }
            (0, 0, b's' | b'u') => {
                screen.lose_cursor();
                screen.sequence(s, true);
            }
            _ => {}
        }
        true
    }

    fn string(&mut self, kind: StringKind, body: &[u8], _: bool) -> bool {
        self.0.string(kind, body, true)
    }

    fn doubtful(&mut self) {}
}

impl Acts for Screen {
    fn text(&mut self, run: &[u8]) -> usize {
        // A row at a time: nothing within one row needs to be looked at twice.
        let mut done = 0;
        while let Some(rest) = run.get(done..).filter(|rest| !rest.is_empty()) {
            let plain = self.cursor.wrap == Wrap::No && self.cursor.col_sure && !self.insert;
            let room = usize::from(self.size.cols.saturating_sub(self.cursor.col));
            let part =
                if plain { rest.get(..room.min(rest.len())).unwrap_or(rest) } else { &rest[..1] };
            if !self.text_in_row(part) {
                break;
            }
            done += part.len().max(1);
        }
        done
    }

    fn print(&mut self, character: char, firm: bool) -> bool {
        let (columns, kind) = width(character);
        let visible = character != '\u{a0}' || !self.cursor.pen.is_invisible();
        if !self.put(character, columns, visible, firm) {
            return false;
        }
        if let Some(kind) = kind {
            self.guess(kind);
        }
        true
    }

    fn control(&mut self, byte: u8, firm: bool) -> bool {
        match byte {
            0x07 => self.mark(Mark::Bell),
            0x08 => self.left(1),
            b'\t' => self.tab(1),
            b'\n' | 0x0b | 0x0c => return self.line_feed(firm),
            b'\r' => {
                self.cursor.col_sure = true;
                self.column(0);
            }
            0x0e => self.cursor.shift = 1,
            0x0f => self.cursor.shift = 0,
            // SUB shows a sign in some terminals.
            0x1a => self.lose_cursor(),
            _ => {}
        }
        true
    }

    fn escape(&mut self, intermediate: u8, last: u8, firm: bool) -> bool {
        match (intermediate, last) {
            (0, b'7') => self.save(),
            (0, b'8') => self.restore(),
            (0, b'D') => return self.feed(firm),
            (0, b'E') => {
                if !self.index(firm) {
                    return false;
                }
                self.column(0);
            }
            (0, b'M') => return self.reverse_index(firm),
            (0, b'H') => self.own_tabs = true,
            (0, b'c') => return self.reset(firm),
            (0, b'n') => self.cursor.shift = 2,
            (0, b'o') => self.cursor.shift = 3,
            // DECBI and DECFI move the columns.
            (0, b'6' | b'9') => {
                let row = self.cursor.row;
                if !self.touch_rows(Touch::Write, row, u16::MAX, firm) {
                    return false;
                }
                self.lose_cursor();
            }
            (b'(' | b')' | b'*' | b'+', set) => {
                let bit = 1 << (intermediate - b'(');
                let plain = matches!(set, b'B' | b'A' | b'@' | b'1');
                self.cursor.foreign =
                    if plain { self.cursor.foreign & !bit } else { self.cursor.foreign | bit };
            }
            // DECALN fills the screen.
            (b'#', b'8') => {
                if !self.touch_all(firm) {
                    return false;
                }
                (self.top, self.bottom) = (0, self.last_row());
                let (rows, cols) = (self.size.rows, self.size.cols);
                self.page_mut().ink.erase_rows(0, rows, cols);
                self.row(0);
                self.column(0);
            }
            // Double width and height: columns are no columns any more.
            (b'#', b'3' | b'4' | b'6') => self.lose_cursor(),
            // Other codings than UTF-8.
            (b'%', b'@') => self.lose_cursor(),
            _ => {}
        }
        true
    }

    fn sequence(&mut self, s: &Sequence<'_>, firm: bool) -> bool {
        match (s.private, s.intermediate, s.last) {
            (0, 0, _) => return self.plain_sequence(s, firm),
            (b'?', 0, b'h' | b'l') => {
                for mode in s.numbers() {
                    if !self.private_mode(mode, s.last == b'h', firm) {
                        return false;
                    }
                }
            }
            (b'?', 0, b'J') => return self.erase_screen(s.selector(), firm),
            (b'?', 0, b'K') => return self.erase_row(s.selector(), firm),
            // Modes put back as they were saved (XTRESTORE) may be any.
            (b'?', 0, b'r') => self.lose_cursor(),
            (b'?', 0, b'W') => self.own_tabs = false,
            (0, b'!', b'p') => self.soft_reset(),
            // Rectangles (DECCARA, DECCRA, DECRARA, DECFRA, DECERA, DECSERA), DECIC and DECDC.
            (0, b'$', b'r' | b't' | b'v' | b'x' | b'z' | b'{') | (0, b'\'', b'}' | b'~') => {
                if !self.touch_rows(Touch::Write, 0, u16::MAX, firm) {
                    return false;
                }
                let (rows, cols) = (self.size.rows, self.size.cols);
                (0..rows).for_each(|row| self.page_mut().ink.write(row, cols));
            }
            // SL and SR move the columns.
            (0, b' ', b'@' | b'A') => {
                if !self.touch_rows(Touch::Write, 0, u16::MAX, firm) {
                    return false;
                }
                let (rows, cols) = (self.size.rows, self.size.cols);
                (0..rows).for_each(|row| self.page_mut().ink.push_right(row, s.count(0), cols));
            }
            _ => {}
        }
        true
    }

    fn string(&mut self, kind: StringKind, body: &[u8], firm: bool) -> bool {
        match kind {
            StringKind::Osc | StringKind::LongOsc if is_picture(body) => return self.picture(firm),
            // OSC 8 ; parameters ; URI, which ends what is open where there is no URI.
            StringKind::Osc if body.starts_with(b"8;") => self.linked = !body.ends_with(b";"),
            StringKind::LongOsc => self.linked |= body.starts_with(b"8;"),
            StringKind::Osc => self.mark(Mark::Osc(body.to_vec())),
            StringKind::Dcs if is_sixel(body) => return self.picture(firm),
            // Commands of kitty's protocol that put a picture, and do not leave the cursor.
            StringKind::Apc if body.starts_with(b"G") => {
                let keys = body.split(|byte| *byte == b';').next().unwrap_or_default();
                self.uploading =
                    keys.split(|byte| matches!(byte, b'G' | b',')).any(|key| key == b"m=1");
                return self.picture(firm);
            }
            _ => {}
        }
        true
    }

    fn doubtful(&mut self) {
        self.lose_cursor();
    }
}

/// OSC 1337 ; File and MultipartFile, of iTerm2.
fn is_picture(osc: &[u8]) -> bool {
    osc.starts_with(b"1337;File") || osc.starts_with(b"1337;Multipart")
}

/// DCS P1 ; P2 ; P3 q (DEC STD 070 §sixel).
fn is_sixel(dcs: &[u8]) -> bool {
    let head = dcs.iter().position(|byte| !matches!(byte, b'0'..=b';'));
    head.and_then(|at| dcs.get(at)) == Some(&b'q')
}

impl Screen {
    fn mark(&mut self, mark: Mark) {
        if self.marks.len() < MOST_MARKS {
            self.marks.push(mark);
        }
    }

    /// Printable ASCII that ends in this row, at the latest.
    fn text_in_row(&mut self, part: &[u8]) -> bool {
        let plain = self.cursor.wrap == Wrap::No && self.cursor.col_sure && !self.insert;
        let blank = self.cursor.pen.is_invisible();
        let Some(&last) = part.last() else { return true };
        if !plain {
            return self.put(char::from(last), 1, last != b' ' || !blank, false);
        }
        let (row, col) = (self.cursor.row, self.cursor.col);
        let end = col.saturating_add(u16::try_from(part.len()).unwrap_or(u16::MAX));
        if !self.touch(Touch::Write, [row, row], [col, end], false) {
            return false;
        }
        let spaces = part.iter().rev().take_while(|byte| **byte == b' ').count();
        let ink = if blank { part.len() - spaces } else { part.len() };
        if ink > 0 {
            let end = col.saturating_add(u16::try_from(ink).unwrap_or(u16::MAX));
            self.page_mut().ink.write(row, end);
        }
        if !self.cursor.row_sure {
            self.doubt_ink();
        }
        self.advance_over(end);
        self.last = Some((char::from(last), 1));
        true
    }

    /// A picture of the program's own: where the cursor is after it is the terminal's affair, and
    /// what is below it, too.
    fn picture(&mut self, firm: bool) -> bool {
        let (row, last) = (self.cursor.row, self.last_row());
        // It may have scrolled all rows, or reach to the last.
        if !self.touch_rows(Touch::Scroll, 0, last, firm) {
            return false;
        }
        let cols = self.size.cols;
        (row..=last).for_each(|row| self.page_mut().ink.write(row, cols));
        self.lose_cursor();
        true
    }

    fn save(&mut self) {
        let cursor = self.cursor.clone();
        self.page_mut().saved = Some(cursor);
    }

    /// DECRC. Where nothing was saved: home, without origin mode, styles and other characters (VT510
    /// Programmer Information); not all terminals heed that of the place.
    fn restore(&mut self) {
        match self.page().saved.clone() {
            Some(saved) => {
                let (last_row, last_col) = (self.last_row(), self.last_col());
                self.cursor = saved;
                self.cursor.row = self.cursor.row.min(last_row);
                self.cursor.col = self.cursor.col.min(last_col);
                self.doubt_wrap();
            }
            None => {
                self.cursor = Cursor::default();
                self.lose_cursor();
            }
        }
        self.feeds = 0;
    }

    fn reset(&mut self, firm: bool) -> bool {
        if !self.touch_all(firm) {
            return false;
        }
        let (watched, marks) = (self.watched, std::mem::take(&mut self.marks));
        let trusted = self.trusted;
        *self = Self { watched, marks, trusted, ..Self::new(self.size, true) };
        (self.cursor.row_sure, self.cursor.col_sure) = (true, true);
        self.changes.wiped = true;
        self.mark(Mark::Reset);
        true
    }

    /// DECSTR.
    fn soft_reset(&mut self) {
        (self.top, self.bottom) = (0, self.last_row());
        self.insert = false;
        self.cursor.origin = false;
        self.cursor.pen = Pen::default();
        (self.cursor.foreign, self.cursor.shift) = (0, 0);
        self.cursor_shown = true;
        // xterm resets autowrap, too, others do not; DECSC's slot likewise.
        self.page_mut().saved = None;
    }

    fn plain_sequence(&mut self, s: &Sequence<'_>, firm: bool) -> bool {
        match s.last {
            b'A' => self.up(s.count(0)),
            b'B' | b'e' => self.down(s.count(0)),
            b'C' | b'a' => self.right(s.count(0)),
            b'D' => self.left(s.count(0)),
            b'E' => {
                self.down(s.count(0));
                self.column(0);
            }
            b'F' => {
                self.up(s.count(0));
                self.column(0);
            }
            b'G' | b'`' => self.column(s.count(0) - 1),
            b'd' => self.row(s.count(0) - 1),
            b'H' | b'f' => {
                self.row(s.count(0) - 1);
                self.column(s.count(1) - 1);
            }
            b'I' => self.tab(s.count(0)),
            b'Z' => self.tab_back(s.count(0)),
            b'J' => return self.erase_screen(s.selector(), firm),
            b'K' => return self.erase_row(s.selector(), firm),
            b'L' | b'M' => return self.move_lines(s.last == b'L', s.count(0), firm),
            b'S' => return self.scroll_up(self.top, s.count(0), firm),
            b'T' | b'^' => return self.scroll_down(self.top, s.count(0), firm),
            b'@' | b'P' | b'X' => return self.edit_row(s.last, s.count(0), firm),
            b'b' => return self.repeat(s.count(0), firm),
            b'm' => self.cursor.pen.set(s),
            b'r' => self.margins(s),
            // Where there are side margins it sets them (DECSLRM).
            b's' if !self.side_margins => self.save(),
            b'u' if s.parameters.is_empty() => self.restore(),
            b'g' => self.own_tabs = true,
            b'h' | b'l' => s.numbers().for_each(|mode| match mode {
                4 => self.insert = s.last == b'h',
                20 => self.newline = s.last == b'h',
                _ => {}
            }),
            // The window's size may be set; the system will tell.
            b't' if matches!(s.selector(), 4 | 8 | 24..) => self.lose_cursor(),
            _ => {}
        }
        true
    }

    /// DECSTBM; then the cursor is home.
    fn margins(&mut self, s: &Sequence<'_>) {
        let rows = self.size.rows;
        let mut numbers = s.numbers();
        let top = numbers.next().unwrap_or(0).max(1);
        let bottom = numbers.next().filter(|bottom| *bottom > 0).unwrap_or(rows).min(rows);
        if top < bottom {
            (self.top, self.bottom) = (top - 1, bottom - 1);
            self.row(0);
            self.column(0);
        }
    }

    /// ED (ECMA-48 §8.3.39).
    fn erase_screen(&mut self, what: u16, firm: bool) -> bool {
        let (row, rows, end) = (self.cursor.row, self.size.rows, self.erased());
        let col = self.cursor.col;
        let (from, to) = match what {
            0 => (row, rows),
            1 => (0, row.saturating_add(1)),
            // 22 is kitty's: into the scrollback.
            2 | 22 => (0, rows),
            3 => {
                self.page_mut().ink.forget_history();
                return self.touch_all(firm);
            }
            _ => return true,
        };
        let touch = if what < 2 { Touch::Write } else { Touch::Wipe };
        if !self.touch_rows(touch, from, to.saturating_sub(1), firm) {
            return false;
        }
        match what {
            0 => {
                self.cut_row(row, col, end);
                self.page_mut().ink.erase_rows(row.saturating_add(1), to, end);
            }
            1 => self.page_mut().ink.erase_rows(0, row, end),
            _ => self.page_mut().ink.erase_rows(0, rows, end),
        }
        if what < 2 {
            self.doubt_ink();
        }
        self.doubt_wrap();
        true
    }

    /// Erases a row from a column on; that column is not known where the cursor's is not.
    fn cut_row(&mut self, row: u16, col: u16, end: u16) {
        let sure = self.cursor.col_sure && self.cursor.row_sure;
        let ink = &mut self.page_mut().ink;
        if end > 0 {
            ink.write(row, end);
        } else if sure {
            ink.clip(row, col);
        }
    }

    /// EL (ECMA-48 §8.3.41).
    fn erase_row(&mut self, what: u16, firm: bool) -> bool {
        let (row, col, cols) = (self.cursor.row, self.cursor.col, self.size.cols);
        let end = self.erased();
        let touched = match what {
            0 => [col, cols],
            1 => [0, col.saturating_add(1)],
            2 => [0, cols],
            _ => return true,
        };
        if !self.touch(Touch::Write, [row, row], touched, firm) {
            return false;
        }
        match what {
            0 => self.cut_row(row, col, end),
            2 => self.cut_row(row, 0, end),
            _ if end > 0 => self.page_mut().ink.write(row, touched[1]),
            _ => {}
        }
        self.doubt_ink();
        self.doubt_wrap();
        true
    }

    /// IL and DL (ECMA-48 §8.3.67, §8.3.32).
    fn move_lines(&mut self, inserts: bool, by: u16, firm: bool) -> bool {
        let row = self.cursor.row;
        if !(self.top..=self.bottom).contains(&row) {
            return true;
        }
        let (bottom, end) = (self.bottom, self.erased());
        if !self.touch_rows(Touch::Scroll, row, bottom, firm) {
            return false;
        }
        let ink = &mut self.page_mut().ink;
        if inserts {
            ink.scroll_down(row, bottom, by, end);
        } else if row == 0 {
            // What is deleted is not history.
            ink.erase_rows(0, by.min(bottom.saturating_add(1)), 0);
            ink.scroll_up(row, bottom, by, end);
        } else {
            ink.scroll_up(row, bottom, by, end);
        }
        self.doubt_ink();
        // The column is kept in some terminals and 0 in others (ECMA-48 and DEC differ).
        self.cursor.col_sure &= self.cursor.col == 0;
        self.doubt_wrap();
        true
    }

    /// ICH, DCH and ECH (ECMA-48 §8.3.64, §8.3.26, §8.3.38).
    fn edit_row(&mut self, what: u8, by: u16, firm: bool) -> bool {
        let (row, col, cols) = (self.cursor.row, self.cursor.col, self.size.cols);
        let end = if what == b'X' { col.saturating_add(by).min(cols) } else { cols };
        if !self.touch(Touch::Write, [row, row], [col, end], firm) {
            return false;
        }
        let ground = self.erased();
        let ink = &mut self.page_mut().ink;
        if ground > 0 {
            ink.write(row, end);
        } else if what == b'@' {
            ink.push_right(row, by, cols);
        }
        self.doubt_ink();
        self.doubt_wrap();
        true
    }

    /// REP (ECMA-48 §8.3.103).
    fn repeat(&mut self, times: u16, firm: bool) -> bool {
        let Some((character, width)) = self.last.filter(|(_, width)| *width > 0) else {
            return true;
        };
        // No more than the screen holds: what is beyond only scrolls on.
        let most = u32::from(self.size.cols) * u32::from(self.size.rows);
        let blank = character == ' ' && self.cursor.pen.is_invisible();
        for n in 0..u32::from(times).min(most) {
            // What was begun cannot be declined any more.
            if !self.put(character, width, !blank, firm || n > 0) {
                return false;
            }
        }
        true
    }

    fn private_mode(&mut self, mode: u16, on: bool, firm: bool) -> bool {
        match mode {
            3 | 40 => {
                // DECCOLM clears the screen.
                if !self.touch_all(firm) {
                    return false;
                }
                self.forget();
            }
            6 => {
                self.cursor.origin = on;
                self.row(0);
                self.column(0);
            }
            7 => self.autowrap = on,
            25 => self.cursor_shown = on,
            // Reverse wraparound: a backspace at the left edge goes up.
            45 | 1045 => self.cursor.row_sure &= !on,
            47 | 1047 | 1049 => return self.switch(mode, on, firm),
            69 => self.side_margins = on,
            80 => self.sixel_display = on,
            1048 if on => self.save(),
            1048 => self.restore(),
            2026 => self.synchronized = on,
            _ => {}
        }
        true
    }

    /// To the alternate screen and back (xterm ctlseqs, modes 47, 1047 and 1049).
    fn switch(&mut self, mode: u16, on: bool, firm: bool) -> bool {
        if on == self.alternate {
            // xterm and VTE restore the cursor nevertheless, kitty does not.
            if !on && mode == 1049 {
                self.lose_cursor();
            }
            return true;
        }
        if !self.touch_all(firm) {
            return false;
        }
        if on && mode == 1049 {
            self.save();
        }
        if std::mem::take(&mut self.adrift) {
            // Nobody will tell any more where its rows went.
            self.page_mut().ink = Ink::new(self.size.rows, false);
        }
        self.alternate = on;
        if on && mode == 1049 {
            let (rows, end) = (self.size.rows, self.erased());
            self.other.ink = Ink::new(rows, true);
            self.other.ink.erase_rows(0, rows, end);
        } else if on {
            self.other.ink = Ink::new(self.size.rows, false);
        }
        if !on && mode == 1049 {
            self.restore();
        }
        self.changes.wiped = true;
        true
    }
}
