//! The sheet: A4 across, black and white, as SVG. Printed by any machine, in any tongue: fonts are named by family only.
//!
//! Nothing is told by colour: things differ in shape, lines in their dashes, and a legend says what is what. Strangers'
//! words are text: escaped, bounded, and with signs that hide or turn text named. It holds no script, no style, no
//! address and no picture, so that it shows the same as a file, in a page, and on paper.

use std::fmt::Write;

use crate::{places::Place, room::{Room, width}};

/// The sheet in tenths of a millimetre.
const SHEET: (i32, i32) = (2970, 2100);
const MARGIN: i32 = 80;
/// Where the drawing begins and ends; the legend stands beside it.
const FIELD: (i32, i32, i32, i32) = (MARGIN, 362, 2250, 1960);
/// Most lines below the title: above the drawing there is room for so many.
const LINES: usize = 6;
/// The most things whose words stand beside them; others are found by their number.
const NAMED: usize = 60;
/// The most things that bear a number.
const NUMBERED: usize = 400;
/// Most letters of a word beside a thing.
const SHORT: usize = 34;
/// Most events that are listed under a timeline.
const LISTED: usize = 36;

/// What stands on every sheet.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// What it is, and of which case.
    pub title: String,
    /// Below it: time of making, what was asked, what is left out, how it was drawn.
    pub lines: Vec<String>,
    /// What the shapes and dashes mean.
    pub legend: Vec<(Mark, String)>,
    /// The same for lines.
    pub strokes: Vec<(Stroke, String)>,
}

/// The shape of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A black square.
    Square,
    /// A white circle.
    Circle,
    /// A white diamond.
    Diamond,
    /// A black triangle.
    Triangle,
    /// A white hexagon.
    Hexagon,
    /// A cross.
    Cross,
}

/// The dashes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// One thick line.
    Thick,
    /// One thin line.
    Plain,
    /// Dashes.
    Dashed,
    /// Dots.
    Dotted,
}

/// A thing on the sheet.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// Its shape.
    pub mark: Mark,
    /// Its words.
    pub label: String,
    /// Its place.
    pub place: Place,
    /// Its number in the table.
    pub number: usize,
    /// How many lines it has: who has many is named first.
    pub lines: usize,
}

/// A line between two things, by their places in the list.
#[derive(Debug, Clone, Copy)]
pub struct Joined {
    /// From.
    pub from: usize,
    /// To.
    pub to: usize,
    /// Its dashes.
    pub stroke: Stroke,
}

/// One band of a timeline.
#[derive(Debug, Clone)]
pub struct Lane {
    /// What its moments are.
    pub label: String,
    /// Its shape.
    pub mark: Mark,
    /// Its moments.
    pub moments: Vec<Dot>,
}

/// A moment on a timeline, in seconds since 1970.
#[derive(Debug, Clone)]
pub struct Dot {
    /// Where its mark stands.
    pub at: i64,
    /// The first second that it may be: where it is exact, `at`.
    pub earliest: i64,
    /// The last.
    pub latest: i64,
    /// Its number in the list.
    pub number: usize,
    /// Its words there.
    pub words: String,
}

impl Dot {
    /// From where to where it may be; a mark stands within it.
    fn room(&self) -> (i64, i64) {
        (self.earliest.min(self.at), self.latest.max(self.at))
    }
}

