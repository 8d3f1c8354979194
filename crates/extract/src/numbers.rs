//! Numbers with a check digit: bank accounts (ISO 13616), legal entities (ISO 17442), payment cards
//! (ISO/IEC 7812), mobile devices (3GPP TS 23.003), SIM cards (ITU-T E.118). One in 97 or one in 10
//! random numbers pass, so length, issuer and country must fit too, and most need a word near them.
//! No issuer is asked; a number that passes need not have been issued.

use model::selector::SelectorType;

use crate::verdict::{Keep, Verdict, Words, ascii};

/// The Luhn rule of ISO/IEC 7812-1.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits.iter().rev().enumerate().map(|(i, digit)| {
        let value = u32::from(digit - b'0');
        if i % 2 == 0 { value } else { value * 2 / 10 + value * 2 % 10 }
    }).sum();
    sum.is_multiple_of(10)
}

/// Mod 97-10 of ISO/IEC 7064 over digits and letters (A = 10 … Z = 35).
fn mod_97(text: impl Iterator<Item = u8>) -> u32 {
    text.fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.to_ascii_uppercase() - b'A') + 10) % 97,
    })
}

/// Structure of the account number after country and check digits, by country (ISO 13616 registry):
/// counts with `n` digits, `a` letters, `c` either.
const COUNTRIES: [(&[u8; 2], &str); 89] = [
    (b"AD", "8n12c"), (b"AE", "19n"), (b"AL", "8n16c"), (b"AT", "16n"), (b"AZ", "4a20c"), (b"BA", "16n"), (b"BE", "12n"),
    (b"BG", "4a6n8c"), (b"BH", "4a14c"), (b"BI", "23n"), (b"BR", "23n1a1c"), (b"BY", "4c4n16c"), (b"CH", "5n12c"),
    (b"CR", "18n"), (b"CY", "8n16c"), (b"CZ", "20n"), (b"DE", "18n"), (b"DJ", "23n"), (b"DK", "14n"), (b"DO", "4c20n"),
    (b"EE", "16n"), (b"EG", "25n"), (b"ES", "20n"), (b"FI", "14n"), (b"FK", "2a12n"), (b"FO", "14n"), (b"FR", "10n11c2n"),
    (b"GB", "4a14n"), (b"GE", "2a16n"), (b"GI", "4a15c"), (b"GL", "14n"), (b"GR", "7n16c"), (b"GT", "24c"), (b"HN", "4a20n"),
    (b"HR", "17n"), (b"HU", "24n"), (b"IE", "4a14n"), (b"IL", "19n"), (b"IQ", "4a15n"), (b"IS", "22n"), (b"IT", "1a10n12c"),
    (b"JO", "4a4n18c"), (b"KW", "4a22c"), (b"KZ", "3n13c"), (b"LB", "4n20c"), (b"LC", "4a24c"), (b"LI", "5n12c"),
    (b"LT", "16n"), (b"LU", "3n13c"), (b"LV", "4a13c"), (b"LY", "21n"), (b"MC", "10n11c2n"), (b"MD", "20c"), (b"ME", "18n"),
    (b"MK", "3n10c2n"), (b"MN", "16n"), (b"MR", "23n"), (b"MT", "4a5n18c"), (b"MU", "4a19n3a"), (b"NI", "4a20n"),
    (b"NL", "4a10n"), (b"NO", "11n"), (b"OM", "3n16c"), (b"PK", "4a16c"), (b"PL", "24n"), (b"PS", "4a21c"), (b"PT", "21n"),
    (b"QA", "4a21c"), (b"RO", "4a16c"), (b"RS", "18n"), (b"RU", "14n15c"), (b"SA", "2n18c"), (b"SC", "4a20n3a"), (b"SD", "14n"),
    (b"SE", "20n"), (b"SI", "15n"), (b"SK", "20n"), (b"SM", "1a10n12c"), (b"SO", "19n"), (b"ST", "21n"), (b"SV", "4a20n"),
    (b"TL", "19n"), (b"TN", "20n"), (b"TR", "6n16c"), (b"UA", "6n19c"), (b"VA", "18n"), (b"VG", "4a16n"), (b"XK", "16n"),
    (b"YE", "4a4n18c"),
];

fn structure(country: &[u8]) -> Option<&'static str> {
    COUNTRIES.iter().find(|(code, _)| country.eq_ignore_ascii_case(&code[..])).map(|(_, structure)| *structure)
}

/// Length of the whole number in a country.
pub(crate) fn iban_length(country: &[u8]) -> Option<usize> {
    let mut total = 4;
    for (count, _) in parts(structure(country)?) {
        total += count;
    }
    Some(total)
}

