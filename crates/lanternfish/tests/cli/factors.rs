//! Second factors: adding one, showing it, losing it; who must have one; one's own sessions. Codes are made here from the
//! secret that was told once, as a telephone makes them.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use desk::{Desk, Second};
use model::{Law, Moment};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{StoreError, vault::totp};

use crate::{
    center,
    office::{ADMIN, AUDITOR, KHAM, NOY, Office, Said, passphrase, string},
    workspace::{Open, encoded},
};

/// A telephone with one secret. It never shows the same code twice: where the next one is not due yet, it waits.
struct Telephone {
    secret: Vec<u8>,
    last: i64,
}

fn now() -> Moment {
    Moment::from_micros(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap())
}

impl Telephone {
    fn reading(secret: &str) -> Telephone {
        let bits: String = secret.bytes().map(|letter| format!("{:05b}", if letter.is_ascii_digit() { letter - b'2' + 26 } else { letter - b'A' })).collect();
        let secret = bits.as_bytes().chunks_exact(8).map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()).collect();
        Telephone { secret, last: 0 }
    }

    /// The code of now, or of the next step when that of now was shown.
    fn code(&mut self) -> String {
        while totp::step_at(now()) < self.last {
            std::thread::sleep(Duration::from_millis(200));
        }
        self.last = totp::step_at(now()).max(self.last + 1);
        self.again()
    }

    /// The code that was shown last.
    fn again(&self) -> String {
        format!("{:06}", totp::code(&self.secret, self.last))
    }

    /// A code that is none of these minutes.
    fn wrong(&self) -> String {
        let near: Vec<u32> = (-4..=4).map(|step| totp::code(&self.secret, totp::step_at(now()) + step)).collect();
        format!("{:06}", (0..).find(|code| !near.contains(code)).unwrap())
    }
}

/// A person adds an authenticator; gives it with his recovery codes.
fn add(office: &Office, who: &str) -> (Telephone, Vec<String>) {
    let told = office.done(who, &["user", "factor", "add", "--label", "telephone"]);
    let mut telephone = Telephone::reading(&string(&told["secret"]));
    let codes = office.done(who, &["user", "factor", "confirm", "--code", &telephone.code()]);
    (telephone, codes["recovery_codes"].as_array().unwrap().iter().map(string).collect())
}

fn log_in_with(office: &Office, who: &str, code: &str) -> Said {
    let file = office.file("passphrase", passphrase(who));
    office.bare(&["login", who, "--passphrase-file", &file, "--second-factor", code])
}

#[test]
fn law_13_who_has_a_second_factor_shows_it_and_a_code_is_good_once() {
    let office = Office::staffed();
    let told = office.done(NOY, &["user", "factor", "add"]);
    let uri = string(&told["uri"]);
    assert!(uri.starts_with("otpauth://totp/Drill%20Unit:Noy%20Vongsa?secret=") && uri.contains(&string(&told["secret"])), "{uri}");
    let mut telephone = Telephone::reading(&string(&told["secret"]));
    // It counts from its first code on: until then nothing has changed.
    office.says(NOY, &["user", "factor", "confirm", "--code", &telephone.wrong()]).ended(2).tells("does not fit");
    office.try_log_in(NOY, &passphrase(NOY)).ended(0);
    let codes = office.done(NOY, &["user", "factor", "confirm", "--code", &telephone.code()]);
    assert_eq!(codes["recovery_codes"].as_array().unwrap().len(), 10);
    let listed = office.says(NOY, &["user", "factor", "list"]).ended(0);
    assert!(!listed.out.contains(&string(&told["secret"])) && listed.lines()[0]["state"] == "live" && listed.lines()[1]["left"] == 10, "{}", listed.out);
    // The passphrase alone opens nothing, and a wrong passphrase with a right code neither.
    office.try_log_in(NOY, &passphrase(NOY)).by_law(13).tells("second factor");
    assert_eq!(office.last_events(1), ["factor-refused"]);
    // The code that confirmed it was used; the next one is good, once.
    log_in_with(&office, NOY, &telephone.again()).by_law(13).tells("used already");
    log_in_with(&office, NOY, &telephone.code()).ended(0);
    log_in_with(&office, NOY, &telephone.again()).by_law(13);
    let people = office.says(ADMIN, &["user", "list"]).ended(0).lines();
    assert_eq!(people.iter().filter(|user| user["second_factor"] == true).map(|user| string(&user["user"])).collect::<Vec<_>>(), [NOY]);
    // Nothing of the secret stands in the clear in the home.
    assert!(!office.says(AUDITOR, &["log", "show"]).ended(0).out.contains(&string(&told["secret"])));
    office.sound_log();
}

