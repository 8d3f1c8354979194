//! Values of PDF (ISO 32000-1 §7.3) and their lexer. Bounded in depth and number; broken syntax gives what was read.

use std::rc::Rc;

/// Values inside values.
const DEPTH: u32 = 40;
/// Values that one reading may make.
const VALUES: u32 = 60_000;

/// A value. `Word` is a keyword or an operator.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Number(f64),
    Text(Vec<u8>),
    Name(Vec<u8>),
    Array(Rc<Vec<Value>>),
    Dict(Dict),
    Reference(u32),
    Word(Vec<u8>),
}

/// A dictionary, in the order in which it was written; the first of a name counts. A copy costs nothing, however long it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Dict(pub Rc<Vec<(Vec<u8>, Value)>>);

impl Dict {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(found, _)| found == name.as_bytes()).map(|(_, value)| value)
    }

    pub(crate) fn is(&self, name: &str, expected: &str) -> bool {
        matches!(self.get(name), Some(Value::Name(found)) if found == expected.as_bytes())
    }
}

impl Value {
    pub(crate) fn number(&self) -> Option<f64> {
        if let Value::Number(number) = self { Some(*number) } else { None }
    }

    /// A whole number that can count or point.
    pub(crate) fn count(&self) -> Option<usize> {
        let number = self.number().filter(|n| (0.0..=4e9).contains(n))?;
        Some(number as usize)
    }
}

/// Reads values one after the other.
pub(crate) struct Lexer<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
    left: u32,
    /// Whether `7 0 R` is a reference: in files, not in content streams.
    references: bool,
}

