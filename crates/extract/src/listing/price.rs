//! Prices: amounts as decimal text and currencies by their codes, with what is written kept beside them.
//!
//! No floating point: digits go in and digits come out. What is read: 1,234.56 and 1.234,56 and 1 234,56 and
//! 1'234.56, digits of Thai, Lao, Khmer, Burmese, Arabic and Devanagari, words for thousands, signs, codes and names
//! of currencies before or after the amount. Where a writing has two meanings, one is chosen by a rule that is named
//! in a note, and the other is named too; a sign that belongs to several currencies with no usual one is `unknown`.
//! Not done: exchange rates, rounding, guessing a currency from the language of a page.

use std::{collections::HashMap, ops::Range, sync::LazyLock};

/// How a site writes numbers, when its profile says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Decimal {
    /// Told from the number itself.
    #[default]
    Auto,
    Point,
    Comma,
}

/// An amount that was found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Price {
    /// Digits, with at most one point.
    pub amount: String,
    /// ISO 4217 or coin code; nothing when no sign stands there or the sign is of several.
    pub code: Option<&'static str>,
    /// Where the sign of the currency stands.
    pub sign: Option<Range<usize>>,
    /// Amount and sign together.
    pub range: Range<usize>,
    /// What was decided, and what else it could mean.
    pub notes: Vec<String>,
}

struct Money {
    written: &'static str,
    code: &'static str,
    /// Power of ten of one such unit.
    shift: i32,
    also: &'static str,
    /// In capitals only: the small word means something else too.
    exact: bool,
}

const fn money(written: &'static str, code: &'static str) -> Money {
    Money { written, code, shift: 0, also: "", exact: false }
}

const fn capitals(code: &'static str) -> Money {
    Money { written: code, code, shift: 0, also: "", exact: true }
}

const fn shared(written: &'static str, code: &'static str, also: &'static str) -> Money {
    Money { written, code, shift: 0, also, exact: false }
}

const fn part(written: &'static str, code: &'static str, shift: i32) -> Money {
    Money { written, code, shift, also: "", exact: false }
}

