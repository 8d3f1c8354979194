//! Every hit of the index is read again in the text itself before anybody is told of it: an index gives candidates,
//! the captured text gives the answer. What is given back are the places in the text, for quoting and highlighting.

use super::Held;
use super::ask::{Ask, Field, How, Property, Words};
use super::cut::{self, Cut};
use super::plan::{Part, Planned};

/// Most places of one passage that are given back.
const PLACES: usize = 20;

/// Where a question is answered in one passage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Confirmed {
    /// Byte ranges in the passage's text, in order; none when a property alone was asked for.
    pub places: Vec<(usize, usize)>,
    /// Whether some words are there only in letters that look or sound alike, such as a Cyrillic `а` for a Latin one.
    pub look_alike: bool,
}

/// The passages of one document that answer a question together: which, and where in each.
pub fn answers(ask: &Ask, document: &[Held]) -> Vec<(usize, Confirmed)> {
    let planned = Planned::of(ask);
    let found: Vec<(usize, Confirmed)> = document.iter().enumerate().filter_map(|(n, held)| Some((n, shown(&planned, held)?))).collect();
    let mut holds = |part: usize| Ok::<_, std::convert::Infallible>(document.iter().any(|held| part_holds(&planned.parts()[part], held)));
    let whole = planned.is_of_one_passage() || !found.is_empty() && planned.holds(&mut holds) == Ok(true);
    if whole { found } else { vec![] }
}

/// Where a passage holds parts of a question that are asked for; none when it holds none of them. Whether its document
/// answers is another matter.
pub(crate) fn shown(planned: &Planned<'_>, held: &Held) -> Option<Confirmed> {
    let mut confirmed = Confirmed::default();
    let mut any = false;
    for part in planned.wanted() {
        let mut of_part = Confirmed::default();
        if lies_within(part, held) && part.what.is_none_or(|what| holds(what, held, &mut of_part)) {
            any = true;
            confirmed.places.append(&mut of_part.places);
            confirmed.look_alike |= of_part.look_alike;
        }
    }
    confirmed.places.sort_unstable();
    confirmed.places.dedup();
    confirmed.places.truncate(PLACES);
    any.then_some(confirmed)
}

/// Whether a passage holds one part of a question.
pub(crate) fn part_holds(part: &Part<'_>, held: &Held) -> bool {
    lies_within(part, held) && part.what.is_none_or(|what| holds(what, held, &mut Confirmed::default()))
}

fn lies_within(part: &Part<'_>, held: &Held) -> bool {
    part.within.iter().all(|one| holds(one, held, &mut Confirmed::default()))
}

fn holds(ask: &Ask, held: &Held, confirmed: &mut Confirmed) -> bool {
    match ask {
        Ask::All(parts) => parts.iter().all(|part| holds(part, held, confirmed)),
        // All of them are looked at, so that every place is shown.
        Ask::Any(parts) => parts.iter().filter(|part| holds(part, held, confirmed)).count() > 0,
        Ask::Not(part) => !holds(part, held, &mut Confirmed::default()),
        Ask::Words(words) => words_hold(words, held, confirmed),
        Ask::Is(property, value) => is(*property, value, held),
        Ask::After(day) => held.captured.is_some_and(|at| at.div_euclid(DAY) >= *day),
        Ask::Before(day) => held.captured.is_some_and(|at| at.div_euclid(DAY) <= *day),
    }
}

const DAY: i64 = 86_400_000_000;

fn is(property: Property, value: &str, held: &Held) -> bool {
    match property {
        Property::Exhibit => held.exhibit == value,
        Property::Language => held.language.as_deref() == Some(value),
        Property::Host => held.host.as_deref() == Some(value),
        Property::Zone => held.zone == value,
        Property::Selector => held.selectors.iter().any(|(_, found)| found == value),
        Property::Type => held.selectors.iter().any(|(kind, _)| kind == value),
    }
}

