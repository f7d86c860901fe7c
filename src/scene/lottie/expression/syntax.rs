//! Source → tokens → a program whose words are all known.

use super::functions::{self, Native};
use super::{MAX_DEPTH, MAX_NODES, MAX_SOURCE, MAX_VECTOR, Unsupported};

/// A source with its names looked up.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) names: Vec<Name>,
    pub(super) functions: Vec<Function>,
    pub(super) body: Vec<Statement>,
}

/// A place in [`Program::names`].
pub(super) type NameIndex = usize;

/// A word of the source and all that it may stand for.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) text: String,
    /// The source's own function, before After Effects' one.
    pub(super) function: Option<usize>,
    pub(super) native: Option<Native>,
    /// Where the source has not assigned the word: After Effects' value.
    pub(super) reading: Option<Native>,
    assigned: bool,
    read: bool,
    called: bool,
}

#[derive(Debug)]
pub(super) struct Function {
    pub(super) parameters: Vec<NameIndex>,
    pub(super) body: Vec<Statement>,
}

#[derive(Debug)]
pub(super) enum Statement {
    Term(Term),
    Declare(Vec<(NameIndex, Option<Term>)>),
    If { test: Term, then: Box<Statement>, otherwise: Option<Box<Statement>> },
    Loop(Box<Loop>),
    Block(Vec<Statement>),
    Try { body: Vec<Statement>, error: Option<NameIndex>, rescue: Vec<Statement> },
    Return(Option<Term>),
    Break,
    Continue,
}

/// `for` and `while`.
#[derive(Debug)]
pub(super) struct Loop {
    pub(super) start: Option<Statement>,
    pub(super) test: Option<Term>,
    pub(super) step: Option<Term>,
    pub(super) body: Statement,
}

/// What has a value.
#[derive(Debug)]
pub(super) struct Term {
    pub(super) kind: Kind,
    /// Levels below and with this one.
    depth: usize,
}

#[derive(Debug)]
pub(super) enum Kind {
    Undefined,
    Number(f64),
    Text(String),
    Name(NameIndex),
    Vector(Vec<Term>),
    Index(Box<[Term; 2]>),
    Member(Box<Term>, Member),
    Call(NameIndex, Vec<Term>),
    Native(Native, Vec<Term>),
    Not(Box<Term>),
    Negate(Box<Term>),
    Binary(Operator, Box<[Term; 2]>),
    Choice(Box<[Term; 3]>),
    Assign(Target, Option<Operator>, Box<Term>),
    /// `++` and `--`: what is added, and whether the old value is the term's.
    Step(Target, f64, bool),
}

/// A variable or one entry of it.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) name: NameIndex,
    pub(super) index: Option<Box<Term>>,
}

/// What a key frame or a vector is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Member {
    Time,
    Value,
    Index,
    Length,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    Unequal,
    And,
    Or,
}

