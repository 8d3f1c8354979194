//! Objects in a bucket: made once, compared when an answer was lost, nothing acknowledged that is not there,
//! nothing of a real case where nothing is kept. The server is moto; the way to it loses what a test says.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use model::{
    Law,
    action::Action,
    exhibit::ExhibitClass,
    id::{BlobId, CaseId},
};
use store::{Config, Intent, ObjectStore, Scope, Store, StoreError, vault::blob::AlsoDigest};

use crate::{
    house::{House, config, refused},
    meddle::{get, keys, put, remove, unfinished},
    moto::{Fault, Moto, Way, moto},
};

/// More than one part.
const LONG: usize = (16 << 20) + 300_000;

/// The server; ends the whole binary, uncounted, where there is none.
fn server() -> &'static Moto {
    moto().unwrap_or_else(|reason| {
        // Past libtest, which would keep the line to itself and call the test passed.
        let _ = writeln!(std::io::stderr(), "SKIPPED objects on S3: {reason}");
        std::process::exit(0)
    })
}

struct Unit {
    house: House,
    way: Way,
    place: ObjectStore,
    case: CaseId,
}

/// A unit with a case, whose objects lie behind a way that a test can spoil.
fn unit(bucket: &str, training: bool) -> Unit {
    let way = Way::to(&server().endpoint);
    let place = server().place(bucket);
    let settings = Config { training, objects: Some(ObjectStore { endpoint: way.endpoint.clone(), ..place.clone() }), ..config() };
    let house = House::made(tempfile::tempdir().unwrap(), None, settings);
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    Unit { house, way, place, case }
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from((n / 7 + n / 65_000) % 251).unwrap()).collect()
}

/// The bytes of a new blob and its row; what `House::blob` does, with its errors.
fn admit(unit: &Unit, scope: &Scope, bytes: &[u8]) -> Result<BlobId, StoreError> {
    let permit = unit.house.store.permit(scope, Intent::to(Action::View))?;
    let mut blob = unit.house.store.new_blob(scope, &permit, "exh-of-test", ExhibitClass::Ordinary, None, AlsoDigest::default())?;
    blob.write_all(bytes).unwrap();
    let done = blob.finish()?;
    let event = store::NewEvent::new(model::event::EventType::ExhibitAdmitted, Some(done.id.to_string()), serde_json::json!({}));
    unit.house.store.commit(scope, &permit, event, vec![done.row])?;
    Ok(done.id)
}

fn read(unit: &Unit, scope: &Scope, blob: &BlobId) -> Result<Vec<u8>, StoreError> {
    let permit = unit.house.store.permit(scope, Intent::to(Action::View))?;
    unit.house.store.read_blob(scope, &permit, blob)?.bytes(64 << 20)
}

/// The machine failed, in these words.
#[track_caller]
fn failed<T>(answer: Result<T, StoreError>, words: &str) -> String {
    let error = answer.err().expect("it must fail");
    assert_eq!((error.exit_code(), error.law()), (3, None), "{error}");
    assert!(error.to_string().contains(words), "{error}");
    error.to_string()
}

/// Spoils the first requests that a test points at, so many of them.
fn first(count: usize, which: impl Fn(&str) -> bool + Send + 'static, fault: impl Fn() -> Fault + Send + 'static) -> impl FnMut(&str) -> Fault + Send {
    let mut left = count;
    move |line| {
        if left > 0 && which(line) {
            left -= 1;
            return fault();
        }
        Fault::Pass
    }
}

#[test]
fn law_05_an_object_in_a_bucket_is_never_overwritten() {
    for length in [1_000, LONG] {
        let unit = unit("kept", true);
        let scope = unit.house.scope("Noy", &unit.case);
        let words = bytes(length);
        let kept = admit(&unit, &scope, &words).unwrap();
        let first_name = keys(&unit.place)[0].clone();
        let before = get(&unit.place, &first_name);
        // The server says that the name is free when it is not: another program was quicker.
        unit.way.rule(first(1, |line| line.starts_with("HEAD "), || Fault::Instead("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")));
        // Nothing is written over it: the same bytes under another key go under a name of their own.
        let again = admit(&unit, &scope, &words).unwrap();
        assert_eq!(keys(&unit.place).len(), 2);
        assert!(get(&unit.place, &first_name) == before, "the first object is as it was");
        for blob in [kept, again] {
            assert!(read(&unit, &scope, &blob).unwrap() == words);
        }
        assert_eq!(unfinished(&unit.place), 0, "what could not become an object is aborted");
    }
}

