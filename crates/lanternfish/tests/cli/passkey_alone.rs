//! A passkey that opens a session alone: for its person only, when its authenticator knew him; what ends it; and that nothing of
//! what opens the keys is kept. The authenticator is made here: a key for signatures, and a value that it gives.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use desk::{Alone, NewDoor, PasskeyAnswer};
use model::{authorize::NodeStep, event::EventType};
use serde_json::{Value, json};
use store::{
    Basis, Content, Head, NewEvent, Number, Row, Store, StoreError, Write,
    vault::{
        field::{Aad, open_field},
        secret::{Purpose, Secret32},
    },
};

use crate::{
    factors::{Passkey, Timed, WORDS, refused},
    office::{AUDITOR, KHAM, NOY, Office, passphrase, string},
    personas::holds_none,
    workspace::{Open, Page, encoded},
};

/// What the authenticator gives: 32 signs, so that they are found wherever they stand.
const VALUE: &str = "zirkonvogel-singt-im-roten-laub!";
/// Flags: somebody was there, and the authenticator knew him.
const THERE: u8 = 0x01;
const KNOWN: u8 = 0x05;

fn coded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A browser that has the workspace open by its name.
struct Browser<'a> {
    open: &'a Open,
    host: String,
    origin: String,
}

impl Browser<'_> {
    fn at(open: &Open) -> Browser<'_> {
        let host = format!("localhost:{}", open.address.rsplit(':').next().unwrap());
        Browser { open, origin: format!("http://{host}"), host }
    }

    fn get(&self, token: &str, path: &str) -> Page {
        self.open.send("GET", path, &[("Host", &self.host), ("Cookie", &format!("lanternfish-session={token}"))], b"")
    }

    fn post(&self, token: &str, path: &str, fields: &[(&str, String)]) -> Page {
        let body = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
        self.open.send("POST", path, &[("Host", &self.host), ("Origin", &self.origin), ("Cookie", &format!("lanternfish-session={token}")), ("Content-Type", "application/x-www-form-urlencoded")], body.as_bytes())
    }

    fn question(&self, token: &str, path: &str) -> String {
        self.get(token, path).is(200).text().split("data-challenge=\"").nth(1).unwrap().split('"').next().unwrap().to_string()
    }

    /// Adds a passkey that opens alone.
    fn add(&self, token: &str, passkey: &Passkey, words: &str, value: &str) -> Page {
        let asked = self.question(token, "/account/passkey");
        self.post(token, "/account/passkey", &[passkey.made(&asked, &self.origin), vec![("passphrase", words.to_string()), ("passkey-value", value.to_string())]].concat())
    }

    /// A login with what an authenticator showed, and nothing else.
    fn shows(&self, shown: Vec<(&'static str, String)>, person: &str, value: &str) -> Page {
        self.post("", "/login", &[shown, vec![("passkey-person", coded(person)), ("passkey-value", value.to_string())]].concat())
    }
}

