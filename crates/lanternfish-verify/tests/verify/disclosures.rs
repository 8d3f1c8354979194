//! Disclosures (law 7): they verify to the seal of the original, with the program and with stock tools; a
//! salt that is told later opens its item; nothing is silently missing; and what is withheld cannot be
//! guessed from anything that the recipient holds.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::Command,
};

use model::{
    Sha256Digest,
    disclosure::{BLIND_FILE, PackageSecret, WithholdClass, commitment},
};
use seal::{
    bag::BagWriter,
    check::{Asked, Verdict, verify_with},
    disclosure::{DiscloseError, Original},
};
use sha2::{Digest, Sha256};

use crate::{
    common::{Agency, PAYLOAD, files_below},
    sample::{Sample, broken},
};

const SECRET_ITEM: &str = "data/wacz/capture-1.wacz";
const PRIVATE_ITEM: &str = "data/custody/log.json";
const WITHHELD: [(&str, WithholdClass); 2] = [(SECRET_ITEM, WithholdClass::PublicInterest), (PRIVATE_ITEM, WithholdClass::ThirdParty)];

/// A sealed sample, its disclosure, and what the agency kept.
struct Disclosed {
    sample: Sample,
    disclosure: PathBuf,
    original: Original,
    secret: PackageSecret,
    agency: Agency,
}

impl Disclosed {
    fn new() -> Self {
        let (mut agency, sample) = (Agency::new(1), Sample::empty());
        agency.seal(&sample.package, &PAYLOAD);
        agency.go_on(2);
        let disclosure = sample.package.with_file_name("disclosure");
        agency.disclose(&sample.package, &disclosure, &WITHHELD);
        agency.go_on(3);
        agency.write_anchors(&sample.anchors);
        let secret = agency.secret();
        let object = Sha256Digest::of(&sample.read("tagmanifest-sha256.txt"));
        let original = Original::open(&sample.package, &object, &secret).unwrap();
        Disclosed { sample, disclosure, original, secret, agency }
    }

    fn verdict(&self, revealed: Option<&Path>) -> Verdict {
        verify_with(&self.disclosure, &Asked { anchors: Some(&self.sample.anchors), revealed, ..Asked::default() }, &|_| ())
    }

    fn reveal(&self, paths: &[&str]) -> PathBuf {
        let folder = self.disclosure.with_file_name("revealed");
        let _ = fs::remove_dir_all(&folder);
        self.original.reveal(&folder, &self.secret, &paths.iter().map(ToString::to_string).collect::<Vec<_>>(), &|| true).unwrap();
        folder
    }

    /// `verify-disclosure.sh` with the tools of this computer; `None` when there is no OpenSSL.
    fn script(&self, revealed: Option<&Path>) -> Option<(i32, String)> {
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("SKIPPED verify-disclosure.sh: openssl is not installed");
            return None;
        }
        let mut command = Command::new("bash");
        command.arg(self.disclosure.join("data/verify-disclosure.sh")).arg(&self.sample.anchors).arg(&self.disclosure).args(revealed);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Some((output.status.code().unwrap(), said))
    }

    /// The same disclosure with other payload files, sealed again by the agency itself: what a dishonest
    /// sender can do.
    fn resealed(&mut self, alter: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) {
        let mut files = files_below(&self.disclosure.join("data"), "data");
        files.remove(BLIND_FILE);
        alter(&mut files);
        fs::remove_dir_all(&self.disclosure).unwrap();
        let payload: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        let disclosure = self.disclosure.clone();
        self.agency.seal(&disclosure, &payload);
        self.agency.write_anchors(&self.sample.anchors);
    }

    #[track_caller]
    fn both_say_broken(&self, what: &str, revealed: Option<&Path>, part: &str) {
        broken(&self.verdict(revealed), what, part);
        if let Some((code, said)) = self.script(revealed) {
            assert_eq!(code, 1, "{what}: {said}");
        }
    }
}