#[test]
fn law_05_a_store_that_overwrites_is_refused() {
    for method in ["PUT", "POST"] {
        let way = Way::to(&server().endpoint);
        way.rule(move |line| if line.starts_with(method) { Fault::Without("if-none-match:") } else { Fault::Pass });
        let settings = ObjectStore { endpoint: way.endpoint.clone(), ..server().place("kept") };
        let folder = tempfile::tempdir().unwrap();
        let made = Store::create(&folder.path().join("home"), &Config { objects: Some(settings), ..config() });
        failed(made, "overwrites what is there");
        assert!(!folder.path().join("home").exists(), "nothing is left");
    }
}

#[test]
fn law_05_an_object_that_was_changed_cut_or_replaced_in_a_bucket_is_refused() {
    let unit = unit("kept", true);
    let scope = unit.house.scope("Noy", &unit.case);
    let words = bytes(400_000);
    let blob = admit(&unit, &scope, &words).unwrap();
    let key = &keys(&unit.place)[0];
    let whole = get(&unit.place, key);
    for change in [|copy: &mut Vec<u8>| copy[200_000] ^= 1, |copy: &mut Vec<u8>| copy.truncate(300_000), |copy: &mut Vec<u8>| copy.clear()] {
        let mut copy = whole.clone();
        change(&mut copy);
        put(&unit.place, key, &copy);
        refused(read(&unit, &scope, &blob), Law::Integrity);
    }
    put(&unit.place, key, &whole);
    assert!(read(&unit, &scope, &blob).unwrap() == words, "put back, it opens again");
    // Replaced between two readings of one opening.
    let permit = unit.house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    let mut open = unit.house.store.read_blob(&scope, &permit, &blob).unwrap();
    put(&unit.place, key, &[whole.as_slice(), b"more"].concat());
    let answer = refused(open.bytes(1 << 20), Law::Integrity);
    assert!(answer.contains("replaced while it was read"), "{answer}");
    remove(&unit.place, key);
    refused(read(&unit, &scope, &blob), Law::Integrity);
}

#[test]
fn a_put_whose_answer_is_lost_is_sent_again_and_stored_once() {
    type Which = fn(&str) -> bool;
    let lost: [(&str, usize, Which); 4] = [
        ("a small object", 1_000, |line| line.starts_with("PUT ")),
        ("a part", LONG, |line| line.contains("partNumber=2")),
        ("the end of a long one", LONG, |line| line.starts_with("POST ") && line.contains("uploadId=")),
        ("its beginning", LONG, |line| line.starts_with("POST ") && line.contains("uploads=")),
    ];
    let unit = unit("kept", true);
    let scope = unit.house.scope("Noy", &unit.case);
    for (number, (what, length, which)) in lost.into_iter().enumerate() {
        let words = [bytes(length), vec![u8::try_from(number).unwrap()]].concat();
        unit.way.rule(first(1, which, || Fault::AnswerLost));
        let blob = admit(&unit, &scope, &words).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert!(read(&unit, &scope, &blob).unwrap() == words, "{what}");
        assert_eq!(keys(&unit.place).len(), number + 1, "{what}");
    }
    unit.way.rule(first(1, |line| line.starts_with("PUT "), || Fault::Lost));
    admit(&unit, &scope, b"a request that never arrived is sent again").unwrap();
}

