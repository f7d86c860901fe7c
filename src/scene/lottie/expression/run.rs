//! A program → its value at one moment, within a budget of steps.

use super::functions::{arithmetic, compare};
use super::syntax::{Kind, Loop, Member, NameIndex, Operator, Program, Statement, Target, Term};
use super::{FUEL, Fault, MAX_RUN_DEPTH, MAX_VECTOR, Scope, VALUE_FUEL, Value};

/// What a term may be while a program runs; texts lie in the program.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datum<'a> {
    Undefined,
    Value(Value),
    Text(&'a str),
    /// A key frame, counted from 0.
    Key(usize),
}

impl From<f64> for Datum<'_> {
    fn from(number: f64) -> Self {
        Self::Value(Value::Number(number))
    }
}

impl From<bool> for Datum<'_> {
    fn from(truth: bool) -> Self {
        f64::from(u8::from(truth)).into()
    }
}

impl Datum<'_> {
    pub(super) fn value(self) -> Result<Value, Fault> {
        match self {
            Self::Value(value) => Ok(value),
            _ => Err(Fault::Mismatch),
        }
    }

    /// A vector of one entry counts as its number, as in JavaScript.
    pub(super) fn number(&self) -> Result<f64, Fault> {
        match self {
            Self::Value(Value::Number(number)) => Ok(*number),
            Self::Value(Value::Vector(entries)) => match entries.as_slice() {
                [number] => Ok(*number),
                _ => Err(Fault::Mismatch),
            },
            _ => Err(Fault::Mismatch),
        }
    }

    fn truth(&self) -> bool {
        match self {
            Self::Undefined => false,
            Self::Value(Value::Number(number)) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Value(Value::Vector(_)) | Self::Key(_) => true,
        }
    }
}

/// What a call was given; too few are undefined, more are ignored.
pub(super) struct Arguments<'a>(pub(super) Vec<Datum<'a>>);

impl<'a> Arguments<'a> {
    pub(super) fn get(&self, at: usize) -> Datum<'a> {
        self.0.get(at).cloned().unwrap_or(Datum::Undefined)
    }

    pub(super) fn has(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(|datum| *datum != Datum::Undefined)
    }

    pub(super) fn value(&self, at: usize) -> Result<Value, Fault> {
        self.get(at).value()
    }

    pub(super) fn number(&self, at: usize) -> Result<f64, Fault> {
        self.get(at).number()
    }

    pub(super) fn number_or(&self, at: usize, default: f64) -> Result<f64, Fault> {
        if self.has(at) { self.number(at) } else { Ok(default) }
    }
}

/// How a statement ended.
enum Flow<'a> {
    Next,
    Break,
    Continue,
    Return(Datum<'a>),
}

/// One run of a program.
pub(super) struct Run<'a> {
    pub(super) scope: &'a dyn Scope,
    /// Seconds; `posterizeTime` makes steps of them.
    pub(super) time: f64,
    /// The state of `random`, once it has been asked.
    pub(super) random: Option<u64>,
    program: &'a Program,
    globals: Vec<Option<Datum<'a>>>,
    /// Of each open call.
    locals: Vec<Vec<(NameIndex, Datum<'a>)>>,
    /// The last term outside functions.
    last: Datum<'a>,
    fuel: u32,
    depth: usize,
}

pub(super) fn run(program: &Program, scope: &dyn Scope) -> Result<Value, Fault> {
    let mut run = Run {
        scope,
        time: scope.time(),
        random: None,
        program,
        globals: vec![None; program.names.len()],
        locals: Vec::new(),
        last: Datum::Undefined,
        fuel: FUEL,
        depth: 0,
    };
    if let Flow::Return(datum) = run.block(&program.body)? {
        run.last = datum;
    }
    let named = program.names.iter().zip(run.globals).find(|(name, _)| name.text == "$bm_rt");
    let result = named.and_then(|(_, datum)| datum).filter(|datum| *datum != Datum::Undefined);
    let value = result.unwrap_or(run.last).value()?;
    let finite = match &value {
        Value::Number(number) => number.is_finite(),
        Value::Vector(entries) => entries.iter().all(|entry| entry.is_finite()),
    };
    if finite { Ok(value) } else { Err(Fault::NotFinite) }
}

