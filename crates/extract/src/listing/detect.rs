//! Rows of a page that no profile knows, from the page's own repetition: a list repeats one shape, and in each repeat
//! there is one price, or in a forum one date and one writer.
//!
//! 1. Anchors: short texts that are a price with its currency, or a date. They are grouped by their path of tags.
//! 2. Items: from each anchor of a group upwards, as far as no other anchor of the group is inside. What is there is
//!    one row. Where the list has no boxes, a row is a run of siblings of the usual length.
//! 3. Columns: texts at the same place of their rows. Labels, class names, addresses of links and the texts
//!    themselves say what a column is (`columns`).
//!
//! The result is a plan with a confidence: how regular the page is. It is offered, with that word, and never mixed
//! with what a profile reads. It refuses pages with fewer than three repeats, and lists without a price or a writer.

mod columns;
mod posts;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Range,
};

use model::listing::{Field, Listing, ReadBy, RowKind};

pub(crate) use self::columns::Column;
use super::{
    MOST_ROWS,
    apply::{price_cells, text_cell},
    price::{self, Decimal},
    shown::Shown,
    tree::{Tag, Tree},
    words,
};

/// Fewer repeats are no list.
const FEWEST: usize = 3;
/// Anchors that are looked at.
const MOST_ANCHORS: usize = 20_000;
/// The largest groups of them.
const MOST_GROUPS: usize = 24;
/// Groupings that are tried to the end.
const MOST_TRIES: usize = 8;
/// A plan below this confidence is not offered.
const LEAST_CONFIDENCE: u8 = 50;

/// How the rows of this page are read.
#[derive(Debug)]
pub(crate) struct Plan {
    pub kind: RowKind,
    /// Each row as a range of nodes.
    pub items: Vec<Range<usize>>,
    pub columns: Vec<Column>,
    pub confidence: u8,
    /// The rows are elements, not runs of siblings.
    pub boxed: bool,
}

/// The rows by the best plan.
pub(crate) fn rows(tree: &Tree<'_>) -> Vec<Listing> {
    best(tree).map(|plan| plan.rows(tree)).unwrap_or_default()
}

/// The best plan for the page: a list of offers before a list of posts.
pub(crate) fn best(tree: &Tree<'_>) -> Option<Plan> {
    let page = Page::new(tree);
    let offers = page.plan(&page.prices(), columns::offers);
    offers.or_else(|| page.plan(&page.dates(), posts::posts)).filter(|plan| plan.confidence >= LEAST_CONFIDENCE)
}

impl Plan {
    fn rows(&self, tree: &Tree<'_>) -> Vec<Listing> {
        let by = ReadBy::Structure { confidence: self.confidence };
        let row = |(index, item): (usize, &Range<usize>)| {
            let cells = self.columns.iter().flat_map(|column| column.cells(tree, index)).collect::<Vec<_>>();
            let start = tree.nodes[item.start].start;
            let end = item.clone().map(|n| tree.nodes[n].end).max().unwrap_or(start);
            (!cells.is_empty()).then(|| Listing::new(self.kind, by.clone(), (start.into(), end.into()), cells))
        };
        self.items.iter().enumerate().filter_map(row).collect()
    }
}

impl Column {
    fn cells(&self, tree: &Tree<'_>, index: usize) -> Vec<model::listing::Cell> {
        let Some(place) = self.places.get(index).copied().flatten() else { return vec![] };
        let shown = Shown::of(tree, place.node, |n| posts::leave(tree, n, self.field) && n != place.node);
        let shown = if place.from > 0 && place.from < shown.text.len() { shown.slice(place.from..shown.text.len()) } else { shown };
        let reason = format!("structure: {}", self.reason);
        match self.field {
            Field::Url => {
                let range = tree.attribute(place.node, "href").map(|(start, end)| Shown::of_range(tree, start..end));
                range.and_then(|shown| text_cell(self.field, &shown, &reason)).into_iter().collect()
            }
            Field::Price => {
                let found = price::read(&shown.text, Decimal::Auto);
                let price = found.iter().find(|p| p.sign.is_some()).or(found.first());
                price.map(|price| price_cells(&shown, price, None, &reason)).unwrap_or_default()
            }
            field => text_cell(field, &shown, &reason).into_iter().collect(),
        }
    }
}

/// A text that tells where a row may be.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    node: usize,
    coin: bool,
}

/// Makes a plan of items and gives it points; nothing when they are no rows.
type Judge = fn(&Tree<'_>, &[Range<usize>], bool) -> Option<(Plan, i64)>;

struct Page<'t, 'a> {
    tree: &'t Tree<'a>,
    /// The tags from the page down to each node, as one number.
    paths: Vec<u64>,
}

/// Mixes a value into a number (SplitMix64's step: the same on every machine).
fn mix(state: u64, value: u64) -> u64 {
    let mut z = state.rotate_left(5) ^ value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 27)
}

