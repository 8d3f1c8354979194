//! Files on their way into the house from one form: each is a step of its own, one after the other, with one line of outcome.
//!
//! Each file has a number that follows from the form's, so that a form that is sent twice takes none twice. It refuses: more
//! files than can be watched over; a name or a digest that was typed for one file, for several. A line that breaks leaves
//! what was whole before it, and nothing of the rest.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
    routing::get,
};
use maud::{Markup, html};
use sha2::{Digest, Sha256};

use crate::{
    answers::Asked,
    frame::{Frame, text_of},
    server::{Shared, gone, shown},
    show,
    steps::{Step, Typed},
    taking::{NotBegun, SILENT, wait_for},
    upload::Writer,
};

/// Most files of one form: fewer than answers that are kept.
const FILES: usize = 30;
/// How long the next file waits for the one before it.
const LONGEST: Duration = Duration::from_secs(600);
/// How long the last one is waited for before its page is shown.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// Fields that describe one file.
const OF_ONE: [&str; 8] = ["original-name", "md5", "sha1", "sha256", "sha512", "device", "address", "taken-at"];

/// The address of the outcomes.
pub fn routes() -> Router<Shared> {
    Router::new().route("/received/{number}/{count}", get(outcomes))
}

/// The number of the file in this place of a form, from 0.
pub fn number(form: &str, place: usize) -> String {
    if place == 0 {
        return form.to_string();
    }
    // Of any two places of any two forms no number is the same: a file that met another's number would be taken for it.
    let digest = Sha256::digest(format!("lanternfish file {place} of form {form}"));
    hex::encode(&digest[..16])
}

/// What was received of one form.
#[derive(Default)]
pub struct Received {
    taken: Vec<Arc<Asked>>,
    /// The writer of the last one, until it is known that the form goes on as it may.
    present: Option<Writer>,
}

impl Received {
    /// How many files were begun.
    pub fn count(&self) -> usize {
        self.taken.len()
    }

    /// Whether a file was begun.
    pub fn is_begun(&self) -> bool {
        !self.taken.is_empty()
    }

    /// The names of what was begun.
    pub fn names(&self) -> String {
        self.taken.iter().filter_map(|asked| asked.sent.as_deref()).collect::<Vec<_>>().join(", ")
    }

    /// The names of those before the last one, and its own; none when there are none before it.
    pub fn before_the_last(&self) -> Option<(String, String)> {
        let names: Vec<&str> = self.taken.iter().map(|asked| asked.sent.as_deref().unwrap_or("a file")).collect();
        let (last, before) = names.split_last().filter(|(_, before)| !before.is_empty())?;
        Some((before.join(", "), (*last).to_string()))
    }

    /// Whether one more may be begun.
    pub fn may_begin(&self, step: &Step, typed: &Typed, name: &str) -> Result<(), NotBegun> {
        one_more(self.count(), step, typed, name)
    }

    /// The file that came before was whole: says so, and waits until its step has ended.
    pub async fn end_present(&mut self) {
        if let Some(writer) = self.present.take() {
            writer.end();
        }
        if let Some(last) = self.taken.last() {
            wait_for(last, LONGEST).await;
        }
    }

    /// Passes a file on to its step. A step that was refused reads no further: the rest is received and thrown away, so that
    /// the browser sees the answer.
    ///
    /// # Errors
    /// When the line broke off: the step hears of it too.
    pub async fn receive(&mut self, part: &mut axum::extract::multipart::Field<'_>, asked: Arc<Asked>, writer: Writer) -> Result<(), ()> {
        asked.hold();
        self.taken.push(Arc::clone(&asked));
        let mut writer = Some(writer);
        while let Some(chunk) = tokio::time::timeout(SILENT, part.chunk()).await.map_err(|_| ())?.map_err(|_| ())? {
            if let Some(sender) = writer.take() {
                let sent = tokio::task::spawn_blocking(move || sender.send(chunk.to_vec()).then_some(sender)).await;
                writer = sent.ok().flatten();
            }
        }
        self.present = writer;
        Ok(())
    }

    /// The form came to its end: the address of what came of it.
    pub async fn ended(&mut self, form: &str) -> String {
        if let Some(writer) = self.present.take() {
            writer.end();
        }
        if let Some(last) = self.taken.last() {
            wait_for(last, PATIENCE).await;
        }
        if self.count() == 1 { form.to_string() } else { format!("/received/{form}/{}", self.count()) }
    }
}

/// However the form ended: what came of its files is kept as long after it as any answer.
impl Drop for Received {
    fn drop(&mut self) {
        self.taken.iter().for_each(|asked| asked.let_go());
    }
}

/// Whether one more file may be begun after so many.
fn one_more(begun: usize, step: &Step, typed: &Typed, name: &str) -> Result<(), NotBegun> {
    let refused = |text: String| Err(NotBegun { text, typed: typed.clone() });
    let of_one = OF_ONE.iter().find(|field| typed.get(**field).is_some_and(|values| values.iter().any(|value| !value.trim().is_empty())));
    match (begun, of_one) {
        (0, _) => Ok(()),
        _ if !step.takes_several_files() => refused(format!("this form takes one file: \"{name}\" was not taken in")),
        (FILES.., _) => refused(format!("{FILES} files are taken from one form: \"{name}\" and those after it were not taken in; send them with another form")),
        (_, Some(field)) => refused(format!("\"{field}\" was typed for one file: \"{name}\" and those after it were not taken in; send each with a form of its own")),
        (_, None) => Ok(()),
    }
}