/// Signs, codes and names. Words of other letters than ASCII stand in small letters.
const MONEY: &[Money] = &[
    // dollars
    shared("$", "USD", "a dollar sign alone is read as US dollar; other dollars use it too"),
    money("US$", "USD"), money("USD", "USD"), money("U$S", "USD"), money("dollar", "USD"), money("dollars", "USD"),
    money("долл", "USD"), money("долларов", "USD"), money("доллар", "USD"), money("ໂດລາ", "USD"), money("ดอลลาร์", "USD"),
    money("A$", "AUD"), money("AU$", "AUD"), money("AUD", "AUD"), money("C$", "CAD"), money("CA$", "CAD"), money("CAD", "CAD"),
    money("NZ$", "NZD"), money("NZD", "NZD"), money("HK$", "HKD"), money("HKD", "HKD"), money("S$", "SGD"), money("SGD", "SGD"),
    money("NT$", "TWD"), money("TWD", "TWD"), money("R$", "BRL"), money("BRL", "BRL"), money("MX$", "MXN"), capitals("MXN"),
    // Europe
    money("€", "EUR"), money("EUR", "EUR"), money("euro", "EUR"), money("euros", "EUR"), money("евро", "EUR"),
    money("£", "GBP"), money("GBP", "GBP"), money("CHF", "CHF"), money("zł", "PLN"), money("PLN", "PLN"), money("Kč", "CZK"),
    money("CZK", "CZK"), money("SEK", "SEK"), money("NOK", "NOK"), money("DKK", "DKK"), capitals("HUF"), capitals("RON"),
    capitals("BGN"), shared("kr", "", "kr is written for SEK, NOK and DKK"), money("₺", "TRY"), capitals("TRY"),
    money("₴", "UAH"), money("грн", "UAH"), money("UAH", "UAH"), capitals("BYN"), capitals("MDL"),
    // Russia, the Caucasus and Central Asia
    money("₽", "RUB"), money("RUB", "RUB"), money("RUR", "RUB"), money("руб", "RUB"), money("рублей", "RUB"), money("рубля", "RUB"),
    money("рубль", "RUB"), money("р.", "RUB"), money("₸", "KZT"), money("KZT", "KZT"), money("тг", "KZT"), money("тенге", "KZT"),
    money("теңге", "KZT"), money("UZS", "UZS"), money("сум", "UZS"), money("сўм", "UZS"), money("сумов", "UZS"), money("so'm", "UZS"),
    money("so‘m", "UZS"), money("soʻm", "UZS"), money("so’m", "UZS"), shared("som", "", "som is written for UZS and KGS"),
    money("KGS", "KGS"), money("сом", "KGS"), money("сомов", "KGS"), money("TJS", "TJS"), money("сомони", "TJS"), money("сомонӣ", "TJS"),
    money("смн", "TJS"), capitals("TMT"), shared("манат", "", "manat is written for AZN and TMT"), money("₼", "AZN"), capitals("AZN"),
    money("₾", "GEL"), capitals("GEL"), money("лари", "GEL"), money("֏", "AMD"), capitals("AMD"),
    shared("₮", "MNT", "the sign is also written for the coin USDT"), money("MNT", "MNT"), money("төг", "MNT"), money("төгрөг", "MNT"),
    // South-East Asia
    money("₭", "LAK"), money("LAK", "LAK"), money("ກີບ", "LAK"), money("kip", "LAK"), money("кип", "LAK"), money("กีบ", "LAK"),
    shared("฿", "THB", "old markets write the sign for the coin BTC too"), money("THB", "THB"), money("บาท", "THB"), money("ບາດ", "THB"),
    money("baht", "THB"), money("бат", "THB"), money("₫", "VND"), money("đ", "VND"), money("VND", "VND"), money("VNĐ", "VND"),
    money("vnđ", "VND"), money("đồng", "VND"), money("៛", "KHR"), money("KHR", "KHR"), money("រៀល", "KHR"),
    money("riel", "KHR"), money("MMK", "MMK"), money("Ks", "MMK"), money("kyat", "MMK"), money("ကျပ်", "MMK"), money("Rp", "IDR"),
    money("IDR", "IDR"), money("rupiah", "IDR"), money("RM", "MYR"), money("MYR", "MYR"), money("ringgit", "MYR"), money("₱", "PHP"),
    money("PHP", "PHP"), money("piso", "PHP"), shared("Rs", "", "Rs is written for INR, PKR, LKR and NPR"),
    // East and South Asia, and others
    shared("¥", "", "the sign is written for JPY and CNY"), shared("￥", "", "the sign is written for JPY and CNY"),
    money("JPY", "JPY"), money("円", "JPY"), money("CN¥", "CNY"), money("CNY", "CNY"), money("RMB", "CNY"), money("元", "CNY"),
    money("人民币", "CNY"), money("块", "CNY"), money("юаней", "CNY"), money("₩", "KRW"), money("KRW", "KRW"), money("₹", "INR"),
    money("INR", "INR"), capitals("PKR"), capitals("BDT"), capitals("LKR"), capitals("NPR"), money("₪", "ILS"), capitals("ILS"),
    capitals("AED"), capitals("SAR"), capitals("QAR"), capitals("ZAR"), capitals("NGN"), capitals("KES"), capitals("EGP"),
    capitals("ARS"), capitals("CLP"), capitals("COP"), capitals("IRR"),
    // coins
    money("BTC", "BTC"), money("XBT", "BTC"), money("₿", "BTC"), money("bitcoin", "BTC"), money("bitcoins", "BTC"), part("mBTC", "BTC", -3),
    part("sat", "BTC", -8), part("sats", "BTC", -8), part("satoshi", "BTC", -8), money("XMR", "XMR"), money("ɱ", "XMR"),
    money("monero", "XMR"), money("LTC", "LTC"), money("Ł", "LTC"), money("ETH", "ETH"), money("Ξ", "ETH"), money("BCH", "BCH"),
    money("DOGE", "DOGE"), capitals("DASH"), money("ZEC", "ZEC"), money("USDT", "USDT"), money("tether", "USDT"), money("USDC", "USDC"),
    money("TRX", "TRX"), capitals("TON"), capitals("SOL"), money("XRP", "XRP"), capitals("BNB"), capitals("ADA"), capitals("DAI"),
    capitals("XLM"),
];

const COINS: [&str; 18] = [
    "BTC", "XMR", "LTC", "ETH", "BCH", "DOGE", "DASH", "ZEC", "USDT", "USDC", "TRX", "TON", "SOL", "XRP", "BNB", "ADA", "DAI", "XLM",
];

