//! Law 10: words planted in names, queries, reasons and contents are found nowhere in the log, its
//! tiles, or any file of the home.

use std::path::Path;

use ledger::{TreeSize, tile};
use model::{action::Action, event::EventType, exhibit::ExhibitClass};
use serde_json::json;
use store::{Intent, NewEvent};

use crate::{cluster::TestDatabase, house::{House, ON_SERVER, files, row}};

const NAME: &str = "Plantedname Xayavong";
const REASON: &str = "planted-reason-kvlqz";
const QUERY: &str = "planted-query-bc1qxyz";
const CONTENT: &str = "planted-content-ສະບາຍດີ";
const TARGET: &str = "planted-target.test";
const BYTES: &str = "planted-bytes-in-an-exhibit";
const WORDS: [&str; 6] = [NAME, REASON, QUERY, CONTENT, TARGET, BYTES];

/// The spellings in which a careless store could leave a word.
fn spellings(word: &str) -> Vec<Vec<u8>> {
    let utf16 = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let escaped = serde_json::to_string(word).unwrap().trim_matches('"').as_bytes().to_vec();
    vec![word.as_bytes().to_vec(), word.to_lowercase().into_bytes(), hex::encode(word).into_bytes(), utf16, escaped]
}

fn holds(bytes: &[u8]) -> Option<&'static str> {
    WORDS.into_iter().find(|word| spellings(word).iter().any(|s| bytes.windows(s.len()).any(|w| w == s)))
}

fn check_folder(folder: &Path) -> usize {
    let all = files(folder);
    for file in &all {
        // The write-ahead log goes away while the database closes.
        let bytes = std::fs::read(file).unwrap_or_default();
        assert_eq!(holds(&bytes), None, "in {}", file.display());
    }
    all.len()
}

/// What the server has of this house, as text and as bytes, in no table.
fn check_server(database: &TestDatabase) {
    for table in ["log_head", "event", "event_row", "record", "record_index"] {
        let words: Vec<String> = WORDS.iter().flat_map(|word| [word.to_lowercase(), hex::encode(word)]).collect();
        let holds = |word: &String| format!("lower(t::text) LIKE '%{word}%'");
        let any = words.iter().map(holds).collect::<Vec<_>>().join(" OR ");
        let count = |condition: &str| {
            let statement = format!("SELECT count(*) FROM {table} AS t WHERE {condition}");
            database.cluster.ask("postgres", &database.name, &statement).unwrap()
        };
        assert_eq!(count(&any), 0, "in {table}");
        assert!(count("true") > 0, "the search reads {table}");
    }
}

fn plant(house: &House) {
    house.store.add_user(Some(&house.session("Boun")), NAME, model::actor::Role::Analyst).unwrap();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let scope = house.scope("Noy", &case);
    let permit = house.store.permit(&scope, Intent::to(Action::Query)).unwrap();
    let mut write = row(&scope, house.store.now(), "note", "note-1", "kept", json!({"text": CONTENT, "name": NAME}));
    write.index = vec![("note.name", NAME.to_lowercase()), ("note.query", QUERY.into())];
    let event = NewEvent::new(EventType::Queried, Some("note-1".into()), json!({"reason": REASON, "query": QUERY, "names": [NAME]}));
    house.store.commit(&scope, &permit, event, vec![write]).unwrap();
    assert_eq!(house.store.find(&scope, "note", "note.query", QUERY).unwrap().len(), 1);
    let blob = house.blob(&scope, BYTES.repeat(1_000).as_bytes(), ExhibitClass::Ordinary);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    let read = house.store.read_blob(&scope, &permit, &blob).unwrap().bytes(1 << 20).unwrap();
    assert!(holds(&read).is_some(), "the search finds the word where it may be");
    // A refusal notes what was asked for.
    let analyst = Intent::to(Action::Audit).aimed_at(TARGET).about(NAME);
    assert!(house.store.permit(&scope, analyst).is_err());
    house.revoke("Kham", &case, &house.live_authority(&case, 1));
}

#[test]
fn law_10_no_planted_word_in_leaves_or_tiles_or_in_the_files() {
    let house = House::new();
    plant(&house);
    let size = house.store.log_size().unwrap();
    let leaves: Vec<Vec<u8>> = house.store.leaves(0, 1_000).unwrap().into_iter().map(|event| event.bytes).collect();
    assert_eq!(leaves.len() as u64, size);
    for leaf in &leaves {
        assert_eq!(holds(leaf), None, "{}", String::from_utf8_lossy(leaf));
    }
    for bundle in tile::entry_bundles(TreeSize(size)) {
        let start = usize::try_from(bundle.start()).unwrap();
        let bytes = tile::bundle_bytes(&leaves[start..start + usize::from(bundle.width())]).unwrap();
        assert_eq!(holds(&bytes), None);
    }
    let elsewhere = if house.store.config().objects.is_some() { house.objects() } else { vec![] };
    for name in &elsewhere {
        assert_eq!((holds(name.as_bytes()), holds(&house.object(name))), (None, None), "{name}");
    }
    let with_wal = check_folder(&house.root()) + elsewhere.len();
    let (least, what) = if ON_SERVER { (4, "node keys, settings and an object") } else { (6, "database and write-ahead log too") };
    assert!(with_wal >= least, "{what}: {with_wal}");
    if let Some(database) = &house.database {
        check_server(database);
    }
    house.check_log(size);
    // With the database closed its write-ahead log is folded in.
    let House { folder, store, database, .. } = house;
    drop(store);
    check_folder(folder.path());
    drop(database);
    // The search itself must be able to fail.
    std::fs::write(folder.path().join("home/forgotten.tmp"), format!("x{QUERY}x")).unwrap();
    let found = files(folder.path()).iter().filter(|file| holds(&std::fs::read(file).unwrap()).is_some()).count();
    assert_eq!(found, 1);
}