/// A graph on a sheet.
pub fn graph(sheet: &Sheet, things: &[Drawn], lines: &[Joined]) -> String {
    let mut svg = opened(sheet);
    // One scale for both sides, so that nothing is stretched; what is drawn stands in the middle.
    let side = |value: fn(Place) -> i32| {
        let least = things.iter().map(|thing| value(thing.place)).min().unwrap_or(0);
        (least, things.iter().map(|thing| value(thing.place)).max().unwrap_or(0) - least)
    };
    let ((left, wide), (top, high)) = (side(|place| place.0), side(|place| place.1));
    let (room_wide, room_high) = (FIELD.2 - FIELD.0 - 200, FIELD.3 - FIELD.1);
    // A scale is a part of two whole numbers: the narrower of both.
    let (over, under) = if i64::from(wide) * i64::from(room_high) > i64::from(high) * i64::from(room_wide) { (room_wide, wide) } else { (room_high, high) };
    let scaled = |units: i32| i32::try_from(i64::from(units) * i64::from(over) / i64::from(under.max(1))).unwrap_or(0);
    let (begin_x, begin_y) = (FIELD.0 + (room_wide - scaled(wide)) / 2, FIELD.1 + (room_high - scaled(high)) / 2);
    let at = |place: Place| (begin_x + scaled(place.0 - left), begin_y + scaled(place.1 - top));
    for line in lines {
        let (Some(from), Some(to)) = (things.get(line.from), things.get(line.to)) else { continue };
        let (from, to) = (at(from.place), at(to.place));
        let _ = writeln!(svg, "<path d=\"M{} {}L{} {}\" {}/>", from.0, from.1, to.0, to.1, dashes(line.stroke));
    }
    let mut by_lines: Vec<usize> = (0..things.len()).collect();
    by_lines.sort_by_key(|at| (std::cmp::Reverse(things[*at].lines), things[*at].number));
    let size = if things.len() > 1_000 { 7 } else { 14 };
    let mut room = Room::new((FIELD.0, FIELD.1 - 40, FIELD.2 + 20, FIELD.3 + 60));
    for thing in things {
        let (x, y) = at(thing.place);
        shape(&mut svg, thing.mark, (x, y), size);
        room.take((x, y), size);
    }
    let mut unnumbered = things.len().saturating_sub(NUMBERED);
    for (n, which) in by_lines.iter().enumerate().take(NUMBERED) {
        let thing = &things[*which];
        let named = format!("{} {}", thing.number, short(&thing.label, SHORT));
        let around = |words: &str, letters: i32| beside(at(thing.place), size, letters, width(words, letters));
        let number = thing.number.to_string();
        if let Some(place) = (n < NAMED).then(|| room.first(&named, 24, around(&named, 24))).flatten() {
            text(&mut svg, place, 24, &named);
        } else if let Some(place) = room.first(&number, 16, around(&number, 16)) {
            text(&mut svg, place, 16, &number);
        } else {
            unnumbered += 1;
        }
    }
    if unnumbered > 0 {
        text(&mut svg, (FIELD.0, FIELD.3 + 90), 21, &format!("{unnumbered} of {} bear no number here: there is no room. The table names all of them.", things.len()));
    }
    closed(svg)
}

/// Where words of this width can stand beside a thing: right of it, left, above and below, then in the corners.
fn beside((x, y): (i32, i32), half: i32, letters: i32, wide: i32) -> [(i32, i32); 8] {
    let (right, left, middle) = (x + half + 4, x - half - 4 - wide, x - wide / 2);
    let (level, above, below) = (y + letters / 3, y - half - letters / 3, y + half + letters);
    [(right, level), (left, level), (middle, above), (middle, below), (right, above), (right, below), (left, above), (left, below)]
}

/// A timeline on a sheet: a band for each kind of moment, and the list of what stands on it.
pub fn timeline(sheet: &Sheet, lanes: &[Lane]) -> String {
    let mut svg = opened(sheet);
    let moments = || lanes.iter().flat_map(|lane| lane.moments.iter());
    let (Some(first), Some(last)) = (moments().map(|one| one.room().0).min(), moments().map(|one| one.room().1).max()) else { return closed(svg) };
    let (left, right) = (FIELD.0 + 20, FIELD.2 - 20);
    let span = (last - first).max(1);
    let x = |second: i64| left + i32::try_from((i128::from(second) - i128::from(first)) * i128::from(right - left) / i128::from(span)).unwrap_or(0);
    let (top, height) = (FIELD.1 + 40, 130);
    let bottom = top + height * i32::try_from(lanes.len()).unwrap_or(0);
    for tick in ticks(first, last) {
        let _ = writeln!(svg, "<path d=\"M{0} {1}L{0} {2}\" stroke=\"#000\" stroke-width=\"1\" stroke-dasharray=\"2 8\" fill=\"none\"/>", x(tick), top, bottom);
        text(&mut svg, (x(tick) - 60, bottom + 34), 22, &day_and_time(tick, last - first));
    }
    for (n, lane) in (0..).zip(lanes) {
        let y = top + height * n + height / 2;
        let _ = writeln!(svg, "<path d=\"M{left} {y}L{right} {y}\" stroke=\"#000\" stroke-width=\"2\" fill=\"none\"/>");
        text(&mut svg, (left, y - 40), 24, &lane.label);
        let is_full = lane.moments.len() > NUMBERED;
        // A line of ink for each place on the paper is all that paper shows.
        let mut drawn = std::collections::BTreeSet::new();
        let mut room = Room::new((0, y - 62, SHEET.0, y + height / 2));
        room.take_words(&lane.label, 24, (left, y - 40));
        for dot in &lane.moments {
            let ((begin, end), at) = (dot.room(), x(dot.at));
            if end > begin {
                let _ = writeln!(svg, "<path d=\"M{} {}L{} {}\" stroke=\"#000\" stroke-width=\"5\" fill=\"none\"/>", x(begin), y + 14, x(end), y + 14);
            }
            if is_full && !drawn.insert(at) {
                continue;
            }
            if is_full {
                let _ = writeln!(svg, "<path d=\"M{at} {}L{at} {}\" stroke=\"#000\" stroke-width=\"1\" fill=\"none\"/>", y - 20, y + 20);
            } else {
                shape(&mut svg, lane.mark, (at, y), 12);
                let number = dot.number.to_string();
                // Where many stand at one moment the list below tells which; numbers over numbers tell nothing.
                let places = [(at - 8, y - 18), (at - 8, y - 38), (at - 8, y + 34), (at - 8, y + 54)];
                if let Some(place) = (dot.number <= LISTED).then(|| room.first(&number, 18, places)).flatten() {
                    text(&mut svg, place, 18, &number);
                }
            }
        }
    }
    let mut listed: Vec<&Dot> = moments().collect();
    listed.sort_by_key(|one| one.number);
    let (column, row) = ((FIELD.2 - FIELD.0) / 2, 38);
    let rows = LISTED.div_ceil(2);
    for (n, dot) in listed.iter().take(LISTED).enumerate() {
        let place = (FIELD.0 + column * i32::from(n >= rows), bottom + 90 + row * i32::try_from(n % rows).unwrap_or(0));
        text(&mut svg, place, 21, &format!("{}  {}", dot.number, short(&dot.words, 100)));
    }
    if listed.len() > LISTED {
        text(&mut svg, (FIELD.0, bottom + 90 + row * i32::try_from(rows).unwrap_or(0)), 21, &format!("… and {} more in the table", listed.len() - LISTED));
    }
    closed(svg)
}