/// Counts and classes of a structure.
fn parts(structure: &'static str) -> impl Iterator<Item = (usize, u8)> {
    structure.split_inclusive(|c: char| c.is_ascii_alphabetic()).filter_map(|part| {
        let (count, class) = part.split_at(part.len() - 1);
        Some((count.parse().ok()?, class.as_bytes()[0]))
    })
}

fn follows(body: &[u8], structure: &'static str) -> bool {
    let mut at = 0;
    for (count, class) in parts(structure) {
        let Some(part) = body.get(at..at + count) else { return false };
        let fits = |b: &u8| match class {
            b'n' => b.is_ascii_digit(),
            b'a' => b.is_ascii_alphabetic(),
            _ => b.is_ascii_alphanumeric(),
        };
        if !part.iter().all(fits) {
            return false;
        }
        at += count;
    }
    at == body.len()
}

static IBAN_WORD: Words = Words::new(&["iban"]);
static IBAN_CUES: Words = Words::new(&["iban", "bank", "bic", "swift", "банк", "счет", "счёт"]);

/// An account number without spaces; `grouped` when it was written in fours.
pub(crate) fn iban(word: &[u8], grouped: bool) -> Option<Verdict> {
    if !(15..=34).contains(&word.len()) {
        return None;
    }
    let near_shape = word[..2].iter().filter(|b| b.is_ascii_alphabetic()).count() + word[2..4].iter().filter(|b| b.is_ascii_digit()).count();
    if near_shape < 3 {
        return None;
    }
    let value = ascii(&word.to_ascii_uppercase());
    let kind = SelectorType::Iban;
    let shaped = word[..2].iter().all(u8::is_ascii_alphabetic) && word[2..4].iter().all(u8::is_ascii_digit);
    let known = structure(&word[..2]).filter(|_| shaped);
    let one_case = !(word.iter().any(u8::is_ascii_lowercase) && word.iter().any(u8::is_ascii_uppercase));
    let rest = mod_97(word[4..].iter().chain(&word[..4]).copied());
    if let Some(structure) = known.filter(|structure| one_case && follows(&word[4..], structure)) {
        let words = "length and structure of the country fit (ISO 13616)";
        if rest == 1 {
            let chance = if structure.contains('c') { "1 in 97 beside the country's length" } else { "1 in 97 beside the country's length and structure" };
            let lower = word.iter().any(u8::is_ascii_lowercase);
            let keep = if lower && !grouped { Keep::Near(&IBAN_CUES) } else { Keep::Alone };
            return Some(Verdict::verified(kind, value, format!("check digits hold (mod 97-10); {words}")).chance(chance).keep(keep));
        }
        let keep = if grouped { Keep::Always } else { Keep::Near(&IBAN_CUES) };
        return Some(Verdict::failed(kind, value, format!("check digits do not hold (mod 97-10); {words}")).keep(keep));
    }
    // Mistyped so that the shape is gone: only where the word IBAN itself stands beside it.
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    (digits >= 2 && !word.iter().any(u8::is_ascii_lowercase)).then(|| {
        let why = match (known, rest) {
            (None, _) => "country, check digits or letters are not those of an account number",
            (_, 1) => "check digits hold, length or structure of the country does not",
            _ => "length or structure of the country does not fit",
        };
        Verdict::failed(kind, value, why).keep(Keep::Near(&IBAN_WORD))
    })
}

static LEI_CUES: Words = Words::new(&["lei", "legal entity"]);

/// A legal entity identifier: 18 letters and digits, two check digits.
pub(crate) fn lei(word: &[u8]) -> Option<Verdict> {
    let upper = word.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    if word.len() != 20 || !upper || !word[..18].iter().any(u8::is_ascii_alphabetic) {
        return None;
    }
    let kind = SelectorType::Lei;
    if mod_97(word.iter().copied()) != 1 || !word[18..].iter().all(u8::is_ascii_digit) {
        return Some(Verdict::failed(kind, ascii(word), "check digits do not hold (mod 97-10)").keep(Keep::Near(&LEI_CUES)));
    }
    // The first four name the issuer in digits, most often; the next two were zeros by rule.
    let usual = word[..4].iter().all(u8::is_ascii_digit) && word[4..6] == *b"00" && word[6..18].iter().any(u8::is_ascii_alphabetic);
    let keep = if usual { Keep::Shown(&LEI_CUES) } else { Keep::Near(&LEI_CUES) };
    Some(Verdict::verified(kind, ascii(word), "check digits hold (mod 97-10, ISO 17442)").keep(keep))
}