pub(super) fn parse(source: &str) -> Result<Program, Unsupported> {
    if source.len() > MAX_SOURCE {
        return Err(Unsupported("too long".into()));
    }
    let mut parser = Parser {
        tokens: tokens(source)?.into_iter().peekable(),
        program: Program { names: Vec::new(), functions: Vec::new(), body: Vec::new() },
        depth: 0,
        nodes: 0,
    };
    while !parser.next_is(&Token::End) {
        let statement = parser.statement()?;
        parser.program.body.push(statement);
    }
    parser.check_names()?;
    Ok(parser.program)
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Word(String),
    Mark(&'static str),
    End,
}

/// A token, and whether a line ended before it: there a semicolon may be left out.
type Placed = (Token, bool);

/// Longer marks stand before their beginnings.
const MARKS: [&str; 35] = [
    "===", "!==", "==", "!=", "<=", ">=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=",
    "+", "-", "*", "/", "%", "=", "<", ">", "!", "?", ":", ",", ".", ";", "(", ")", "[", "]", "{",
    "}",
];

fn tokens(source: &str) -> Result<Vec<Placed>, Unsupported> {
    let mut tokens = Vec::new();
    let mut rest = source;
    loop {
        let after = skip_blank(rest)?;
        let skipped = rest.strip_suffix(after).unwrap_or_default();
        let new_line = skipped.contains(['\n', '\r']);
        let (token, length) = token(after)?;
        let end = token == Token::End;
        tokens.push((token, new_line));
        if end {
            return Ok(tokens);
        }
        rest = after.get(length..).unwrap_or_default();
    }
}

/// Past white space and comments.
fn skip_blank(source: &str) -> Result<&str, Unsupported> {
    let mut rest = source.trim_start();
    loop {
        rest = if let Some(comment) = rest.strip_prefix("//") {
            comment.find(['\n', '\r']).and_then(|end| comment.get(end..)).unwrap_or_default()
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let (_, after) =
                comment.split_once("*/").ok_or(Unsupported("open comment".to_owned()))?;
            after
        } else {
            return Ok(rest);
        }
        .trim_start();
    }
}

/// The first token of `source` and its bytes.
fn token(source: &str) -> Result<(Token, usize), Unsupported> {
    let Some(first) = source.chars().next() else { return Ok((Token::End, 0)) };
    let span = |belongs: &dyn Fn(char) -> bool| {
        let length = source.find(|c| !belongs(c)).unwrap_or(source.len());
        source.get(..length).unwrap_or_default()
    };
    if matches!(first, '"' | '\'') {
        return text(source, first);
    }
    if first.is_alphabetic() || matches!(first, '_' | '$') {
        let word = span(&|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
        return Ok((Token::Word(word.to_owned()), word.len()));
    }
    let digits = source.strip_prefix('.').unwrap_or(source);
    if digits.starts_with(|c: char| c.is_ascii_digit()) {
        return number(source, span(&|c| c.is_ascii_alphanumeric() || c == '.'));
    }
    let mark = MARKS.iter().find(|mark| source.starts_with(**mark));
    mark.map(|mark| (Token::Mark(mark), mark.len())).ok_or(Unsupported(first.to_string()))
}

/// A number whose letters and digits are `span`, but for a sign in the exponent.
fn number(source: &str, span: &str) -> Result<(Token, usize), Unsupported> {
    let mut length = span.len();
    let rest = source.get(length..).unwrap_or_default();
    if span.ends_with(['e', 'E'])
        && let Some(exponent) = rest.strip_prefix(['+', '-'])
    {
        let digits = exponent.find(|c: char| !c.is_ascii_digit()).unwrap_or(exponent.len());
        length += 1 + digits;
    }
    let written = source.get(..length).unwrap_or_default();
    let number = written.parse().map_err(|_| Unsupported(shortened(written)))?;
    Ok((Token::Number(number), length))
}

fn text(source: &str, quote: char) -> Result<(Token, usize), Unsupported> {
    let mut text = String::new();
    let mut characters = source.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            c if c == quote => return Ok((Token::Text(text), at + c.len_utf8())),
            '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
            '\n' => break,
            other => text.push(other),
        }
    }
    Err(Unsupported("open string".into()))
}

/// As much of a word as a message has room for.
fn shortened(word: &str) -> String {
    word.chars().take(32).collect()
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Placed>>,
    program: Program,
    /// Levels of statements and terms that are open.
    depth: usize,
    nodes: usize,
}

type Parsed<T> = Result<T, Unsupported>;

impl Parser {
    /// Every word that is read or called must be the source's own or After Effects'.
    fn check_names(&self) -> Parsed<()> {
        let unknown = |name: &&Name| {
            (name.read && !name.assigned && name.reading.is_none())
                || (name.called && name.function.is_none() && name.native.is_none())
        };
        let unknown = self.program.names.iter().find(unknown);
        unknown.map_or(Ok(()), |name| Err(Unsupported(shortened(&name.text))))
    }

