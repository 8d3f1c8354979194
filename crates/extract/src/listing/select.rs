//! Selectors of profiles: the part of CSS that finds a cell in a row, and nothing that needs a browser.
//!
//! `tag`, `.class`, `#id`, `[attr]`, `[attr=v]` (also `~= ^= $= *=`), descendant, child `>`, next sibling `+`,
//! `:nth-child()`, `:nth-of-type(n)`, `:first-child`, `:last-child`, `:not(…)`, `:scope` (the row itself) and
//! `:contains("words")`, and several of them with commas. Every look costs fuel, and fuel is bounded: a hostile page
//! or a careless profile ends, and it is told.

use std::cell::Cell;

use super::{
    shown::Shown,
    tree::{Tag, Tree, tag_named},
};

/// What one page may cost, in nodes looked at and bytes compared.
#[derive(Debug)]
pub(crate) struct Fuel(Cell<u64>);

impl Fuel {
    pub(crate) fn new() -> Self {
        Fuel(Cell::new(30_000_000))
    }

    /// Takes some; false when there is none left.
    pub(crate) fn take(&self, steps: u64) -> bool {
        let left = self.0.get().saturating_sub(steps);
        self.0.set(left);
        left > 0
    }

    pub(crate) fn is_out(&self) -> bool {
        self.0.get() == 0
    }
}

/// A selector, or several with commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector(Vec<Chain>);

/// Compounds from the inside out: the first is the element that is sought.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Chain(Vec<(Compound, Bond)>);

/// How a compound hangs on the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bond {
    None,
    Inside,
    Child,
    After,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Compound(Vec<Test>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Any,
    Tag(String, Option<Tag>),
    Id(String),
    Class(String),
    Attribute(String, Compare, String),
    NthChild(i64, i64),
    NthOfType(u32),
    LastChild,
    Scope,
    Contains(String),
    Not(Compound),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Present,
    Equals,
    Word,
    Begins,
    Ends,
    Holds,
}

impl Selector {
    /// Every element below `root` that is meant, in the order of the page.
    pub(crate) fn all(&self, tree: &Tree<'_>, root: usize, fuel: &Fuel) -> Vec<usize> {
        let from = if self.means_scope() { root.max(1) } else { root + 1 };
        (from..tree.nodes[root].last as usize).filter(|node| self.means(tree, *node, root, fuel)).collect()
    }

    /// The `nth` of them, from 1.
    pub(crate) fn nth(&self, tree: &Tree<'_>, root: usize, nth: usize, fuel: &Fuel) -> Option<usize> {
        let from = if self.means_scope() { root.max(1) } else { root + 1 };
        (from..tree.nodes[root].last as usize).filter(|node| self.means(tree, *node, root, fuel)).nth(nth.max(1) - 1)
    }

    fn means_scope(&self) -> bool {
        self.0.iter().any(|chain| chain.0.len() == 1 && chain.0[0].0.0.contains(&Test::Scope))
    }

    /// Whether one node is meant.
    pub(crate) fn means(&self, tree: &Tree<'_>, node: usize, root: usize, fuel: &Fuel) -> bool {
        fuel.take(1) && tree.nodes[node].tag != Tag::TEXT && self.0.iter().any(|chain| chain.fits(tree, node, root, fuel, 0))
    }
}

impl Chain {
    fn fits(&self, tree: &Tree<'_>, node: usize, root: usize, fuel: &Fuel, index: usize) -> bool {
        let (compound, bond) = &self.0[index];
        if !fuel.take(1) || !compound.fits(tree, node, root, fuel) {
            return false;
        }
        let above = |n: usize| self.fits(tree, n, root, fuel, index + 1);
        match bond {
            Bond::None => true,
            Bond::Child => tree.parent(node).is_some_and(|p| p > 0 && above(p)),
            Bond::Inside => tree.upwards(node).skip(1).any(above),
            Bond::After => previous(tree, node, fuel).is_some_and(above),
        }
    }
}

/// The element before this one under the same parent.
fn previous(tree: &Tree<'_>, node: usize, fuel: &Fuel) -> Option<usize> {
    let parent = tree.parent(node)?;
    tree.children(parent).take_while(|n| *n < node && fuel.take(1)).filter(|n| tree.nodes[*n].tag != Tag::TEXT).last()
}

