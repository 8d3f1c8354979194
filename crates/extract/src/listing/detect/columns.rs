//! Columns of a list of offers: texts at the same place of their rows, and what each column is.
//!
//! Every rule gives points, and the points are written down here, so that a choice can be argued with. A column is
//! chosen by what most rows show, never by one row.

use std::{collections::HashMap, ops::Range};

use model::listing::{Field, RowKind};

use super::{
    super::{
        MOST_ROWS,
        price::{self, Decimal, Price},
        shown::Shown,
        tree::{Tag, Tree},
        words,
    },
    Plan, mix, mix_bytes, mix_tag,
};

/// Where a cell stands: a node, and how many bytes of its text are a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub node: usize,
    pub from: usize,
}

/// A column that was understood.
#[derive(Debug)]
pub(crate) struct Column {
    pub field: Field,
    /// One for each row.
    pub places: Vec<Option<Place>>,
    pub reason: String,
}

/// A text of a row that is no label.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub place: Place,
    /// At most 200 bytes of it.
    pub text: String,
    pub length: usize,
    label: Option<Field>,
    key: u64,
}

/// Leaves of one row that are looked at.
const MOST_LEAVES: usize = 120;

/// Letters beside the prices of a text, without a label in front.
pub(super) fn words_beside(text: &str, prices: &[Price]) -> usize {
    let from = words::split_label(text).map_or(0, |(_, from)| from);
    let outside = |at: usize| prices.iter().all(|p| !p.range.contains(&at));
    text.char_indices().filter(|(at, c)| *at >= from && c.is_alphanumeric() && outside(*at)).count()
}

/// The texts of a row, in order, labels taken out and put to what they label.
pub(super) fn leaves(tree: &Tree<'_>, item: &Range<usize>, heads: &HashMap<u32, Field>) -> Vec<Leaf> {
    let mut leaves: Vec<Leaf> = vec![];
    let mut seen: HashMap<u64, u64> = HashMap::new();
    let mut label: Option<(Option<Field>, u64)> = None;
    let mut done = item.start;
    for text in item.clone() {
        if text < done || !tree.says_something(text) || tree.nodes[tree.nodes[text].parent as usize].tag.is_hidden() {
            continue;
        }
        let node = holder(tree, item, text);
        done = tree.nodes[node].last as usize;
        let shown = Shown::of(tree, node, |_| false);
        let known = words::label(&shown.text);
        if known.is_some() && shown.text.ends_with([':', '：']) || shown.text.ends_with([':', '：']) && shown.text.chars().count() <= 24 {
            label = Some((known, mix_bytes(0, shown.text.as_bytes())));
            continue;
        }
        let split = words::split_label(&shown.text);
        let (name, labelled) = match split {
            Some((field, from)) => (Some(field), mix_bytes(0, &shown.text.as_bytes()[..from])),
            None => label.unwrap_or_else(|| (head_of(tree, item, node, heads), 0)),
        };
        label = None;
        let key = mix(place_key(tree, item, node), labelled);
        let again = seen.entry(key).or_default();
        *again += 1;
        let from = split.map_or(0, |(_, from)| from);
        let value = shown.text[from..].trim();
        if value.is_empty() {
            continue;
        }
        leaves.push(Leaf {
            place: Place { node, from },
            text: beginning(value, 200).to_owned(),
            length: value.chars().count(),
            label: name,
            key: mix(key, *again),
        });
        if leaves.len() >= MOST_LEAVES {
            break;
        }
    }
    leaves
}

/// What the head of a table says of the line that a node stands in.
fn head_of(tree: &Tree<'_>, item: &Range<usize>, node: usize, heads: &HashMap<u32, Field>) -> Option<Field> {
    let line = tree.upwards(node).take_while(|n| *n >= item.start).find(|n| matches!(tree.nodes[*n].tag, Tag::TD | Tag::TH))?;
    heads.get(&tree.nodes[line].nth).copied()
}

