//! Numbers: accounts, cards, devices, telephones, digests. Cards begin with digits of the networks'
//! published test numbers; the rest of every number is drawn.

use super::{Cue, Cuts, Maker, Selector, State};
use crate::pages::dice::Dice;
use crate::pages::encode::{digits, hex};

pub(super) const MAKERS: &[Maker] = &[
    iban, iban, iban_in_groups, card, card_in_groups, card_in_groups, imei, imei, iccid, lei, phone, phone, phone,
    |dice| hash(dice, 16, "MD5"),
    |dice| hash(dice, 20, "SHA-1"),
    |dice| hash(dice, 32, "SHA-256"),
    |dice| hash(dice, 64, "SHA-512"),
    cve, cve,
];

/// Account structure by country, as the register of ISO 13616 writes it: `n` digits, `a` capital
/// letters, `c` both. National check digits inside it are not made right: no rule of the IBAN asks.
const IBAN: &[(&str, &str)] = &[
    ("AE", "3n16n"), ("AT", "5n11n"), ("AZ", "4a20c"), ("BE", "3n7n2n"), ("BG", "4a4n2n8c"), ("CH", "5n12c"), ("CY", "3n5n16c"),
    ("CZ", "4n6n10n"), ("DE", "8n10n"), ("DK", "4n9n1n"), ("EE", "2n2n11n1n"), ("ES", "4n4n1n1n10n"), ("FI", "3n11n"),
    ("FR", "5n5n11c2n"), ("GB", "4a6n8n"), ("GE", "2a16n"), ("GR", "3n4n16c"), ("HR", "7n10n"), ("HU", "3n4n1n15n1n"),
    ("IE", "4a6n8n"), ("IL", "3n3n13n"), ("IT", "1a5n5n12c"), ("KZ", "3n13c"), ("LT", "5n11n"), ("LU", "3n13c"), ("LV", "4a13c"),
    ("MD", "2c18c"), ("NL", "4a10n"), ("NO", "4n6n1n"), ("PK", "4a16c"), ("PL", "8n16n"), ("PT", "4n4n11n2n"), ("RO", "4a16c"),
    ("SA", "2n18c"), ("SE", "3n16n1n"), ("SK", "4n6n10n"), ("TR", "5n1n16c"), ("UA", "6n19c"),
];

const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
const CAPITALS_AND_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

fn account(dice: &mut Dice, structure: &str) -> String {
    let mut length = 0;
    let mut text = String::new();
    for sign in structure.chars() {
        match sign {
            'n' => text.push_str(&dice.letters(DIGITS, length)),
            'a' => text.push_str(&dice.letters(CAPITALS, length)),
            'c' => text.push_str(&dice.letters(CAPITALS_AND_DIGITS, length)),
            digit => {
                length = 10 * length + digit.to_digit(10).expect("a digit of the table") as usize;
                continue;
            }
        }
        length = 0;
    }
    text
}

fn iban(dice: &mut Dice) -> Selector {
    let (country, structure) = *dice.pick(IBAN);
    let account = account(dice, structure);
    let text = format!("{country}{}{account}", digits::mod97(&format!("{account}{country}")));
    let length = text.len();
    Selector::new("iban", text, Cue::Pay("IBAN")).checked(2..length, DIGITS).with(|writing| {
        writing.cuts = Cuts::Unseen;
        writing.local_digits = true;
        writing.glued = true;
    })
}

/// The same characters with a space after every fourth.
fn in_fours(text: &str, sign: char) -> String {
    let mut grouped = String::new();
    for (i, letter) in text.chars().enumerate() {
        if i > 0 && i % 4 == 0 {
            grouped.push(sign);
        }
        grouped.push(letter);
    }
    grouped
}

fn iban_in_groups(dice: &mut Dice) -> Selector {
    let plain = iban(dice);
    let written = in_fours(&plain.value, ' ');
    let length = written.len();
    Selector::new("iban", plain.value, Cue::Pay("IBAN")).written(written).checked(2..length, DIGITS).with(|writing| writing.local_digits = true)
}

fn card(dice: &mut Dice) -> Selector {
    let (first, length) = *dice.pick(&[
        ("400000", 16), ("411111", 16), ("424242", 16), ("555555", 16), ("510510", 16), ("222300", 16), ("378282", 15),
        ("371449", 15), ("601111", 16), ("356600", 16), ("620000", 16), ("220000", 16),
    ]);
    let body = format!("{first}{}", dice.digits(length - 1 - first.len()));
    let text = format!("{body}{}", digits::luhn(&body));
    Selector::new("card", text, Cue::Card).rivals(&["imei"]).weakly_checked(6..length, DIGITS).with(|writing| {
        writing.local_digits = true;
    })
}