    /// An unknown word seen before is the better reason: `switch`, not the brace after it.
    fn unsupported(&self, word: &str) -> Unsupported {
        self.check_names().err().unwrap_or_else(|| Unsupported(shortened(word)))
    }

    fn unexpected(&mut self) -> Unsupported {
        let word = match self.tokens.peek() {
            Some((Token::Number(number), _)) => number.to_string(),
            Some((Token::Text(text) | Token::Word(text), _)) => text.clone(),
            Some((Token::Mark(mark), _)) => (*mark).to_owned(),
            Some((Token::End, _)) | None => "open end".to_owned(),
        };
        self.unsupported(&word)
    }

    fn next_is(&mut self, token: &Token) -> bool {
        self.tokens.peek().is_none_or(|(next, _)| next == token)
    }

    fn peek_mark(&mut self) -> Option<&'static str> {
        match self.tokens.peek() {
            Some((Token::Mark(mark), _)) => Some(mark),
            _ => None,
        }
    }

    fn on_new_line(&mut self) -> bool {
        self.tokens.peek().is_none_or(|(_, new_line)| *new_line)
    }

    fn take_mark(&mut self, mark: &str) -> bool {
        self.tokens.next_if(|(token, _)| matches!(token, Token::Mark(m) if *m == mark)).is_some()
    }

    fn take_word(&mut self, word: &str) -> bool {
        self.tokens.next_if(|(token, _)| matches!(token, Token::Word(w) if w == word)).is_some()
    }

    fn expect(&mut self, mark: &str) -> Parsed<()> {
        if self.take_mark(mark) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn word(&mut self) -> Parsed<String> {
        match self.tokens.next_if(|(token, _)| matches!(token, Token::Word(_))) {
            Some((Token::Word(word), _)) => Ok(word),
            _ => Err(self.unexpected()),
        }
    }

    fn name(&mut self, text: String) -> NameIndex {
        let names = &mut self.program.names;
        names.iter().position(|name| name.text == text).unwrap_or_else(|| {
            names.push(Name {
                function: None,
                native: functions::native(&text),
                reading: functions::reading(&text),
                assigned: false,
                read: false,
                called: false,
                text,
            });
            names.len() - 1
        })
    }

    fn flag(&mut self, name: NameIndex, set: impl FnOnce(&mut Name)) {
        if let Some(name) = self.program.names.get_mut(name) {
            set(name);
        }
    }

    /// The name of a variable or parameter that begins here.
    fn new_name(&mut self) -> Parsed<NameIndex> {
        let word = self.word()?;
        if functions::is_object(&word) {
            return Err(Unsupported(word));
        }
        let name = self.name(word);
        self.flag(name, |name| name.assigned = true);
        Ok(name)
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(Unsupported("too deep".into()));
        }
        self.count_node()?;
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn count_node(&mut self) -> Parsed<()> {
        self.nodes += 1;
        if self.nodes > MAX_NODES { Err(Unsupported("too many parts".into())) } else { Ok(()) }
    }

    /// A term above others, the deepest of which has `below` levels.
    fn term(&mut self, kind: Kind, below: usize) -> Parsed<Term> {
        self.count_node()?;
        if below >= MAX_DEPTH {
            return Err(Unsupported("too deep".into()));
        }
        Ok(Term { kind, depth: below + 1 })
    }
}

/// Statements.
impl Parser {
    fn statement(&mut self) -> Parsed<Statement> {
        self.nested(Self::any_statement)
    }

    fn any_statement(&mut self) -> Parsed<Statement> {
        if self.take_mark(";") {
            return Ok(Statement::Block(Vec::new()));
        }
        if self.peek_mark() == Some("{") {
            return self.block().map(Statement::Block);
        }
        let keyword = match self.tokens.peek() {
            Some((Token::Word(word), _)) => word.clone(),
            _ => String::new(),
        };
        match keyword.as_str() {
            "if" => self.if_statement(),
            "for" => self.for_statement(),
            "while" => self.while_statement(),
            "try" => self.try_statement(),
            "function" => self.function(),
            _ => {
                let statement = self.simple_statement(&keyword)?;
                self.end_statement()?;
                Ok(statement)
            }
        }
    }

