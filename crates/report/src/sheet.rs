//! A small paper of the house before it is set: what stands on each of its sheets, in the words of its language. The same
//! values go to the `typeset` child, which makes the PDF, and to a page for the printer of a browser: neither adds a word.

use model::Moment;
use serde_json::{Value, json};

use crate::language::Language;
use crate::page::{frame, request};

/// What stands on a label, a slip or a register page.
#[derive(Debug, Clone, PartialEq)]
pub struct Paper {
    pub(crate) kind: &'static str,
    pub(crate) template: &'static str,
    pub(crate) language: Language,
    pub(crate) agency: String,
    pub(crate) synthetic: bool,
    pub(crate) sheets: Vec<Value>,
    pub(crate) time: Moment,
    pub(crate) ident: String,
}

impl Paper {
    /// `label`, `slip` or `register`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The request for the `typeset` child.
    pub fn request(&self) -> Value {
        let mut data = frame(self.language, self.synthetic);
        data.insert("agency".into(), json!(self.agency));
        data.insert("sheets".into(), json!(self.sheets));
        request(self.template, Value::Object(data), self.time, &self.ident)
    }

    /// What stands on it, for a page: `kind`, `language`, `agency`, the mark of a training case, and the sheets.
    pub fn shown(&self) -> Value {
        let synthetic = self.synthetic.then(|| self.language.wording().get("notice.synthetic"));
        json!({"paper": self.kind, "lang": self.language.code(), "agency": self.agency, "synthetic": synthetic, "sheets": self.sheets})
    }
}
