//! A plan written down as a profile, for a person to correct: TOML with its confidence, tried on the page it is for.
//!
//! A line is written only when the selector in it finds, on this page, what the plan found. What could not be said
//! so is named in a comment. A draft is never used before somebody has saved it as a file of his own.

use std::fmt::Write as _;
use std::ops::Range;

use model::listing::{Field, RowKind};

use super::{
    detect::{Column, Plan},
    select::{Fuel, Selector},
    tree::{Tag, Tree},
};

/// The text of the draft.
pub(crate) fn write(tree: &Tree<'_>, plan: &Plan, source: &str) -> String {
    let mut out = String::new();
    let rows = plan.items.len();
    let _ = writeln!(out, "# DRAFT, made from the repeated structure of one page. Nobody has looked at it yet.");
    let _ = writeln!(out, "# page: {}", source.replace(char::is_control, " "));
    let _ = writeln!(out, "# rows found: {rows}, confidence: {} of 100 (how regular the page is, not how true)", plan.confidence);
    let _ = writeln!(out, "# Before use: give it a name, look at the rows it reads, and try it on other pages of the site:");
    let _ = writeln!(out, "#   lanternfish scan PAGES --profiles FOLDER --json");
    let _ = writeln!(out, "format = {}\nname = \"draft\"\nversion = \"0\"", super::FORMAT);
    let kind = if plan.kind == RowKind::Post { "post" } else { "listing" };
    let _ = writeln!(out, "kind = \"{kind}\"");
    let fuel = Fuel::new();
    let item = plan.boxed.then(|| item_selector(tree, &plan.items, &fuel)).flatten();
    let Some(item) = item else {
        out.push_str("# The rows are no elements of their own, or no short selector finds them: write item by hand.\n");
        out.push_str("item = \":not(*)\"\n\n[matches]\nselect = [\":not(*)\"]\n\n[fields.title]\nselect = \"a\"\n");
        return out;
    };
    let _ = writeln!(out, "item = {}\n\n[matches]", quoted(&item));
    let fields: Vec<(Field, String)> = plan.columns.iter().filter_map(|c| Some((c.field, field_lines(tree, plan, c, &fuel)?))).collect();
    let _ = writeln!(out, "# How a page of this site is known: every one of these must be found. Add what only this site has.");
    let _ = writeln!(out, "select = [{}]", quoted(&item));
    for (field, lines) in &fields {
        let _ = write!(out, "\n[fields.{}]\n{lines}", field.name());
    }
    if fields.is_empty() {
        out.push_str("\n[fields.title]\nselect = \"a\"\n");
    }
    for column in plan.columns.iter().filter(|c| c.field != Field::Url && !fields.iter().any(|(field, _)| *field == c.field)) {
        let _ = writeln!(out, "\n# {}: seen ({}), but no short selector finds it in most rows", column.field.name(), column.reason);
    }
    out
}