#[test]
fn law_13_a_recovery_code_is_good_once_and_wrong_codes_make_even_a_right_one_wait() {
    let office = Office::staffed();
    let (mut telephone, codes) = add(&office, KHAM);
    log_in_with(&office, KHAM, &codes[0].to_uppercase()).ended(0);
    log_in_with(&office, KHAM, &codes[0]).by_law(13);
    for _ in 0..5 {
        log_in_with(&office, KHAM, &telephone.wrong()).by_law(13).tells("wrong");
    }
    // Also right digits wait, and nobody else does.
    log_in_with(&office, KHAM, &telephone.code()).by_law(13).tells("wait five minutes");
    office.try_log_in(NOY, &passphrase(NOY)).ended(0);
    // Who knows the passphrase and types digits keeps nobody from his recovery codes: they are too long to be guessed.
    log_in_with(&office, KHAM, "abcd-efgh-ijkl-mnop").by_law(13).tells("wrong");
    log_in_with(&office, KHAM, &codes[1]).ended(0).tells("since your login before this one: 7;");
    assert_eq!(office.says(KHAM, &["user", "factor", "list"]).ended(0).lines()[1]["left"], 8);
    office.sound_log();
}

#[test]
fn law_13_who_changes_his_factors_shows_one_and_a_lost_one_is_reset_by_another() {
    let mut office = Office::staffed();
    let (mut telephone, codes) = add(&office, NOY);
    let factor = string(&office.says(NOY, &["user", "factor", "list"]).ended(0).lines()[0]["factor"]);
    // Whoever has the token of a session has no factor yet.
    for words in [&["user", "factor", "add"][..], &["user", "factor", "codes"], &["user", "factor", "remove", &factor]] {
        office.says(NOY, words).by_law(13).tells("second factor");
        office.says(NOY, &[words, &["--code", &telephone.again()]].concat()).by_law(13);
    }
    let new = office.done(NOY, &["user", "factor", "codes", "--code", &codes[0]]);
    log_in_with(&office, NOY, &codes[1]).by_law(13);
    // The telephone is lost. Nobody resets his own, and only an administrator those of others.
    office.says(NOY, &["user", "factor", "reset", NOY, "--reason", "lost"]).by_law(13);
    office.says(KHAM, &["user", "factor", "reset", NOY, "--reason", "lost"]).by_law(13).tells("administrator");
    add(&office, ADMIN);
    office.says(ADMIN, &["user", "factor", "reset", ADMIN, "--reason", "lost"]).by_law(13).tells("his own");
    office.says(ADMIN, &["user", "factor", "reset", NOY, "--reason", ""]).ended(2);
    office.done(ADMIN, &["user", "factor", "reset", NOY, "--reason", "came to the desk with his card"]);
    assert_eq!(office.last_events(1), ["factors-reset"]);
    // Who had a session of his would now add a factor of his own: they have ended.
    office.says(NOY, &["user", "factor", "add"]).by_law(13).tells("log in again");
    office.log_in(NOY, &passphrase(NOY));
    // A new one is added and removed again.
    let (mut next, _) = add(&office, NOY);
    let factor = string(&office.says(NOY, &["user", "factor", "list"]).ended(0).lines()[0]["factor"]);
    log_in_with(&office, NOY, &string(&new["recovery_codes"][0])).by_law(13);
    log_in_with(&office, NOY, &telephone.code()).by_law(13);
    office.done(NOY, &["user", "factor", "remove", &factor, "--code", &next.code()]);
    assert_eq!(office.last_events(1), ["factor-removed"]);
    office.try_log_in(NOY, &passphrase(NOY)).ended(0);
    office.sound_log();
}

