//! Bytes as the texts that a reader sees in them, whole in memory, each with its way back: one for a page, several for a
//! mail. For those who read a page at once; a search for selectors goes window by window ([`crate::Scanner`]).

use std::borrow::Cow;
use std::io::Read;

use super::{Charset, Map, choose, mail, text};
use crate::Kind;

/// The longest mail that is taken apart here, in bytes; a longer one is read as the text that it is.
const LONGEST_MAIL: usize = 8 << 20;

/// A text and its way back.
pub(crate) struct View<'a> {
    /// The text; bytes that are no UTF-8 only where no charset explains them.
    pub text: Cow<'a, [u8]>,
    /// How it is to be read.
    pub kind: Kind,
    /// From the text to the bytes of the part, and from there to the file.
    maps: Vec<Map>,
    part: Option<mail::Part>,
    step: Option<String>,
}

impl View<'_> {
    /// Whether the text is the file, byte for byte.
    pub(crate) fn is_raw(&self) -> bool {
        self.maps.is_empty()
    }

    /// The raw range of a not empty range of the text.
    pub(crate) fn range(&self, start: u64, end: u64) -> (u64, u64) {
        self.maps.iter().fold((start, end), |(start, end), map| (map.raw_start(start), map.raw_end(end)))
    }

    /// What was done to read that range.
    pub(crate) fn steps(&self, start: u64, end: u64) -> Vec<String> {
        let (start, end) = if self.step.is_some() && self.maps.len() > 1 { (self.maps[0].raw_start(start), self.maps[0].raw_end(end)) } else { (start, end) };
        let done = self.part.as_ref().map(|part| part.steps(start, end)).unwrap_or_default();
        done.into_iter().chain(self.step.clone()).collect()
    }
}

/// The texts in `bytes`, in their order.
pub(crate) fn views(bytes: &[u8], declared: Option<Charset>, kind: Kind) -> Vec<View<'_>> {
    let is_mail = match kind {
        Kind::Mail => true,
        Kind::Auto => mail::looks_like_mail(bytes),
        Kind::Html | Kind::Text | Kind::Json => false,
    };
    if !is_mail || bytes.len() > LONGEST_MAIL {
        let kind = if kind == Kind::Mail { Kind::Text } else { kind };
        return vec![view(Cow::Borrowed(bytes), declared, kind)];
    }
    let (mut mail, mut views) = (mail::Mail::new(bytes), Vec::new());
    while let Ok(Some(part)) = mail.next_part() {
        let mut content = Vec::new();
        if mail.read_to_end(&mut content).is_err() || content.is_empty() || !part.is_text && !mail::is_text(&content, part.charset) {
            continue;
        }
        let mut view = view(Cow::Owned(content), part.charset, part.kind);
        view.maps.push(mail.take_map());
        view.part = Some(part);
        views.push(view);
    }
    views
}

fn view(bytes: Cow<'_, [u8]>, declared: Option<Charset>, kind: Kind) -> View<'_> {
    if choose(&bytes, declared).is_none() {
        return View { text: bytes, kind, maps: Vec::new(), part: None, step: None };
    }
    let decoded = text(&bytes, declared);
    let (step, written) = (decoded.step(), decoded.text.into_owned().into_bytes());
    View { text: Cow::Owned(written), kind, maps: vec![decoded.map], part: None, step }
}