/// A TOML string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                out.push('\\');
                out.push(letter);
            }
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04X}", control as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A class, an id or a name that a selector can hold.
fn is_plain(word: &[u8]) -> bool {
    !word.is_empty() && word.len() <= 40 && word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The ways to name one element, from the most to the least telling.
fn names(tree: &Tree<'_>, node: usize) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_lowercase();
    let tag = text(tree.name(node));
    if !is_plain(tag.as_bytes()) {
        return vec![];
    }
    let raw = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let classes: Vec<&[u8]> = tree.classes(node).filter(|c| is_plain(c)).collect();
    let mut names: Vec<String> = classes.iter().map(|class| format!("{tag}.{}", raw(class))).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    if classes.len() >= 2 {
        names.push(format!("{tag}.{}", classes.iter().take(3).map(|c| raw(c)).collect::<Vec<_>>().join(".")));
    }
    if let Some(id) = tree.value(node, "id").filter(|id| is_plain(id) && !id.iter().any(u8::is_ascii_digit)) {
        names.insert(0, format!("#{}", raw(id)));
    }
    names.push(tag);
    names
}

/// The shortest selector that finds exactly the rows.
fn item_selector(tree: &Tree<'_>, items: &[Range<usize>], fuel: &Fuel) -> Option<String> {
    let first = items.first()?.start;
    let wanted: Vec<usize> = items.iter().map(|item| item.start).collect();
    let mut tries = names(tree, first);
    for above in tree.upwards(first).skip(1).take(4) {
        let outer = names(tree, above);
        tries.extend(outer.iter().flat_map(|outer| names(tree, first).into_iter().map(move |inner| (outer.clone(), inner))).map(|(outer, inner)| {
            if tree.parent(first) == Some(above) { format!("{outer} > {inner}") } else { format!("{outer} {inner}") }
        }));
    }
    let mut nearly = None;
    for text in tries {
        let Ok(selector) = text.parse::<Selector>() else { continue };
        let found = selector.all(tree, 0, fuel);
        if found == wanted {
            return Some(text);
        }
        if nearly.is_none() && found.len() <= wanted.len() + 2 && wanted.iter().all(|n| found.contains(n)) {
            nearly = Some(text);
        }
    }
    nearly
}

/// The lines of one field, when a selector finds its cells in nine of ten rows.
fn field_lines(tree: &Tree<'_>, plan: &Plan, column: &Column, fuel: &Fuel) -> Option<String> {
    if column.field == Field::Thread {
        return Some("select = \"h1, h2, title\"\npage = true\n".into());
    }
    let rows: Vec<(usize, usize)> =
        column.places.iter().zip(&plan.items).filter_map(|(place, item)| Some((item.start, element(tree, place.as_ref()?.node)))).collect();
    let (item, node) = *rows.first()?;
    let fits = |text: &String| {
        let Ok(selector) = text.parse::<Selector>() else { return false };
        let right = rows.iter().filter(|(item, node)| selector.nth(tree, *item, 1, fuel) == Some(*node)).count();
        right * 10 >= rows.len() * 9
    };
    let text = field_tries(tree, item, node).into_iter().find(fits)?;
    let place = column.places.iter().flatten().next()?;
    let mut lines = format!("select = {}\n", quoted(&text));
    if column.field == Field::Url {
        lines.push_str("attribute = \"href\"\n");
    }
    if column.field == Field::Text {
        lines.push_str("leave = \"blockquote, .quote\"\n");
    }
    if place.from > 0 {
        let shown = super::shown::Shown::of(tree, place.node, |_| false).text;
        let _ = writeln!(lines, "after = {}", quoted(shown.get(..place.from)?.trim()));
    }
    Some(lines)
}

/// A text has no name in a selector: its element stands for it.
fn element(tree: &Tree<'_>, node: usize) -> usize {
    if tree.nodes[node].tag == Tag::TEXT { tree.nodes[node].parent as usize } else { node }
}

fn field_tries(tree: &Tree<'_>, item: usize, node: usize) -> Vec<String> {
    let own = names(tree, node);
    let mut tries = own.clone();
    let link = tree.value(node, "href").map(|href| String::from_utf8_lossy(href).into_owned()).unwrap_or_default();
    let parts = link.split(|c: char| !c.is_ascii_alphabetic()).filter(|part| (3..=16).contains(&part.len()) && !matches!(*part, "http" | "https" | "onion" | "www"));
    tries.extend(parts.map(|part| format!("a[href*=\"{part}\"]")));
    let nth = tree.nodes[node].nth;
    tries.extend(own.iter().map(|name| format!("{name}:nth-child({nth})")));
    for above in tree.upwards(node).skip(1).take_while(|n| *n >= item).take(5) {
        let inner = own.iter().flat_map(|name| [name.clone(), format!("{name}:nth-child({nth})")]);
        let outer: Vec<String> = if above == item { vec![":scope".into()] } else { names(tree, above) };
        let above_nth = tree.nodes[above].nth;
        for inner in inner {
            tries.extend(outer.iter().map(|outer| format!("{outer} > {inner}")));
            tries.extend(outer.iter().filter(|_| above != item).map(|outer| format!("{outer}:nth-child({above_nth}) {inner}")));
        }
    }
    tries.truncate(300);
    tries
}