#[test]
fn a_server_that_goes_away_leaves_nothing_recorded() {
    let unit = unit("kept", true);
    let scope = unit.house.scope("Noy", &unit.case);
    let events = unit.house.store.log_size().unwrap();
    // Gone before the first byte, after the first part, and before the last word.
    let gone: [fn(&str) -> bool; 3] = [|_| true, |line| !line.starts_with("HEAD") && !line.contains("uploads=") && !line.contains("partNumber=1"), |line| line.starts_with("POST ") && line.contains("uploadId=")];
    for which in gone {
        unit.way.rule(move |line| if which(line) { Fault::Lost } else { Fault::Pass });
        let said = failed(admit(&unit, &scope, &bytes(LONG)), "cannot be reached, or went away");
        assert!(said.contains("Nothing of this step was recorded") || said.contains("Nothing was read"), "{said}");
    }
    unit.way.clear();
    assert_eq!(keys(&unit.place), Vec::<String>::new());
    assert_eq!(unit.house.store.count("blob").unwrap(), 0);
    assert_eq!(unit.house.store.log_size().unwrap(), events);
    assert!(std::fs::read_dir(unit.house.root().join("objects/tmp")).unwrap().next().is_none(), "what was staged here is gone");
    // The abort could not be sent either: the sweep sends it.
    assert_eq!(unit.house.store.sweep_unfinished(SystemTime::UNIX_EPOCH).unwrap(), 0);
    assert!(unit.house.store.sweep_unfinished(SystemTime::now() + std::time::Duration::from_secs(60)).unwrap() >= 1);
    let blob = admit(&unit, &scope, &bytes(LONG)).unwrap();
    assert!(read(&unit, &scope, &blob).unwrap() == bytes(LONG));
    assert_eq!(unfinished(&unit.place), 0);
}

#[test]
fn a_server_that_goes_away_in_the_middle_of_reading_hands_out_no_whole() {
    let unit = unit("kept", true);
    let scope = unit.house.scope("Noy", &unit.case);
    let blob = admit(&unit, &scope, &bytes(LONG)).unwrap();
    for fault in [|| Fault::Lost, || Fault::AnswerCut(100_000)] {
        let mut seen = 0;
        unit.way.rule(move |line| {
            seen += usize::from(line.starts_with("GET "));
            if seen > 3 { fault() } else { Fault::Pass }
        });
        // Not law 5: nobody changed anything.
        failed(read(&unit, &scope, &blob), "cannot be reached, or went away");
    }
    // One lost answer alone is asked for again.
    unit.way.rule(first(1, |line| line.starts_with("GET "), || Fault::AnswerCut(50_000)));
    assert!(read(&unit, &scope, &blob).unwrap() == bytes(LONG));
}

#[test]
fn a_long_object_is_read_at_any_place_by_few_requests() {
    let unit = unit("kept", true);
    let scope = unit.house.scope("Noy", &unit.case);
    let words = bytes(LONG);
    let blob = admit(&unit, &scope, &words).unwrap();
    let permit = unit.house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    let mut open = unit.house.store.read_blob(&scope, &permit, &blob).unwrap();
    for place in [0, 65_535, 65_536, 9_000_000, 131_072, LONG - 10, LONG, LONG + 5] {
        let mut out = vec![0; 100_000];
        let taken = open.reader.read_at(place as u64, &mut out).unwrap();
        let expected = words.get(place..).unwrap_or(&[]);
        assert!(out[..taken] == expected[..expected.len().min(100_000)], "{place}");
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    unit.way.rule(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Fault::Pass
    });
    assert!(read(&unit, &scope, &blob).unwrap() == words);
    assert!(asked.load(Ordering::SeqCst) < 20, "the window grows: {asked:?} requests");
}

#[test]
fn a_bucket_that_keeps_nothing_is_refused_for_real_cases() {
    let folder = tempfile::tempdir().unwrap();
    let place = server().place("loose");
    let settings = |training| Config { training, objects: Some(place.clone()), ..config() };
    failed(Store::create(&folder.path().join("real"), &settings(false)), "keeps nothing");
    assert!(!folder.path().join("real").exists());
    let store = Store::create(&folder.path().join("training"), &settings(true)).unwrap();
    let keeping = store.object_keeping().unwrap().unwrap();
    assert!(!keeping.kept && keeping.place.starts_with("s3://loose/unit/"), "{keeping:?}");
    let governed = Config { training: false, objects: Some(server().place("governed")), ..config() };
    let store = Store::create(&folder.path().join("governed"), &governed).unwrap();
    let keeping = store.object_keeping().unwrap().unwrap();
    assert!(keeping.kept && keeping.text.contains("governance"), "{keeping:?}");
}