fn mix_bytes(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(mix(state, bytes.len() as u64), |state, byte| (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn mix_tag(tree: &Tree<'_>, state: u64, node: usize) -> u64 {
    mix_bytes(state, &tree.name(node)[..tree.name(node).len().min(24)].to_ascii_lowercase())
}

impl<'t, 'a> Page<'t, 'a> {
    fn new(tree: &'t Tree<'a>) -> Self {
        let mut paths = vec![0u64; tree.nodes.len()];
        for node in 1..tree.nodes.len() {
            let above = paths[tree.nodes[node].parent as usize];
            paths[node] = mix_tag(tree, above, node);
        }
        Page { tree, paths }
    }

    /// Texts that a reader sees.
    fn texts(&self) -> impl Iterator<Item = usize> + '_ {
        (1..self.tree.nodes.len()).filter(|n| {
            let node = self.tree.nodes[*n];
            node.tag == Tag::TEXT && !self.tree.nodes[node.parent as usize].tag.is_hidden() && self.tree.says_something(*n)
        })
    }

    fn prices(&self) -> Vec<Anchor> {
        self.texts().filter_map(|node| self.price_at(node)).take(MOST_ANCHORS).collect()
    }

    /// A text that is a price, or a number whose small box is one with its currency.
    fn price_at(&self, text: usize) -> Option<Anchor> {
        let raw = self.tree.text(text);
        if raw.len() > 160 || !raw.iter().any(|b| b.is_ascii_digit() || *b >= 0x80) {
            return None;
        }
        for node in self.tree.upwards(text).take(3) {
            let size = self.tree.nodes[node].end - self.tree.nodes[node].start;
            if size > 400 {
                return None;
            }
            let shown = Shown::of(self.tree, node, |_| false);
            let found = price::read(&shown.text, Decimal::Auto);
            if found.is_empty() || columns::words_beside(&shown.text, &found) > 16 {
                return None;
            }
            if let Some(price) = found.iter().find(|p| p.sign.is_some()) {
                return Some(Anchor { node: text, coin: price.code.is_some_and(price::is_coin) });
            }
        }
        None
    }

    fn dates(&self) -> Vec<Anchor> {
        let is_date = |node: &usize| {
            let parent = self.tree.nodes[*node].parent as usize;
            self.tree.nodes[parent].tag == Tag::TIME
                || self.tree.text(*node).len() <= 200 && words::is_date(&Shown::of(self.tree, *node, |_| false).text)
        };
        self.texts().filter(is_date).map(|node| Anchor { node, coin: false }).take(MOST_ANCHORS).collect()
    }

    /// The plan with the best score over all groupings of the anchors.
    fn plan(&self, anchors: &[Anchor], judge: Judge) -> Option<Plan> {
        let mut tried = HashSet::new();
        let mut groups = self.groups(anchors);
        groups.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        groups.dedup();
        let mut best: Option<(Plan, i64)> = None;
        groups.truncate(MOST_GROUPS);
        for group in groups {
            for boxed in [true, false] {
                let items = if boxed { self.boxes(&group) } else { self.runs(&group) };
                if items.len() < FEWEST || !tried.insert(items.clone()) {
                    continue;
                }
                if tried.len() > MOST_TRIES {
                    return best.map(|(plan, _)| plan);
                }
                let judged = judge(self.tree, &items, boxed);
                if let Some((plan, score)) = judged {
                    if best.as_ref().is_none_or(|(_, other)| score > *other) {
                        best = Some((plan, score));
                    }
                    break;
                }
            }
        }
        best.map(|(plan, _)| plan)
    }

    /// Anchors by their place, in three ways: by path and class, also by their number in a line, also by coin or money.
    fn groups(&self, anchors: &[Anchor]) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<(u8, u64), Vec<usize>> = BTreeMap::new();
        for anchor in anchors {
            let parent = self.tree.nodes[anchor.node].parent as usize;
            let class = self.tree.classes(parent).next().unwrap_or_default();
            let plain = mix_bytes(self.paths[anchor.node], class);
            let line = self.tree.upwards(parent).take(6).find(|n| matches!(self.tree.nodes[*n].tag, Tag::TD | Tag::TH | Tag::LI | Tag::DD));
            let place = mix(plain, line.map_or(0, |n| self.tree.nodes[n].nth.into()));
            let place = mix(place, self.tree.nodes[parent].nth.into());
            for key in [(0, plain), (1, place), (2, mix(plain, anchor.coin.into()))] {
                groups.entry(key).or_default().push(anchor.node);
            }
        }
        groups.into_values().filter(|group| group.len() >= FEWEST).collect()
    }

    /// How many nodes of a sorted group lie in a subtree.
    fn inside(group: &[usize], range: Range<usize>) -> usize {
        group.partition_point(|n| *n < range.end) - group.partition_point(|n| *n < range.start)
    }

    /// The largest box around each anchor that holds no other anchor.
    fn roots(&self, group: &[usize]) -> Vec<usize> {
        let alone = |node: &usize| Self::inside(group, *node..self.tree.nodes[*node].last as usize) == 1;
        group.iter().map(|anchor| self.tree.upwards(*anchor).take_while(alone).last().unwrap_or(*anchor)).collect()
    }

    /// Rows that are elements: the boxes at the usual depth and path, also those without an anchor.
    fn boxes(&self, group: &[usize]) -> Vec<Range<usize>> {
        let roots = self.roots(group);
        let Some(usual) = most_common(roots.iter().map(|root| (self.tree.nodes[*root].depth, self.paths[*root]))) else { return vec![] };
        let at_depth = |anchor: &usize| self.tree.upwards(*anchor).find(|n| self.tree.nodes[*n].depth == usual.0).filter(|n| self.paths[*n] == usual.1);
        let mut items: Vec<usize> = group.iter().filter_map(at_depth).collect();
        items.dedup();
        let parents: HashSet<u32> = items.iter().map(|n| self.tree.nodes[*n].parent).collect();
        let class = most_common(items.iter().map(|n| self.tree.classes(*n).next().unwrap_or_default())).unwrap_or_default();
        // Rows of the same list whose price is missing are rows too.
        let first = items.first().copied().unwrap_or(0);
        let like = (first..self.tree.nodes.len()).filter(|n| {
            let node = self.tree.nodes[*n];
            (node.depth, self.paths[*n]) == usual && parents.contains(&node.parent) && self.tree.classes(*n).next().unwrap_or_default() == class && node.tag != Tag::TEXT
        });
        let shape = self.shape(first);
        let alike = like.take(2 * MOST_ROWS).filter(|n| have_half_in_common(&shape, &self.shape(*n)));
        let mut all: Vec<usize> = items.iter().copied().chain(alike).collect();
        all.sort_unstable();
        all.dedup();
        all.truncate(MOST_ROWS);
        all.into_iter().map(|n| n..self.tree.nodes[n].last as usize).collect()
    }

    /// The paths inside a box, sorted, each once.
    fn shape(&self, node: usize) -> Vec<u64> {
        let mut paths: Vec<u64> = self.tree.below(node).take(200).map(|n| self.paths[n]).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// Rows that are runs of siblings: as many each time as lie between one anchor's sibling and the next.
    fn runs(&self, group: &[usize]) -> Vec<Range<usize>> {
        let roots = self.roots(group);
        let Some(parent) = most_common(roots.iter().map(|root| self.tree.nodes[*root].parent)) else { return vec![] };
        let siblings: Vec<usize> = self.tree.children(parent as usize).filter(|n| self.tree.nodes[*n].tag != Tag::TEXT || self.tree.says_something(*n)).collect();
        let places: HashMap<usize, usize> = siblings.iter().enumerate().map(|(i, n)| (*n, i)).collect();
        let at: Vec<usize> = roots.iter().filter_map(|root| places.get(root).copied()).collect();
        let Some(period) = most_common(at.windows(2).map(|w| w[1] - w[0])).filter(|gap| (2..=24).contains(gap)) else { return vec![] };
        let begins = |back: usize| {
            let first = at.get(1).and_then(|place| place.checked_sub(back)).map(|place| (siblings[place], place.checked_sub(1).map(|p| siblings[p])));
            first.map_or(0, |(node, before)| {
                let tag = self.tree.nodes[node].tag;
                let parted = before.is_some_and(|b| matches!(self.tree.nodes[b].tag, Tag::HR));
                3 * usize::from(tag.is_heading() || tag == Tag::DT) + 3 * usize::from(parted) + usize::from(matches!(tag, Tag::A | Tag::B | Tag::STRONG | Tag::TR))
            })
        };
        let back = (0..period).max_by_key(|back| (begins(*back), *back)).unwrap_or(0);
        let run = |place: &usize| {
            let start = place.checked_sub(back)?;
            let end = (start + period).min(siblings.len());
            Some(siblings[start]..self.tree.nodes[siblings[end - 1]].last as usize)
        };
        let mut runs: Vec<Range<usize>> = at.iter().filter_map(run).take(MOST_ROWS).collect();
        runs.dedup_by(|b, a| b.start < a.end);
        runs
    }
}

/// Whether two sorted shapes have half of their paths in common.
fn have_half_in_common(a: &[u64], b: &[u64]) -> bool {
    let common = a.iter().filter(|path| b.binary_search(path).is_ok()).count();
    common > 0 && common * 2 >= a.len().max(b.len())
}

/// The value that comes most often, the first of several.
fn most_common<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let most = counts.values().max().copied()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(value, _)| value)
}