/// The labels in the first line of the table whose lines the rows are, by their number.
fn heads(tree: &Tree<'_>, items: &[Range<usize>]) -> HashMap<u32, Field> {
    let Some(first) = items.first().map(|item| item.start).filter(|n| tree.nodes[*n].tag == Tag::TR) else { return HashMap::new() };
    let Some(table) = tree.upwards(first).find(|n| tree.nodes[*n].tag == Tag::TABLE) else { return HashMap::new() };
    let Some(head) = (table..=first).find(|n| tree.nodes[*n].tag == Tag::TR) else { return HashMap::new() };
    let cells = tree.children(head).filter(|n| matches!(tree.nodes[*n].tag, Tag::TD | Tag::TH)).take(64);
    cells.filter_map(|cell| Some((tree.nodes[cell].nth, words::label(&Shown::of(tree, cell, |_| false).text)?))).collect()
}

fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    &text[..end]
}

/// The link or heading around a text inside its row, unless that holds a box of several things; else the text.
fn holder(tree: &Tree<'_>, item: &Range<usize>, text: usize) -> usize {
    let above = tree.upwards(text).skip(1).take_while(|n| *n >= item.start).take(6);
    let mut best = text;
    for node in above {
        let tag = tree.nodes[node].tag;
        let small = tree.below(node).filter(|n| tree.says_something(*n)).take(4).count() < 4;
        if !small {
            break;
        }
        let boxes = tree.below(node).filter(|n| !tree.nodes[*n].tag.is_inline() && !tree.nodes[*n].tag.is_heading() && tree.nodes[*n].tag != Tag::BR).take(2).count();
        if (tag == Tag::A || tag.is_heading()) && boxes <= 1 {
            best = node;
            if tag == Tag::A {
                break;
            }
        }
    }
    best
}

/// The place of a node in its row: the tags above it, the class next to it, its number in a line.
fn place_key(tree: &Tree<'_>, item: &Range<usize>, node: usize) -> u64 {
    let mut key = 0;
    let mut class = None;
    for (steps, above) in tree.upwards(node).take_while(|n| *n >= item.start).enumerate() {
        key = mix_tag(tree, key, above);
        let first = tree.classes(above).next().or_else(|| tree.value(above, "id"));
        if class.is_none() && steps <= 2 && above > item.start {
            class = first;
        }
        if matches!(tree.nodes[above].tag, Tag::TD | Tag::TH) {
            key = mix(key, tree.nodes[above].nth.into());
        }
    }
    mix_bytes(key, class.unwrap_or_default())
}

/// The leaves of all rows at one place.
pub(super) struct Stack {
    pub leaves: Vec<Option<Leaf>>,
    order: usize,
}

impl Stack {
    fn filled(&self) -> impl Iterator<Item = &Leaf> {
        self.leaves.iter().flatten()
    }

    fn count(&self) -> usize {
        self.filled().count()
    }

    /// Share of the rows that have it, in per cent.
    pub(super) fn share(&self) -> i64 {
        percent(self.count(), self.leaves.len())
    }

    /// Share of its leaves for which something holds, in per cent.
    pub(super) fn share_of(&self, holds: impl Fn(&Leaf) -> bool) -> i64 {
        percent(self.filled().filter(|leaf| holds(leaf)).count(), self.count())
    }

    pub(super) fn mean_length(&self) -> i64 {
        self.filled().map(|leaf| leaf.length.min(2000) as i64).sum::<i64>() / (self.count().max(1) as i64)
    }

