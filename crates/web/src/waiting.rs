//! What waits for a person: custody that was offered, packages to sign, alerts that nobody looked at, orders that end,
//! exhibits that were never examined. It stands on his home page, each with its number and the way to where it is done.
//!
//! Each comes from a step of the command line in his own session, asked only where it would be permitted: a refusal of what
//! he never tried would stand in the log as his. It refuses: to say that nothing waits where something could not be read.

use maud::{Markup, html};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    frame::{Frame, text_of},
    house::Refusal,
    query::encoded,
    screens::{name_of, offers},
    server::{Answered, Reader, Shared},
    show,
    steps::Catalogue,
};

/// Cases that the home page asks.
pub const CASES_AT_HOME: usize = 12;
/// Days before its end from which an order is due.
const DUE: i64 = 14;
/// Exhibits that are counted one by one.
const COUNTED: usize = 100;
/// Packages, orders and transfers of one case that are told one by one.
const TOLD: usize = 5;

/// What waits in one case.
#[derive(Debug, Default)]
pub struct Waiting {
    case: String,
    title: String,
    /// Transfers that were offered to him, and by him.
    to_take: Vec<Value>,
    not_taken: Vec<Value>,
    /// Packages that lack his signature.
    to_sign: Vec<String>,
    /// Alerts that nobody looked at.
    alerts: usize,
    /// Orders that end soon or have ended, without one that goes on from them.
    orders: Vec<Value>,
    /// Exhibits that were never examined; one more than are counted when there are more.
    unexamined: usize,
    /// Whether something of it could not be read.
    unread: bool,
}

impl Waiting {
    fn is_nothing(&self) -> bool {
        !self.unread && self.to_take.is_empty() && self.not_taken.is_empty() && self.to_sign.is_empty() && self.alerts == 0 && self.orders.is_empty() && self.unexamined == 0
    }
}

/// What waits in the open ones of these cases, in their order, and how many of them were not asked.
pub(crate) async fn asked(shared: &Shared, reader: &Reader, cases: &[Value]) -> (Vec<Waiting>, usize) {
    let open: Vec<&Value> = cases.iter().filter(|case| text_of(case, "state") != "closed").collect();
    let named = |case: &Value| Waiting { case: text_of(case, "case").into(), title: text_of(case, "title").into(), unread: true, ..Waiting::default() };
    let mut all: Vec<Waiting> = open.iter().take(CASES_AT_HOME).map(|case| named(case)).collect();
    let mut tasks = JoinSet::new();
    for (n, case) in all.iter().enumerate() {
        let (shared, reader, label, title) = (shared.clone(), reader.clone(), case.case.clone(), case.title.clone());
        tasks.spawn(async move { (n, of_case(&shared, &reader, label, title).await) });
    }
    // What did not come back stays as it was named: unread.
    while let Some(told) = tasks.join_next().await {
        if let Ok((n, waiting)) = told {
            all[n] = waiting;
        }
    }
    (all, open.len().saturating_sub(CASES_AT_HOME))
}

/// What a question gave: nothing where it would not be permitted; that it could not be read is kept.
fn rows(answer: Result<Answered, Refusal>, unread: &mut bool) -> Vec<Value> {
    answer.map_or_else(|refusal| { *unread |= refusal.exit != 1; vec![] }, |found| found.values)
}

async fn of_case(shared: &Shared, reader: &Reader, case: String, title: String) -> Waiting {
    let in_case = format!("--case={case}");
    let me = reader.person().name.as_str();
    let most = format!("--most={}", COUNTED + 1);
    let ask = async |words: &[&str]| shared.wonder(reader, &[words, &[in_case.as_str()]].concat()).await;
    let unexamined = ["exhibit", "list", "--unexamined", most.as_str()];
    let (transfers, orders, packages, alerts, never) = tokio::join!(ask(&["transfer", "list"]), ask(&["authority", "list"]), ask(&["package", "list"]), ask(&["watch", "alerts"]), ask(&unexamined));
    let mut unread = false;
    let offered: Vec<Value> = rows(transfers, &mut unread).into_iter().filter(|transfer| text_of(transfer, "state") == "offered").collect();
    let (to_take, others): (Vec<Value>, Vec<Value>) = offered.into_iter().partition(|transfer| text_of(transfer, "to") == me);
    let to_sign = rows(packages, &mut unread).iter().filter(|package| lacks_signature(package, me)).map(|package| text_of(package, "package").to_string()).collect();
    let alerts = rows(alerts, &mut unread).iter().filter(|alert| alert["seen"].is_null()).count();
    let (orders, unexamined) = (due(&rows(orders, &mut unread)), rows(never, &mut unread).len());
    Waiting { to_take, not_taken: others.into_iter().filter(|transfer| text_of(transfer, "from") == me).collect(), to_sign, alerts, orders, unexamined, unread, case, title }
}