impl Compound {
    fn fits(&self, tree: &Tree<'_>, node: usize, root: usize, fuel: &Fuel) -> bool {
        self.0.iter().all(|test| test.fits(tree, node, root, fuel))
    }
}

impl Test {
    fn fits(&self, tree: &Tree<'_>, node: usize, root: usize, fuel: &Fuel) -> bool {
        match self {
            Test::Any => true,
            Test::Tag(name, known) => match known {
                Some(tag) => tree.nodes[node].tag == *tag,
                None => tree.name(node).eq_ignore_ascii_case(name.as_bytes()),
            },
            Test::Id(id) => tree.value(node, "id") == Some(id.as_bytes()),
            Test::Class(class) => tree.classes(node).any(|c| c == class.as_bytes()),
            Test::Attribute(name, compare, wanted) => tree.value(node, name).is_some_and(|v| compare.fits(v, wanted.as_bytes(), fuel)),
            Test::NthChild(step, first) => {
                let nth = i64::from(tree.nodes[node].nth) - first;
                if *step == 0 { nth == 0 } else { nth % step == 0 && nth / step >= 0 }
            }
            Test::NthOfType(nth) => {
                let tag = tree.nodes[node].tag;
                let parent = tree.parent(node).unwrap_or(0);
                tree.children(parent).take_while(|n| *n <= node && fuel.take(1)).filter(|n| tree.nodes[*n].tag == tag).count() == *nth as usize
            }
            Test::LastChild => {
                let parent = tree.parent(node).unwrap_or(0);
                tree.children(parent).skip_while(|n| *n <= node && fuel.take(1)).all(|n| tree.nodes[n].tag == Tag::TEXT)
            }
            Test::Scope => node == root,
            Test::Contains(words) => {
                let size = u64::from(tree.nodes[node].end - tree.nodes[node].start);
                fuel.take(size) && Shown::of(tree, node, |_| false).text.contains(words.as_str())
            }
            Test::Not(compound) => !compound.fits(tree, node, root, fuel),
        }
    }
}

impl Compare {
    fn fits(self, value: &[u8], wanted: &[u8], fuel: &Fuel) -> bool {
        match self {
            Compare::Present => true,
            Compare::Equals => value == wanted,
            Compare::Word => value.split(u8::is_ascii_whitespace).any(|word| word == wanted),
            Compare::Begins => !wanted.is_empty() && value.starts_with(wanted),
            Compare::Ends => !wanted.is_empty() && value.ends_with(wanted),
            Compare::Holds => fuel.take(value.len() as u64 / 8) && memchr::memmem::find(value, wanted).is_some(),
        }
    }
}

/// Longer selectors are refused; so are longer chains.
const LONGEST: usize = 400;

impl std::str::FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("this selector has more than {LONGEST} bytes; write a shorter one"));
        }
        let mut parser = Parser { rest: text, whole: text };
        let mut chains = vec![parser.chain()?];
        while parser.eat(',') {
            chains.push(parser.chain()?);
        }
        if parser.rest.is_empty() { Ok(Selector(chains)) } else { Err(parser.wrong("a comma or the end")) }
    }
}

struct Parser<'a> {
    rest: &'a str,
    whole: &'a str,
}