    fn distinct(&self) -> i64 {
        let mut texts: Vec<&str> = self.filled().map(|leaf| leaf.text.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        percent(texts.len(), self.count())
    }

    fn is_constant(&self) -> bool {
        let mut texts = self.filled().map(|leaf| leaf.text.as_str());
        let first = texts.next();
        self.count() >= 4 && texts.all(|text| Some(text) == first)
    }

    fn label(&self) -> Option<Field> {
        self.filled().next().and_then(|leaf| leaf.label)
    }

    /// Points for names: its classes and ids, up to three boxes out.
    fn is_named(&self, tree: &Tree<'_>, field: Field) -> bool {
        self.share_of(|leaf| {
            tree.upwards(leaf.place.node).take(3).chain(below_inline(tree, leaf.place.node)).any(|n| {
                [tree.value(n, "class"), tree.value(n, "id"), tree.value(n, "itemprop")].iter().flatten().any(|value| words::names(value, field))
            })
        }) >= 60
    }

    fn links_name(&self, tree: &Tree<'_>, field: Field) -> bool {
        self.share_of(|leaf| href(tree, leaf.place.node).is_some_and(|href| words::names(tail(href), field))) >= 60
    }

    fn distinct_links(&self, tree: &Tree<'_>) -> i64 {
        let mut links: Vec<&[u8]> = self.filled().filter_map(|leaf| href(tree, leaf.place.node)).collect();
        let all = links.len();
        links.sort_unstable();
        links.dedup();
        if all == 0 { 0 } else { percent(links.len(), all) }
    }

    fn places(&self) -> Vec<Option<Place>> {
        self.leaves.iter().map(|leaf| leaf.as_ref().map(|leaf| leaf.place)).collect()
    }
}

fn below_inline<'t>(tree: &'t Tree<'_>, node: usize) -> impl Iterator<Item = usize> + 't {
    tree.below(node).take(4)
}

fn percent(part: usize, whole: usize) -> i64 {
    (part * 100 / whole.max(1)) as i64
}

/// The address of the link that a node is or lies in.
fn href<'a>(tree: &Tree<'a>, node: usize) -> Option<&'a [u8]> {
    tree.upwards(node).take(4).find(|n| tree.nodes[*n].tag == Tag::A).and_then(|n| tree.value(n, "href"))
}

/// A link's address without scheme and host: a market's own name is no role.
fn tail(href: &[u8]) -> &[u8] {
    let Some(at) = memchr::memmem::find(href, b"://") else { return href };
    let rest = &href[at + 3..];
    memchr::memchr(b'/', rest).map_or(&[][..], |slash| &rest[slash..])
}

/// The leaves of all rows, put together by place, in the order in which they first come. A place that few rows have is
/// looked at only where all is small: it is dropped before it gets a cell for every row, for a page whose rows are all
/// different would have as many places as texts.
pub(super) fn stacks(tree: &Tree<'_>, items: &[Range<usize>]) -> Vec<Stack> {
    let mut found: Vec<Vec<(usize, Leaf)>> = vec![];
    let mut known: HashMap<u64, usize> = HashMap::new();
    let heads = heads(tree, items);
    for (index, item) in items.iter().enumerate().take(MOST_ROWS) {
        for leaf in leaves(tree, item, &heads) {
            let place = *known.entry(leaf.key).or_insert_with(|| {
                found.push(vec![]);
                found.len() - 1
            });
            found[place].push((index, leaf));
        }
    }
    let often = found.into_iter().enumerate().filter(|(_, leaves)| leaves.len() * 10 >= items.len());
    often.map(|(order, leaves)| Stack { leaves: one_a_row(leaves, items.len()), order }).collect()
}

fn one_a_row(leaves: Vec<(usize, Leaf)>, rows: usize) -> Vec<Option<Leaf>> {
    let mut column = vec![None; rows];
    leaves.into_iter().for_each(|(row, leaf)| column[row] = Some(leaf));
    column
}