/// The scheme that a card number belongs to, by its first digits and its length.
fn scheme(digits: &[u8]) -> Option<&'static str> {
    let first = |count: usize| digits[..count].iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
    let (two, three, four, six) = (first(2), first(3), first(4), first(6));
    Some(match digits.len() {
        13 | 16 | 19 if digits[0] == b'4' => "Visa",
        16 if (51..=55).contains(&two) || (2221..=2720).contains(&four) => "Mastercard",
        15 if matches!(two, 34 | 37) => "American Express",
        16..=19 if four == 6011 || two == 65 || (644..=649).contains(&three) => "Discover",
        16..=19 if two == 62 || two == 81 => "UnionPay",
        16..=19 if (3528..=3589).contains(&four) => "JCB",
        14..=19 if (300..=305).contains(&three) || matches!(two, 36 | 38 | 39) || four == 3095 => "Diners Club",
        16..=19 if (2200..=2204).contains(&four) => "Mir",
        16 if four == 8600 || four == 5614 => "Uzcard",
        16 if four == 9860 => "Humo",
        16 if four == 9704 || six == 970_400 => "Napas",
        16 if (979_200..=979_289).contains(&six) => "Troy",
        16 if matches!(two, 60 | 82) || three == 508 => "RuPay",
        12..=19 if matches!(two, 50 | 56..=58 | 63 | 67 | 68 | 69) => "Maestro",
        _ => return None,
    })
}

static CARD_CUES: Words = Words::new(&[
    "card", "visa", "mastercard", "amex", "cvv", "cvc", "debit", "fullz", "pan", "uzcard", "humo", "mir", "карта", "карты", "карту", "картой", "мир", "บัตร", "ບັດ",
    "កាត", "ကတ်", "thẻ", "卡", "kartu", "karta",
]);

/// A card number; `grouped` when it was written the way it is embossed.
pub(crate) fn card(digits: &[u8], grouped: bool) -> Option<Verdict> {
    if !(12..=19).contains(&digits.len()) {
        return None;
    }
    let (kind, value, holds) = (SelectorType::Card, ascii(digits), luhn(digits));
    let same = digits.iter().all(|b| *b == digits[0]);
    match scheme(digits).filter(|_| !same) {
        Some(scheme) if holds => {
            let verdict = Verdict::verified(kind, value, format!("check digit holds (Luhn); first digits and length of {scheme}"));
            Some(verdict.keep(if grouped { Keep::Always } else { Keep::Near(&CARD_CUES) }))
        }
        Some(scheme) => {
            let verdict = Verdict::failed(kind, value, format!("check digit does not hold (Luhn); first digits and length of {scheme}"));
            Some(verdict.keep(Keep::Near(&CARD_CUES)))
        }
        None if !holds && !same && (grouped || digits.len() == 16) => {
            let verdict = Verdict::failed(kind, value, "check digit does not hold (Luhn) and the first digits are of no known issuer");
            Some(verdict.keep(Keep::Near(&CARD_CUES)))
        }
        None => None,
    }
}

static IMEI_CUES: Words = Words::new(&["imei"]);
static ICCID_WORD: Words = Words::new(&["iccid"]);
static ICCID_CUES: Words = Words::new(&["iccid", "sim", "сим"]);

/// A device number: 15 digits after the word IMEI.
pub(crate) fn imei(digits: &[u8]) -> Option<Verdict> {
    let kind = SelectorType::Imei;
    let value = ascii(digits);
    let keep = Keep::Near(&IMEI_CUES);
    match digits.len() {
        15 if luhn(digits) => Some(Verdict::verified(kind, value, "15 digits, check digit holds (Luhn)").keep(keep)),
        15 => Some(Verdict::failed(kind, value, "15 digits, check digit does not hold (Luhn)").keep(keep)),
        _ => None,
    }
}

/// A SIM card's number: 19 or 20 digits that begin with 89, after such a word.
pub(crate) fn iccid(digits: &[u8]) -> Option<Verdict> {
    let kind = SelectorType::Iccid;
    let begins = digits.starts_with(b"89");
    let keep = Keep::Near(if begins { &ICCID_CUES } else { &ICCID_WORD });
    let value = ascii(digits);
    match digits.len() {
        19 | 20 if begins && luhn(digits) => Some(Verdict::verified(kind, value, "begins with 89, check digit holds (Luhn, ITU-T E.118)").keep(keep)),
        19 | 20 if begins => Some(Verdict::failed(kind, value, "begins with 89, check digit does not hold (Luhn)").keep(keep)),
        19 | 20 => Some(Verdict::failed(kind, value, "does not begin with 89 as the numbers of telecommunication cards do").keep(keep)),
        _ => None,
    }
}
