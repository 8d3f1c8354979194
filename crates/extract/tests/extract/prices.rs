//! How prices on pages become amounts and codes: each writing in a list of five rows, read by structure.

use extract::listing::{Hints, Profiles, read};
use model::listing::{Cell, Field};

/// The price cells of the second row of a list of five, whose price is written so.
fn cells(written: &str) -> Vec<Cell> {
    let row = |name: &str, price: &str| format!("<div class=row><a href=/{name}>Fine {name} tea</a> <span class=price>{price}</span></div>");
    let page = format!("<html><body>{}{}{}{}{}</body>", row("green", "5 USD"), row("black", written), row("white", "7 USD"), row("red", "8 USD"), row("blue", "9 USD"));
    let rows = read(page.as_bytes(), &Profiles::none(), &Hints::default());
    assert_eq!(rows.len(), 5, "{written:?} in {page}: {rows:?}");
    let cells: Vec<Cell> = rows[1].cells().iter().filter(|c| matches!(c.field, Field::Price | Field::Currency)).cloned().collect();
    for cell in cells.iter().filter(|c| c.written.is_some()) {
        let raw = &page[cell.start as usize..cell.end as usize];
        assert!(raw.contains('&') || raw.split_whitespace().eq(cell.written.as_deref().unwrap().split_whitespace()), "{raw:?} {cell:?}");
    }
    cells
}

#[track_caller]
fn check(written: &str, amount: &str, currency: &str) {
    let cells = cells(written);
    let value = |field| cells.iter().find(|c| c.field == field).and_then(|c| c.value.as_deref()).unwrap_or("-").to_owned();
    assert_eq!((value(Field::Price), value(Field::Currency)), (amount.to_owned(), currency.to_owned()), "{written:?}");
}

#[test]
fn amounts_are_decimal_text_as_written() {
    check("1,234.56 USD", "1234.56", "USD");
    check("1.234,56 €", "1234.56", "EUR");
    check("1 234,56 EUR", "1234.56", "EUR");
    check("1'234.50 CHF", "1234.50", "CHF");
    check("12,34,567.50 INR", "1234567.50", "INR");
    check("$1,234", "1234", "USD");
    check("1.234.567 VND", "1234567", "VND");
    check("0.0123 BTC", "0.0123", "BTC");
    check("BTC 0,0123", "0.0123", "BTC");
    check("1.234 BTC", "1.234", "BTC");
    check("0.125 USD", "0.125", "USD");
    check("24.99 $", "24.99", "USD");
    check("007.50 USD", "7.50", "USD");
    check("99999999999999999999.01 USD", "99999999999999999999.01", "USD");
}

#[test]
fn currencies_are_read_from_signs_codes_and_names() {
    for (written, amount, code) in [
        ("US$ 20", "20", "USD"), ("$20 AUD", "20", "AUD"), ("A$20", "20", "AUD"), ("USD120", "120", "USD"), ("€5", "5", "EUR"),
        ("&euro; 102.14", "102.14", "EUR"), ("&pound;&nbsp;93.13", "93.13", "GBP"), ("CAD&nbsp;158.67", "158.67", "CAD"),
        ("₭ 250.000", "250000", "LAK"), ("250,000 kip", "250000", "LAK"), ("250.000 ກີບ", "250000", "LAK"), ("฿1,500", "1500", "THB"),
        ("๑,๕๐๐ บาท", "1500", "THB"), ("໒໕໐.໐໐໐ ກີບ", "250000", "LAK"), ("1 500 ₽", "1500", "RUB"), ("1500 руб.", "1500", "RUB"),
        ("Цена 50 000 сум", "50000", "UZS"), ("50 000 so'm", "50000", "UZS"), ("12 000 ₸", "12000", "KZT"), ("500 сом", "500", "KGS"),
        ("500.000 ₫", "500000", "VND"), ("500.000đ", "500000", "VND"), ("20,000 ៛", "20000", "KHR"), ("15,000 ကျပ်", "15000", "MMK"),
        ("Rp 150.000", "150000", "IDR"), ("RM 45.90", "45.90", "MYR"), ("₱1,200", "1200", "PHP"), ("88元", "88", "CNY"), ("CN¥88", "88", "CNY"),
        ("0.5 XMR", "0.5", "XMR"), ("15 mBTC", "0.015", "BTC"), ("250000 sats", "0.00250000", "BTC"), ("₿0.01", "0.01", "BTC"),
        ("100 USDT", "100", "USDT"), ("12 ltc", "12", "LTC"),
    ] {
        check(written, amount, code);
    }
}

#[test]
fn words_for_thousands_multiply_and_are_told() {
    check("500k VND", "500000", "VND");
    check("1.5 млн сум", "1500000", "UZS");
    check("15 тыс. руб", "15000", "RUB");
    check("2 ล้าน บาท", "2000000", "THB");
    check("5 ພັນ ກີບ", "5000", "LAK");
    assert!(cells("500k VND")[0].reason.contains("10^3"), "{:?}", cells("500k VND"));
}

#[test]
fn what_can_be_read_in_two_ways_says_so() {
    let reason = |written: &str| cells(written).iter().map(|c| c.reason.clone()).collect::<Vec<_>>().join(" | ");
    assert!(reason("1.234 USD").contains("could be the other"), "{}", reason("1.234 USD"));
    assert!(reason("$5").contains("other dollars"), "{}", reason("$5"));
    assert!(reason("฿5").contains("BTC"), "{}", reason("฿5"));
    assert!(!reason("5 EUR").contains("other"), "{}", reason("5 EUR"));
}

#[test]
fn a_currency_that_is_not_told_is_unknown() {
    check("¥88", "88", "unknown");
    check("88 kr", "88", "unknown");
    check("¥88 JPY", "88", "JPY");
    assert!(cells("¥88")[0].reason.contains("JPY and CNY"), "{:?}", cells("¥88"));
}

#[test]
fn the_first_of_several_amounts_is_the_price_and_its_bytes_are_its_own() {
    check("€ 102.14 £ 93.13 AUD 165.59 CAD 158.67", "102.14", "EUR");
    check("102.14 € 93.13 £", "102.14", "EUR");
    check("10 - 20 $", "10", "USD");
    check("$10-20", "10", "USD");
}

#[test]
fn what_is_no_price_is_none() {
    for written in ["5g", "100mg pills", "TOP 5", "12%", "no 7", "all 5", "2 tons", "call me"] {
        let cells = cells(written);
        assert!(cells.iter().all(|c| c.field != Field::Currency || c.value.as_deref() == Some("unknown")), "{written:?}: {cells:?}");
    }
}