/// Words that multiply, with their power of ten.
const TIMES: &[(&str, i32)] = &[
    ("k", 3), ("K", 3), ("к", 3), ("тыс.", 3), ("тыс", 3), ("млн", 6), ("mln", 6), ("million", 6), ("thousand", 3), ("ming", 3),
    ("минг", 3), ("мың", 3), ("миң", 3), ("พัน", 3), ("หมื่น", 4), ("แสน", 5), ("ล้าน", 6), ("ພັນ", 3), ("ໝື່ນ", 4), ("ແສນ", 5), ("ລ້ານ", 6),
    ("nghìn", 3), ("ngàn", 3), ("triệu", 6), ("ribu", 3), ("rb", 3), ("juta", 6), ("千", 3), ("万", 4), ("萬", 4),
];

/// Every amount in a text, with its currency where one stands beside it.
pub(crate) fn read(text: &str, decimal: Decimal) -> Vec<Price> {
    let mut found: Vec<Price> = vec![];
    let mut taken = 0;
    let mut at = 0;
    while let Some(start) = next_digit(text, at) {
        let number = Number::read(text, start);
        at = number.end;
        let price = number.price(text, taken, decimal);
        if let Some(price) = price {
            taken = price.range.end;
            at = at.max(taken);
            inherit(&mut found, &price, text);
            found.push(price);
        }
        if found.len() >= 64 {
            break;
        }
    }
    found
}

/// In `10 - 20 $` the first amount has the currency of the second.
fn inherit(found: &mut [Price], next: &Price, text: &str) {
    let Some(last) = found.last_mut().filter(|last| last.sign.is_none()) else { return };
    let between = text[last.range.end..next.range.start].trim();
    if matches!(between, "-" | "–" | "—" | "~" | "to" | "до") && next.sign.as_ref().is_some_and(|s| s.start > next.range.start) {
        last.code = next.code;
        last.sign = next.sign.clone();
        last.notes.push("the lower end of a range; the currency stands after the upper end".into());
    }
}

fn next_digit(text: &str, from: usize) -> Option<usize> {
    text[from..].char_indices().find(|(_, c)| digit(*c).is_some()).map(|(i, _)| from + i)
}

/// A decimal digit of one of the scripts.
fn digit(letter: char) -> Option<u8> {
    const ZEROS: [char; 9] = ['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{e50}', '\u{ed0}', '\u{1040}', '\u{17e0}', '\u{ff10}'];
    if letter.is_ascii() {
        return letter.is_ascii_digit().then(|| letter as u8 - b'0');
    }
    ZEROS.iter().find_map(|zero| (letter as u32).checked_sub(*zero as u32).filter(|d| *d < 10)).and_then(|d| u8::try_from(d).ok())
}

/// Digits with the marks between them.
struct Number {
    start: usize,
    end: usize,
    /// Each group of digits with the mark before it.
    groups: Vec<(char, String)>,
    local: bool,
}

impl Number {
    fn read(text: &str, start: usize) -> Self {
        let mut number = Number { start, end: start, groups: vec![], local: false };
        let mut mark = ' ';
        loop {
            let digits: String = text[number.end..].chars().map_while(digit).map(|d| char::from(b'0' + d)).collect();
            let raw: usize = text[number.end..].chars().take(digits.len()).map(char::len_utf8).sum();
            number.local |= raw != digits.len();
            number.groups.push((mark, digits));
            number.end += raw;
            let mut rest = text[number.end..].chars();
            let Some(next) = rest.next().filter(|c| matches!(c, '.' | ',' | '\'' | '’' | ' ' | '\u{66b}' | '\u{66c}')) else { break };
            let ahead = rest.as_str().chars().take(4).take_while(|c| digit(*c).is_some()).count();
            let grouped = ahead == 3 && number.groups.last().is_some_and(|(_, digits)| digits.len() <= 3);
            // A space, an apostrophe: only before three digits, and only once the first group is short.
            let joins = if matches!(next, '.' | ',' | '\u{66b}') { ahead > 0 } else { grouped && !number.has_point(next) };
            if !joins || number.groups.len() >= 12 {
                break;
            }
            mark = next;
            number.end += next.len_utf8();
        }
        number
    }

    /// After a point or a comma no group begins with a space.
    fn has_point(&self, next: char) -> bool {
        self.groups.iter().skip(1).any(|(mark, _)| *mark != next)
    }