/// A list of offers: a price, a title, and what else the rows show.
pub(super) fn offers(tree: &Tree<'_>, items: &[Range<usize>], boxed: bool) -> Option<(Plan, i64)> {
    let stacks = stacks(tree, items);
    let price = best(&stacks, |stack| price_points(tree, &stacks[stack], items))?;
    let title = best(&stacks, |stack| (stack != price).then(|| title_points(tree, &stacks[stack])).flatten())?;
    let vendor = best(&stacks, |stack| (stack != price && stack != title).then(|| vendor_points(tree, &stacks[stack])).flatten());
    let mut columns = vec![
        Column { field: Field::Title, places: stacks[title].places(), reason: why(tree, &stacks[title], Field::Title) },
        Column { field: Field::Price, places: price_places(tree, items, &stacks[price]), reason: why(tree, &stacks[price], Field::Price) },
    ];
    if let Some(vendor) = vendor {
        columns.push(Column { field: Field::Vendor, places: stacks[vendor].places(), reason: why(tree, &stacks[vendor], Field::Vendor) });
    }
    for field in [Field::Category, Field::Stock, Field::ShipsFrom, Field::ShipsTo, Field::Date, Field::Rating] {
        let free = |stack: usize| stack != price && stack != title && Some(stack) != vendor;
        if let Some(stack) = best(&stacks, |stack| free(stack).then(|| other_points(tree, &stacks[stack], field)).flatten()) {
            columns.push(Column { field, places: stacks[stack].places(), reason: why(tree, &stacks[stack], field) });
        }
    }
    columns.push(Column { field: Field::Url, places: link_places(tree, items, &stacks[title]), reason: "the link of the title".into() });
    let confidence = confidence(items.len(), &stacks, title, price, vendor);
    let score = confidence * 10 + (items.len().min(60) as i64) * 5;
    Some((Plan { kind: RowKind::Listing, items: items.to_vec(), columns, confidence: u8::try_from(confidence).unwrap_or(0), boxed }, score))
}

/// The stack with the most points; the first of several.
pub(super) fn best(stacks: &[Stack], points: impl Fn(usize) -> Option<i64>) -> Option<usize> {
    (0..stacks.len()).filter_map(|index| Some((index, points(index)?))).max_by_key(|(index, points)| (*points, std::cmp::Reverse(*index))).map(|(index, _)| index)
}

/// How regular the list is: rows that have what most have, titles, prices and vendors, and how many there are.
fn confidence(rows: usize, stacks: &[Stack], title: usize, price: usize, vendor: Option<usize>) -> i64 {
    let common: Vec<i64> = stacks.iter().map(Stack::share).filter(|share| *share >= 50).collect();
    let regular = common.iter().sum::<i64>() / (common.len().max(1) as i64);
    let vendor = vendor.map_or(0, |vendor| stacks[vendor].share());
    let points = regular * 40 + stacks[title].share() * 20 + stacks[price].share() * 20 + vendor * 10 + percent(rows.min(10), 10) * 10;
    (points / 100).min(99)
}

/// The node that shows a price, and the amounts in it.
type Priced = (usize, Vec<Price>);

/// The price of a leaf, where its text is little more than one.
fn is_price(tree: &Tree<'_>, item: usize, leaf: &Leaf) -> Option<Priced> {
    for node in tree.upwards(leaf.place.node).take_while(|n| *n >= item).take(3) {
        if tree.nodes[node].end - tree.nodes[node].start > 400 {
            return None;
        }
        let text = Shown::of(tree, node, |_| false).text;
        let found = price::read(&text, Decimal::Auto);
        if found.is_empty() || words_beside(&text, &found) > 16 {
            return None;
        }
        if found.iter().any(|p| p.sign.is_some()) {
            return Some((node, found));
        }
    }
    None
}

