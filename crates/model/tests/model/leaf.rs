//! Leaves have one spelling (laws 3, 10): any other bytes are not a leaf.

use model::{
    Moment, Sha256Digest,
    event::{EventType, Leaf},
    id::{ActorId, CaseId},
};

fn leaf() -> Leaf {
    Leaf {
        v: 1,
        seq: 7,
        event_type: EventType::CaseOpened,
        time: Moment::from_micros(1_795_000_000_000_001),
        actor: Some(ActorId::from_random([1; 16])),
        case: Some(CaseId::from_random([2; 16])),
        object: Some("case-02020202020202020202020202020202".into()),
        commitment: Sha256Digest::of(b"detail"),
        rows: Some(Sha256Digest::of(b"rows")),
    }
}

fn text() -> String {
    String::from_utf8(leaf().to_bytes().unwrap()).unwrap()
}

fn refused(bytes: impl AsRef<[u8]>) {
    let bytes = bytes.as_ref();
    assert!(Leaf::parse(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
}

#[test]
fn law_03_a_leaf_reads_back_from_its_bytes_and_from_no_others() {
    assert_eq!(Leaf::parse(text().as_bytes()), Ok(leaf()));
    let text = text();
    refused("");
    refused(format!("{text}\n"));
    refused(format!(" {text}"));
    refused(text.replace("\"v\":1", "\"v\": 1"));
    refused(text.replacen('{', "{\"a\":1,", 1));
    refused(text.replace("\"v\":1", "\"v\":1,\"w\":1"));
    refused(text.replace("\"v\":1", "\"v\":1,\"v\":1"));
    refused(text.replace("\"v\":1", "\"v\":256"));
    refused(text.replace("\"seq\":7", "\"seq\":7.0"));
    refused(text.replace("\"seq\":7", "\"seq\":-7"));
    refused(text.replace("\"seq\":7", "\"seq\":\"7\""));
    refused(text.replace("case-opened", "case-burned"));
    refused(text.replace("case-opened", "case-opene\\u0064"));
    refused(text.replace("actor-0101", "actor-01"));
    refused(text.replace("actor-0101", "Actor-0101"));
    refused(text.replace(".000001Z", ".000001+00:00"));
    refused(text.replace("\"rows\":\"", "\"rows\":\"0"));
    refused(text.replace(&Sha256Digest::of(b"rows").hex(), &Sha256Digest::of(b"rows").hex().to_uppercase()));
    refused(text.replace("{\"actor\"", "{\"actor\":null,\"actor\""));
    for end in 0..text.len() {
        refused(&text[..end]);
    }
}

#[test]
fn law_03_absent_is_absent_and_never_null() {
    let bare = Leaf { actor: None, case: None, object: None, rows: None, ..leaf() };
    let text = String::from_utf8(bare.to_bytes().unwrap()).unwrap();
    assert!(!text.contains("null") && !text.contains("actor"));
    assert_eq!(Leaf::parse(text.as_bytes()), Ok(bare));
    refused(text.replace("{\"commitment\"", "{\"case\":null,\"commitment\""));
}

#[test]
fn law_03_a_sequence_beyond_2_53_is_no_leaf() {
    assert!(Leaf { seq: (1 << 53) - 1, ..leaf() }.to_bytes().is_ok());
    assert!(Leaf { seq: 1 << 53, ..leaf() }.to_bytes().is_err());
    refused(text().replace("\"seq\":7", "\"seq\":9007199254740992"));
}

#[test]
fn law_10_the_commitment_depends_on_the_salt() {
    let commit = |salt, detail: &[u8]| Sha256Digest::commitment(&[salt; 32], detail);
    assert_ne!(commit(1, b"name"), commit(2, b"name"));
    assert_ne!(commit(1, b"name"), commit(1, b"nam"));
    assert_eq!(commit(1, b"name"), Sha256Digest::of(&[&[1; 32][..], b"name"].concat()));
    assert_ne!(commit(1, b"name"), Sha256Digest::of(b"name"));
}

#[test]
fn law_02_every_kind_of_event_has_one_name() {
    let names: std::collections::BTreeSet<&str> = EventType::ALL.iter().map(|t| t.name()).collect();
    assert_eq!(names.len(), EventType::ALL.len());
    for kind in EventType::ALL {
        assert_eq!(kind.name().parse(), Ok(*kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
}

#[test]
fn law_03_a_leaf_with_one_byte_changed_is_another_leaf_or_none() {
    let good = leaf().to_bytes().unwrap();
    for place in 0..good.len() {
        for flip in 1..=u8::MAX {
            let mut bytes = good.clone();
            bytes[place] ^= flip;
            if let Ok(other) = Leaf::parse(&bytes) {
                assert_ne!(other, leaf(), "byte {place} changed by {flip:#04x}");
                assert_eq!(other.to_bytes().unwrap(), bytes);
            }
        }
    }
}