/// Whether a package that is not sealed yet has this officer among its signers, without his signature.
fn lacks_signature(package: &Value, name: &str) -> bool {
    let officers = package["officers"].as_array().map(Vec::as_slice).unwrap_or_default();
    text_of(package, "state") != "sealed" && officers.iter().any(|officer| officer[0] == name && officer[1].is_null())
}

/// Orders that are live and end soon, and those that have ended and from which none goes on.
fn due(orders: &[Value]) -> Vec<Value> {
    let goes_on = |order: &Value| orders.iter().any(|later| later["extends"] == order["authority"] || later["amends"] == order["authority"]);
    let is_due = |order: &&Value| match text_of(order, "state") {
        "live" => order["days_left"].as_i64().is_some_and(|days| days <= DUE),
        "ended" => true,
        _ => false,
    };
    orders.iter().filter(is_due).filter(|order| !goes_on(order)).cloned().collect()
}

/// All of it, as the top of the home page.
pub fn shown(frame: &Frame<'_>, catalogue: &Catalogue, waiting: &[Waiting], has_cases: bool) -> Markup {
    let something: Vec<&Waiting> = waiting.iter().filter(|waiting| !waiting.is_nothing()).collect();
    html! {
        @if has_cases {
            h2 { (frame.t("waits")) }
            @if something.is_empty() { p class="empty" { (frame.t("empty-waiting")) } }
            @for waiting in &something { (of_one(frame, catalogue, waiting)) }
        }
    }
}

fn of_one(frame: &Frame<'_>, catalogue: &Catalogue, waiting: &Waiting) -> Markup {
    let case = waiting.case.as_str();
    let place = |part: &str| format!("/case/{case}/{part}");
    let line = |count: usize, words: String, way: String, name: String| html! { li { strong class="count" { (count) } span { (words) } a class="button plain" href=(way) { (name) } } };
    let lines = [(waiting.alerts, "waits-alerts", "alerts", "part-alerts"), (waiting.not_taken.len(), "waits-not-taken", "transfers", "part-transfers")];
    html! {
        section class="card waits" {
            h3 { a href=(format!("/case/{case}")) { (case) " · " (show::plain(&waiting.title, 200)) } }
            @if waiting.unread { p class="refused" { (frame.t("waits-unread")) } }
            @for transfer in waiting.to_take.iter().take(TOLD) {
                p { strong { (frame.t("waits-for-you")) } " " (frame.say("transfer-waits", &[("name", text_of(transfer, "from")), ("what", text_of(transfer, "exhibit")), ("case", case)])) }
                (offers(frame, catalogue, &["transfer/accept", "transfer/refuse"], case, &format!("&transfer={}", encoded(text_of(transfer, "transfer")))))
            }
            ul class="plain" {
                @if waiting.to_take.len() > TOLD { (line(waiting.to_take.len(), frame.t("waits-to-take"), place("transfers"), frame.t("part-transfers"))) }
                @if !waiting.to_sign.is_empty() { li {
                    strong class="count" { (waiting.to_sign.len()) } span { (frame.t("waits-signature")) }
                    @for package in waiting.to_sign.iter().take(TOLD) { a class="button plain" href=(format!("/step/package/sign?case={case}&package={}", encoded(package))) { (name_of(frame, "package/sign")) " " (package) } }
                } }
                @for (count, words, part, name) in lines.into_iter().filter(|(count, ..)| *count > 0) { (line(count, frame.t(words), place(part), frame.t(name))) }
                @if waiting.unexamined > COUNTED { li { strong class="count" { (COUNTED) "+" } span { (frame.t("waits-unexamined")) } a class="button plain" href=(place("exhibits?unexamined=yes")) { (frame.t("part-exhibits")) } } }
                @else if waiting.unexamined > 0 { (line(waiting.unexamined, frame.t("waits-unexamined"), place("exhibits?unexamined=yes"), frame.t("part-exhibits"))) }
                @if !waiting.orders.is_empty() { li {
                    strong class="count" { (waiting.orders.len()) } span { (frame.t("waits-orders")) " "
                        @for (n, order) in waiting.orders.iter().take(TOLD).enumerate() { @if n > 0 { "; " } (show::plain(text_of(order, "reference"), 120)) " (" (ends(frame, order)) ")" } @if waiting.orders.len() > TOLD { " …" }
                    }
                    a class="button plain" href=(place("authority")) { (frame.t("part-authority")) }
                } }
            }
        }
    }
}