/// What speaks for a column being the price that counts: not the old one, not one of many exchange values.
fn price_points(tree: &Tree<'_>, stack: &Stack, items: &[Range<usize>]) -> Option<i64> {
    if stack.label().is_some_and(|label| label != Field::Price) {
        return None;
    }
    let prices: Vec<Priced> =
        stack.leaves.iter().zip(items).filter_map(|(leaf, item)| is_price(tree, item.start, leaf.as_ref()?)).collect();
    if prices.len() * 10 < stack.count() * 6 || prices.len() * 2 < items.len() {
        return None;
    }
    let most = |holds: &dyn Fn(&Priced) -> bool| prices.iter().filter(|p| holds(p)).count() * 2 > prices.len();
    let mut points = percent(prices.len(), items.len());
    points += 40 * i64::from(stack.label() == Some(Field::Price));
    points += 30 * i64::from(stack.is_named(tree, Field::Price));
    points += 20 * i64::from(most(&|(_, found)| found.len() == 1));
    points += 15 * i64::from(most(&|(node, _)| tree.upwards(*node).take(3).any(|n| tree.nodes[n].tag.is_heading() || matches!(tree.nodes[n].tag, Tag::STRONG | Tag::B | Tag::BIG))));
    points -= 60 * i64::from(most(&|(node, _)| {
        tree.upwards(*node).take(3).any(|n| matches!(tree.nodes[n].tag, Tag::DEL | Tag::S | Tag::STRIKE) || tree.value(n, "class").is_some_and(words::is_old))
    }));
    points -= 10 * i64::from(most(&|(_, found)| found.iter().any(|p| p.code.is_some_and(price::is_coin))));
    points -= (stack.order.min(20)) as i64;
    Some(points)
}

fn price_places(tree: &Tree<'_>, items: &[Range<usize>], stack: &Stack) -> Vec<Option<Place>> {
    let place = |(leaf, item): (&Option<Leaf>, &Range<usize>)| {
        let leaf = leaf.as_ref()?;
        Some(is_price(tree, item.start, leaf).map_or(leaf.place, |(node, _)| Place { node, from: if node == leaf.place.node { leaf.place.from } else { 0 } }))
    };
    stack.leaves.iter().zip(items).map(place).collect()
}

fn title_points(tree: &Tree<'_>, stack: &Stack) -> Option<i64> {
    if stack.share() < 60 || stack.mean_length() < 3 || stack.label().is_some_and(|label| label != Field::Title) {
        return None;
    }
    let mut points = stack.mean_length().min(60) / 2;
    points += 20 * i64::from(stack.share_of(|leaf| is_headed(tree, leaf.place.node)) >= 60);
    points += 20 * i64::from(stack.is_named(tree, Field::Title));
    points += 40 * i64::from(stack.label() == Some(Field::Title));
    points += stack.distinct_links(tree) / 5;
    points += stack.distinct() / 10;
    points -= 30 * i64::from(stack.is_constant());
    points -= 40 * i64::from(stack.links_name(tree, Field::Vendor) || stack.links_name(tree, Field::Author));
    points -= 20 * i64::from(stack.links_name(tree, Field::Category) || stack.is_named(tree, Field::Category));
    points -= 30 * i64::from(stack.is_named(tree, Field::Vendor));
    points -= 30 * i64::from(stack.mean_length() > 150);
    points -= 30 * i64::from(stack.share_of(|leaf| words::is_date(&leaf.text)) >= 60);
    points -= 30 * i64::from(stack.share_of(|leaf| leaf.text.chars().all(|c| !c.is_alphabetic())) >= 60);
    points -= (stack.order.min(20)) as i64;
    (points > 0).then_some(points)
}

/// Whether a text stands in a heading, or is strong.
fn is_headed(tree: &Tree<'_>, node: usize) -> bool {
    let around = tree.upwards(node).take(3).any(|n| tree.nodes[n].tag.is_heading());
    around || tree.below(node).take(4).any(|n| tree.nodes[n].tag.is_heading())
}

