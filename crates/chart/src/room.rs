//! Room for words on a sheet: where a word can stand so that it covers neither a thing nor another word.
//!
//! It counts boxes in tenths of a millimetre and tries places in a fixed order, so that the same things give the same
//! sheet. It refuses nothing: who asks learns that there is no room, and says so on the sheet.

/// A box: left, top, right, bottom.
type Area = (i32, i32, i32, i32);

/// What is taken on a sheet.
pub(crate) struct Room {
    within: Area,
    taken: Vec<Area>,
}

impl Room {
    /// An empty sheet between these edges.
    pub(crate) fn new(within: Area) -> Room {
        Room { within, taken: Vec::new() }
    }

    /// A thing stands here, so far to each side.
    pub(crate) fn take(&mut self, (x, y): (i32, i32), half: i32) {
        self.taken.push((x - half, y - half, x + half, y + half));
    }

    /// The first of these places (left end of the foot of the letters) where words of this size find room; it is taken then.
    pub(crate) fn first(&mut self, words: &str, size: i32, places: impl IntoIterator<Item = (i32, i32)>) -> Option<(i32, i32)> {
        let place = places.into_iter().find(|place| self.is_free(area(words, size, *place)))?;
        self.take_words(words, size, place);
        Some(place)
    }

    /// Words stand here.
    pub(crate) fn take_words(&mut self, words: &str, size: i32, place: (i32, i32)) {
        self.taken.push(area(words, size, place));
    }

    fn is_free(&self, (left, top, right, bottom): Area) -> bool {
        let is_within = left >= self.within.0 && top >= self.within.1 && right <= self.within.2 && bottom <= self.within.3;
        is_within && self.taken.iter().all(|other| right <= other.0 || other.2 <= left || bottom <= other.1 || other.3 <= top)
    }
}

fn area(words: &str, size: i32, (x, y): (i32, i32)) -> Area {
    (x, y - size * 4 / 5, x + width(words, size), y + size / 5)
}

/// How wide words are at most, about: a letter of the Latin, Lao or Thai script takes six tenths of its size, a sign of the
/// Chinese script or of Hangul all of it. Marks above and below letters take no room in print and are counted all the same.
pub(crate) fn width(words: &str, size: i32) -> i32 {
    let tenths: i32 = words.chars().map(|letter| if matches!(letter, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{3fffd}') { 10 } else { 6 }).sum();
    tenths * size / 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_beside_each_other_and_never_over_each_other() {
        let mut room = Room::new((0, 0, 400, 100));
        room.take((50, 50), 10);
        let places = [(40, 52), (64, 52), (64, 90)];
        assert_eq!(room.first("word", 20, places), Some((64, 52)), "the first would cover the thing");
        assert_eq!(room.first("word", 20, places), Some((64, 90)), "the second is taken");
        assert_eq!(room.first("word", 20, places), None);
        assert_eq!(room.first(&"w".repeat(60), 20, [(0, 20)]), None, "no word leaves the sheet");
        assert_eq!(width("ab中", 10), 22);
    }
}