fn opened(sheet: &Sheet) -> String {
    let mut svg = String::new();
    let _ = writeln!(svg, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    let _ = writeln!(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"297mm\" height=\"210mm\" viewBox=\"0 0 {} {}\" font-family=\"Noto Sans, Noto Sans Lao, Noto Sans Thai, Noto Sans Khmer, Noto Sans Myanmar, sans-serif\" fill=\"#000\">", SHEET.0, SHEET.1);
    let _ = writeln!(svg, "<title>{}</title>", escaped(&sheet.title));
    let _ = writeln!(svg, "<rect width=\"{}\" height=\"{}\" fill=\"#fff\"/>", SHEET.0, SHEET.1);
    text(&mut svg, (MARGIN, 110), 46, &short(&sheet.title, 110));
    for (n, line) in (0..).zip(sheet.lines.iter().take(LINES)) {
        text(&mut svg, (MARGIN, 160 + 32 * n), 23, &short(line, 210));
    }
    let mut y = FIELD.1 + 20;
    for (mark, words) in &sheet.legend {
        shape(&mut svg, *mark, (FIELD.2 + 60, y), 14);
        text(&mut svg, (FIELD.2 + 110, y + 9), 24, &short(words, 44));
        y += 48;
    }
    y += 20;
    for (stroke, words) in &sheet.strokes {
        let _ = writeln!(svg, "<path d=\"M{} {y}L{} {y}\" {}/>", FIELD.2 + 30, FIELD.2 + 95, dashes(*stroke));
        text(&mut svg, (FIELD.2 + 110, y + 9), 24, &short(words, 44));
        y += 48;
    }
    svg
}

fn closed(mut svg: String) -> String {
    svg.push_str("</svg>\n");
    svg
}

fn dashes(stroke: Stroke) -> &'static str {
    match stroke {
        Stroke::Thick => "stroke=\"#000\" stroke-width=\"5\" fill=\"none\"",
        Stroke::Plain => "stroke=\"#000\" stroke-width=\"2\" fill=\"none\"",
        Stroke::Dashed => "stroke=\"#000\" stroke-width=\"2\" stroke-dasharray=\"14 8\" fill=\"none\"",
        Stroke::Dotted => "stroke=\"#000\" stroke-width=\"2\" stroke-dasharray=\"2 8\" fill=\"none\"",
    }
}