/// A desk whose clock is turned by hand, with an administrator and an investigator.
pub struct Timed {
    pub desk: Desk,
    clock: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

pub const WORDS: &str = "four words for factors";

impl Timed {
    pub fn new() -> Timed {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::create(&folder.path().join("home"), "Factor Unit", true, 10, PathBuf::from(env!("CARGO_BIN_EXE_lanternfish"))).unwrap();
        let clock = Arc::new(AtomicI64::new(desk.now().micros()));
        let turned = Arc::clone(&clock);
        let desk = desk.with_clock(move || Moment::from_micros(turned.load(Ordering::SeqCst)));
        for (name, role) in [("Ad", "administrator"), ("Noy", "investigator")] {
            desk.store.add_user(None, name, role.parse().unwrap()).unwrap();
        }
        Timed { desk, clock, _folder: folder }
    }

    fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    pub fn log_in(&self, name: &str, code: Option<&str>) -> Result<String, StoreError> {
        Ok(self.desk.log_in_with_code(name, WORDS, None, Second::code(code))?.0)
    }

    fn code(&self, telephone: &Telephone) -> String {
        format!("{:06}", totp::code(&telephone.secret, totp::step_at(self.desk.now())))
    }

    fn add(&self, token: &str) -> Telephone {
        let session = self.desk.store.session_to_enrol(token).unwrap();
        let telephone = Telephone::reading(&self.desk.store.add_authenticator(&session, "telephone", None).unwrap().secret);
        self.desk.store.confirm_authenticator(&session, &self.code(&telephone)).unwrap();
        telephone
    }
}

#[track_caller]
pub fn refused<T>(result: Result<T, StoreError>, words: &str) {
    let error = result.err().unwrap();
    assert!(error.law() == Some(Law::Separation) && error.to_string().contains(words), "{error}");
}

#[test]
fn law_13_five_wrong_codes_in_five_minutes_and_the_sixth_is_not_judged() {
    let timed = Timed::new();
    let token = timed.log_in("Noy", None).unwrap();
    let telephone = timed.add(&token);
    let wrong = || (0..1_000_000).map(|code| format!("{code:06}")).find(|code| (-1..=1).all(|step| *code != format!("{:06}", totp::code(&telephone.secret, totp::step_at(timed.desk.now()) + step)))).unwrap();
    for _ in 0..5 {
        timed.wait(31);
        refused(timed.log_in("Noy", Some(&wrong())), "wrong");
    }
    timed.wait(31);
    refused(timed.log_in("Noy", Some(&timed.code(&telephone))), "wait five minutes");
    timed.wait(300 - 31 * 4);
    timed.log_in("Noy", Some(&timed.code(&telephone))).unwrap();
}

#[test]
fn law_13_logins_at_once_are_each_judged_and_each_wrong_code_counts() {
    let timed = Timed::new();
    let token = timed.log_in("Noy", None).unwrap();
    let telephone = timed.add(&token);
    timed.wait(60);
    std::thread::scope(|scope| {
        let logins: Vec<_> = (0..3).map(|n| scope.spawn({ let timed = &timed; move || timed.log_in("Noy", Some(&format!("aaaa-bbbb-cccc-ddd{n}"))) })).collect();
        logins.into_iter().for_each(|login| refused(login.join().unwrap(), "wrong or was used"));
    });
    // What was counted is told at the next login.
    let token = timed.log_in("Noy", Some(&timed.code(&telephone))).unwrap();
    assert_eq!(timed.desk.store.wrong_codes_before_login(&timed.desk.store.session(&token).unwrap()).unwrap(), 3);
}

#[test]
fn law_13_a_first_factor_and_a_reset_end_the_sessions_that_were_opened_without() {
    let timed = Timed::new();
    let store = &timed.desk.store;
    let (admin, other, noy) = (timed.log_in("Ad", None).unwrap(), timed.log_in("Noy", None).unwrap(), timed.log_in("Noy", None).unwrap());
    store.add_authenticator(&store.session(&noy).unwrap(), "telephone", None).unwrap();
    store.session(&other).unwrap();
    let telephone = timed.add(&noy);
    refused(store.session(&other).map(drop), "has ended");
    store.session(&noy).unwrap();
    store.session(&admin).unwrap();
    // A reset ends all of them, in its own commit.
    timed.wait(60);
    let later = timed.log_in("Noy", Some(&timed.code(&telephone))).unwrap();
    store.reset_factors(&store.session(&admin).unwrap(), &store.user_by_name("Noy").unwrap(), "lost").unwrap();
    for token in [&noy, &later] {
        refused(store.session_to_enrol(token).map(drop), "has ended");
    }
    store.session(&admin).unwrap();
}

#[test]
fn law_13_after_twenty_wrong_codes_no_six_digits_are_judged_however_slowly_they_come() {
    let timed = Timed::new();
    let token = timed.log_in("Noy", None).unwrap();
    let session = timed.desk.store.session(&token).unwrap();
    let secret = timed.desk.store.add_authenticator(&session, "telephone", None).unwrap().secret;
    let telephone = Telephone::reading(&secret);
    let codes = timed.desk.store.confirm_authenticator(&session, &timed.code(&telephone)).unwrap();
    let wrong = || {
        let near: Vec<String> = (-1..=1).map(|step| format!("{:06}", totp::code(&telephone.secret, totp::step_at(timed.desk.now()) + step))).collect();
        (0..10).map(|code| format!("{code:06}")).find(|code| !near.contains(code)).unwrap()
    };
    // A right one among them begins the count anew.
    timed.wait(600);
    refused(timed.log_in("Noy", Some(&wrong())), "wrong");
    timed.log_in("Noy", Some(&timed.code(&telephone))).unwrap();
    for _ in 0..20 {
        timed.wait(600);
        refused(timed.log_in("Noy", Some(&wrong())), "wrong or was used");
    }
    timed.wait(86_400);
    refused(timed.log_in("Noy", Some(&timed.code(&telephone))), "twenty wrong codes");
    // A recovery code opens, tells how many there were, and digits are judged again.
    let token = timed.log_in("Noy", Some(&codes[0])).unwrap();
    assert_eq!(timed.desk.store.wrong_codes_before_login(&timed.desk.store.session(&token).unwrap()).unwrap(), 20);
    timed.wait(60);
    let token = timed.log_in("Noy", Some(&timed.code(&telephone))).unwrap();
    assert_eq!(timed.desk.store.wrong_codes_before_login(&timed.desk.store.session(&token).unwrap()).unwrap(), 0);
}

#[test]
fn law_13_a_role_that_needs_a_second_factor_does_nothing_else_before_it_has_one() {
    let timed = Timed::new();
    let store = &timed.desk.store;
    let (admin, noy) = (timed.log_in("Ad", None).unwrap(), timed.log_in("Noy", None).unwrap());
    refused(store.require_factors(None, None, Some(14)), "set-up is over");
    refused(store.require_factors(Some(&store.session(&noy).unwrap()), None, Some(14)), "administrator");
    store.require_factors(Some(&store.session(&admin).unwrap()), Some(vec!["investigator".parse().unwrap()]), Some(14)).unwrap();
    let due = store.factor_due(&store.session(&noy).unwrap()).unwrap().unwrap();
    assert_eq!(due.seconds() - timed.desk.now().seconds(), 14 * 86_400);
    assert_eq!(store.factor_due(&store.session(&admin).unwrap()).unwrap(), None, "the role was not named");
    timed.wait(14 * 86_400 - 10);
    let noy = timed.log_in("Noy", None).unwrap();
    store.session(&noy).unwrap();
    timed.wait(11);
    refused(store.session(&noy).map(drop), "needs a second factor");
    // A new login brings him no further, and adding one does.
    let noy = timed.log_in("Noy", None).unwrap();
    refused(store.session(&noy).map(drop), "user factor add");
    let telephone = timed.add(&noy);
    let session = store.session(&noy).unwrap();
    // The last one is not removed while the role needs one.
    let factor = store.factors(&session).unwrap()[0].factor.clone();
    timed.wait(30);
    refused(store.remove_factor(&session, &factor, Some(&timed.code(&telephone))), "add another one first");
    // After a reset the days are counted anew.
    timed.wait(40 * 86_400);
    let admin = timed.log_in("Ad", None).unwrap();
    store.reset_factors(&store.session(&admin).unwrap(), &store.user_by_name("Noy").unwrap(), "lost").unwrap();
    let noy = timed.log_in("Noy", None).unwrap();
    store.session(&noy).unwrap();
    timed.wait(14 * 86_400);
    let noy = timed.log_in("Noy", None).unwrap();
    refused(store.session(&noy).map(drop), "needs a second factor");
    store.require_factors(Some(&store.session(&timed.log_in("Ad", None).unwrap()).unwrap()), None, None).unwrap();
    store.session(&noy).unwrap();
}

#[test]
fn law_13_a_new_enrolment_has_no_factor_of_before() {
    let timed = Timed::new();
    let store = &timed.desk.store;
    let (admin, noy) = (timed.log_in("Ad", None).unwrap(), timed.log_in("Noy", None).unwrap());
    timed.add(&noy);
    store.revoke_user(&store.session(&admin).unwrap(), &store.user_by_name("Noy").unwrap(), "lost his passphrase", true).unwrap();
    // His keys are new: what was sealed to the old ones could never be shown.
    let again = timed.log_in("Noy", None).unwrap();
    assert_eq!(store.factors(&store.session(&again).unwrap()).unwrap(), []);
}

#[test]
fn law_13_who_works_in_pages_shows_his_factor_there_and_sees_his_own_sessions_only() {
    let office = Office::staffed();
    let open = Open::of(&office);
    let (words, kham) = (passphrase(NOY), office.token(KHAM));
    // He adds it on a page: the picture stands there once.
    let noy = office.token(NOY);
    open.page(noy, "/account").is(200).says("Second factors").says("whoever learns your passphrase").says("Open sessions");
    let asked = open.form(noy, "/step/user/factor/add", &[("_number", &format!("{:032x}", 1)), ("label", "telephone")]);
    let told = open.answer(noy, &asked).is(200).says("<svg class=\"qr\"").says("/step/user/factor/confirm").text();
    let secret = told.split("<code>").nth(1).unwrap().split('<').next().unwrap().to_string();
    let mut telephone = Telephone::reading(&secret);
    let asked = open.form(noy, "/step/user/factor/confirm", &[("_number", &format!("{:032x}", 2)), ("code", &telephone.code())]);
    let told = open.answer(noy, &asked).is(200).says("Recovery codes").text();
    assert!(!told.contains(&secret));
    // Without it, and with a wrong one, the login is refused in the words of a wrong passphrase.
    let bare = open.form("", "/login", &[("name", NOY), ("passphrase", &words)]).is(403).without_question();
    let wrong = open.form("", "/login", &[("name", NOY), ("passphrase", &words), ("second-factor", &telephone.wrong())]).is(403).without_question();
    let unknown = open.form("", "/login", &[("name", NOY), ("passphrase", "four words that are wrong")]).is(403).without_question();
    assert_eq!((&bare, &wrong), (&unknown, &unknown));
    // The right one opens, and its person hears of the wrong one.
    open.form("", "/login", &[("name", NOY), ("passphrase", &words), ("second-factor", &telephone.code())]).is(200).says("wrong codes of your second factor since your login before this one: 1;");
    let program = |code: &str| open.send("POST", "/api/v1/session", &[("Content-Type", "application/json")], json!({"name": NOY, "passphrase": words, "second_factor": code}).to_string().as_bytes());
    program(&telephone.again()).is(401);
    let another = string(&program(&telephone.code()).is(200).json()["token"]);
    // Three sessions are open; another person sees and ends none of them.
    let mine = |token: &str| open.step(token, "user/session/list", &json!({})).is(200).json()["answers"].as_array().unwrap().clone();
    let sessions = mine(noy);
    assert_eq!((sessions.len(), sessions.iter().filter(|one| one["this"] == true).count(), mine(kham).len()), (3, 1, 1));
    let named = string(&sessions.iter().find(|one| one["this"] == false).unwrap()["session"]);
    open.step(kham, "user/session/end", &json!({"one": named})).is(422).says("there is no open session");
    open.step(noy, "user/session/end", &json!({"others": true})).is(200);
    open.page(&another, "/account").is(303);
    assert_eq!(mine(noy).len(), 1);
    office.sound_log();
}

/// An authenticator that keeps one key for `localhost`. It counts nothing, as many do.
pub struct Passkey {
    key: EcdsaKeyPair,
    counter: u32,
}

impl Passkey {
    pub fn new() -> Passkey {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        Passkey { key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref(), &random).unwrap(), counter: 0 }
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        [Sha256::digest(b"localhost").as_slice(), &[flags], &self.counter.to_be_bytes()].concat()
    }