    fn price(&self, text: &str, taken: usize, decimal: Decimal) -> Option<Price> {
        let before = prefix(&text[taken..self.start]).map(|(money, start)| (money, taken + start));
        let (times, after_times) = multiplier(text, self.end);
        let (mut end, mut shift) = (self.end, 0);
        let mut after = suffix(text, after_times);
        if times != 0 && (before.is_some() || after.is_some()) {
            (end, shift) = (after_times, times);
        } else if times != 0 {
            after = None;
        }
        // Two signs: the one before, unless the one after says the same thing better.
        let both = before.is_some() && after.is_some();
        if both && !agrees(before.as_ref().map(|b| b.0), after.as_ref().map(|a| a.0)) {
            after = None;
        }
        let next = text[end..].chars().next();
        let alone = before.is_none() && after.is_none();
        let glued = text[..self.start].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '#');
        if alone && (glued || next.is_some_and(|c| c.is_alphanumeric() || c == '%')) {
            return None;
        }
        let (money, sign) = match (&before, &after) {
            (_, Some((money, length))) => (Some(*money), Some(length.clone())),
            (Some((money, start)), None) => (Some(*money), Some(*start..*start + money.written.len())),
            (None, None) => (None, None),
        };
        let mut notes = vec![];
        let coin = money.is_some_and(|m| COINS.contains(&m.code));
        let (whole, fraction) = self.split(decimal, coin, &mut notes);
        if self.local {
            notes.push("local digits read".into());
        }
        if shift != 0 {
            notes.push(format!("a word for 10^{shift} follows the digits"));
        }
        if let Some(money) = money {
            if !money.also.is_empty() {
                notes.push(money.also.into());
            }
            if money.shift != 0 {
                notes.push(format!("{} is 10^{} {}", money.written, money.shift, money.code));
            }
            shift += money.shift;
        }
        let start = before.as_ref().map_or(self.start, |b| b.1);
        let end = after.as_ref().map_or(end, |a| a.1.end);
        Some(Price { amount: moved(&whole, &fraction, shift)?, code: money.map(|m| m.code).filter(|c| !c.is_empty()), sign, range: start..end, notes })
    }

    /// Digits before and after the decimal mark.
    fn split(&self, decimal: Decimal, coin: bool, notes: &mut Vec<String>) -> (String, String) {
        let join = |groups: &[(char, String)]| groups.iter().map(|g| g.1.as_str()).collect::<String>();
        let (last, rest) = self.groups.split_last().expect("a number has digits");
        let marks: Vec<char> = self.groups.iter().skip(1).map(|g| g.0).collect();
        let Some(mark) = marks.last().copied() else { return (join(&self.groups), String::new()) };
        let grouping = matches!(mark, '\'' | '’' | ' ' | '\u{66c}');
        let again = marks.iter().filter(|m| **m == mark).count() > 1;
        let mixed = marks.iter().any(|m| *m != mark);
        let is_decimal = match decimal {
            _ if grouping || again => false,
            _ if mark == '\u{66b}' => true,
            Decimal::Point => mark == '.',
            Decimal::Comma => mark == ',',
            Decimal::Auto if mixed || last.1.len() != 3 => true,
            // One mark before three digits: thousands, but for coins and for a leading zero.
            Decimal::Auto => {
                let head = &self.groups[0].1;
                let small = head.starts_with('0') || head.len() > 3 || coin && mark == '.';
                if !head.starts_with('0') && head.len() <= 3 {
                    notes.push(format!("{mark:?} before three digits is read as {}; it could be the other", if small { "a decimal mark" } else { "thousands" }));
                }
                small
            }
        };
        if is_decimal { (join(rest), last.1.clone()) } else { (join(&self.groups), String::new()) }
    }
}

/// Whether two signs on both sides of an amount name one currency.
fn agrees(before: Option<&Money>, after: Option<&Money>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    before.code == after.code
        || before.written == "$" && matches!(after.code, "AUD" | "CAD" | "NZD" | "HKD" | "SGD" | "TWD" | "MXN" | "ARS" | "CLP" | "COP" | "USDT" | "USDC")
        || before.code.is_empty() && matches!(after.code, "JPY" | "CNY" | "SEK" | "NOK" | "DKK" | "INR" | "PKR" | "UZS" | "KGS" | "AZN" | "TMT")
}