fn shape(svg: &mut String, mark: Mark, (x, y): (i32, i32), size: i32) {
    let half = size * 6 / 7;
    let white = "fill=\"#fff\" stroke=\"#000\" stroke-width=\"3\"";
    let _ = match mark {
        Mark::Square => writeln!(svg, "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>", x - half, y - half, 2 * half, 2 * half),
        Mark::Circle => writeln!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{size}\" {white}/>"),
        Mark::Diamond => writeln!(svg, "<path d=\"M{x} {}L{} {y}L{x} {}L{} {y}Z\" {white}/>", y - size, x + size, y + size, x - size),
        Mark::Triangle => writeln!(svg, "<path d=\"M{x} {}L{} {}L{} {}Z\"/>", y - size, x + size, y + size, x - size, y + size),
        Mark::Hexagon => writeln!(svg, "<path d=\"M{} {y}L{} {}L{} {}L{} {y}L{} {}L{} {}Z\" {white}/>", x - size, x - size / 2, y - half, x + size / 2, y - half, x + size, x + size / 2, y + half, x - size / 2, y + half),
        Mark::Cross => writeln!(svg, "<path d=\"M{} {}L{} {}M{} {}L{} {}\" stroke=\"#000\" stroke-width=\"4\" fill=\"none\"/>", x - half, y - half, x + half, y + half, x - half, y + half, x + half, y - half),
    };
}

/// Words with a white edge, so that they are read over lines.
fn text(svg: &mut String, (x, y): (i32, i32), size: i32, words: &str) {
    let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" stroke=\"#fff\" stroke-width=\"6\" paint-order=\"stroke\">{}</text>", escaped(words));
}

/// The first letters of a text.
fn short(words: &str, most: usize) -> String {
    let mut kept: String = words.chars().take(most).collect();
    if words.chars().nth(most).is_some() {
        kept.push('…');
    }
    kept
}

/// Text that is text: what XML reads is escaped, what hides or turns text is named, towers of marks are cut.
fn escaped(words: &str) -> String {
    let mut kept = String::with_capacity(words.len());
    let mut marks = 0;
    for letter in words.chars() {
        marks = if matches!(letter, '\u{0300}'..='\u{036f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}') { marks + 1 } else { 0 };
        match letter {
            _ if marks > 4 => {}
            '&' => kept.push_str("&amp;"),
            '<' => kept.push_str("&lt;"),
            '>' => kept.push_str("&gt;"),
            '"' => kept.push_str("&quot;"),
            '\n' | '\r' | '\t' => kept.push(' '),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}' => {
                let _ = write!(kept, "[U+{:04X}]", letter as u32);
            }
            letter if letter.is_control() => {
                let _ = write!(kept, "[U+{:04X}]", letter as u32);
            }
            letter => kept.push(letter),
        }
    }
    kept
}

/// About eight whole times between two.
fn ticks(first: i64, last: i64) -> Vec<i64> {
    const WHOLE: [i64; 18] = [1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 7_776_000, 31_536_000, 157_680_000, 1_576_800_000];
    let step = WHOLE.into_iter().find(|step| (last - first) / step <= 8).unwrap_or(i64::MAX / 4);
    let begin = first.div_euclid(step) + i64::from(first.rem_euclid(step) > 0);
    (begin..).map(|n| n.saturating_mul(step)).take_while(|tick| *tick <= last).take(10).collect()
}

