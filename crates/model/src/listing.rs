//! Rows that were read out of market and forum pages: a listing, or a post, cell by cell.
//!
//! A row says what a page shows, not what is true: a price is what the page asks, a vendor is a name that somebody
//! chose. Every cell names its bytes in the page as it was taken, so that each value can be read again by hand.
//! It refuses to guess without saying so: who read the row (a profile with its version, or the page's own repeated
//! structure with a confidence) stands in it, and a currency that is not known is called unknown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowKind {
    /// Something offered on a market page.
    Listing,
    /// Something written in a forum.
    Post,
}

/// The columns that a row may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// What is offered.
    Title,
    /// Who offers it, as the page names him.
    Vendor,
    /// The amount that is asked, as decimal text: digits and at most one point.
    Price,
    /// ISO 4217 code or the coin's usual code; `unknown` when the page does not tell.
    Currency,
    /// How many there are, or whether there are any.
    Stock,
    /// Where it is sent from.
    ShipsFrom,
    /// Where it is sent to.
    ShipsTo,
    /// The market's own category.
    Category,
    /// Date and time as written; the zone is seldom told.
    Date,
    /// Rating, level or number of sales, as written.
    Rating,
    /// Title of the thread that a post stands in.
    Thread,
    /// Who wrote a post, as the page names him.
    Author,
    /// What a post quotes of others.
    Quoted,
    /// What a post says, without what it quotes.
    Text,
    /// Where the row's own page is, as written.
    Url,
}

impl Field {
    /// All columns, in the order in which they are shown.
    pub const ALL: [Field; 15] = [
        Field::Title, Field::Vendor, Field::Price, Field::Currency, Field::Stock, Field::ShipsFrom, Field::ShipsTo,
        Field::Category, Field::Date, Field::Rating, Field::Thread, Field::Author, Field::Quoted, Field::Text, Field::Url,
    ];

    /// The name in JSON and in profiles.
    pub fn name(self) -> &'static str {
        match self {
            Field::Title => "title",
            Field::Vendor => "vendor",
            Field::Price => "price",
            Field::Currency => "currency",
            Field::Stock => "stock",
            Field::ShipsFrom => "ships_from",
            Field::ShipsTo => "ships_to",
            Field::Category => "category",
            Field::Date => "date",
            Field::Rating => "rating",
            Field::Thread => "thread",
            Field::Author => "author",
            Field::Quoted => "quoted",
            Field::Text => "text",
            Field::Url => "url",
        }
    }
}

/// The word that stands for a currency that the page does not tell.
pub const UNKNOWN_CURRENCY: &str = "unknown";

/// One value of a row, with the bytes that it was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Which column.
    pub field: Field,
    /// The value as it is compared: entities read, white space made one, a price as decimal text. Nothing when the
    /// bytes were found and not understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The text as written, where the value is not that text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// First byte in the page as taken.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// Why these bytes are this column, and what else they could be.
    pub reason: String,
}

/// Who read a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadBy {
    /// A profile of the site.
    Profile {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
    },
    /// The repeated structure of the page itself. Nobody has looked at it yet.
    Structure {
        /// 0 to 99 per cent: how regular the page is, not how true the row.
        confidence: u8,
    },
}

/// A row of a page. The values on top are those of the cells: [`Listing::new`] is the only way to make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    kind: RowKind,
    #[serde(flatten)]
    values: BTreeMap<Field, String>,
    read_by: ReadBy,
    start: u64,
    end: u64,
    cells: Vec<Cell>,
}

impl Listing {
    /// A row from its cells. The first cell of a column that has a value gives the row's value.
    pub fn new(kind: RowKind, read_by: ReadBy, range: (u64, u64), cells: Vec<Cell>) -> Self {
        let mut values = BTreeMap::new();
        for cell in &cells {
            if let Some(value) = &cell.value {
                values.entry(cell.field).or_insert_with(|| value.clone());
            }
        }
        Listing { kind, values, read_by, start: range.0, end: range.1, cells }
    }

    /// Listing or post.
    pub fn kind(&self) -> RowKind {
        self.kind
    }

    /// The value of a column.
    ///
    /// ```
    /// use model::listing::{Cell, Field, Listing, ReadBy, RowKind};
    /// let cell = Cell { field: Field::Title, value: Some("green tea".into()), written: None, start: 4, end: 13, reason: "heading".into() };
    /// let row = Listing::new(RowKind::Listing, ReadBy::Structure { confidence: 80 }, (0, 40), vec![cell]);
    /// assert_eq!(row.get(Field::Title), Some("green tea"));
    /// ```
    pub fn get(&self, field: Field) -> Option<&str> {
        self.values.get(&field).map(String::as_str)
    }

    /// Who read it.
    pub fn read_by(&self) -> &ReadBy {
        &self.read_by
    }

    /// First byte of the row in the page as taken.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// One past its last byte.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Its cells, each with its bytes.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    #[test]
    fn a_row_reads_back_from_json() {
        let cell = |field, value: Option<&str>| Cell {
            field, value: value.map(str::to_owned), written: Some("5 $".into()), start: 1, end: 4, reason: "shown".into(),
        };
        let cells = vec![cell(Field::Price, Some("5")), cell(Field::ShipsFrom, Some("Laos")), cell(Field::Date, None)];
        let row = Listing::new(RowKind::Listing, ReadBy::Profile { name: "a".into(), version: "1".into() }, (0, 9), cells);
        let text = serde_json::to_string(&row).unwrap();
        assert!(text.starts_with(r#"{"kind":"listing","price":"5","ships_from":"Laos","read_by":{"profile":"#), "{text}");
        assert_eq!(serde_json::from_str::<Listing>(&text).unwrap(), row);
    }

    #[test]
    fn columns_are_named_as_json_names_them() {
        for field in Field::ALL {
            assert_eq!(serde_json::to_value(field).unwrap(), field.name());
        }
    }
}