#[test]
fn law_13_a_passkey_alone_opens_the_session_of_its_person_and_only_when_it_knew_him() {
    let office = Office::staffed();
    let open = Open::of(&office);
    let (browser, passkey, noy) = (Browser::at(&open), Passkey::new(), office.token(NOY));
    let (me, other) = (string(&office.done(NOY, &["user", "me"])["id"]), string(&office.done(KHAM, &["user", "me"])["id"]));
    // Who found an open session has no passphrase, and no value is no value.
    browser.add(noy, &passkey, "four words that are wrong", &coded(VALUE)).is(403).says("passphrase is wrong");
    browser.add(noy, &passkey, &passphrase(NOY), &coded(&VALUE[1..])).is(422).says("no value of 32 bytes");
    browser.add(noy, &passkey, &passphrase(NOY), &coded(VALUE)).is(200).says("it opens your login alone").says("Recovery codes");
    assert_eq!(office.says(NOY, &["user", "factor", "list"]).ended(0).lines()[0]["alone"], true);
    browser.get(noy, "/account").is(200).says("Opens alone");
    // Neither name nor passphrase: the passkey says whose session it is.
    let asked = browser.question("", "/login");
    let entered = browser.shows(passkey.shown_with(KNOWN, &asked, &browser.origin), &me, &coded(VALUE)).is(303);
    let token = entered.header("set-cookie").unwrap().strip_prefix("lanternfish-session=").unwrap().split(';').next().unwrap().to_string();
    browser.get(&token, "/account").is(200).says(NOY);
    assert_eq!(office.last_events(1), ["session-opened"]);
    let told = browser.post("", "/login", &[("name", String::new()), ("passphrase", "four words that are wrong".into())]).is(403).without_question();
    let wrong = |page: Page| assert_eq!(page.is(403).without_question(), told, "told in the words of every wrong login");
    let right = || browser.shows(passkey.shown_with(KNOWN, &browser.question("", "/login"), &browser.origin), &me, &coded(VALUE)).is(303);
    // A question is good once, must be ours, and for this site; a right login between begins the count anew.
    wrong(browser.shows(passkey.shown_with(KNOWN, &asked, &browser.origin), &me, &coded(VALUE)));
    wrong(browser.shows(passkey.shown_with(KNOWN, "bm90IG91cnM", &browser.origin), &me, &coded(VALUE)));
    wrong(browser.shows(passkey.shown_with(KNOWN, &browser.question("", "/login"), "https://evil.example"), &me, &coded(VALUE)));
    right();
    // Touching it is not enough: it stands for two factors.
    wrong(browser.shows(passkey.shown_with(THERE, &browser.question("", "/login"), &browser.origin), &me, &coded(VALUE)));
    assert_eq!(office.last_events(1), ["login-refused"]);
    wrong(browser.shows(passkey.shown_with(KNOWN, &browser.question("", "/login"), &browser.origin), &me, &coded(VALUE.to_uppercase())));
    wrong(browser.shows(passkey.shown_with(KNOWN, &browser.question("", "/login"), &browser.origin), &other, &coded(VALUE)));
    right();
    wrong(browser.shows(Passkey::new().shown_with(KNOWN, &browser.question("", "/login"), &browser.origin), &me, &coded(VALUE)));
    wrong(browser.shows(passkey.shown_with(KNOWN, &browser.question("", "/login"), &browser.origin), "nobody", &coded(VALUE)));
    // Beside a passphrase it is a second factor as before, and the passphrase alone opens nothing.
    let words = |more: Vec<(&'static str, String)>| browser.post("", "/login", &[vec![("name", NOY.to_string()), ("passphrase", passphrase(NOY))], more].concat());
    words(vec![]).is(403);
    words(passkey.shown_with(THERE, &browser.question("", "/login"), &browser.origin)).is(303);
    office.sound_log();
}

#[test]
fn law_13_guesses_at_a_passkey_alone_are_slow_and_keep_no_name_out() {
    let office = Office::staffed();
    let open = Open::of(&office);
    let (browser, passkey) = (Browser::at(&open), Passkey::new());
    let me = string(&office.done(NOY, &["user", "me"])["id"]);
    browser.add(office.token(NOY), &passkey, &passphrase(NOY), &coded(VALUE)).is(200);
    let shows = |value: &str| browser.shows(passkey.shown_with(KNOWN, &browser.question("", "/login"), &browser.origin), &me, &coded(value));
    for _ in 0..5 {
        shows(&VALUE.to_uppercase()).is(403).says("is wrong or missing");
    }
    shows(VALUE).is(403).says("too many wrong logins");
    // Nor does another passkey bring more tries for the same person, and his name waits for nobody.
    let mut shown = passkey.shown_with(KNOWN, &browser.question("", "/login"), &browser.origin);
    shown.iter_mut().filter(|(name, _)| *name == "passkey-id").for_each(|(_, id)| *id = coded("another"));
    browser.shows(shown, &me, &coded(VALUE)).is(403).says("too many wrong logins");
    let shown = passkey.shown_with(THERE, &browser.question("", "/login"), &browser.origin);
    browser.post("", "/login", &[vec![("name", NOY.to_string()), ("passphrase", passphrase(NOY))], shown].concat()).is(303);
    // Passphrases that are tried where one is added are counted with the logins of that name.
    let kham = office.token(KHAM);
    for _ in 0..5 {
        browser.add(kham, &Passkey::new(), "four words that are wrong", &coded(VALUE)).is(403).says("passphrase is wrong");
    }
    browser.add(kham, &Passkey::new(), &passphrase(KHAM), &coded(VALUE)).is(403).says("too many wrong logins");
    office.sound_log();
}

#[test]
fn law_13_what_a_passkey_opens_with_and_what_it_opens_stand_nowhere() {
    let office = Office::staffed();
    let open = Open::of(&office);
    let (browser, passkey, noy) = (Browser::at(&open), Passkey::new(), office.token(NOY));
    let me = string(&office.done(NOY, &["user", "me"])["id"]);
    let mut told = browser.add(noy, &passkey, &passphrase(NOY), &coded(VALUE)).is(200).text();
    let shown = passkey.shown_with(KNOWN, &browser.question("", "/login"), &browser.origin);
    browser.shows(shown, &me, &coded(VALUE)).is(303);
    told += &browser.shows(passkey.shown_with(THERE, &browser.question("", "/login"), &browser.origin), &me, &coded(VALUE)).is(403).text();
    told += &["/running", "/account", "/account/passkey"].map(|path| browser.get(noy, path).is(200).text()).concat();
    told += &office.says(AUDITOR, &["log", "show", "--limit", "1000"]).ended(0).out;
    told += &office.says(NOY, &["user", "factor", "list"]).ended(0).out;
    // The key is derived once more, apart from the house: with it the row opens, and holds the person's keys.
    let store = Store::open(&office.home).unwrap();
    let row = &store.register("passkey-bundle").unwrap()[0];
    let parts = [store.config().origin.as_bytes(), me.as_bytes(), b"name"];
    let context: Vec<u8> = parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes()[..], part].concat()).collect();
    let key = Secret32::from_slice(VALUE.as_bytes()).unwrap().derive(Purpose::PasskeySeal, &context);
    let bundle = open_field(&key, &Aad { table: "passkey", column: "bundle", row: &row.id }, row.sealed_bytes()).unwrap();
    let bundle: Value = serde_json::from_slice(&bundle).unwrap();
    let (identity, signing) = (string(&bundle["identity"]), string(&bundle["signing"]));
    let secrets = [VALUE, &coded(VALUE), &hex::encode(VALUE), &hex::encode(key.expose()), &coded(key.expose()), &identity, &signing];
    assert!(holds_none(&office.home, &secrets) > 5);
    for secret in secrets {
        assert!(!told.contains(secret), "{secret} was told");
    }
    office.sound_log();
}