/// A number as a place in a list.
pub(super) fn place(number: f64) -> Result<usize, Fault> {
    if number < 0.0 || number > f64::from(u32::MAX) || number.fract() != 0.0 {
        return Err(Fault::Mismatch);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(number as usize)
}

impl<'a> Run<'a> {
    pub(super) fn spend(&mut self, steps: u32) -> Result<(), Fault> {
        self.fuel = self.fuel.checked_sub(steps).ok_or(Fault::OutOfFuel)?;
        Ok(())
    }

    /// What the key frames say.
    pub(super) fn value_at(&mut self, time: f64) -> Result<Value, Fault> {
        self.spend(VALUE_FUEL)?;
        if time.is_finite() { Ok(self.scope.value_at(time)) } else { Err(Fault::NotFinite) }
    }

    fn nested<T>(&mut self, go: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.spend(1)?;
        if self.depth >= MAX_RUN_DEPTH {
            return Err(Fault::OutOfFuel);
        }
        self.depth += 1;
        let done = go(self);
        self.depth -= 1;
        done
    }

    fn block(&mut self, body: &'a [Statement]) -> Result<Flow<'a>, Fault> {
        for statement in body {
            match self.nested(|run| run.statement(statement))? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, statement: &'a Statement) -> Result<Flow<'a>, Fault> {
        match statement {
            Statement::Term(term) => {
                let datum = self.evaluate(term)?;
                if self.locals.is_empty() {
                    self.last = datum;
                }
            }
            Statement::Declare(declared) => self.declare_all(declared)?,
            Statement::If { test, then, otherwise } => {
                if self.evaluate(test)?.truth() {
                    return self.nested(|run| run.statement(then));
                } else if let Some(otherwise) = otherwise {
                    return self.nested(|run| run.statement(otherwise));
                }
            }
            Statement::Loop(repeated) => return self.repeat(repeated),
            Statement::Block(body) => return self.block(body),
            Statement::Try { body, error, rescue } => return self.attempt(body, *error, rescue),
            Statement::Return(None) => return Ok(Flow::Return(Datum::Undefined)),
            Statement::Return(Some(term)) => return self.evaluate(term).map(Flow::Return),
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn declare_all(&mut self, declared: &'a [(NameIndex, Option<Term>)]) -> Result<(), Fault> {
        for (name, term) in declared {
            match term {
                Some(term) => {
                    let datum = self.evaluate(term)?;
                    self.declare(*name, datum);
                }
                None if self.is_declared(*name) => {}
                None => self.declare(*name, Datum::Undefined),
            }
        }
        Ok(())
    }

    fn repeat(&mut self, repeated: &'a Loop) -> Result<Flow<'a>, Fault> {
        if let Some(start) = &repeated.start {
            self.nested(|run| run.statement(start))?;
        }
        loop {
            self.spend(1)?;
            if let Some(test) = &repeated.test
                && !self.evaluate(test)?.truth()
            {
                return Ok(Flow::Next);
            }
            match self.nested(|run| run.statement(&repeated.body))? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => return Ok(Flow::Next),
                Flow::Return(datum) => return Ok(Flow::Return(datum)),
            }
            if let Some(step) = &repeated.step {
                self.evaluate(step)?;
            }
        }
    }

    /// A fault is caught like JavaScript's error, but the budget's end stays the end.
    fn attempt(
        &mut self,
        body: &'a [Statement],
        error: Option<NameIndex>,
        rescue: &'a [Statement],
    ) -> Result<Flow<'a>, Fault> {
        match self.block(body) {
            Err(Fault::OutOfFuel) => Err(Fault::OutOfFuel),
            Err(_) => {
                if let Some(error) = error {
                    self.declare(error, Datum::Undefined);
                }
                self.block(rescue)
            }
            done => done,
        }
    }

    /// The variable of the open call, else the program's.
    fn variable(&mut self, name: NameIndex) -> Option<&mut Datum<'a>> {
        let locals = self.locals.last_mut();
        let local = locals.and_then(|locals| locals.iter_mut().find(|local| local.0 == name));
        match local {
            Some((_, datum)) => Some(datum),
            None => self.globals.get_mut(name).and_then(Option::as_mut),
        }
    }

    fn declare(&mut self, name: NameIndex, datum: Datum<'a>) {
        match self.locals.last_mut() {
            Some(locals) => match locals.iter_mut().find(|local| local.0 == name) {
                Some(local) => local.1 = datum,
                None => locals.push((name, datum)),
            },
            None => self.set_global(name, datum),
        }
    }

    fn is_declared(&self, name: NameIndex) -> bool {
        match self.locals.last() {
            Some(locals) => locals.iter().any(|local| local.0 == name),
            None => self.globals.get(name).is_some_and(Option::is_some),
        }
    }

    fn set_global(&mut self, name: NameIndex, datum: Datum<'a>) {
        if let Some(global) = self.globals.get_mut(name) {
            *global = Some(datum);
        }
    }

    fn assign(&mut self, name: NameIndex, datum: Datum<'a>) {
        match self.variable(name) {
            Some(variable) => *variable = datum,
            None => self.set_global(name, datum),
        }
    }

    fn read(&mut self, name: NameIndex) -> Result<Datum<'a>, Fault> {
        if let Some(datum) = self.variable(name) {
            return Ok(datum.clone());
        }
        match self.program.names.get(name).and_then(|name| name.reading) {
            Some(reading) => reading(self, &Arguments(Vec::new())),
            None => Ok(Datum::Undefined),
        }
    }

    fn evaluate(&mut self, term: &'a Term) -> Result<Datum<'a>, Fault> {
        self.nested(|run| run.term(term))
    }

    fn term(&mut self, term: &'a Term) -> Result<Datum<'a>, Fault> {
        match &term.kind {
            Kind::Undefined => Ok(Datum::Undefined),
            Kind::Number(number) => Ok((*number).into()),
            Kind::Text(text) => Ok(Datum::Text(text)),
            Kind::Name(name) => self.read(*name),
            Kind::Vector(entries) => self.vector(entries),
            Kind::Index(pair) => self.entry(pair),
            Kind::Member(of, member) => self.member(of, *member),
            Kind::Call(name, arguments) => self.call(*name, arguments),
            Kind::Native(native, arguments) => {
                let arguments = self.arguments(arguments)?;
                native(self, &arguments)
            }
            Kind::Not(operand) => Ok((!self.evaluate(operand)?.truth()).into()),
            Kind::Negate(operand) => {
                let value = self.evaluate(operand)?.value()?;
                arithmetic(Operator::Multiply, value, Value::Number(-1.0)).map(Datum::Value)
            }
            Kind::Binary(operator, pair) => self.binary(*operator, pair),
            Kind::Choice(parts) => {
                let [test, yes, no] = parts.as_ref();
                if self.evaluate(test)?.truth() { self.evaluate(yes) } else { self.evaluate(no) }
            }
            Kind::Assign(target, operator, value) => self.assignment(target, *operator, value),
            Kind::Step(target, by, old) => self.step(target, *by, *old),
        }
    }

    fn vector(&mut self, entries: &'a [Term]) -> Result<Datum<'a>, Fault> {
        let entries: Result<_, _> =
            entries.iter().map(|entry| self.evaluate(entry)?.number()).collect();
        Ok(Datum::Value(Value::Vector(entries?)))
    }

    /// A number's entry 0 is the number: an exporter may write a property of one value either way.
    fn entry(&mut self, pair: &'a [Term; 2]) -> Result<Datum<'a>, Fault> {
        let [of, index] = pair;
        let value = self.evaluate(of)?.value()?;
        let index = place(self.evaluate(index)?.number()?)?;
        let entry = match &value {
            Value::Number(number) => (index == 0).then_some(*number),
            Value::Vector(entries) => entries.get(index).copied(),
        };
        Ok(entry.map_or(Datum::Undefined, Datum::from))
    }

    fn member(&mut self, of: &'a Term, member: Member) -> Result<Datum<'a>, Fault> {
        match (self.evaluate(of)?, member) {
            (Datum::Value(Value::Vector(entries)), Member::Length) => Ok(count(entries.len())),
            (Datum::Key(key), Member::Index) => Ok(count(key + 1)),
            (Datum::Key(key), Member::Time | Member::Value) => {
                let time = *self.scope.key_times().get(key).ok_or(Fault::Mismatch)?;
                match member {
                    Member::Value => self.value_at(time).map(Datum::Value),
                    _ => Ok(time.into()),
                }
            }
            _ => Err(Fault::Mismatch),
        }
    }

    fn arguments(&mut self, terms: &'a [Term]) -> Result<Arguments<'a>, Fault> {
        terms.iter().map(|term| self.evaluate(term)).collect::<Result<_, _>>().map(Arguments)
    }

    fn call(&mut self, name: NameIndex, terms: &'a [Term]) -> Result<Datum<'a>, Fault> {
        let arguments = self.arguments(terms)?;
        let name = self.program.names.get(name).ok_or(Fault::Mismatch)?;
        let Some(function) = name.function.and_then(|place| self.program.functions.get(place))
        else {
            return name.native.ok_or(Fault::Mismatch)?(self, &arguments);
        };
        let parameters = function.parameters.iter().enumerate();
        self.locals.push(parameters.map(|(at, name)| (*name, arguments.get(at))).collect());
        let flow = self.block(&function.body);
        self.locals.pop();
        match flow? {
            Flow::Return(datum) => Ok(datum),
            _ => Ok(Datum::Undefined),
        }
    }

    fn binary(&mut self, operator: Operator, pair: &'a [Term; 2]) -> Result<Datum<'a>, Fault> {
        let [left, right] = pair;
        let left = self.evaluate(left)?;
        match operator {
            Operator::And if !left.truth() => return Ok(left),
            Operator::Or if left.truth() => return Ok(left),
            Operator::And | Operator::Or => return self.evaluate(right),
            _ => {}
        }
        let right = self.evaluate(right)?;
        match operator {
            Operator::Equal => Ok((left == right).into()),
            Operator::Unequal => Ok((left != right).into()),
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => {
                Ok(compare(operator, left.number()?, right.number()?).into())
            }
            _ => arithmetic(operator, left.value()?, right.value()?).map(Datum::Value),
        }
    }

    /// Which entry of the variable is meant, if not all of it.
    fn place_of(&mut self, target: &'a Target) -> Result<Option<usize>, Fault> {
        let Some(index) = &target.index else { return Ok(None) };
        place(self.evaluate(index)?.number()?).map(Some)
    }

    fn assignment(
        &mut self,
        target: &'a Target,
        operator: Option<Operator>,
        value: &'a Term,
    ) -> Result<Datum<'a>, Fault> {
        let index = self.place_of(target)?;
        let old = if operator.is_some() { Some(self.stored(target.name, index)?) } else { None };
        let value = self.evaluate(value)?;
        let datum = match (operator, old) {
            (Some(operator), Some(old)) => {
                Datum::Value(arithmetic(operator, old.value()?, value.value()?)?)
            }
            _ => value,
        };
        self.store(target.name, index, datum.clone())?;
        Ok(datum)
    }

    fn step(&mut self, target: &'a Target, by: f64, old: bool) -> Result<Datum<'a>, Fault> {
        let index = self.place_of(target)?;
        let before = self.stored(target.name, index)?.number()?;
        self.store(target.name, index, (before + by).into())?;
        Ok(if old { before } else { before + by }.into())
    }

    fn stored(&mut self, name: NameIndex, index: Option<usize>) -> Result<Datum<'a>, Fault> {
        let whole = self.read(name)?;
        let Some(index) = index else { return Ok(whole) };
        match whole {
            Datum::Value(Value::Vector(entries)) => {
                entries.get(index).map(|entry| (*entry).into()).ok_or(Fault::Mismatch)
            }
            _ => Err(Fault::Mismatch),
        }
    }

    /// An entry past the end makes the vector longer, with zeros between.
    fn store(
        &mut self,
        name: NameIndex,
        index: Option<usize>,
        datum: Datum<'a>,
    ) -> Result<(), Fault> {
        let Some(index) = index else {
            self.assign(name, datum);
            return Ok(());
        };
        let Datum::Value(Value::Vector(mut entries)) = self.read(name)? else {
            return Err(Fault::Mismatch);
        };
        if index >= MAX_VECTOR {
            return Err(Fault::Mismatch);
        }
        if index >= entries.len() {
            entries.resize(index + 1, 0.0);
        }
        *entries.get_mut(index).ok_or(Fault::Mismatch)? = datum.number()?;
        self.assign(name, Datum::Value(Value::Vector(entries)));
        Ok(())
    }
}

pub(super) fn count<'a>(count: usize) -> Datum<'a> {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)).into()
}