fn words_hold(words: &Words, held: &Held, confirmed: &mut Confirmed) -> bool {
    if words.field == Field::Title && held.zone != "title" {
        return false;
    }
    if words.field == Field::Address {
        return !places(words, &cut::of_record(&words.text), &cut::of_record(&held.place)).is_empty();
    }
    let found = places(words, &cut::of_record(&words.text), &cut::of_record(&held.text));
    if !found.is_empty() {
        confirmed.places.extend(found);
        return true;
    }
    let text = cut::of_looks(&held.text);
    let alike: Vec<_> = cut::looks_for_query(&words.text).iter().flat_map(|asked| places_at(words, asked, &text)).collect();
    confirmed.look_alike |= !alike.is_empty();
    confirmed.places.extend(alike.iter().copied());
    !alike.is_empty()
}

/// Where the words stand; both sides without the pairs, which only the index needs.
fn places(words: &Words, asked: &[Cut], text: &[Cut]) -> Vec<(usize, usize)> {
    let asked: Vec<&Cut> = asked.iter().filter(|cut| !cut.pair).collect();
    let text: Vec<&Cut> = text.iter().filter(|cut| !cut.pair).collect();
    if asked.is_empty() {
        return vec![];
    }
    match words.how {
        How::Near(among) => {
            let pieces: Vec<Vec<Cut>> = cut::pieces(&words.text).into_iter().map(|piece| singly(cut::of_record(piece))).collect();
            near(&pieces, &text, among as usize)
        }
        How::Fuzzy(most) if cut::letters(&words.text).is_some() => alike(&asked, &text, usize::from(most)),
        how => {
            let here = |from: usize| asked.iter().enumerate().all(|(i, word)| same(word, text[from + i], how, i + 1 == asked.len()));
            let starts = (0..(text.len() + 1).saturating_sub(asked.len())).filter(|from| here(*from)).take(PLACES);
            starts.map(|from| (text[from].start, text[from + asked.len() - 1].end)).collect()
        }
    }
}

fn singly(cuts: Vec<Cut>) -> Vec<Cut> {
    cuts.into_iter().filter(|cut| !cut.pair).collect()
}

/// The same where several forms stand at one place, as in the looks.
fn places_at(words: &Words, asked: &[Cut], text: &[Cut]) -> Vec<(usize, usize)> {
    if let How::Near(among) = words.how {
        let pieces: Vec<Vec<Cut>> = asked.iter().map(|cut| vec![cut.clone()]).collect();
        return near(&pieces, &text.iter().collect::<Vec<_>>(), among as usize);
    }
    let at = |position: usize| text.partition_point(|cut| cut.position < position);
    let fits = |word: &Cut, position: usize, last: bool| text[at(position)..].iter().take_while(|cut| cut.position == position).find(|cut| same(word, cut, words.how, last));
    let first = asked.first().map_or(0, |word| word.position);
    let mut places = Vec::new();
    for begin in text.iter().filter(|cut| same(&asked[0], cut, words.how, asked.len() == 1)) {
        let found = asked.iter().enumerate().map(|(i, word)| fits(word, begin.position + word.position - first, i + 1 == asked.len()).map(|cut| cut.end));
        if let Some(end) = found.collect::<Option<Vec<usize>>>().and_then(|ends| ends.last().copied()) {
            places.push((begin.start, end));
        }
        if places.len() == PLACES {
            break;
        }
    }
    places
}

fn same(asked: &Cut, found: &Cut, how: How, last: bool) -> bool {
    match how {
        How::Prefix if last => found.text.starts_with(&asked.text),
        How::Fuzzy(most) => distance_within(&asked.text, &found.text, usize::from(most)),
        _ => asked.text == found.text,
    }
}

