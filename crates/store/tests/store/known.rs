//! Known-hash lists as they lie in the home: each digest of each kind is found over many pages and nothing else is;
//! nothing of a list stands in the clear, and a changed list answers nothing (laws 5 and 7).

use model::{Law, Sha256Digest, known::DigestKind};
use store::{Digests, ReadList, salted};

use crate::house::House;

fn sha256(n: u64) -> Sha256Digest {
    Sha256Digest::of(&n.to_be_bytes())
}

/// A digest of this kind, made of SHA-256 for the test.
fn digits(kind: DigestKind, n: u64) -> String {
    hex::encode(&sha256(n + 1_000_000 * (kind as u64 + 1)).0[..kind.width()])
}

fn digests(n: u64) -> Digests {
    let of = |kind| hex::decode(digits(kind, n)).unwrap();
    Digests { sha256: of_sha256(n), sha1: of(DigestKind::Sha1).try_into().ok(), md5: of(DigestKind::Md5).try_into().ok() }
}

fn of_sha256(n: u64) -> Sha256Digest {
    digits(DigestKind::Sha256, n).parse().unwrap()
}

#[test]
fn law_07_a_list_of_many_pages_says_yes_to_what_is_in_it_and_to_nothing_else() {
    let house = House::new();
    for count in [1, 2, 1_023, 1_024, 1_025, 5_000] {
        let mut text = String::new();
        // Every third item is in the list, by one kind of digest each.
        let kind_of = |n: u64| [DigestKind::Md5, DigestKind::Sha1, DigestKind::Sha256][(n / 3 % 3) as usize];
        (0..count).map(|n| n * 3).for_each(|n| text += &format!("{}\n", digits(kind_of(n), n)));
        let list = ReadList::read(text.as_bytes()).unwrap();
        assert_eq!(list.counts().iter().sum::<u64>(), count);
        let kept = house.store.keep_list(&list).unwrap();
        house.store.check_list(&kept).unwrap();
        let open = house.store.open_list(&kept).unwrap();
        for n in 0..count * 3 {
            let expected = (n % 3 == 0).then(|| kind_of(n));
            assert_eq!(open.holds(&digests(n)).unwrap(), expected, "{n} of {count}");
        }
    }
}

#[test]
fn a_salted_list_is_asked_with_its_salt() {
    let house = House::new();
    let salt = [7; 32];
    let plain: String = (0..2_000).map(|n| format!("{}\n", sha256(n).hex())).collect();
    let text = ReadList::read(plain.as_bytes()).unwrap().salted_lines(&salt).unwrap();
    assert!(text.contains(&hex::encode(salted(&salt, &sha256(0)))) && !text.contains(&sha256(0).hex()));
    let list = ReadList::read(text.as_bytes()).unwrap();
    let open = house.store.open_list(&house.store.keep_list(&list).unwrap()).unwrap();
    for n in 0..4_000 {
        let asked = Digests { sha256: sha256(n), sha1: None, md5: None };
        assert_eq!(open.holds(&asked).unwrap().is_some(), n < 2_000, "{n}");
    }
    let error = list.salted_lines(&salt).unwrap_err().to_string();
    assert!(error.contains("not salted yet"), "{error}");
}

#[test]
fn law_05_a_changed_list_answers_nothing_and_no_digest_of_it_stands_in_the_clear() {
    let house = House::new();
    let text: String = (0..3_000).map(|n| format!("{}\n", sha256(n).hex())).collect();
    let kept = house.store.keep_list(&ReadList::read(text.as_bytes()).unwrap()).unwrap();
    let mut objects = Vec::new();
    let mut folders = vec![house.store.home().objects()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() { folders.push(entry) } else { objects.push(entry) }
        }
    }
    let [object] = &objects[..] else { panic!("{objects:?}") };
    let mut bytes = std::fs::read(object).unwrap();
    for n in [0, 1, 2_999] {
        assert!(!bytes.windows(32).any(|part| part == sha256(n).0), "{n} stands in the clear");
    }
    // In the first chunk lie the smallest digests: none of them is found or missed any more, the others are.
    bytes[1_000] ^= 1;
    std::fs::write(object, &bytes).unwrap();
    let mut sorted: Vec<_> = (0..3_000).map(sha256).collect();
    sorted.sort();
    let asked = |digest: &Sha256Digest, open: &store::OpenList| open.holds(&Digests { sha256: *digest, sha1: None, md5: None });
    let open = house.store.open_list(&kept).unwrap();
    assert_eq!(asked(&sorted[0], &open).unwrap_err().law(), Some(Law::Integrity));
    assert!(asked(&sorted[2_999], &open).unwrap().is_some());
    assert_eq!(house.store.check_list(&kept).unwrap_err().law(), Some(Law::Integrity));
}