impl Parser<'_> {
    fn wrong(&self, expected: &str) -> String {
        format!("the selector {:?} has something other than {expected} at byte {}", self.whole, self.whole.len() - self.rest.len())
    }

    fn eat(&mut self, letter: char) -> bool {
        match self.rest.strip_prefix(letter) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn spaces(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_start();
        self.rest.len() < before
    }

    fn chain(&mut self) -> Result<Chain, String> {
        self.spaces();
        let mut parts = vec![(self.compound()?, Bond::None)];
        loop {
            let spaced = self.spaces();
            let bond = match self.rest.chars().next() {
                None | Some(',' | ')') => break,
                Some('>') => Bond::Child,
                Some('+') => Bond::After,
                Some(_) if spaced => Bond::Inside,
                Some(_) => return Err(self.wrong("a space, >, + or the end")),
            };
            if bond != Bond::Inside {
                self.rest = &self.rest[1..];
                self.spaces();
            }
            parts.push((self.compound()?, bond));
        }
        // From the inside out, each with its bond to the next one outwards: the bond is written before the inner one.
        let bonds: Vec<Bond> = parts.iter().skip(1).map(|(_, bond)| *bond).rev().chain([Bond::None]).collect();
        Ok(Chain(parts.into_iter().rev().zip(bonds).map(|((compound, _), bond)| (compound, bond)).collect()))
    }

    fn compound(&mut self) -> Result<Compound, String> {
        let mut tests = vec![];
        if self.eat('*') {
            tests.push(Test::Any);
        } else if let Some(name) = self.word() {
            let lower = name.to_ascii_lowercase();
            let known = tag_named(&lower);
            tests.push(Test::Tag(lower, known));
        }
        loop {
            if self.eat('.') {
                tests.push(Test::Class(self.need_word("a class")?));
            } else if self.eat('#') {
                tests.push(Test::Id(self.need_word("an id")?));
            } else if self.eat('[') {
                tests.push(self.attribute()?);
            } else if self.eat(':') {
                tests.push(self.pseudo()?);
            } else {
                break;
            }
        }
        if tests.is_empty() { Err(self.wrong("a tag, .class, #id, [attribute] or :word")) } else { Ok(Compound(tests)) }
    }

    fn word(&mut self) -> Option<String> {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }

    fn need_word(&mut self, what: &str) -> Result<String, String> {
        self.word().ok_or_else(|| self.wrong(what))
    }

    fn attribute(&mut self) -> Result<Test, String> {
        self.spaces();
        let name = self.need_word("the name of an attribute")?;
        self.spaces();
        if self.eat(']') {
            return Ok(Test::Attribute(name, Compare::Present, String::new()));
        }
        let signs = [("=", Compare::Equals), ("~=", Compare::Word), ("^=", Compare::Begins), ("$=", Compare::Ends), ("*=", Compare::Holds)];
        let (sign, compare) = signs.into_iter().find(|(sign, _)| self.rest.starts_with(sign)).ok_or_else(|| self.wrong("=, ~=, ^=, $=, *= or ]"))?;
        self.rest = &self.rest[sign.len()..];
        self.spaces();
        let value = self.text(']')?;
        self.spaces();
        if self.eat(']') { Ok(Test::Attribute(name, compare, value)) } else { Err(self.wrong("]")) }
    }

    /// Text in quotation marks, or bare up to `end`.
    fn text(&mut self, end: char) -> Result<String, String> {
        let (close, from) = match self.rest.chars().next() {
            Some(mark @ ('"' | '\'')) => (mark, 1),
            _ => (end, 0),
        };
        let length = self.rest[from..].find(close).ok_or_else(|| self.wrong("a closed text"))?;
        let text = self.rest[from..from + length].to_owned();
        self.rest = &self.rest[from + length + from..];
        Ok(if from == 0 { text.trim().to_owned() } else { text })
    }

    fn pseudo(&mut self) -> Result<Test, String> {
        let name = self.need_word("the name of a pseudo-class")?;
        match name.as_str() {
            "scope" => return Ok(Test::Scope),
            "first-child" => return Ok(Test::NthChild(0, 1)),
            "last-child" => return Ok(Test::LastChild),
            _ => {}
        }
        if !self.eat('(') {
            return Err(self.wrong("a pseudo-class that is known here: scope, first-child, last-child, nth-child(), nth-of-type(), contains(), not()"));
        }
        self.spaces();
        let test = match name.as_str() {
            "nth-child" => nth(&self.text(')')?).ok_or_else(|| self.wrong("a number, odd, even or an+b"))?,
            "nth-of-type" => Test::NthOfType(self.text(')')?.parse().map_err(|_| self.wrong("a number"))?),
            "contains" => Test::Contains(self.text(')')?),
            "not" => Test::Not(self.compound()?),
            _ => return Err(self.wrong("nth-child, nth-of-type, contains or not")),
        };
        self.spaces();
        if self.eat(')') { Ok(test) } else { Err(self.wrong(")")) }
    }
}

fn nth(text: &str) -> Option<Test> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    match text.as_str() {
        "odd" => return Some(Test::NthChild(2, 1)),
        "even" => return Some(Test::NthChild(2, 0)),
        _ => {}
    }
    let small = |text: &str| text.parse::<i32>().ok().map(i64::from);
    let Some((step, first)) = text.split_once('n') else { return Some(Test::NthChild(0, small(&text)?)) };
    let step = match step {
        "" | "+" => 1,
        "-" => -1,
        number => small(number)?,
    };
    Some(Test::NthChild(step, if first.is_empty() { 0 } else { small(first.trim_start_matches('+'))? }))
}