/// Stretches in which all pieces stand, in any order, with at most `among` other words or letters among them.
fn near(pieces: &[Vec<Cut>], text: &[&Cut], among: usize) -> Vec<(usize, usize)> {
    let stands: Vec<Vec<Stand>> = pieces.iter().map(|piece| stands_of(piece, text)).collect();
    let length: usize = pieces.iter().map(Vec::len).sum();
    // A piece that was typed twice must stand twice.
    let which: Vec<usize> = (0..pieces.len()).map(|n| pieces[..n].iter().filter(|other| same_piece(other, &pieces[n])).count()).collect();
    let mut begins: Vec<&Stand> = stands.iter().flatten().collect();
    begins.sort_by_key(|stand| stand.from);
    let (mut places, mut next) = (Vec::new(), 0);
    for begin in begins {
        if begin.from < next || places.len() == PLACES {
            continue;
        }
        let first = |n: usize| {
            let after = stands[n].partition_point(|stand| stand.from < begin.from);
            apart(&stands[n][after..]).nth(which[n])
        };
        let Some(all) = (0..pieces.len()).map(first).collect::<Option<Vec<&Stand>>>() else { continue };
        let Some(last) = all.iter().max_by_key(|stand| stand.to) else { continue };
        if last.to - begin.from <= length + among {
            places.push((begin.start, last.end));
            next = last.to;
        }
    }
    places
}

/// One place where a piece stands: positions among words and letters, and bytes.
struct Stand {
    from: usize,
    to: usize,
    start: usize,
    end: usize,
}

fn stands_of(piece: &[Cut], text: &[&Cut]) -> Vec<Stand> {
    let here = |from: &usize| piece.iter().zip(&text[*from..]).all(|(asked, found)| asked.text == found.text);
    let starts = (0..(text.len() + 1).saturating_sub(piece.len())).filter(here);
    starts.map(|from| (text[from], text[from + piece.len() - 1])).map(|(first, last)| Stand { from: first.position, to: last.position + 1, start: first.start, end: last.end }).collect()
}

/// Those that do not lie on one another.
fn apart(stands: &[Stand]) -> impl Iterator<Item = &Stand> {
    let mut next = 0;
    stands.iter().filter(move |stand| {
        let free = stand.from >= next;
        next = if free { stand.to } else { next };
        free
    })
}

fn same_piece(a: &[Cut], b: &[Cut]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.text == b.text)
}

/// Stretches that differ from what is asked by at most `most` letters put in, left out or changed; of stretches that lie
/// on one another the nearest. A swap of two neighbours is two changes.
fn alike(asked: &[&Cut], text: &[&Cut], most: usize) -> Vec<(usize, usize)> {
    // By letter of what is asked: how many changes, and where the stretch begins.
    let mut column: Vec<(usize, usize)> = (0..=asked.len()).map(|i| (i, 0)).collect();
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for (at, letter) in text.iter().enumerate() {
        let mut next = vec![(0, at + 1)];
        let mut diagonal = (0, at);
        for (i, wanted) in asked.iter().enumerate() {
            let changed = (diagonal.0 + usize::from(wanted.text != letter.text), diagonal.1);
            let put_in = (column[i + 1].0 + 1, column[i + 1].1);
            let left_out = (next[i].0 + 1, next[i].1);
            diagonal = column[i + 1];
            next.push([changed, put_in, left_out].into_iter().min_by_key(|(changes, _)| *changes).unwrap_or(changed));
        }
        column = next;
        let (changes, from) = column[asked.len()];
        if changes > most || from > at {
            continue;
        }
        match found.last_mut() {
            Some(last) if from < last.1 => *last = if changes < last.2 { (from, at + 1, changes) } else { *last },
            _ => found.push((from, at + 1, changes)),
        }
    }
    found.into_iter().take(PLACES).map(|(from, to, _)| (text[from].start, text[to - 1].end)).collect()
}

/// Whether two words differ by at most `most` letters put in, left out, changed or swapped with their neighbour.
fn distance_within(a: &str, b: &str, most: usize) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > most {
        return false;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (row[j] + usize::from(x != y)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()] <= most
}
