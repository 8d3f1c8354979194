//! Columns of a forum's thread: who wrote, when, what, and what of it is quoted from others.

use std::{collections::BTreeMap, ops::Range};

use model::listing::{Field, RowKind};

use super::{
    super::{
        tree::{Tag, Tree},
        words,
    },
    Plan,
    columns::{Column, Place, Stack, best, stacks, why},
    mix, mix_tag,
};

/// Shorter texts, on the whole, are no posts.
const SHORTEST_BODY: usize = 12;

/// Whether a node quotes somebody else.
pub(crate) fn is_quote(tree: &Tree<'_>, node: usize) -> bool {
    let named = |name| tree.value(node, name).is_some_and(|value: &[u8]| {
        value.split(|b| !b.is_ascii_alphanumeric()).any(|part| {
            let quote = part.len() >= 5 && part[..5].eq_ignore_ascii_case(b"quote") || part.eq_ignore_ascii_case(b"bbquote");
            quote && part.len() <= 14
        })
    });
    let tag = tree.nodes[node].tag;
    tag == Tag::BLOCKQUOTE || matches!(tag, Tag::DIV | Tag::TD | Tag::TABLE | Tag::SECTION) && named("class")
}

/// What is left out of a post's own text.
pub(crate) fn leave(tree: &Tree<'_>, node: usize, field: Field) -> bool {
    field == Field::Text && tree.nodes[node].tag != Tag::TEXT && is_quote(tree, node)
}

/// A thread: each row has a writer, a time and a text.
pub(super) fn posts(tree: &Tree<'_>, items: &[Range<usize>], boxed: bool) -> Option<(Plan, i64)> {
    let stacks = stacks(tree, items);
    let date = best(&stacks, |stack| date_points(&stacks[stack]))?;
    let author = best(&stacks, |stack| (stack != date).then(|| author_points(tree, &stacks[stack])).flatten())?;
    let taken = |item: usize| [date, author].iter().filter_map(|stack| stacks[*stack].leaves[item].as_ref().map(|leaf| leaf.place.node)).collect::<Vec<_>>();
    let bodies = bodies(tree, items, taken)?;
    let filled = bodies.iter().flatten().count() as i64 * 100 / items.len() as i64;
    let quotes = bodies.iter().map(|body| body.and_then(|body| tree.below(body.node).find(|n| is_quote(tree, *n))).map(|node| Place { node, from: 0 })).collect();
    let column = |field, stack: usize| Column { field, places: stacks[stack].leaves.iter().map(|l| l.as_ref().map(|l| l.place)).collect(), reason: why(tree, &stacks[stack], field) };
    let mut columns = vec![column(Field::Author, author), column(Field::Date, date)];
    columns.push(Column { field: Field::Quoted, places: quotes, reason: "a quotation inside the post".into() });
    columns.push(Column { field: Field::Text, places: bodies, reason: "the longest box without writer and date; quotations are left out".into() });
    if let Some(thread) = thread(tree, items) {
        let places = vec![Some(Place { node: thread, from: 0 }); items.len()];
        columns.push(Column { field: Field::Thread, places, reason: "the heading or the title of the page".into() });
    }
    let confidence = ((stacks[author].share() + stacks[date].share() + filled) * 27 / 100 + 18 * items.len().min(6) as i64 / 6).min(99);
    let score = confidence * 10 + items.len().min(60) as i64 * 5;
    Some((Plan { kind: RowKind::Post, items: items.to_vec(), columns, confidence: u8::try_from(confidence).unwrap_or(0), boxed }, score))
}

fn date_points(stack: &Stack) -> Option<i64> {
    let dates = stack.share_of(|leaf| words::is_date(&leaf.text));
    (stack.share() >= 60 && dates >= 60).then(|| stack.share() + dates - stack.mean_length().min(60))
}

fn author_points(tree: &Tree<'_>, stack: &Stack) -> Option<i64> {
    if stack.share() < 60 || stack.mean_length() > 40 || stack.mean_length() < 2 {
        return None;
    }
    let mut points = super::columns::author_names(tree, stack);
    points += 10 * i64::from(stack.share_of(|leaf| !leaf.text.contains(' ')) >= 80);
    (points >= 25).then_some(points)
}

/// The box with the most text in each row that holds neither writer nor date, at the place that most rows agree on.
fn bodies(tree: &Tree<'_>, items: &[Range<usize>], taken: impl Fn(usize) -> Vec<usize>) -> Option<Vec<Option<Place>>> {
    let mut votes: BTreeMap<u64, usize> = BTreeMap::new();
    let mut found: Vec<Vec<(u64, usize, usize)>> = vec![];
    for (index, item) in items.iter().enumerate() {
        let taken = taken(index);
        let holds = |node: usize| taken.iter().any(|t| *t >= node && *t < tree.nodes[node].last as usize);
        let mut boxes = vec![];
        let mut at = item.start;
        while at < item.end && boxes.len() < 200 {
            let node = tree.nodes[at];
            if node.tag == Tag::TEXT || holds(at) {
                at += 1;
                continue;
            }
            let size = text_size(tree, at);
            if size > 0 && !node.tag.is_hidden() {
                boxes.push((key(tree, item, at), at, size));
            }
            at = node.last as usize;
        }
        if let Some((key, _, size)) = boxes.iter().max_by_key(|(_, node, size)| (*size, std::cmp::Reverse(*node))) {
            *votes.entry(*key).or_default() += size.min(&400);
        }
        found.push(boxes);
    }
    let (usual, weight) = votes.into_iter().max_by_key(|(key, votes)| (*votes, std::cmp::Reverse(*key)))?;
    if weight < SHORTEST_BODY * items.len() / 2 {
        return None;
    }
    let place = |boxes: &Vec<(u64, usize, usize)>| boxes.iter().filter(|b| b.0 == usual).max_by_key(|b| b.2).map(|b| Place { node: b.1, from: 0 });
    Some(found.iter().map(place).collect())
}

fn text_size(tree: &Tree<'_>, node: usize) -> usize {
    tree.below(node).filter(|n| tree.says_something(*n)).map(|n| tree.text(n).len()).sum()
}

fn key(tree: &Tree<'_>, item: &Range<usize>, node: usize) -> u64 {
    let steps = tree.upwards(node).take_while(|n| *n >= item.start);
    let key = steps.fold(0, |key, n| mix_tag(tree, key, n));
    mix(key, tree.classes(node).next().map_or(0, |class| super::mix_bytes(0, class)))
}

/// The heading of the page outside of the rows, or its title.
fn thread(tree: &Tree<'_>, items: &[Range<usize>]) -> Option<usize> {
    let first = items.first()?.start;
    let heading = (1..first).filter(|n| matches!(tree.nodes[*n].tag, Tag::H1 | Tag::H2 | Tag::H3)).find(|n| text_size(tree, *n) > 0 && tree.nodes[*n].last as usize <= first);
    heading.or_else(|| (1..tree.nodes.len()).find(|n| tree.nodes[*n].tag == Tag::TITLE && text_size(tree, *n) > 0))
}