fn card_in_groups(dice: &mut Dice) -> Selector {
    let plain = std::iter::repeat_with(|| card(dice)).find(|card| card.value.len() == 16).expect("most cards have sixteen");
    let written = in_fours(&plain.value, *dice.pick(&[' ', '-']));
    Selector::new("card", plain.value, Cue::Card).written(written).weakly_checked(8..19, DIGITS).with(|writing| writing.local_digits = true)
}

fn imei(dice: &mut Dice) -> Selector {
    let body = format!("{}{}", dice.pick(&["35", "86", "01"]), dice.digits(12));
    let text = format!("{body}{}", digits::luhn(&body));
    Selector::new("imei", text, Cue::Note("IMEI")).rivals(&["card"]).weakly_checked(4..15, DIGITS).with(|writing| writing.local_digits = true)
}

fn iccid(dice: &mut Dice) -> Selector {
    let start = *dice.pick(&["8985620", "8966010", "8984040", "8985501", "8995010", "8970101", "8999701"]);
    let length = *dice.pick(&[18, 18, 19]);
    let body = format!("{start}{}", dice.digits(length - start.len()));
    let text = format!("{body}{}", digits::luhn(&body));
    Selector::new("iccid", text, Cue::Note("ICCID")).rivals(&["card"]).weakly_checked(8..length, DIGITS)
}

fn lei(dice: &mut Dice) -> Selector {
    let body = format!("{}00{}", dice.digits(4), dice.letters(CAPITALS_AND_DIGITS, 12));
    let text = format!("{body}{}", digits::mod97(&body));
    Selector::new("lei", text, Cue::Note("LEI")).weakly_checked(0..20, DIGITS).with(|writing| writing.glued = true)
}

/// Country code, how a mobile number begins, and how many digits follow.
const PHONES: &[(&str, &[&str], usize)] = &[
    ("856", &["2022", "2052", "2055", "2077", "2099"], 6), ("66", &["81", "86", "89", "91", "95", "62"], 7),
    ("84", &["90", "91", "98", "86", "35"], 7), ("855", &["12", "77", "89"], 6), ("95", &["9421", "9450", "9790"], 6),
    ("86", &["138", "139", "150", "186"], 8), ("7", &["903", "916", "926", "701", "777"], 7), ("998", &["90", "91", "93", "97"], 7),
    ("996", &["555", "700", "772"], 6), ("992", &["918", "927", "935"], 6), ("976", &["8811", "9911", "9512"], 4),
    ("62", &["812", "813", "857"], 7), ("60", &["12", "16", "19"], 7), ("65", &["81", "91", "96"], 6), ("63", &["917", "918", "927"], 7),
];

fn phone(dice: &mut Dice) -> Selector {
    let (country, starts, length) = *dice.pick(PHONES);
    let national = format!("{}{}", dice.pick(starts), dice.digits(length));
    let value = format!("+{country}{national}");
    let (middle, last) = (national.len() - 7.min(national.len() - 1), national.len() - 4);
    let written = match dice.below(4) {
        0 => value.clone(),
        1 => format!("+{country} {} {} {}", &national[..middle], &national[middle..last], &national[last..]),
        2 => format!("+{country} {}-{}-{}", &national[..middle], &national[middle..last], &national[last..]),
        _ => format!("+{country} ({}) {}", &national[..middle], &national[middle..]),
    };
    Selector::new("phone", value, Cue::Contact("tel.")).written(written).with(|writing| {
        writing.local_digits = true;
        writing.glued = true;
        writing.link = Some("tel:");
    })
}

fn hash(dice: &mut Dice, length: usize, name: &'static str) -> Selector {
    let text = hex(&dice.bytes::<64>()[..length]);
    let written = if dice.once_in(4) { text.to_uppercase() } else { text.clone() };
    let rivals: &[&str] = if length == 20 { &["pgp-fingerprint"] } else { &[] };
    Selector { state: State::Unverifiable, ..Selector::new("file-hash", text, Cue::Note(name)) }.written(written).rivals(rivals)
}

fn cve(dice: &mut Dice) -> Selector {
    let text = format!("CVE-{}-{}", dice.between(1999, 2026), dice.between(1000, 99_999));
    let written = if dice.once_in(4) { text.to_lowercase() } else { text.clone() };
    Selector::new("cve", text, Cue::Note("CVE")).written(written).with(|writing| writing.glued = true)
}