/// How a step stands, in a word.
pub fn state(frame: &Frame<'_>, asked: &Asked) -> String {
    match asked.exit() {
        None => frame.t("state-running"),
        Some(0) => frame.t("state-done"),
        Some(_) => frame.t("state-refused"),
    }
}

async fn outcomes(State(shared): State<Shared>, headers: HeaderMap, Path((form, count)): Path<(String, usize)>) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let path = format!("/received/{form}/{count}");
    let mut frame = shared.frame(&headers, Some(reader.person()), &path);
    let (mut found, count) = (Vec::new(), count.min(FILES));
    for place in 0..count {
        // What he may not see any more is not told.
        found.extend(shared.kept(&reader, &number(&form, place)).await.ok().flatten());
    }
    if found.is_empty() {
        return gone(&frame);
    }
    let case = found[0].case.clone();
    frame.case = case.as_deref();
    frame.again = found.iter().any(|asked| asked.exit().is_none()).then_some(2);
    shown(frame.page(&frame.t("files-sent"), &html! {
        p { (frame.say("sent-files", &[("count", &count.to_string())])) }
        @if found.len() < count { p class="refused" { (frame.say("sent-forgotten", &[("count", &(count - found.len()).to_string())])) } }
        ul class="plain" { @for asked in &found { li class="card" { (outcome(&frame, asked)) } } }
        @if let Some(case) = &case { div class="actions" { a class="button" href=(format!("/case/{case}/exhibits")) { (frame.t("part-exhibits")) } } }
    }))
}

/// One line for one file.
fn outcome(frame: &Frame<'_>, asked: &Asked) -> Markup {
    let exhibit = asked.heard.values().iter().find_map(|value| Some(text_of(value, "exhibit").to_string()).filter(|label| !label.is_empty()));
    html! {
        strong class="long" { (show::plain(asked.sent.as_deref().unwrap_or_default(), 200)) } " · " (show::value(frame, "state", &state_word(asked).into()))
        @match (asked.exit(), exhibit, &asked.case) {
            (Some(0), Some(exhibit), Some(case)) => { " · " a href=(format!("/case/{case}/exhibits/{exhibit}")) { (exhibit) } },
            (Some(exit), ..) if asked.heard.was_refused(exit) => p { (frame.reason_in_line(&asked.heard.refusal(exit).text)) },
            _ => {},
        }
        " · " a href=(format!("/done/{}", asked.number)) { (frame.t("once-shown")) }
    }
}

fn state_word(asked: &Asked) -> &'static str {
    match asked.exit() {
        None => "running",
        Some(0) => "done",
        Some(_) => "refused",
    }
}

/// Files of this session that did not come in, for whoever comes back after his line broke.
pub fn not_taken(frame: &Frame<'_>, asked: &[Arc<Asked>]) -> Markup {
    let lost = asked.iter().filter_map(|asked| Some((asked, asked.sent.as_deref()?, asked.exit().filter(|exit| asked.heard.was_refused(*exit))?)));
    html! { @for (asked, sent, exit) in lost {
        div class="refused" role="status" {
            p { strong class="long" { (show::plain(sent, 200)) } " " (frame.t("not-taken-in")) ": " (frame.reason_in_line(&asked.heard.refusal(exit).text)) }
            a class="button plain" href=(format!("/done/{}", asked.number)) { (frame.t("try-again")) }
        }
    } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::Field;

    #[test]
    fn each_file_of_a_form_has_a_number_of_its_own_and_the_same_again() {
        // Forms whose numbers differ in their ends only: no file of any of them has the number of another.
        let forms: Vec<String> = (0..=255u8).map(|end| format!("0123456789abcdef0123456789abcd{end:02x}")).collect();
        let numbers: std::collections::BTreeSet<String> = forms.iter().flat_map(|form| (0..FILES).map(|place| number(form, place))).collect();
        assert_eq!(numbers.len(), forms.len() * FILES);
        assert!(numbers.iter().all(|number| number.len() == 32 && number.bytes().all(|byte| byte.is_ascii_hexdigit())));
        assert_eq!((number(&forms[3], 0), number(&forms[3], 7)), (forms[3].clone(), number(&forms[3], 7)));
    }

    #[test]
    fn the_first_file_may_always_come_and_what_describes_one_file_is_not_said_of_two() {
        let step = Step { name: "exhibit/admit".into(), about: String::new(), fields: vec![Field::of_words("sha256", false)] };
        let typed = Typed::from([("sha256".to_string(), vec!["ab".to_string()])]);
        let refused = |begun: usize, step: &Step, typed: &Typed| one_more(begun, step, typed, "b.txt").err().map(|why| why.text);
        assert!(refused(0, &step, &typed).is_none());
        let other = Step { name: "report/build".into(), about: String::new(), fields: vec![] };
        assert!(refused(1, &other, &typed).is_some_and(|text| text.contains("takes one file")), "another step takes no second one");
        let several = step;
        assert!(refused(1, &several, &typed).is_some_and(|text| text.contains("\"sha256\" was typed for one file") && text.contains("b.txt")));
        assert!(refused(1, &several, &Typed::new()).is_none());
        assert!(refused(FILES, &several, &Typed::new()).is_some_and(|text| text.contains("send them with another form")));
    }
}