    /// What a semicolon or a line's end closes.
    fn simple_statement(&mut self, keyword: &str) -> Parsed<Statement> {
        match keyword {
            "var" | "let" | "const" => self.declaration(),
            "return" => {
                self.tokens.next();
                let ends = self.on_new_line()
                    || self.next_is(&Token::End)
                    || matches!(self.peek_mark(), Some(";" | "}"));
                let value = if ends { None } else { Some(self.expression()?) };
                Ok(Statement::Return(value))
            }
            "break" | "continue" => {
                self.tokens.next();
                Ok(if keyword == "break" { Statement::Break } else { Statement::Continue })
            }
            _ => self.expression().map(Statement::Term),
        }
    }

    fn end_statement(&mut self) -> Parsed<()> {
        let ends = self.take_mark(";")
            || self.on_new_line()
            || self.next_is(&Token::End)
            || self.peek_mark() == Some("}");
        if ends { Ok(()) } else { Err(self.unexpected()) }
    }

    fn block(&mut self) -> Parsed<Vec<Statement>> {
        self.expect("{")?;
        let mut body = Vec::new();
        while !self.take_mark("}") {
            body.push(self.statement()?);
        }
        Ok(body)
    }

    fn declaration(&mut self) -> Parsed<Statement> {
        self.tokens.next();
        let mut declared = Vec::new();
        loop {
            let name = self.new_name()?;
            let value = if self.take_mark("=") { Some(self.expression()?) } else { None };
            declared.push((name, value));
            if !self.take_mark(",") {
                return Ok(Statement::Declare(declared));
            }
        }
    }

    fn in_parentheses(&mut self) -> Parsed<Term> {
        self.expect("(")?;
        let term = self.expression()?;
        self.expect(")")?;
        Ok(term)
    }

    fn if_statement(&mut self) -> Parsed<Statement> {
        self.tokens.next();
        let test = self.in_parentheses()?;
        let then = Box::new(self.statement()?);
        let otherwise =
            if self.take_word("else") { Some(Box::new(self.statement()?)) } else { None };
        Ok(Statement::If { test, then, otherwise })
    }

    fn while_statement(&mut self) -> Parsed<Statement> {
        self.tokens.next();
        let test = Some(self.in_parentheses()?);
        let body = self.statement()?;
        Ok(Statement::Loop(Box::new(Loop { start: None, test, step: None, body })))
    }

    fn for_statement(&mut self) -> Parsed<Statement> {
        self.tokens.next();
        self.expect("(")?;
        let start = match self.tokens.peek() {
            Some((Token::Mark(";"), _)) => None,
            Some((Token::Word(word), _)) if matches!(word.as_str(), "var" | "let") => {
                Some(self.declaration()?)
            }
            _ => Some(Statement::Term(self.expression()?)),
        };
        self.expect(";")?;
        let test = if self.peek_mark() == Some(";") { None } else { Some(self.expression()?) };
        self.expect(";")?;
        let step = if self.peek_mark() == Some(")") { None } else { Some(self.expression()?) };
        self.expect(")")?;
        let body = self.statement()?;
        Ok(Statement::Loop(Box::new(Loop { start, test, step, body })))
    }

    fn try_statement(&mut self) -> Parsed<Statement> {
        self.tokens.next();
        let body = self.block()?;
        if !self.take_word("catch") {
            return Err(self.unexpected());
        }
        let error = if self.take_mark("(") {
            let name = self.new_name()?;
            self.expect(")")?;
            Some(name)
        } else {
            None
        };
        Ok(Statement::Try { body, error, rescue: self.block()? })
    }

