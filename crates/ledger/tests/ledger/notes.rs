//! Checkpoints: what is signed, who may sign, and that no second reading exists.

use ledger::{
    Checkpoint, Growth, LogSigner, SignedCheckpoint, TreeSize, WitnessKey, WitnessSigner,
    note::{MAX_NOTE_BYTES, NoteError, SignatureLine, UnknownSigners, Witnessed},
};
use proptest::prelude::*;

use crate::world::{ORIGIN, checkpoint, cosigned, log, log_of, name, note, note_holds, witness, witness_keys};

fn verify(note: &SignedCheckpoint, witnesses: &[WitnessKey]) -> Result<(Checkpoint, Vec<Witnessed>), NoteError> {
    note.verify(&log().log_key(), witnesses, UnknownSigners::Refuse)
}

#[test]
fn the_signed_text_is_that_of_c2sp() {
    let empty = Checkpoint { origin: name(ORIGIN), size: TreeSize(0), root: ledger::tree::empty_root() };
    assert_eq!(empty.to_text(), "node.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    let text = log().sign(empty.clone()).unwrap().to_text();
    let line = text.strip_prefix(&(empty.to_text() + "\n— node.example/log ")).unwrap();
    assert_eq!(line.len(), (4 + 64) / 3 * 4 + 4 + 1, "key id and signature in base64, one newline");
}

#[test]
fn law_08_a_witnessed_checkpoint_holds_and_names_its_witnesses() {
    let text = note(9, 2).to_text();
    let read = SignedCheckpoint::parse(text.as_bytes()).unwrap();
    let (believed, witnessed) = verify(&read, &witness_keys(3)).unwrap();
    assert_eq!(believed, checkpoint(9));
    let expected = |n: u8| Witnessed { name: witness(n).name().clone(), unix_seconds: 1_000_000 + u64::from(n) };
    assert_eq!(witnessed, [expected(1), expected(2)]);
    assert_eq!(verify(&note(9, 0), &witness_keys(3)).unwrap().1, [], "unwitnessed is said, not refused, here");
}

#[test]
fn law_08_another_key_or_another_log_is_refused() {
    let read = note(9, 0);
    let key_of = |origin: &str, seed| LogSigner::from_seed(name(origin), &[seed; 32]).log_key();
    let check = |key, expected| assert_eq!(read.verify(&key, &[], UnknownSigners::Ignore), Err(expected));
    check(key_of(ORIGIN, 8), NoteError::NotSigned(name(ORIGIN)));
    check(key_of("other.example/log", 7), NoteError::OtherLog { expected: name("other.example/log"), found: name(ORIGIN) });
    let foreign = Checkpoint { origin: name("other.example/log"), ..checkpoint(9) };
    assert!(matches!(log().sign(foreign), Err(NoteError::OtherLog { .. })), "a log signs no other log's checkpoint");
}

#[test]
fn law_08_a_log_cannot_witness_itself() {
    let own = WitnessSigner::from_seed(name("friend.example"), &[7; 32]);
    let refused = verify(&note(9, 0), &[own.witness_key()]);
    assert_eq!(refused, Err(NoteError::SelfWitness(name("friend.example"))));
}

#[test]
fn a_spare_line_is_refused_in_a_seal_and_skipped_elsewhere() {
    let read = note(9, 2);
    let known = witness_keys(1);
    assert_eq!(verify(&read, &known), Err(NoteError::UnknownSigner(witness(2).name().clone())));
    let (_, witnessed) = read.verify(&log().log_key(), &known, UnknownSigners::Ignore).unwrap();
    assert_eq!(witnessed.len(), 1);
}

#[test]
fn lines_stand_in_one_order_and_once() {
    let text = note(9, 2).to_text();
    let (body, lines) = text.split_once("\n\n").unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let check = |order: &[usize], holds: bool| {
        let lines: String = order.iter().map(|i| format!("{}\n", lines[*i])).collect();
        assert_eq!(note_holds(format!("{body}\n\n{lines}").as_bytes(), 2), holds, "{order:?}");
    };
    check(&[0, 1, 2], true);
    check(&[0, 2, 1], false);
    check(&[1, 0, 2], false);
    check(&[0, 1, 1], false);
    check(&[0, 0], false);
    check(&[1, 2], false);
    check(&[], false);
    // One witness fewer is another, sound statement: the seal plan says how many there must be.
    check(&[0, 2], true);
    let again = cosign(1, &note(9, 0));
    assert_eq!(note(9, 1).with_cosignature(again, &witness(1).witness_key()), Err(NoteError::Repeated(witness(1).name().clone())));
}

fn cosign(n: u8, note: &SignedCheckpoint) -> SignatureLine {
    witness(n).cosign(&Growth::from_nothing(note.clone()), &log().log_key(), None, 1_000_000 + u64::from(n)).unwrap()
}

#[test]
fn a_cosignature_added_late_takes_its_place() {
    let add = |note: SignedCheckpoint, n: u8| {
        let line = SignatureLine::parse(&cosign(n, &note).to_string()).unwrap();
        note.with_cosignature(line, &witness(n).witness_key()).unwrap()
    };
    assert_eq!(add(add(note(9, 0), 2), 1), note(9, 2));
}

#[test]
fn a_cosignature_of_another_checkpoint_or_witness_is_not_added() {
    let add = |line, key: &WitnessKey| note(9, 0).with_cosignature(line, key).map(drop);
    let (one, two) = (witness(1).witness_key(), witness(2).witness_key());
    assert_eq!(add(cosign(1, &note(9, 0)), &one), Ok(()));
    assert_eq!(add(cosign(1, &note(8, 0)), &one), Err(NoteError::FalseSignature(one.name().clone())));
    assert_eq!(add(cosign(1, &note(9, 0)), &two), Err(NoteError::UnknownSigner(one.name().clone())));
}

#[test]
fn law_03_a_later_checkpoint_from_elsewhere_shows_a_roll_back() {
    let later = checkpoint(9);
    let proof = ledger::consistency_proof(TreeSize(5), TreeSize(9), &log_of(9)).unwrap();
    assert_eq!(later.verify_extends(&checkpoint(5), &proof), Ok(()));
    assert!(checkpoint(5).verify_extends(&later, &proof).is_err());
    let other = Checkpoint { origin: name("other.example/log"), ..checkpoint(5) };
    assert!(matches!(later.verify_extends(&other, &proof), Err(NoteError::OtherLog { .. })));
}

#[test]
fn other_texts_are_no_notes() {
    let good = note(9, 1).to_text();
    assert!(note_holds(good.as_bytes(), 1));
    let check = |text: String| assert!(SignedCheckpoint::parse(text.as_bytes()).is_err(), "{text:?}");
    check(String::new());
    check(good.trim_end().to_string());
    check(format!("{good}\n"));
    check(format!("\n{good}"));
    check(good.replace('\n', "\r\n"));
    check(good.replace("\n9\n", "\n09\n"));
    check(good.replace("\n9\n", "\n+9\n"));
    check(good.replace("\n9\n", "\n9 \n"));
    check(good.replace("\n9\n", "\n18446744073709551616\n"));
    check(good.replace("\n\n", "\nan extension line\n\n"));
    check(good.replace('—', "-"));
    check(good.replace("— ", "—  "));
    check(good.replacen("=\n", "\n", 1));
    check(good.replace("node.example/log\n9", "node.example log\n9"));
    check(format!("{good}— {ORIGIN} AAAA\n"));
    check(note(9, 0).to_text().split_once("—").unwrap().0.to_string());
    check("x".repeat(MAX_NOTE_BYTES + 1));
    assert!(SignedCheckpoint::parse(b"\xff\n0\n\n").is_err());
    let false_empty = Checkpoint { size: TreeSize(0), ..checkpoint(9) };
    check(log().sign(false_empty).unwrap().to_text());
}

#[test]
fn sixteen_signatures_are_read_and_a_flood_is_not() {
    let many = |count: u8| {
        let line = |n: u8| {
            let signer = WitnessSigner::from_seed(name(&format!("w{n:03}.example")), &[n; 32]);
            signer.cosign(&Growth::from_nothing(note(3, 0)), &log().log_key(), None, 1).unwrap().to_string() + "\n"
        };
        let lines: String = (20..20 + count).map(line).collect();
        SignedCheckpoint::parse(format!("{}{lines}", note(3, 0).to_text()).as_bytes())
    };
    assert_eq!(many(16).unwrap().lines().len(), 17);
    assert!(many(40).is_err());
}

#[test]
fn any_flipped_bit_and_any_lost_byte_breaks_a_note() {
    let good = note(9, 2).to_text().into_bytes();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut text = good.clone();
            text[at] ^= 1 << bit;
            assert!(!note_holds(&text, 2), "bit {bit} of byte {at}");
        }
        let without = [&good[..at], &good[at + 1..]].concat();
        assert!(!note_holds(&without, 2), "without byte {at}");
    }
    for end in 0..good.len() {
        // Cut between two lines it is the same statement with fewer witnesses.
        assert!(!note_holds(&good[..end], 2) || good[end - 1] == b'\n', "cut at {end}");
    }
}

proptest! {
    #[test]
    fn a_note_is_read_back_as_written(count in 0_u64..200, witnesses in 0_u8..5) {
        let note = cosigned(log().sign(checkpoint(count)).unwrap(), witnesses);
        prop_assert_eq!(SignedCheckpoint::parse(note.to_text().as_bytes()), Ok(note));
    }

    #[test]
    fn inserted_bytes_break_a_note(at: usize, bytes in proptest::collection::vec(any::<u8>(), 1..6)) {
        let mut text = note(9, 2).to_text().into_bytes();
        let at = at % (text.len() + 1);
        text.splice(at..at, bytes);
        prop_assert!(!note_holds(&text, 2));
    }
}