fn vendor_points(tree: &Tree<'_>, stack: &Stack) -> Option<i64> {
    let label = stack.label();
    if stack.share() < 50 || label.is_some_and(|label| !matches!(label, Field::Vendor | Field::Author)) || stack.mean_length() > 48 {
        return None;
    }
    let mut points = 60 * i64::from(label.is_some());
    points += 40 * i64::from(stack.links_name(tree, Field::Vendor));
    points += 25 * i64::from(stack.links_name(tree, Field::Author));
    points += 30 * i64::from(stack.is_named(tree, Field::Vendor));
    points += 15 * i64::from(stack.is_named(tree, Field::Author));
    points += 10 * i64::from(stack.mean_length() <= 24);
    points += 10 * i64::from(stack.share_of(|leaf| !leaf.text.contains(' ')) >= 80);
    points -= 20 * i64::from(stack.is_constant() && stack.distinct_links(tree) > 0);
    points -= 40 * i64::from(stack.is_constant() && stack.distinct_links(tree) > 20);
    points -= 60 * i64::from(stack.share_of(|leaf| !leaf.text.chars().any(char::is_alphabetic)) >= 50);
    points -= (stack.order.min(20)) as i64;
    (points >= 30).then_some(points)
}

/// Points for a column of writers.
pub(super) fn author_names(tree: &Tree<'_>, stack: &Stack) -> i64 {
    let mut points = 60 * i64::from(matches!(stack.label(), Some(Field::Author | Field::Vendor)));
    if stack.label().is_some_and(|label| !matches!(label, Field::Author | Field::Vendor)) {
        points -= 60;
    }
    points += 40 * i64::from(stack.links_name(tree, Field::Author));
    points += 40 * i64::from(stack.is_named(tree, Field::Author));
    points -= 40 * i64::from(stack.is_constant());
    points -= 60 * i64::from(stack.share_of(|leaf| words::is_date(&leaf.text)) >= 50);
    points -= 60 * i64::from(stack.share_of(|leaf| !leaf.text.chars().any(char::is_alphabetic)) >= 50);
    points - (stack.order.min(20)) as i64
}

fn other_points(tree: &Tree<'_>, stack: &Stack, field: Field) -> Option<i64> {
    let label = stack.label();
    if label.is_some_and(|label| label != field) {
        return None;
    }
    let mut points = 60 * i64::from(label == Some(field));
    match field {
        Field::Category => points += 30 * i64::from(stack.links_name(tree, field)) + 30 * i64::from(stack.is_named(tree, field)),
        Field::Date => points += 40 * i64::from(stack.share_of(|leaf| words::is_date(&leaf.text)) >= 60),
        Field::Stock | Field::Rating => points += 30 * i64::from(stack.is_named(tree, field)),
        _ => {}
    }
    points -= (stack.order.min(20)) as i64 / 2;
    (points >= 20).then_some(points)
}

fn link_places(tree: &Tree<'_>, items: &[Range<usize>], title: &Stack) -> Vec<Option<Place>> {
    let link = |(leaf, item): (&Option<Leaf>, &Range<usize>)| {
        let leaf = leaf.as_ref()?;
        let above = tree.upwards(leaf.place.node).take_while(|n| *n >= item.start);
        let inside = tree.below(leaf.place.node).take(8);
        above.chain(inside).find(|n| tree.nodes[*n].tag == Tag::A && tree.attribute(*n, "href").is_some()).map(|node| Place { node, from: 0 })
    };
    title.leaves.iter().zip(items).map(link).collect()
}

/// Why a column is what it is called, for each of its cells.
pub(super) fn why(tree: &Tree<'_>, stack: &Stack, field: Field) -> String {
    let mut reasons = vec![];
    if stack.label() == Some(field) {
        reasons.push("a label says so");
    }
    if stack.is_named(tree, field) {
        reasons.push("its class or id says so");
    }
    if stack.links_name(tree, field) {
        reasons.push("its links say so");
    }
    reasons.push(match field {
        Field::Price => "an amount with a currency in most rows",
        Field::Title => "the most telling text of the row",
        Field::Date | Field::Text => "most rows show one at this place",
        _ => "the same place in most rows",
    });
    reasons.join(", ")
}