#[test]
fn a_bucket_that_keeps_no_longer_takes_nothing_new_and_gives_what_it_has() {
    let mut later = unit("kept", false);
    let scope = later.house.scope("Noy", &later.case);
    let kept = admit(&later, &scope, b"from before").unwrap();
    let no_rule = "HTTP/1.1 200 OK\r\ncontent-length: 97\r\nconnection: close\r\n\r\n<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
    later.way.rule(move |line| if line.contains("object-lock") { Fault::Instead(no_rule) } else { Fault::Pass });
    // It is asked when a program starts.
    later.house.store = later.house.another_store();
    failed(admit(&later, &scope, b"from after"), "keeps nothing");
    assert_eq!(read(&later, &scope, &kept).unwrap(), b"from before");
    later.house.note(&scope, "note-1", "work without objects goes on").unwrap();
    assert!(!later.house.store.object_keeping().unwrap().unwrap().kept);
    later.way.clear();
    later.house.store = later.house.another_store();
    admit(&later, &scope, b"from after").unwrap();
}

#[test]
fn steps_without_objects_do_not_wait_for_the_object_store() {
    let mut alone = unit("kept", false);
    let scope = alone.house.scope("Noy", &alone.case);
    alone.way.rule(|_| Fault::Lost);
    alone.house.store = alone.house.another_store();
    alone.house.note(&scope, "note-1", "written while the object store is away").unwrap();
    failed(admit(&alone, &scope, b"bytes"), "cannot be reached");
    alone.way.clear();
    admit(&alone, &scope, b"bytes").unwrap();
}

#[test]
fn a_place_belongs_to_one_node() {
    let place = server().place("kept");
    let folder = tempfile::tempdir().unwrap();
    let settings = Config { objects: Some(place.clone()), ..config() };
    let store = Store::create(&folder.path().join("one"), &settings).unwrap();
    failed(Store::create(&folder.path().join("two"), &settings), "holds the objects of a node already");
    assert!(!folder.path().join("two").exists());
    assert_eq!(store.count_objects().unwrap(), (0, 0), "the claim is no object");
    put(&place, &format!("{}/stranger", place.url.trim_start_matches("s3://kept/")), b"x");
    assert_eq!(store.count_objects().unwrap(), (0, 1));
}

#[test]
fn the_settings_hold_no_secret_and_the_key_file_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let place = server().place("kept");
    let settings = Config { objects: Some(place.clone()), ..config() };
    Store::create(&folder.path().join("home"), &settings).unwrap();
    for file in crate::house::files(folder.path()) {
        let stored = std::fs::read(&file).unwrap();
        assert!(!stored.windows(server().secret.len()).any(|w| w == server().secret.as_bytes()), "{}", file.display());
    }
    let open = ObjectStore { key_file: server().key_file("open.key", "id", "secret", 0o640), ..server().place("kept") };
    let error = Store::create(&folder.path().join("other"), &Config { objects: Some(open), ..config() }).err().unwrap();
    assert_eq!(error.exit_code(), 2, "{error}");
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn a_redirect_is_not_followed_and_a_strange_answer_is_none() {
    let unit = unit("kept", true);
    let scope = unit.house.scope("Noy", &unit.case);
    let away = "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let strange = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
    let behind = "HTTP/1.1 200 OK\r\ncontent-length: 92\r\nconnection: close\r\n\r\n<Error><Code>InternalError</Code><Message>We found an error. Try it again.</Message></Error>";
    unit.way.rule(move |line| if line.starts_with("PUT ") { Fault::Instead(away) } else { Fault::Pass });
    failed(admit(&unit, &scope, b"bytes"), "which is not followed");
    unit.way.rule(move |line| if line.starts_with("POST ") { Fault::Instead(strange) } else { Fault::Pass });
    failed(admit(&unit, &scope, &bytes(LONG)), "not understood");
    unit.way.rule(move |line| if line.starts_with("POST ") && line.contains("uploadId=") { Fault::Instead(behind) } else { Fault::Pass });
    failed(admit(&unit, &scope, &bytes(LONG)), "200 InternalError");
    unit.way.clear();
    assert_eq!((keys(&unit.place).len(), unfinished(&unit.place)), (0, 0));
}

