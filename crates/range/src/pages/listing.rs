//! Rows of a market: a title, a vendor, a price as people of the language write it.

use super::dice::Dice;
use super::tongue::{Tongue, VENDORS};
use super::truth::Truth;

/// A row, and how its price is shown.
pub(crate) struct Listing {
    pub(crate) title: String,
    pub(crate) vendor: String,
    price: String,
    currency: &'static str,
    pub(crate) shown: String,
    pub(crate) place: &'static str,
}

impl Listing {
    pub(crate) fn new(tongue: &Tongue, dice: &mut Dice) -> Self {
        let currency = *dice.pick(tongue.currencies);
        let (price, shown) = price(currency, dice);
        let vendor = (*dice.pick(VENDORS)).to_owned();
        Listing { title: (*dice.pick(tongue.titles)).to_owned(), vendor, price, currency, shown, place: tongue.place }
    }

    pub(crate) fn truth(&self) -> Truth {
        Truth::Listing {
            title: self.title.clone(), vendor: self.vendor.clone(), price: self.price.clone(), currency: self.currency.into(),
            ships_from: self.place.into(),
        }
    }
}

/// The decimal number, and one of the ways to write it.
fn price(currency: &str, dice: &mut Dice) -> (String, String) {
    match currency {
        "BTC" => small(dice, 4, &["# BTC", "BTC #", "฿# BTC"][..2]),
        "XMR" => small(dice, 2, &["# XMR", "XMR #"]),
        "USD" => cents(dice, &["$#", "# USD", "US$ #", "USD #", "# $"]),
        "GBP" => cents(dice, &["£#", "# GBP"]),
        "EUR" => comma(dice, &["# €", "# EUR", "€ #"]),
        "THB" => cents(dice, &["฿#", "# THB", "# บาท"]),
        "CNY" => cents(dice, &["# 元", "CNY #", "RMB #"]),
        "RUB" => comma(dice, &["# ₽", "# руб.", "# RUB"]),
        "UZS" => thousands(dice, ' ', &["# сум", "# UZS"]),
        "KZT" => thousands(dice, ' ', &["# ₸", "# тенге", "# KZT"]),
        "LAK" => thousands(dice, ',', &["₭#", "# ກີບ", "# LAK"]),
        "KHR" => thousands(dice, ',', &["# ៛", "# រៀល", "KHR #"]),
        "MMK" => thousands(dice, ',', &["# Ks", "# ကျပ်", "# MMK"]),
        _ => thousands(dice, '.', &["# ₫", "# VND", "# đồng"]),
    }
}

fn shown(number: &str, dice: &mut Dice, forms: &[&str]) -> String {
    dice.pick(forms).replace('#', number)
}

fn small(dice: &mut Dice, places: usize, forms: &[&str]) -> (String, String) {
    let number = format!("{}.{}", dice.below(3), dice.digits(places - 1) + &dice.letters("123456789", 1));
    let shown = shown(&number, dice, forms);
    (number, shown)
}

/// 1,234.50
fn cents(dice: &mut Dice, forms: &[&str]) -> (String, String) {
    let (whole, rest) = (dice.between(2, 2500), *dice.pick(&["00", "50", "99", "95"]));
    let shown = shown(&format!("{}.{rest}", grouped(whole, ',')), dice, forms);
    (format!("{whole}.{rest}"), shown)
}

/// 1 234,50
fn comma(dice: &mut Dice, forms: &[&str]) -> (String, String) {
    let (whole, rest) = (dice.between(2, 2500), *dice.pick(&["00", "50", "90"]));
    let shown = shown(&format!("{},{rest}", grouped(whole, ' ')), dice, forms);
    (format!("{whole}.{rest}"), shown)
}

/// 350,000
fn thousands(dice: &mut Dice, sign: char, forms: &[&str]) -> (String, String) {
    let whole = 500 * dice.between(4, 3000);
    let shown = shown(&grouped(whole, sign), dice, forms);
    (whole.to_string(), shown)
}

fn grouped(number: usize, sign: char) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(sign);
        }
        text.push(digit);
    }
    text
}
