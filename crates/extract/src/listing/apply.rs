//! Reads the rows of a page by a profile. Whatever the profile names and the page does not have is left out; nothing
//! is filled in.

use model::listing::{Cell, Field, Listing, ReadBy, UNKNOWN_CURRENCY};

use super::{
    MOST_ROWS,
    price::{self, Decimal, Price},
    profile::{Profile, Rule},
    select::Fuel,
    shown::Shown,
    tree::{Tag, Tree},
};

/// Whether a page is one of the profile's site.
pub(crate) fn knows(profile: &Profile, tree: &Tree<'_>, host: Option<&str>, fuel: &Fuel) -> bool {
    let matches = &profile.matches;
    let at_host = |end: &String| host.is_some_and(|h| h == end || h.strip_suffix(end.as_str()).is_some_and(|rest| rest.ends_with('.')));
    let hosted = matches.hosts.is_empty() || host.is_none() || matches.hosts.iter().any(at_host);
    hosted
        && matches.title.as_ref().is_none_or(|words| title(tree).is_some_and(|title| title.text.contains(words.as_str())))
        && matches.select.iter().all(|selector| selector.nth(tree, 0, 1, fuel).is_some())
}

/// What the page's own title says.
pub(crate) fn title(tree: &Tree<'_>) -> Option<Shown> {
    tree.below(0).find(|n| tree.nodes[*n].tag == Tag::TITLE).map(|n| Shown::of(tree, n, |_| false)).filter(|t| !t.is_empty())
}

/// The rows, in the order of the page.
pub(crate) fn rows(profile: &Profile, tree: &Tree<'_>, fuel: &Fuel) -> Vec<Listing> {
    let by = ReadBy::Profile { name: profile.name.clone(), version: profile.version.clone() };
    let mut rows = vec![];
    for item in profile.item.all(tree, 0, fuel) {
        let cells: Vec<Cell> = profile.fields.iter().flat_map(|(field, rule)| cells(*field, rule, profile, tree, item, fuel)).collect();
        let telling = |field: Field| matches!(field, Field::Title | Field::Price | Field::Text | Field::Author);
        if cells.iter().any(|cell| telling(cell.field) && cell.value.is_some()) {
            let node = tree.nodes[item];
            rows.push(Listing::new(profile.kind, by.clone(), (node.start.into(), node.end.into()), cells));
        }
        if rows.len() >= MOST_ROWS {
            break;
        }
    }
    rows
}

fn cells(field: Field, rule: &Rule, profile: &Profile, tree: &Tree<'_>, item: usize, fuel: &Fuel) -> Vec<Cell> {
    let root = if rule.page { 0 } else { item };
    let found = if rule.all { rule.select.all(tree, root, fuel) } else { rule.select.nth(tree, root, rule.nth, fuel).into_iter().collect() };
    let by = format!("{} of profile {} {}: {}", field.name(), profile.name, profile.version, rule.written);
    found.into_iter().take(64).flat_map(|node| one(field, rule, tree, node, &by, fuel)).collect()
}

fn one(field: Field, rule: &Rule, tree: &Tree<'_>, node: usize, by: &str, fuel: &Fuel) -> Vec<Cell> {
    let shown = match &rule.attribute {
        Some(name) => match tree.attribute(node, name) {
            Some((start, end)) => Shown::of_range(tree, start..end),
            None => return vec![],
        },
        None => Shown::of(tree, node, |n| {
            let is_text = tree.nodes[n].tag == Tag::TEXT;
            !is_text && n != node && (rule.own || rule.leave.as_ref().is_some_and(|leave| leave.means(tree, n, node, fuel)))
        }),
    };
    let Some(shown) = cleaned(&shown, rule) else { return vec![] };
    if matches!(field, Field::Price) {
        return priced(&shown, rule.decimal, rule.currency, by);
    }
    text_cell(field, &shown, by).into_iter().collect()
}

/// What stands after one word and before the other.
fn cleaned(shown: &Shown, rule: &Rule) -> Option<Shown> {
    let from = match &rule.after {
        Some(word) => shown.text.find(word.as_str())? + word.len(),
        None => 0,
    };
    let length = rule.before.as_ref().and_then(|word| shown.text[from..].find(word.as_str())).unwrap_or(shown.text.len() - from);
    Some(shown.slice(from..from + length)).filter(|shown| !shown.is_empty())
}

/// A cell that says what the page says.
pub(crate) fn text_cell(field: Field, shown: &Shown, reason: &str) -> Option<Cell> {
    let (start, end) = shown.whole()?;
    let reason = if shown.cut { format!("{reason}; only the beginning of a longer text") } else { reason.to_owned() };
    Some(Cell { field, value: Some(shown.text.clone()), written: None, start: start as u64, end: end as u64, reason })
}

/// The cells of a price: the amount, and its currency or that it is unknown.
pub(crate) fn priced(shown: &Shown, decimal: Decimal, usual: Option<&'static str>, by: &str) -> Vec<Cell> {
    let found = price::read(&shown.text, decimal);
    let best = found.iter().find(|p| p.sign.is_some()).or(found.first());
    match best {
        Some(price) => price_cells(shown, price, usual, by),
        None => shown
            .whole()
            .map(|(start, end)| Cell {
                field: Field::Price,
                value: None,
                written: Some(shown.text.clone()),
                start: start as u64,
                end: end as u64,
                reason: format!("{by}; no amount was understood"),
            })
            .into_iter()
            .collect(),
    }
}

/// The cells of one amount.
pub(crate) fn price_cells(shown: &Shown, price: &Price, usual: Option<&'static str>, by: &str) -> Vec<Cell> {
    let Some((start, end)) = shown.raw(price.range.clone()) else { return vec![] };
    let written = shown.text[price.range.clone()].to_owned();
    let reason = [vec![by.to_owned()], price.notes.clone()].concat().join("; ");
    let amount = Cell {
        field: Field::Price, value: Some(price.amount.clone()), written: Some(written), start: start as u64, end: end as u64, reason,
    };
    let sign = price.sign.clone().and_then(|sign| Some((shown.text[sign.clone()].to_owned(), shown.raw(sign)?)));
    let (value, why) = match (price.code, usual, &sign) {
        (Some(code), ..) => (code, "written beside the amount".to_owned()),
        (None, _, Some((sign, _))) => (UNKNOWN_CURRENCY, format!("{sign} is of several currencies")),
        (None, Some(code), None) => (code, "no currency is written; the profile says that this site means this one".to_owned()),
        (None, None, None) => (UNKNOWN_CURRENCY, "no currency is written".to_owned()),
    };
    let (written, range) = sign.map_or((None, (start, end)), |(sign, range)| (Some(sign), range));
    let currency = Cell {
        field: Field::Currency, value: Some(value.to_owned()), written, start: range.0 as u64, end: range.1 as u64, reason: why,
    };
    vec![amount, currency]
}