#[test]
fn law_07_a_disclosure_verifies_to_the_seal_of_the_original() {
    let one = Disclosed::new();
    let verdict = one.verdict(None);
    assert_eq!(verdict.exit_code, 0, "{:#?}", verdict.faults().collect::<Vec<_>>());
    let said: Vec<String> = verdict.checks.iter().map(|check| format!("{}: {}", check.object, check.text)).collect();
    for words in ["original: seal/officer-1.p7s", "original: seal/officer-2.p7s", "original: seal/token-1.tsr", "original: log", "all 5 items of the original"] {
        assert!(said.iter().any(|line| line.contains(words)), "{words:?} is not in {said:#?}");
    }
    let limit = "3 items of the original are withheld: 1 third-party, 1 public-interest, 1 blind";
    assert!(verdict.limits.iter().any(|text| text == limit), "{:?}", verdict.limits);
    assert_eq!(verify_with(&one.disclosure, &Asked::default(), &|_| ()).exit_code, 2, "without anchors its origin is not known");
    if let Some((code, said)) = one.script(None) {
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("2 items disclosed") && said.contains("1 public-interest"), "{said}");
    }
    // The names and bytes of what is withheld lie nowhere in it.
    for (path, bytes) in &files_below(&one.disclosure.join("data"), "data") {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("SYNTHETIC capture bytes") && !text.contains("capture-1") && !text.contains("custody"), "{path}");
    }
}

#[test]
fn law_07_a_revealed_item_is_held_against_its_commitment() {
    let one = Disclosed::new();
    let folder = one.reveal(&[SECRET_ITEM]);
    let verdict = one.verdict(Some(&folder));
    assert_eq!(verdict.exit_code, 0, "{:#?}", verdict.faults().collect::<Vec<_>>());
    assert!(verdict.checks.iter().any(|check| check.object == SECRET_ITEM && check.text.contains("this is what the original committed to")));
    assert!(verdict.limits.iter().any(|text| text.contains("after what was revealed, 2 items")), "{:?}", verdict.limits);
    if let Some((code, said)) = one.script(Some(&folder)) {
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("1 items revealed"), "{said}");
    }
    let program = Command::new(env!("CARGO_BIN_EXE_lanternfish-verify"))
        .arg(&one.disclosure)
        .args(["--anchors".as_ref(), one.sample.anchors.as_os_str(), "--revealed".as_ref(), folder.as_os_str()])
        .output()
        .unwrap();
    assert_eq!(program.status.code(), Some(0), "{}", String::from_utf8_lossy(&program.stdout));

    fs::write(folder.join(SECRET_ITEM), "SYNTHETIC capture bytez").unwrap();
    one.both_say_broken("other bytes", Some(&folder), "law 7");
    let folder = one.reveal(&[SECRET_ITEM]);
    fs::write(folder.join("data/added"), "x").unwrap();
    broken(&one.verdict(Some(&folder)), "an added file", "law 7");
    let folder = one.reveal(&[SECRET_ITEM]);
    let list = fs::read_to_string(folder.join("revealed.txt")).unwrap();
    fs::write(folder.join("revealed.txt"), list.replace("capture-1", "capture-2")).unwrap();
    fs::rename(folder.join(SECRET_ITEM), folder.join("data/wacz/capture-2.wacz")).unwrap();
    broken(&one.verdict(Some(&folder)), "another name", "law 7");
    // What was disclosed already is no withheld item, and an item of another package none of this one.
    let folder = one.reveal(&["data/case.jsonld"]);
    broken(&one.verdict(Some(&folder)), "not withheld", "law 7");
    let other = one.sample.package.with_file_name("other");
    Agency::new(2).seal(&other, &PAYLOAD);
    let object = Sha256Digest::of(&fs::read(other.join("tagmanifest-sha256.txt")).unwrap());
    let stranger = Original::open(&other, &object, &Agency::new(2).secret()).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    stranger.reveal(&folder, &Agency::new(2).secret(), &[SECRET_ITEM.to_string()], &|| true).unwrap();
    one.both_say_broken("another package's salt", Some(&folder), "law 7");
    assert!(Original::open(&other, &object, &one.secret).is_err(), "commitments of another secret");
    broken(&verify_with(&one.sample.package, &Asked { anchors: Some(&one.sample.anchors), revealed: Some(&folder), ..Asked::default() }, &|_| ()), "a whole package withholds nothing", "law 7");
}

