//! A dead laptop: the backup comes back on another machine, and the log goes on in the same epoch only
//! when it holds everything that anybody knows (law 3).

use std::fs;

use crate::office::{ADMIN, AUDITOR, KHAM, NOY, Office, passphrase, string, text};

/// A node that was backed up, and the checkpoint of that moment.
struct Before {
    office: Office,
    backup: String,
    secret: String,
    checkpoint: String,
}

fn checkpoint(office: &Office, name: &str) -> String {
    let said = office.says(AUDITOR, &["log", "checkpoint"]).ended(0).line();
    office.file(name, string(&said["checkpoint"]))
}

fn backed_up() -> Before {
    let office = Office::working();
    office.admit("note.txt", "what must come back");
    let secret = office.file("backup-secret", "backup words for the safe\n");
    let checkpoint = checkpoint(&office, "known");
    let backup = text(&office.place("backup"));
    office.says(NOY, &["backup", "create", &backup, "--passphrase-file", &secret]).by_law(13);
    let made = office.done(ADMIN, &["backup", "create", &backup, "--passphrase-file", &secret]);
    assert!(made["files"].as_u64().unwrap() > 3, "{made}");
    office.says(ADMIN, &["backup", "create", &backup, "--passphrase-file", &secret]).ended(2).tells("does not exist yet");
    Before { office, backup, secret, checkpoint }
}

impl Before {
    /// The same people at the restored home, on "another machine".
    fn restored(&self, name: &str) -> Office {
        let home = self.office.place(name);
        let mut office = self.office.moved_to(&home);
        office.bare(&["backup", "restore", &self.backup, "--passphrase-file", &self.secret, "--nothing-erased"]).ended(0).tells("log resume");
        // The tokens of the dead laptop open nothing here, before the first login and after it.
        let old = office.token(NOY).to_owned();
        let with_old_token = |office: &Office| office.bare(&["--session", &old, "case", "list"]).by_law(13).tells("log in again");
        with_old_token(&office);
        for name in [ADMIN, NOY, KHAM, AUDITOR] {
            office.log_in(name, &passphrase(name));
        }
        with_old_token(&office);
        office
    }
}

fn refuses_work(office: &Office) {
    let file = office.file("late.txt", "x");
    office.in_case(NOY, "exhibit admit", &[&file]).by_law(3).tells("log resume");
    office.says(NOY, &["tip", "add", "--text", "x"]).by_law(3);
    office.says(KHAM, &["log", "resume"]).by_law(3).tells("--last-known FILE").tells("--nothing-later-known");
    assert_eq!(office.bare(&["doctor"]).code, 3);
}

fn works_again(office: &Office) {
    let seen = text(&office.place("seen"));
    office.does(NOY, "exhibit view", &["E-0001", "--purpose", "after the restore", "--out", &seen]);
    assert_eq!(fs::read(&seen).unwrap(), b"what must come back");
    assert_eq!(office.admit("late.txt", "and on it goes"), "E-0002");
    office.says(KHAM, &["log", "resume", "--nothing-later-known"]).ended(2).tells("nothing to do");
    office.sound_log();
}

#[test]
fn law_03_a_restored_log_goes_on_when_nothing_later_is_known() {
    let before = backed_up();
    let office = before.restored("laptop-2");
    refuses_work(&office);
    office.says(NOY, &["log", "resume", "--last-known", &before.checkpoint]).by_law(13);
    let resumed = office.done(KHAM, &["log", "resume", "--last-known", &before.checkpoint]);
    assert_eq!(resumed["new_epoch"], false, "{resumed}");
    office.bare(&["--session", before.office.token(NOY), "case", "list"]).by_law(13).tells("log in again");
    works_again(&office);

    let other = before.restored("laptop-3");
    let resumed = other.done(KHAM, &["log", "resume", "--nothing-later-known"]);
    assert_eq!(resumed["new_epoch"], false, "{resumed}");
    works_again(&other);
}

#[test]
fn law_03_a_later_checkpoint_begins_a_new_epoch_that_names_it() {
    let before = backed_up();
    before.office.done(NOY, &["tip", "add", "--text", "written after the backup, lost with the laptop"]);
    let later = checkpoint(&before.office, "later");
    let mut office = before.restored("laptop-2");
    office.log_in(KHAM, &passphrase(KHAM));
    let strange = Office::staffed();
    let foreign = checkpoint(&strange, "foreign");
    let foreign = fs::read_to_string(foreign).unwrap().replace("drill-unit", "other-unit");
    let foreign = office.file("foreign", foreign);
    office.says(KHAM, &["log", "resume", "--last-known", &foreign]).ended(2);
    let resumed = office.done(KHAM, &["log", "resume", "--last-known", &later]);
    assert_eq!(resumed["new_epoch"], true, "{resumed}");
    assert!(string(&resumed["origin"]).ends_with("/epoch-2"), "{resumed}");
    let names: Vec<String> = office.last_events(4);
    assert!(names.contains(&"epoch-declared".to_owned()), "{names:?}");
    works_again(&office);
    let fresh = fs::read_to_string(checkpoint(&office, "fresh")).unwrap();
    assert!(fresh.lines().next().unwrap().ends_with("/epoch-2"), "{fresh}");
}

#[test]
fn law_05_a_wrong_passphrase_or_a_damaged_backup_restores_nothing() {
    let before = backed_up();
    let office = &before.office;
    let place = office.place("laptop-2");
    let restore = |backup: &str, secret: &str| {
        let said = office.moved_to(&place).bare(&["backup", "restore", backup, "--passphrase-file", secret, "--nothing-erased"]);
        let left = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("laptop-2");
        let beside = fs::read_dir(place.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(!beside.into_iter().any(|name| left(&name)), "nothing is left behind: {said:?}");
        assert!((1..=3).contains(&said.code) && !said.err.is_empty(), "{said:?}");
        said
    };
    let wrong = office.file("wrong", "some other words\n");
    restore(&before.backup, &wrong);
    let whole = fs::read(&before.backup).unwrap();
    for (name, at) in [("head", 10), ("middle", whole.len() / 2), ("end", whole.len() - 1)] {
        restore(&office.file(name, &whole[..at]), &before.secret);
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        restore(&office.file(name, &flipped), &before.secret);
    }
    restore("/nowhere/at/all", &before.secret);
    let said = office.bare(&["backup", "restore", &before.backup, "--passphrase-file", &before.secret, "--nothing-erased"]);
    assert!((2..=3).contains(&said.code), "never over a home that is there: {said:?}");
    office.sound_log();
}