    /// The fields of a form that adds it.
    pub fn made(&self, challenge: &str, origin: &str) -> Vec<(&'static str, String)> {
        let point = self.key.public_key().as_ref();
        let key = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20][..], &point[1..33], &[0x22, 0x58, 0x20], &point[33..]].concat();
        let data = [&self.data(0x41)[..], &[0; 16], &[0, 4], b"name", &key].concat();
        let client = json!({"type": "webauthn.create", "challenge": challenge, "origin": origin}).to_string();
        vec![("passkey-challenge", challenge.into()), ("passkey-client", URL_SAFE_NO_PAD.encode(client)), ("passkey-data", URL_SAFE_NO_PAD.encode(data)), ("label", "cord".into())]
    }

    /// The fields of a login that shows it; somebody touched the authenticator.
    fn shown(&self, challenge: &str, origin: &str) -> Vec<(&'static str, String)> {
        self.shown_with(1, challenge, origin)
    }

    /// The same with these flags of the authenticator.
    pub fn shown_with(&self, flags: u8, challenge: &str, origin: &str) -> Vec<(&'static str, String)> {
        let client = json!({"type": "webauthn.get", "challenge": challenge, "origin": origin}).to_string();
        let data = self.data(flags);
        let signature = self.key.sign(&SystemRandom::new(), &[data.as_slice(), Sha256::digest(client.as_bytes()).as_slice()].concat()).unwrap();
        let coded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        vec![("passkey-challenge", challenge.into()), ("passkey-id", coded(b"name")), ("passkey-client", coded(client.as_bytes())), ("passkey-data", coded(&data)), ("passkey-signature", coded(signature.as_ref()))]
    }
}