#[test]
fn law_07_a_dishonest_sender_can_leave_nothing_out_and_change_nothing() {
    type Files = BTreeMap<String, Vec<u8>>;
    type Case = (&'static str, &'static str, fn(&mut Files));
    fn text(files: &Files, name: &str) -> String {
        String::from_utf8(files[name].clone()).unwrap()
    }
    fn without_line(files: &mut Files, name: &str, with: &str) {
        let kept: String = text(files, name).lines().filter(|line| !line.contains(with)).map(|line| format!("{line}\n")).collect();
        files.insert(name.into(), kept.into());
    }
    let cases: [Case; 11] = [
        ("a withheld item that is not named", "law 7", |files| without_line(files, "data/withheld.txt", "third-party")),
        ("a disclosed item that is not listed", "law 7", |files| without_line(files, "data/opened.txt", "report.pdf")),
        ("a disclosed item that is not there", "law 7", |files| drop(files.remove("data/opened/data/report/report.pdf"))),
        ("other bytes, with their own digest in the list", "law 7", |files| {
            let (old, new) = (Sha256Digest::of(PAYLOAD[2].1).hex(), Sha256Digest::of(b"forged").hex());
            files.insert("data/opened/data/report/report.pdf".into(), b"forged".to_vec());
            files.insert("data/opened.txt".into(), text(files, "data/opened.txt").replace(&old, &new).into());
        }),
        ("a disclosed item that was put beside", "law 7", |files| drop(files.insert("data/opened/data/new".into(), b"x".to_vec()))),
        ("a disclosed item that the original never had", "law 7", |files| {
            let line = format!("{}  {}  data/zzz\n", "0".repeat(64), Sha256Digest::of(b"new"));
            files.insert("data/opened/data/zzz".into(), b"new".to_vec());
            files.insert("data/opened.txt".into(), (text(files, "data/opened.txt") + &line).into());
        }),
        ("evidence that is withheld as if it were the blind", "law 7", |files| {
            files.insert("data/withheld.txt".into(), text(files, "data/withheld.txt").replace("third-party", "blind").into());
        }),
        ("a withheld item that the original never had", "law 7", |files| {
            let more = text(files, "data/withheld.txt") + &"f".repeat(64) + "  not-material\n";
            files.insert("data/withheld.txt".into(), more.into());
        }),
        ("other commitments", "law 5", |files| without_line(files, "data/original/commitments.txt", "0")),
        ("a signature of the original that is missing", "law 4", |files| drop(files.remove("data/original/seal/officer-2.p7s"))),
        ("another file in the original", "law 5", |files| drop(files.insert("data/original/more".into(), b"x".to_vec()))),
    ];
    for (what, part, alter) in cases {
        let mut one = Disclosed::new();
        one.resealed(alter);
        // The script takes seconds for each; the rest of its answers is asked by checks/disclosure.sh.
        if what.starts_with("evidence that") || what.starts_with("a withheld item that is not") || what.starts_with("other bytes") {
            one.both_say_broken(what, None, part);
        } else {
            broken(&one.verdict(None), what, part);
        }
    }
    let mut one = Disclosed::new();
    one.resealed(|_| ());
    assert_eq!(one.verdict(None).exit_code, 0, "sealed again without a change it is sound");
}

#[test]
fn law_04_a_disclosure_of_another_agencys_package_is_broken() {
    // The sender is who the anchors say; what he passes on was sealed by somebody else's keys.
    let (mut stranger, folder) = (Agency::new(2), Sample::empty());
    stranger.seal(&folder.package, &PAYLOAD);
    let theirs = folder.package.with_file_name("theirs");
    stranger.disclose(&folder.package, &theirs, &WITHHELD);
    let mut one = Disclosed::new();
    one.resealed(|files| {
        *files = files_below(&theirs.join("data"), "data");
        files.remove(BLIND_FILE);
    });
    one.both_say_broken("the seal of a stranger", None, "law 4");
    let outer = one.verdict(None).checks.into_iter().filter(|check| !check.object.starts_with("original: "));
    assert!(outer.into_iter().all(|check| check.state == seal::check::State::Sound), "only the original is false");
}