/// When an order ends, in words.
fn ends(frame: &Frame<'_>, order: &Value) -> String {
    match (text_of(order, "state"), order["days_left"].as_i64()) {
        ("live", Some(0)) => frame.t("ends-today"),
        ("live", Some(days)) => frame.say("days-left", &[("count", &days.to_string())]),
        _ => frame.t("has-ended"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Languages;
    use serde_json::json;

    #[test]
    fn a_package_waits_for_him_whose_signature_it_lacks() {
        let package = |state: &str, signed: Value| json!({"package": "P-0001", "state": state, "officers": [["Noy", signed], ["Kham", null]]});
        assert!(lacks_signature(&package("built", Value::Null), "Noy") && lacks_signature(&package("built", json!("2026-01-01T00:00:00Z")), "Kham"));
        assert!(!lacks_signature(&package("built", json!("2026-01-01T00:00:00Z")), "Noy") && !lacks_signature(&package("sealed", Value::Null), "Noy") && !lacks_signature(&package("built", Value::Null), "Dao"));
    }

    #[test]
    fn what_could_not_be_read_is_not_nothing_and_what_is_not_permitted_is() {
        let refused = |exit: i32| Err(Refusal { text: "no".into(), law: None, exit });
        let mut unread = false;
        assert!(rows(refused(1), &mut unread).is_empty() && !unread, "what he may not see does not wait for him");
        assert!(rows(refused(3), &mut unread).is_empty() && unread);
        assert!(!Waiting { unread: true, ..Waiting::default() }.is_nothing() && Waiting::default().is_nothing());
    }

    #[test]
    fn an_order_is_due_before_its_end_and_until_another_goes_on_from_it() {
        let order = |id: &str, state: &str, days: i64, extends: Value| json!({"authority": id, "state": state, "days_left": days, "extends": extends});
        let orders = [order("a", "live", 14, Value::Null), order("b", "live", 15, Value::Null), order("c", "ended", 0, Value::Null), order("d", "ended", 0, Value::Null), order("e", "live", 90, json!("d")), order("f", "revoked", 3, Value::Null), order("g", "recorded", 3, Value::Null)];
        assert_eq!(due(&orders).iter().map(|order| text_of(order, "authority").to_string()).collect::<Vec<_>>(), ["a", "c"]);
    }

    #[test]
    fn nothing_is_said_to_wait_only_where_something_was_asked() {
        let languages = Languages::with(None).unwrap();
        let frame = Frame { languages: &languages, language: "en", agency: "", training: true, person: None, case: None, path: "", again: None };
        let catalogue = Catalogue::default();
        assert!(!shown(&frame, &catalogue, &[], false).into_string().contains("Nothing waits"));
        assert!(shown(&frame, &catalogue, &[Waiting::default()], true).into_string().contains("Nothing waits"));
        let many = Waiting { case: "2026-0001".into(), unexamined: COUNTED + 1, ..Waiting::default() };
        assert!(shown(&frame, &catalogue, &[many], true).into_string().contains("100+"));
    }
}