    /// A function is known in the whole source, wherever it stands.
    fn function(&mut self) -> Parsed<Statement> {
        self.tokens.next();
        let word = self.word()?;
        let name = self.name(word);
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.take_mark(")") {
            parameters.push(self.new_name()?);
            if self.peek_mark() != Some(")") {
                self.expect(",")?;
            }
        }
        let body = self.block()?;
        let place = self.program.functions.len();
        self.program.functions.push(Function { parameters, body });
        self.flag(name, |name| name.function = Some(place));
        Ok(Statement::Block(Vec::new()))
    }
}

/// Terms.
impl Parser {
    fn expression(&mut self) -> Parsed<Term> {
        self.nested(|parser| {
            let term = parser.binary(0)?;
            if parser.take_mark("?") {
                return parser.choice(term);
            }
            let operator = match parser.peek_mark() {
                Some("=") => None,
                Some("+=") => Some(Operator::Add),
                Some("-=") => Some(Operator::Subtract),
                Some("*=") => Some(Operator::Multiply),
                Some("/=") => Some(Operator::Divide),
                Some("%=") => Some(Operator::Remainder),
                _ => return Ok(term),
            };
            let below = term.depth;
            let target = parser.target(term)?;
            parser.tokens.next();
            let value = parser.expression()?;
            let below = below.max(value.depth);
            parser.term(Kind::Assign(target, operator, Box::new(value)), below)
        })
    }

    fn choice(&mut self, test: Term) -> Parsed<Term> {
        let yes = self.expression()?;
        self.expect(":")?;
        let no = self.expression()?;
        let below = test.depth.max(yes.depth).max(no.depth);
        self.term(Kind::Choice(Box::new([test, yes, no])), below)
    }

    fn target(&mut self, term: Term) -> Parsed<Target> {
        let (name, index) = match term.kind {
            Kind::Name(name) => (name, None),
            Kind::Index(pair) => match *pair {
                [Term { kind: Kind::Name(name), .. }, index] => (name, Some(Box::new(index))),
                _ => return Err(self.unexpected()),
            },
            _ => return Err(self.unexpected()),
        };
        self.flag(name, |name| name.assigned = true);
        Ok(Target { name, index })
    }