#[test]
fn law_15_a_disclosure_whose_ground_ends_stops_and_leaves_nothing() {
    let one = Disclosed::new();
    let folder = one.disclosure.with_file_name("stopped");
    let stopped = one.original.reveal(&folder, &one.secret, &[SECRET_ITEM.to_string()], &|| false);
    assert!(matches!(stopped, Err(DiscloseError::Stopped)) && !folder.exists());
    let mut bag = BagWriter::create(&folder).unwrap();
    let asked = std::cell::Cell::new(0);
    let twice = || asked.replace(asked.get() + 1) < 1;
    let stopped = one.original.add_to(&mut bag, &one.secret, &BTreeMap::new(), &twice);
    assert!(matches!(stopped, Err(DiscloseError::Stopped)), "the second item is not copied any more");
    assert!(!folder.exists(), "a bag that was not closed has no name");
}

/// Everything that a recipient holds, and the line that he tries to guess.
struct Attack {
    /// Manifest text before and after the digest that is tried.
    before: Vec<u8>,
    after: Vec<u8>,
    /// The manifest's digest, as the original's tag manifest states it.
    sealed: Sha256Digest,
}

impl Attack {
    /// He knows every line but the digest of `SECRET_ITEM`; the blind only with `blind`.
    fn of(one: &Disclosed, blind: bool) -> Self {
        let line = |entry: &seal::layout::Entry| format!("{}  {}\n", entry.digest, entry.path);
        let known: Vec<_> = one.original.items().iter().filter(|entry| blind || entry.path != BLIND_FILE).collect();
        let at = known.iter().position(|entry| entry.path == SECRET_ITEM).unwrap();
        let before: String = known[..at].iter().map(|entry| line(entry)).collect();
        let after: String = known[at + 1..].iter().map(|entry| line(entry)).collect();
        let tags = fs::read_to_string(one.disclosure.join("data/original/tagmanifest-sha256.txt")).unwrap();
        let sealed = tags.lines().find_map(|line| line.strip_suffix("  manifest-sha256.txt")).unwrap().parse().unwrap();
        Attack { before: before.into(), after: format!("  {SECRET_ITEM}\n{after}").into(), sealed }
    }

    fn fits(&self, prefix: &Sha256, candidate: &Sha256Digest) -> bool {
        let mut hasher = prefix.clone();
        hasher.update(candidate.hex());
        hasher.update(&self.after);
        hasher.finalize().as_slice() == self.sealed.0
    }
}