fn is_space(b: u8) -> bool {
    matches!(b, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_delimiter(b: u8) -> bool {
    matches!(b, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Lexer<'a> {
    pub(crate) fn of_file(bytes: &'a [u8], at: usize) -> Self {
        Lexer { bytes, at, left: VALUES, references: true }
    }

    /// For a content stream or a CMap: each call of [`Lexer::next`] has a bound of its own.
    pub(crate) fn of_content(bytes: &'a [u8]) -> Self {
        Lexer { bytes, at: 0, left: VALUES, references: false }
    }

    /// The next value; none at the end.
    pub(crate) fn next(&mut self) -> Option<Value> {
        self.left = VALUES;
        self.value(0)
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    pub(crate) fn skip_space(&mut self) {
        while let Some(b) = self.byte(0) {
            if b == b'%' {
                let rest = &self.bytes[self.at..];
                self.at += rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
            } else if is_space(b) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn value(&mut self, depth: u32) -> Option<Value> {
        self.skip_space();
        let first = self.byte(0)?;
        if self.left == 0 || depth > DEPTH {
            self.at = self.bytes.len();
            return None;
        }
        self.left -= 1;
        match (first, self.byte(1)) {
            (b'/', _) => Some(Value::Name(self.name())),
            (b'(', _) => Some(Value::Text(self.literal())),
            (b'<', Some(b'<')) => {
                self.at += 2;
                Some(Value::Dict(Dict(Rc::new(self.dict(depth)))))
            }
            (b'<', _) => Some(Value::Text(self.hex())),
            (b'[', _) => {
                self.at += 1;
                Some(Value::Array(Rc::new(self.array(depth))))
            }
            (b'>' | b']' | b'{' | b'}' | b')', _) => {
                let length = if first == b'>' && self.byte(1) == Some(b'>') { 2 } else { 1 };
                self.at += length;
                Some(Value::Word(self.bytes[self.at - length..self.at].to_vec()))
            }
            (b'0'..=b'9' | b'+' | b'-' | b'.', _) => Some(self.number_or_reference()),
            _ => Some(self.word()),
        }
    }

    fn run(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| is_space(*b) || is_delimiter(*b)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn name(&mut self) -> Vec<u8> {
        self.at += 1;
        let raw = self.run();
        let (mut name, mut at) = (Vec::with_capacity(raw.len().min(128)), 0);
        while at < raw.len() && name.len() < 4096 {
            let pair = if raw[at] == b'#' { raw.get(at + 1..at + 3).and_then(hex_pair) } else { None };
            name.push(pair.unwrap_or(raw[at]));
            at += if pair.is_some() { 3 } else { 1 };
        }
        name
    }

    fn word(&mut self) -> Value {
        let word = self.run();
        match word {
            b"null" => Value::Null,
            b"" => {
                // A byte that begins nothing.
                self.at += 1;
                Value::Null
            }
            word => Value::Word(word[..word.len().min(64)].to_vec()),
        }
    }

    fn number_or_reference(&mut self) -> Value {
        let raw = self.run();
        let Some(number) = number(raw) else { return Value::Word(raw[..raw.len().min(64)].to_vec()) };
        if self.references && raw.iter().all(u8::is_ascii_digit) {
            let before = self.at;
            self.skip_space();
            let generation = self.run();
            let digits = !generation.is_empty() && generation.len() < 6 && generation.iter().all(u8::is_ascii_digit);
            self.skip_space();
            if digits && self.byte(0) == Some(b'R') && self.byte(1).is_none_or(|b| is_space(b) || is_delimiter(b)) {
                self.at += 1;
                return Value::Reference(number as u32);
            }
            self.at = before;
        }
        Value::Number(number)
    }

    fn literal(&mut self) -> Vec<u8> {
        let (mut out, mut open) = (Vec::new(), 1u32);
        self.at += 1;
        while let Some(b) = self.byte(0) {
            self.at += 1;
            match b {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return out;
                    }
                }
                b'\\' => {
                    self.escape(&mut out);
                    continue;
                }
                _ => {}
            }
            out.push(b);
        }
        out
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(b) = self.byte(0) else { return };
        self.at += 1;
        match b {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'\n' => {}
            b'\r' => self.at += usize::from(self.byte(0) == Some(b'\n')),
            b'0'..=b'7' => {
                let mut value = u32::from(b - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.byte(0) else { break };
                    value = value * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                out.push((value & 0xff) as u8);
            }
            other => out.push(other),
        }
    }

    fn hex(&mut self) -> Vec<u8> {
        self.at += 1;
        let rest = &self.bytes[self.at..];
        let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        self.at += (end + 1).min(rest.len());
        let digits: Vec<u8> = rest[..end].iter().filter_map(|b| char::from(*b).to_digit(16)).map(|d| d as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).unwrap_or(&0)).collect()
    }

    fn array(&mut self, depth: u32) -> Vec<Value> {
        let mut values = Vec::new();
        loop {
            match self.value(depth + 1) {
                None => return values,
                Some(Value::Word(word)) if word == b"]" => return values,
                // The array was never closed.
                Some(Value::Word(word)) if matches!(&*word, b"endobj" | b"stream" | b">>") => return values,
                Some(value) => values.push(value),
            }
        }
    }

    fn dict(&mut self, depth: u32) -> Vec<(Vec<u8>, Value)> {
        let mut dict = Vec::new();
        loop {
            match self.value(depth + 1) {
                Some(Value::Name(name)) => match self.value(depth + 1) {
                    Some(Value::Word(word)) if matches!(&*word, b">>" | b"endobj" | b"stream") => return dict,
                    Some(value) => dict.push((name, value)),
                    None => return dict,
                },
                None => return dict,
                Some(Value::Word(word)) if matches!(&*word, b">>" | b"endobj" | b"stream") => return dict,
                Some(_) => {}
            }
        }
    }
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()
}

fn number(raw: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(&raw[..raw.len().min(40)]).ok()?;
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+')) && text.bytes().any(|b| b.is_ascii_digit());
    if !plain {
        return None;
    }
    // `12-34` and `--5` are seen in the wild.
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let digits = text.trim_start_matches(['-', '+']);
    let digits = digits.split(['-', '+']).next().unwrap_or_default();
    digits.parse::<f64>().ok().map(|number| number * sign)
}
