//! Listings of real pages against labels: the figures of the issue. Skipped and told where the pages are missing.

use std::{collections::BTreeMap, path::PathBuf};

use extract::listing::{Hints, Profiles, read};
use model::listing::{Field, Listing};

fn captures() -> Option<PathBuf> {
    let data = std::env::var_os("LANTERNFISH_DATA")
        .map_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let folder = data.join("captures/market-pages-2020");
    folder.is_dir().then_some(folder)
}

struct Label {
    title: String,
    vendor: String,
    price: String,
    currency: String,
}

fn labels(folder: &std::path::Path) -> BTreeMap<String, Vec<Label>> {
    let mut labels: BTreeMap<String, Vec<Label>> = BTreeMap::new();
    let text = std::fs::read_to_string(folder.with_extension("labels.jsonl")).unwrap();
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let get = |name: &str| value[name].as_str().unwrap().to_owned();
        let label = Label { title: get("title"), vendor: get("vendor"), price: get("price"), currency: get("currency") };
        labels.entry(get("page")).or_default().push(label);
    }
    labels
}

/// How many labels have a row of their own that agrees, and how many rows have no label.
fn agreement(rows: &[Listing], labels: &[Label], agrees: impl Fn(&Listing, &Label) -> bool) -> (usize, usize) {
    let mut free: Vec<&Listing> = rows.iter().collect();
    let mut right = 0;
    for label in labels {
        if let Some(index) = free.iter().position(|row| agrees(row, label)) {
            free.remove(index);
            right += 1;
        }
    }
    (right, free.len())
}

/// Labels, right ones and rows too many, by market.
fn measure(profiles: &Profiles, agrees: impl Fn(&Listing, &Label) -> bool) -> Option<BTreeMap<String, (usize, usize, usize)>> {
    let folder = captures()?;
    let labels = labels(&folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let mut markets: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(&file).unwrap();
        let rows = read(&bytes, profiles, &Hints::default());
        let wanted = labels.get(&name).map(Vec::as_slice).unwrap_or_default();
        let (right, extra) = agreement(&rows, wanted, &agrees);
        if std::env::var_os("LANTERNFISH_SHOW").is_some() && (right < wanted.len() || extra > 0) {
            eprintln!("{name}: {right} of {}, {extra} extra", wanted.len());
            for row in rows.iter().take(6) {
                eprintln!("  {:?} {:?} {:?} {:?}", row.get(Field::Title), row.get(Field::Vendor), row.get(Field::Price), row.get(Field::Currency));
            }
        }
        let market = name.split("-page").next().unwrap().to_owned();
        let sum = markets.entry(market).or_default();
        *sum = (sum.0 + wanted.len(), sum.1 + right, sum.2 + extra);
    }
    Some(markets)
}

fn show(what: &str, markets: &BTreeMap<String, (usize, usize, usize)>) -> f64 {
    for (market, (all, right, extra)) in markets {
        eprintln!("{what}: {market}: {right} of {all} listings agree, {extra} rows without a label");
    }
    let (all, right) = markets.values().fold((0, 0), |sum, m| (sum.0 + m.0, sum.1 + m.1));
    let share = right as f64 / all as f64;
    eprintln!("{what}: all: {right} of {all} = {share:.4}");
    share
}

fn is(row: &Listing, field: Field, wanted: &str) -> bool {
    row.get(field) == Some(wanted)
}

#[test]
fn profiles_agree_with_the_labels_on_real_pages() {
    let all = |row: &Listing, label: &Label| {
        is(row, Field::Title, &label.title) && is(row, Field::Vendor, &label.vendor) && is(row, Field::Price, &label.price) && is(row, Field::Currency, &label.currency)
    };
    let Some(markets) = measure(&Profiles::built_in(), all) else {
        eprintln!("SKIPPED profiles_agree_with_the_labels_on_real_pages: captures/market-pages-2020 of the outside data");
        return;
    };
    assert!(show("with profiles, on title, vendor, price and currency", &markets) >= 0.98);
    assert!(markets.values().all(|m| m.2 * 50 <= m.0), "rows without a label: {markets:?}");
}

#[test]
fn structure_alone_agrees_with_the_labels_on_each_market() {
    let both = |row: &Listing, label: &Label| is(row, Field::Title, &label.title) && is(row, Field::Price, &label.price);
    let Some(markets) = measure(&Profiles::none(), both) else {
        eprintln!("SKIPPED structure_alone_agrees_with_the_labels_on_each_market: captures/market-pages-2020 of the outside data");
        return;
    };
    assert!(show("by structure alone, on title and price", &markets) >= 0.85);
    // Each market by itself: none of them carries another.
    assert!(markets.values().all(|m| m.1 * 100 >= m.0 * 85), "{markets:?}");
    let vendor = |row: &Listing, label: &Label| both(row, label) && is(row, Field::Vendor, &label.vendor);
    let markets = measure(&Profiles::none(), vendor).unwrap();
    show("by structure alone, on title, price and vendor", &markets);
}