/// A moment as UTC: the day, and the clock where the whole is short. Days by the rule of Howard Hinnant's civil calendar.
fn day_and_time(second: i64, span: i64) -> String {
    let days = second.div_euclid(86_400) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let clock = second.rem_euclid(86_400);
    if span > 8 * 86_400 { format!("{year:04}-{month:02}-{day:02}") } else { format!("{month:02}-{day:02} {:02}:{:02}:{:02}Z", clock / 3_600, clock / 60 % 60, clock % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        Sheet { title: "Graph of case 2026-0001".into(), lines: vec!["made 2026-01-01".into()], legend: vec![(Mark::Square, "exhibit".into())], strokes: vec![(Stroke::Plain, "stands in".into())] }
    }

    fn dot(at: i64, (earliest, latest): (i64, i64), number: usize) -> Dot {
        Dot { at, earliest, latest, number, words: format!("entry {number}") }
    }

    fn thing(label: &str, place: Place) -> Drawn {
        Drawn { mark: Mark::Circle, label: label.into(), place, number: 1, lines: 1 }
    }

    #[test]
    fn strangers_words_are_text_on_the_sheet() {
        let hostile = "<script>alert(1)</script>\"/><image href=\"http://evil.example\"/>\u{202e}txt\u{0}\u{7}";
        let svg = graph(&Sheet { title: hostile.into(), ..sheet() }, &[thing(hostile, (0, 0)), thing(&"\u{0301}".repeat(900), (900, 20_000))], &[]);
        for never in ["<script", "<image", "href=\"http", "\u{202e}", "\u{0}", "\u{7}"] {
            assert!(!svg.contains(never), "{never:?} stands in {svg}");
        }
        assert!(!svg.contains(&"\u{0301}".repeat(5)), "a tower of marks");
        assert!(svg.contains("[U+202E]"));
    }

    #[test]
    fn nothing_is_told_by_colour_and_nothing_is_fetched() {
        let lane = Lane { label: "seen by us".into(), mark: Mark::Cross, moments: vec![dot(0, (0, 0), 1), dot(86_400, (36_000, 130_000), 2)] };
        for svg in [graph(&sheet(), &[thing("a", (0, 0)), thing("b", (9, 9))], &[Joined { from: 0, to: 1, stroke: Stroke::Dotted }, Joined { from: 0, to: 7, stroke: Stroke::Plain }]), timeline(&sheet(), &[lane])] {
            let colours: Vec<&str> = svg.split('#').skip(1).map(|after| &after[..3]).collect();
            assert!(colours.iter().all(|colour| ["000", "fff"].contains(colour)), "{colours:?}");
            assert!(!svg.contains("url(") && !svg.contains("style") && !svg.contains("href"));
            assert_eq!(svg.matches("http").count(), 1, "the name of the language only");
        }
    }

    #[test]
    fn no_word_stands_over_another_and_what_finds_no_room_is_told() {
        let crowd: Vec<Drawn> = (0..60).map(|n| Drawn { number: n + 1, ..thing(&format!("person{n}@mail.example"), (i32::try_from(n).unwrap() % 8 * 7, i32::try_from(n).unwrap() / 8 * 7)) }).collect();
        let mut crowd_at_one_place = crowd.clone();
        crowd_at_one_place.iter_mut().for_each(|thing| thing.place = (3, 3));
        let svg = graph(&sheet(), &crowd_at_one_place, &[]);
        assert!(svg.contains("of 60 bear no number here"), "{svg}");
        for svg in [svg, graph(&sheet(), &crowd, &[])] {
            let boxes: Vec<(i32, i32, i32, i32)> = svg.lines().filter_map(boxed).collect();
            assert!(boxes.len() > 3);
            for (n, one) in boxes.iter().enumerate() {
                assert!(boxes[..n].iter().all(|other| one.2 <= other.0 || other.2 <= one.0 || one.3 <= other.1 || other.3 <= one.1), "{one:?} in {svg}");
            }
        }
    }

    /// The box of a line of words that stands in the drawing.
    fn boxed(line: &str) -> Option<(i32, i32, i32, i32)> {
        let number = |name: &str| line.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next()?.parse::<i32>().ok());
        let words = line.strip_prefix("<text")?.split_once('>')?.1.strip_suffix("</text>")?;
        let (x, y, size) = (number("x")?, number("y")?, number("font-size")?);
        (y > FIELD.1 && x < FIELD.2).then_some((x, y - size * 4 / 5, x + width(words, size), y + size / 5))
    }

    #[test]
    fn the_bar_of_a_moment_begins_where_it_may_be_first() {
        let lane = |dot| Lane { label: "claimed".into(), mark: Mark::Diamond, moments: vec![dot] };
        let svg = timeline(&sheet(), &[lane(dot(50_400, (0, 93_600), 1))]);
        // Alone on the sheet it is as wide as the axis, and its mark stands within: 14 hours of 26.
        let (left, right) = (FIELD.0 + 20, FIELD.2 - 20);
        let bar = svg.lines().find(|line| line.contains("stroke-width=\"5\"")).unwrap_or_default();
        assert!(bar.contains(&format!("M{left} ")) && bar.contains(&format!("L{right} ")), "{bar}");
        let at = left + (right - left) * 14 / 26;
        assert!(svg.contains(&format!("M{at} ")), "{svg}");
        assert!(!timeline(&sheet(), &[lane(dot(5, (5, 5), 1))]).contains("stroke-width=\"5\""), "an exact moment has no bar");
    }

    #[test]
    fn times_are_told_as_the_calendar_has_them() {
        for (second, told) in [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (1_772_323_200, "2026-03-01"), (-1, "1969-12-31")] {
            assert_eq!(day_and_time(second, i64::MAX), told);
        }
        assert_eq!(ticks(0, 7_200), [0, 900, 1_800, 2_700, 3_600, 4_500, 5_400, 6_300, 7_200]);
        assert!(ticks(i64::MIN / 4, i64::MAX / 4).len() <= 10);
        assert_eq!(timeline(&sheet(), &[]), closed(opened(&sheet())));
    }
}
