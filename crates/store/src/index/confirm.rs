//! Every hit of the index is read again in the text itself before anybody is told of it: an index gives candidates,
//! the captured text gives the answer. What is given back are the places in the text, for quoting and highlighting.

use super::ask::{Ask, Field, How, Property, Words};
use super::cut::{self, Cut};
use super::Held;

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

/// Whether the passage answers the question, and where.
pub fn confirm(ask: &Ask, held: &Held) -> Option<Confirmed> {
    let mut confirmed = Confirmed::default();
    holds(ask, held, &mut confirmed).then(|| {
        confirmed.places.sort_unstable();
        confirmed.places.dedup();
        confirmed.places.truncate(PLACES);
        confirmed
    })
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
    if asked.is_empty() || text.len() < asked.len() {
        return vec![];
    }
    match words.how {
        How::Near(slop) if asked.len() > 1 => near(&asked, &text, slop as usize),
        how => {
            let here = |from: usize| asked.iter().enumerate().all(|(i, word)| same(word, text[from + i], how, i + 1 == asked.len()));
            let starts = (0..=text.len() - asked.len()).filter(|from| here(*from)).take(PLACES);
            starts.map(|from| (text[from].start, text[from + asked.len() - 1].end)).collect()
        }
    }
}

/// The same where several forms stand at one place, as in the looks.
fn places_at(words: &Words, asked: &[Cut], text: &[Cut]) -> Vec<(usize, usize)> {
    if let How::Near(_) = words.how {
        return places(words, asked, text);
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

/// Windows in which all words stand, in any order, with at most `slop` others among them.
fn near(asked: &[&Cut], text: &[&Cut], slop: usize) -> Vec<(usize, usize)> {
    let length = asked.len() + slop;
    let all_in = |window: &[&Cut]| asked.iter().all(|word| window.iter().any(|found| found.text == word.text));
    let mut places = Vec::new();
    let mut from = 0;
    while from < text.len() && places.len() < PLACES {
        let window = &text[from..text.len().min(from + length)];
        let begins = asked.iter().any(|word| word.text == text[from].text);
        if begins && all_in(window) {
            let end = (1..=window.len()).find(|n| all_in(&window[..*n])).unwrap_or(window.len());
            places.push((window[0].start, window[end - 1].end));
            from += end;
        } else {
            from += 1;
        }
    }
    places
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