#[test]
fn law_13_a_passkey_opens_for_its_site_and_for_one_question_only() {
    let office = Office::staffed();
    let open = Open::of(&office);
    let (noy, words) = (office.token(NOY), passphrase(NOY));
    let host = format!("localhost:{}", open.address.rsplit(':').next().unwrap());
    let origin = format!("http://{host}");
    let get = |path: &str| open.send("GET", path, &[("Host", &host), ("Cookie", &format!("lanternfish-session={noy}"))], b"").is(200).text();
    let post = |path: &str, fields: &[(&str, String)]| {
        let body = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
        open.send("POST", path, &[("Host", &host), ("Origin", &origin), ("Cookie", &format!("lanternfish-session={noy}")), ("Content-Type", "application/x-www-form-urlencoded")], body.as_bytes())
    };
    let question = |path: &str| get(path).split("data-challenge=\"").nth(1).unwrap().split('"').next().unwrap().to_string();
    let mut passkey = Passkey::new();
    // A question that was not asked here, and one of another site, make no key.
    post("/account/passkey", &passkey.made("bm90IG91cnM", &origin)).is(403);
    post("/account/passkey", &passkey.made(&question("/account/passkey"), "http://localhost:1")).is(422).says("another site");
    let asked = question("/account/passkey");
    let told = post("/account/passkey", &passkey.made(&asked, &origin)).is(200).says("Recovery codes").text();
    post("/account/passkey", &passkey.made(&asked, &origin)).is(403);
    assert_eq!(office.says(NOY, &["user", "factor", "list"]).ended(0).lines()[0]["kind"], "passkey");
    // It is shown at the login in place of a code, for one question.
    let log_in = |shown: Vec<(&'static str, String)>| post("/login", &[vec![("name", NOY.to_string()), ("passphrase", words.clone())], shown].concat());
    log_in(vec![]).is(403);
    let asked = question("/login");
    let shown = passkey.shown(&asked, &origin);
    log_in(shown.clone()).is(303);
    log_in(shown).is(403);
    log_in(passkey.shown("bm90IG91cnM", &origin)).is(403);
    log_in(passkey.shown(&question("/login"), "https://evil.example")).is(403);
    log_in(Passkey::new().shown(&question("/login"), &origin)).is(403);
    // One that counts moves on: a copy that lags behind is told.
    passkey.counter = 7;
    log_in(passkey.shown(&question("/login"), &origin)).is(303);
    log_in(passkey.shown(&question("/login"), &origin)).is(403);
    passkey.counter = 8;
    log_in(passkey.shown(&question("/login"), &origin)).is(303);
    // Neither the token of a session nor a passkey of a stranger adds another one.
    post("/account/passkey", &Passkey::new().made(&question("/account/passkey"), &origin)).is(403).says("second factor");
    let code = told.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '-').find(|word| word.len() == 19 && word.matches('-').count() == 3).unwrap().to_string();
    let factor = string(&office.says(NOY, &["user", "factor", "list"]).ended(0).lines()[0]["factor"]);
    office.says(NOY, &["user", "factor", "remove", &factor]).by_law(13);
    office.done(NOY, &["user", "factor", "remove", &factor, "--code", &code]);
    log_in(vec![]).is(303);
    office.sound_log();
}