/// What a browser brings, out of the fields of its form.
fn answer(fields: &[(&'static str, String)]) -> PasskeyAnswer {
    let of = |name: &str| fields.iter().find(|(known, _)| *known == format!("passkey-{name}")).map(|(_, value)| value.clone()).unwrap_or_default();
    PasskeyAnswer { origin: ORIGIN.into(), challenge: of("challenge"), id: of("id"), client: of("client"), data: of("data"), signature: of("signature") }
}

const ORIGIN: &str = "http://localhost:8440";
const QUESTION: &str = "cXVlc3Rpb24";

/// A desk with a person whose passkey opens alone.
struct Kept {
    timed: Timed,
    passkey: Passkey,
}

impl Kept {
    fn new() -> Kept {
        let kept = Kept { timed: Timed::new(), passkey: Passkey::new() };
        kept.timed.log_in("Ad", None).unwrap();
        kept
    }

    fn store(&self) -> &Store {
        &self.timed.desk.store
    }

    fn add(&self, token: &str, code: Option<&str>, passphrase: Option<&str>) -> Result<Vec<String>, StoreError> {
        let value = coded(VALUE);
        let door = passphrase.map(|passphrase| NewDoor { passphrase, value: &value });
        let session = self.store().session_to_enrol(token)?;
        self.store().add_passkey(&session, "cord", &answer(&self.passkey.made(QUESTION, ORIGIN)), code, door.as_ref())
    }

    fn opens(&self) -> Result<String, StoreError> {
        let actor = self.store().user_by_name("Noy").unwrap().actor;
        let shown = answer(&self.passkey.shown_with(KNOWN, QUESTION, ORIGIN));
        Ok(self.store().log_in_with_passkey(&Alone { answer: &shown, person: &coded(actor.as_str()), value: &coded(VALUE) })?.0)
    }

    /// The rows of his passkey as they stand: his factors, and his keys behind it.
    fn rows(&self) -> Vec<Row> {
        ["factors", "passkey-bundle"].into_iter().flat_map(|kind| self.store().register(kind).unwrap()).collect()
    }

    /// Writes rows as they stood before, as whoever meddles with the records would.
    fn put_back(&self, rows: &[Row]) {
        let write = |row: &Row| {
            let kind = if row.kind == "factors" { "factors" } else { "passkey-bundle" };
            let content = if kind == "factors" { Content::Json(row.content().unwrap()) } else { Content::Sealed(row.sealed_bytes().to_vec()) };
            let version = self.store().register_one(kind, &row.id).unwrap().unwrap().version;
            let head = Head { kind, id: row.id.clone(), case: None, parent: row.parent.clone(), number: Number::None, state: row.state.clone(), actor: row.actor.clone(), time: row.time };
            Write { head, content, index: vec![], basis: Basis::Over(version) }
        };
        let event = NewEvent::new(EventType::FactorRefused, None, json!({"drill": "rows of before"}));
        self.store().commit_node(None, NodeStep::OwnSession, event, rows.iter().map(write).collect()).unwrap();
    }

    #[track_caller]
    fn is_shut(&self) {
        refused(self.opens(), "opens nothing here");
        let doors = self.store().register("passkey-bundle").unwrap();
        assert!(doors.iter().all(|row| row.state == "ended" && row.sealed_bytes().is_empty()), "the keys went out of the row");
    }
}

#[test]
fn law_13_a_passkey_that_was_removed_or_made_anew_opens_nothing_alone() {
    let kept = Kept::new();
    let noy = kept.timed.log_in("Noy", None).unwrap();
    let codes = kept.add(&noy, None, Some(WORDS)).unwrap();
    let opened = kept.store().session(&kept.opens().unwrap()).unwrap();
    assert_eq!((opened.name(), opened.role().name()), ("Noy", "investigator"));
    let factor = |alone: bool| {
        let listed = kept.store().factors(&opened).unwrap();
        assert_eq!(listed[0].alone, Some(alone));
        listed[0].factor.clone()
    };
    let before = kept.rows();
    kept.store().remove_factor(&opened, &factor(true), Some(&codes[0])).unwrap();
    kept.is_shut();
    // Only what is written in the rows opens: those of before would.
    kept.put_back(&before);
    kept.opens().unwrap();
    // Made anew beside the passphrase, it opens nothing alone any more; with the passphrase it does again.
    kept.add(&noy, Some(&codes[1]), None).unwrap();
    factor(false);
    kept.is_shut();
    kept.add(&noy, Some(&codes[2]), Some(WORDS)).unwrap();
    factor(true);
    kept.opens().unwrap();
    // A wrong passphrase makes nothing, and is seen.
    refused(kept.add(&noy, Some(&codes[3]), Some("four words that are wrong")).map(drop), "passphrase is wrong");
    assert_eq!(kept.store().register("passkey-bundle").unwrap().len(), 1);
}

#[test]
fn law_13_a_reset_or_a_new_enrolment_ends_what_a_passkey_opens_alone() {
    let kept = Kept::new();
    let store = kept.store();
    let admin = store.session(&kept.timed.log_in("Ad", None).unwrap()).unwrap();
    let noy = || store.user_by_name("Noy").unwrap();
    let made = || kept.add(&kept.timed.log_in("Noy", None).unwrap(), None, Some(WORDS)).map(drop);
    // His factors are taken away.
    made().unwrap();
    kept.opens().unwrap();
    store.reset_factors(&admin, &noy(), "lost").unwrap();
    kept.is_shut();
    // His keys are made anew: what opens the old ones is no way in, also not when the rows of before come back.
    made().unwrap();
    let before = kept.rows();
    store.revoke_user(&admin, &noy(), "lost his passphrase", true).unwrap();
    kept.is_shut();
    kept.timed.log_in("Noy", None).unwrap();
    kept.put_back(&before);
    refused(kept.opens(), "opens nothing here");
}

#[test]
fn law_13_a_leaver_opens_nothing_with_his_passkey_alone() {
    let kept = Kept::new();
    let store = kept.store();
    let admin = store.session(&kept.timed.log_in("Ad", None).unwrap()).unwrap();
    let noy = kept.timed.log_in("Noy", None).unwrap();
    kept.add(&noy, None, Some(WORDS)).unwrap();
    let before = kept.rows();
    let token = kept.opens().unwrap();
    store.revoke_user(&admin, &store.user_by_name("Noy").unwrap(), "left the service", false).unwrap();
    kept.is_shut();
    refused(store.session(&token).map(drop), "has ended");
    kept.put_back(&before);
    refused(kept.opens(), "opens nothing here");
}