#[test]
fn law_07_a_million_candidates_fit_nothing_that_the_recipient_holds() {
    let one = Disclosed::new();
    let truth = Sha256Digest::of(PAYLOAD[3].1);
    let candidates = (0..1_000_000_u64).map(|n| if n == 777_777 { truth } else { Sha256Digest::of(&n.to_be_bytes()) });
    let candidates: Vec<Sha256Digest> = candidates.collect();

    // The list of the original: without its blind line no candidate gives the sealed digest, with it the true one does.
    let tried = |attack: &Attack| {
        let mut prefix = Sha256::new();
        prefix.update(&attack.before);
        candidates.iter().filter(|one| attack.fits(&prefix, one)).copied().collect::<Vec<_>>()
    };
    assert_eq!(tried(&Attack::of(&one, true)), [truth], "the attack works where nothing is blind");
    assert_eq!(tried(&Attack::of(&one, false)), []);

    // The commitments: with every value that he was told as a salt, and with none.
    let told: Vec<[u8; 32]> = {
        let text: String = files_below(&one.disclosure, "").values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
        let words = text.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64);
        words.filter_map(|word| word.parse::<Sha256Digest>().ok()).map(|digest| digest.0).collect()
    };
    let original = fs::read(one.disclosure.join("data/original/commitments.txt")).unwrap();
    let commitments = seal::layout::read_commitments(&original).unwrap();
    let salt = one.secret.salt(SECRET_ITEM);
    assert!(told.len() > 15 && !told.contains(&salt));
    assert!(commitments.contains(&commitment(&salt, &truth, SECRET_ITEM)), "with its salt the true one fits");
    for salt in told.iter().chain([&[0; 32]]) {
        assert!(!commitments.contains(&commitment(salt, &truth, SECRET_ITEM)));
    }
    let unsalted = |one: &Sha256Digest| Sha256Digest::of(format!("{one}  {SECRET_ITEM}").as_bytes());
    assert!(!candidates.iter().any(|one| commitments.binary_search(&unsalted(one)).is_ok() || commitments.binary_search(&Sha256Digest::of(&one.0)).is_ok()));

    // The size of the payload: `bag-info.txt` is known but for the size, and its digest tells nothing.
    let info = String::from_utf8(one.sample.read("bag-info.txt")).unwrap();
    let tags = fs::read_to_string(one.disclosure.join("data/original/tagmanifest-sha256.txt")).unwrap();
    let sealed: Sha256Digest = tags.lines().find_map(|line| line.strip_suffix("  bag-info.txt")).unwrap().parse().unwrap();
    let of_size = |info: &str, size: u64| Sha256Digest::of(info.lines().map(|line| if line.starts_with("Payload-Oxum") { format!("Payload-Oxum: {size}.5\n") } else { format!("{line}\n") }).collect::<String>().as_bytes());
    assert!((0..2_000).any(|size| of_size(&info, size) == sealed), "the attack works for whoever has the blind");
    let guess: String = info.lines().map(|line| if line.starts_with("Lanternfish-Blind") { format!("Lanternfish-Blind: {}\n", "0".repeat(64)) } else { format!("{line}\n") }).collect();
    assert!(!(0..2_000).any(|size| of_size(&guess, size) == sealed));
    let mut blind = String::new();
    fs::File::open(one.sample.package.join(BLIND_FILE)).unwrap().read_to_string(&mut blind).unwrap();
    assert!(!tags.contains(blind.trim()) && blind.contains(&one.secret.blind(BLIND_FILE)));
}

#[test]
fn a_package_of_the_first_profile_is_still_checked() {
    let one = Sample::copy();
    // What the first profile had: seven tag files, no commitments, no blinds. Only its form is asked here: the
    // seal over other bytes cannot hold.
    let info = String::from_utf8(one.read("bag-info.txt")).unwrap().replace("lanternfish-bag-2", "lanternfish-bag-1");
    one.write("bag-info.txt", info.lines().filter(|line| !line.starts_with("Lanternfish-Blind")).map(|line| format!("{line}\n")).collect::<String>());
    fs::remove_file(one.path("commitments.txt")).unwrap();
    let tags = String::from_utf8(one.read("tagmanifest-sha256.txt")).unwrap();
    let digest = Sha256Digest::of(&one.read("bag-info.txt"));
    let line = |line: &str| if line.ends_with("  bag-info.txt") { format!("{digest}  bag-info.txt\n") } else { format!("{line}\n") };
    one.write("tagmanifest-sha256.txt", tags.lines().filter(|line| !line.ends_with("commitments.txt")).map(line).collect::<String>());
    let form: Vec<_> = one.verdict().checks.into_iter().filter(|check| check.part.to_string() == "law 5").collect();
    assert!(form.iter().all(|check| check.state == seal::check::State::Sound), "{form:#?}");
    assert!(form.iter().any(|check| check.text == "the first profile, without commitments"));
    let mixed = Sample::copy();
    let info = String::from_utf8(mixed.read("bag-info.txt")).unwrap().replace("lanternfish-bag-2", "lanternfish-bag-1");
    mixed.write("bag-info.txt", info);
    mixed.rehash_tags();
    let said = mixed.verdict();
    assert!(said.faults().any(|check| check.text.contains("two different profiles")), "{:#?}", said.faults().collect::<Vec<_>>());
    mixed.is_broken("two profiles at once", "law 5");
}