#[test]
fn only_the_right_key_with_the_right_rights_is_let_in() {
    let Ok(strict) = Moto::start(&["strict"]) else {
        server();
        panic!("moto is there, and does not check signatures")
    };
    let folder = tempfile::tempdir().unwrap();
    let place = strict.place("kept");
    let with = |key_file, name: &str| Store::create(&folder.path().join(name), &Config { objects: Some(ObjectStore { key_file, ..place.clone() }), ..config() });
    failed(with(strict.key_file("wrong.key", &strict.id, "not-the-secret", 0o600), "wrong"), "check the key file");
    failed(with(strict.key_file("nobody.key", "AKIAIOSFODNN7EXAMPLE", &strict.secret, 0o600), "nobody"), "check the key file");
    let elsewhere = ObjectStore { url: "s3://other-bucket/unit".into(), ..place.clone() };
    failed(Store::create(&folder.path().join("elsewhere"), &Config { objects: Some(elsewhere), ..config() }), "the object store");
    // The right key: every request of a node's life is signed as the server expects it, and needs no other right.
    let house = House::made(tempfile::tempdir().unwrap(), None, Config { objects: Some(place.clone()), training: false, ..config() });
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let unit = Unit { house, way: Way::to(&strict.endpoint), place, case };
    let scope = unit.house.scope("Noy", &unit.case);
    for length in [10, LONG] {
        let blob = admit(&unit, &scope, &bytes(length)).unwrap();
        assert!(read(&unit, &scope, &blob).unwrap() == bytes(length));
    }
    let permit = unit.house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    let refused = unit.house.store.new_blob(&scope, &permit, "exh-of-test", ExhibitClass::Ordinary, None, AlsoDigest::default()).unwrap().finish().unwrap();
    assert_eq!(unit.house.store.count_objects().unwrap(), (3, 0));
    unit.house.store.discard_blob(&refused).unwrap();
    assert_eq!(unit.house.store.count_objects().unwrap(), (2, 0));
    let soon = SystemTime::now() + std::time::Duration::from_secs(60);
    assert_eq!(unit.house.store.sweep_unfinished(soon).unwrap(), 0, "the upload that tried the server out was aborted");
    assert!(unit.house.store.object_keeping().unwrap().unwrap().kept);
}

#[test]
fn a_server_is_believed_by_the_named_authority_alone() {
    server();
    let tls = Moto::start(&["tls"]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let with = |ca_file, name: &str| {
        let place = ObjectStore { ca_file, ..tls.place("kept") };
        assert!(place.endpoint.starts_with("https://127.0.0.1:"), "{}", place.endpoint);
        Store::create(&folder.path().join(name), &Config { objects: Some(place), ..config() })
    };
    // By those of the web, by another one of the same name, by none.
    failed(with(None, "web"), "does not prove that it is the one that was named");
    let other = Moto::start(&["tls"]).unwrap().authority.clone();
    failed(with(Some(tls.file("other.pem", &other, 0o644)), "other"), "does not prove that it is the one that was named");
    let error = with(Some(tls.file("empty.pem", "no certificate", 0o644)), "empty").err().unwrap();
    assert_eq!(error.exit_code(), 2, "{error}");
    let store = with(Some(tls.file("right.pem", &tls.authority, 0o644)), "right").unwrap();
    assert!(store.object_keeping().unwrap().unwrap().kept);
}