/// The table by the letter that a sign begins with, and by the one that it ends with.
static BY_LETTER: LazyLock<[HashMap<char, Vec<&'static Money>>; 2]> = LazyLock::new(|| {
    let mut tables: [HashMap<char, Vec<&'static Money>>; 2] = Default::default();
    for money in MONEY {
        let mut letters = money.written.chars();
        let first = letters.next().expect("a sign has a letter");
        let last = letters.next_back().unwrap_or(first);
        tables[0].entry(small(first)).or_default().push(money);
        tables[1].entry(small(last)).or_default().push(money);
    }
    tables
});

fn small(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

fn is_unspaced(letter: char) -> bool {
    matches!(letter as u32, 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x9fff)
}

/// Whether a word may end or begin where this letter stands beside it.
fn parts(word: &str, neighbour: Option<char>) -> bool {
    let lettered = word.chars().all(|c| c.is_alphabetic() || c == '.' || c == '\'');
    !lettered || word.chars().any(is_unspaced) || neighbour.is_none_or(|c| !c.is_alphanumeric() || is_unspaced(c))
}

fn same(money: &Money, written: &str) -> bool {
    if money.exact || money.written.len() != written.len() {
        return money.written == written;
    }
    if money.written.is_ascii() { money.written.eq_ignore_ascii_case(written) } else { money.written == written || written.to_lowercase() == money.written }
}

/// The sign that ends a text, and where it begins.
fn prefix(text: &str) -> Option<(&'static Money, usize)> {
    let text = text.trim_end_matches([' ', '\u{a0}']);
    let near = BY_LETTER[1].get(&small(text.chars().next_back()?))?;
    let fits = |money: &Money| {
        let start = text.len().checked_sub(money.written.len())?;
        let written = text.get(start..)?;
        (same(money, written) && parts(money.written, text[..start].chars().next_back())).then_some(start)
    };
    near.iter().filter_map(|money| fits(money).map(|start| (*money, start))).max_by_key(|(money, _)| money.written.len())
}

/// The sign that begins at `from`, and where it stands.
fn suffix(text: &str, from: usize) -> Option<(&'static Money, Range<usize>)> {
    let rest = &text[from..];
    let start = from + (rest.len() - rest.trim_start_matches([' ', '\u{a0}']).len());
    let near = BY_LETTER[0].get(&small(text[start..].chars().next()?))?;
    let fits = |money: &Money| {
        let end = start + money.written.len();
        let written = text.get(start..end)?;
        (same(money, written) && parts(money.written, text[end..].chars().next())).then_some(start..end)
    };
    // A sign right before another amount belongs to that one: `€ 5 £ 4`.
    let of_next = |range: &Range<usize>| {
        let rest = &text[range.end..];
        let spaced = text[from..range.start].contains(' ');
        spaced && !rest.starts_with([' ', '\u{a0}']) && next_digit(rest, 0) == Some(0)
    };
    near.iter()
        .filter_map(|money| fits(money).map(|range| (*money, range)))
        .max_by_key(|(money, _)| money.written.len())
        .filter(|(_, range)| !of_next(range))
}

/// A word that multiplies, right after the digits or after one space; and where it ends.
fn multiplier(text: &str, from: usize) -> (i32, usize) {
    let rest = &text[from..];
    let start = from + usize::from(rest.starts_with(' '));
    if !text[start..].chars().next().is_some_and(char::is_alphabetic) {
        return (0, from);
    }
    TIMES
        .iter()
        .filter(|(word, _)| text[start..].starts_with(word))
        .filter(|(word, _)| word.len() > 2 || start == from)
        .filter(|(word, _)| parts(word, text[start + word.len()..].chars().next()))
        .max_by_key(|(word, _)| word.len())
        .map_or((0, from), |(word, power)| (*power, start + word.len()))
}

/// The digits with their point moved to the right; nothing when that is no amount.
fn moved(whole: &str, fraction: &str, shift: i32) -> Option<String> {
    let mut digits = format!("{whole}{fraction}");
    let mut point = i32::try_from(whole.len()).ok()? + shift;
    if digits.len() > 40 {
        return None;
    }
    while point <= 0 {
        digits.insert(0, '0');
        point += 1;
    }
    let point = usize::try_from(point).ok()?;
    while digits.len() < point {
        digits.push('0');
    }
    let (whole, fraction) = digits.split_at(point);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") })
}

/// The code that a profile may name, when it is one.
pub(crate) fn code_named(text: &str) -> Option<&'static str> {
    MONEY.iter().map(|money| money.code).find(|code| !code.is_empty() && *code == text)
}

/// Whether a code is a coin's.
pub(crate) fn is_coin(code: &str) -> bool {
    COINS.contains(&code)
}