#[test]
fn law_13_two_servers_on_one_database_know_the_same_sessions_and_count_wrong_codes_together() {
    let Some((here, _database)) = center::office("law_13_two_servers_on_one_database_know_the_same_sessions_and_count_wrong_codes_together") else { return };
    let there = here.duplicate();
    std::fs::remove_dir_all(there.home.join("objects")).unwrap();
    std::os::unix::fs::symlink(here.home.join("objects"), there.home.join("objects")).unwrap();
    let (first, second) = (Open::of(&here), Open::of(&there));
    // A session that was opened at one is known at the other; a step at one is seen at the other.
    let entered = first.form("", "/login", &[("name", NOY), ("passphrase", &passphrase(NOY))]).is(303);
    let noy = entered.header("set-cookie").unwrap().strip_prefix("lanternfish-session=").unwrap().split(';').next().unwrap().to_string();
    second.page(&noy, &format!("/case/{}", here.case)).is(200).says("SYNTHETIC drill");
    let admitted = first.step(&noy, "exhibit/admit", &json!({"case": here.case, "description": "a thing", "physical": true, "seal-number": "S-1", "condition": "whole"})).is(200).json();
    assert_eq!(admitted["answers"][0]["exhibit"], "E-0001", "{admitted}");
    second.page(&noy, &format!("/case/{}/exhibits/E-0001", here.case)).is(200).says("a thing");
    // A code that was shown at one is used up at the other, and wrong codes count together.
    let (telephone, codes) = add(&here, KHAM);
    let log_in = |open: &Open, code: &str| open.send("POST", "/api/v1/session", &[("Content-Type", "application/json")], json!({"name": KHAM, "passphrase": passphrase(KHAM), "second_factor": code}).to_string().as_bytes());
    log_in(&first, &codes[0]).is(200);
    log_in(&second, &codes[0]).is(401);
    for open in [&first, &second, &first, &second, &first] {
        log_in(open, &telephone.wrong()).is(401);
    }
    log_in_with(&there, KHAM, &telephone.wrong()).by_law(13).tells("wait five minutes");
    log_in(&second, &codes[1]).is(200);
    // Who logs out at one has left at both, and who is revoked as well.
    second.form(&noy, "/logout", &[]).is(303);
    first.page(&noy, "/").is(303);
    first.page(here.token(KHAM), "/").is(200);
    there.done(ADMIN, &["user", "revoke", KHAM, "--reason", "left the service"]);
    first.page(here.token(KHAM), "/").is(303);
    here.sound_log();
}