    /// Operators that bind more than `least`, from left to right.
    fn binary(&mut self, least: u8) -> Parsed<Term> {
        let mut left = self.unary()?;
        while let Some((operator, binding)) = self.peek_mark().and_then(operator)
            && binding > least
        {
            self.tokens.next();
            let right = self.binary(binding)?;
            let below = left.depth.max(right.depth);
            left = self.term(Kind::Binary(operator, Box::new([left, right])), below)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Term> {
        let mark = match self.peek_mark() {
            Some(mark @ ("-" | "+" | "!" | "++" | "--")) => mark,
            _ => return self.postfix(),
        };
        self.tokens.next();
        let operand = self.nested(Self::unary)?;
        let below = operand.depth;
        let kind = match mark {
            "!" => Kind::Not(Box::new(operand)),
            "-" => Kind::Negate(Box::new(operand)),
            "+" => return Ok(operand),
            _ => Kind::Step(self.target(operand)?, step(mark), false),
        };
        self.term(kind, below)
    }

    fn postfix(&mut self) -> Parsed<Term> {
        let mut term = self.primary()?;
        loop {
            let below = term.depth;
            if self.take_mark("[") {
                let index = self.expression()?;
                self.expect("]")?;
                let below = below.max(index.depth);
                term = self.term(Kind::Index(Box::new([term, index])), below)?;
            } else if self.take_mark(".") {
                let member = self.member()?;
                term = self.term(Kind::Member(Box::new(term), member), below)?;
            } else if let Some(mark @ ("++" | "--")) = self.peek_mark()
                && !self.on_new_line()
            {
                self.tokens.next();
                let target = self.target(term)?;
                return self.term(Kind::Step(target, step(mark), true), below);
            } else {
                return Ok(term);
            }
        }
    }

    fn member(&mut self) -> Parsed<Member> {
        let word = self.word()?;
        Ok(match word.as_str() {
            "time" => Member::Time,
            "value" => Member::Value,
            "index" => Member::Index,
            "length" => Member::Length,
            _ => return Err(self.unsupported(&word)),
        })
    }

    fn primary(&mut self) -> Parsed<Term> {
        if self.peek_mark() == Some("(") {
            return self.in_parentheses();
        }
        if self.take_mark("[") {
            let (entries, below) = self.list("]")?;
            if entries.len() > MAX_VECTOR {
                return Err(Unsupported("long array".into()));
            }
            return self.term(Kind::Vector(entries), below);
        }
        let kind = match self.tokens.next_if(|(token, _)| !matches!(token, Token::Mark(_))) {
            Some((Token::Number(number), _)) => Kind::Number(number),
            Some((Token::Text(text), _)) => Kind::Text(text),
            Some((Token::Word(word), _)) => return self.after_word(word),
            Some((Token::End | Token::Mark(_), _)) | None => return Err(self.unexpected()),
        };
        self.term(kind, 0)
    }

    /// Terms up to `close`, and the levels of the deepest.
    fn list(&mut self, close: &str) -> Parsed<(Vec<Term>, usize)> {
        let mut terms: Vec<Term> = Vec::new();
        while !self.take_mark(close) {
            terms.push(self.expression()?);
            if self.peek_mark() != Some(close) {
                self.expect(",")?;
            }
        }
        let below = terms.iter().map(|term| term.depth).max().unwrap_or(0);
        Ok((terms, below))
    }

    fn after_word(&mut self, word: String) -> Parsed<Term> {
        let kind = match word.as_str() {
            "true" => Kind::Number(1.0),
            "false" => Kind::Number(0.0),
            "null" | "undefined" => Kind::Undefined,
            object if functions::is_object(object) => return self.of_object(object),
            _ => {
                let name = self.name(word);
                if !self.take_mark("(") {
                    self.flag(name, |name| name.read = true);
                    return self.term(Kind::Name(name), 0);
                }
                self.flag(name, |name| name.called = true);
                let (arguments, below) = self.list(")")?;
                return self.term(Kind::Call(name, arguments), below);
            }
        };
        self.term(kind, 0)
    }

    /// `Math.sin(…)`, `thisProperty.value`, `thisComp.width`.
    fn of_object(&mut self, object: &str) -> Parsed<Term> {
        if !self.take_mark(".") {
            return Err(self.unsupported(object));
        }
        let word = self.word()?;
        let called = self.take_mark("(");
        let Some(native) = functions::of_object(object, &word, called) else {
            return Err(self.unsupported(&format!("{object}.{word}")));
        };
        let (arguments, below) = if called { self.list(")")? } else { (Vec::new(), 0) };
        self.term(Kind::Native(native, arguments), below)
    }
}

fn step(mark: &str) -> f64 {
    if mark == "++" { 1.0 } else { -1.0 }
}

/// An operator between two terms and how much it binds.
fn operator(mark: &str) -> Option<(Operator, u8)> {
    Some(match mark {
        "||" => (Operator::Or, 1),
        "&&" => (Operator::And, 2),
        "==" | "===" => (Operator::Equal, 3),
        "!=" | "!==" => (Operator::Unequal, 3),
        "<" => (Operator::Less, 4),
        "<=" => (Operator::LessOrEqual, 4),
        ">" => (Operator::Greater, 4),
        ">=" => (Operator::GreaterOrEqual, 4),
        "+" => (Operator::Add, 5),
        "-" => (Operator::Subtract, 5),
        "*" => (Operator::Multiply, 6),
        "/" => (Operator::Divide, 6),
        "%" => (Operator::Remainder, 6),
        _ => return None,
    })
}
