//! One function per parser of what strangers wrote, for a fuzzer and for the tests that replay
//! `fuzz/corpus`. Each takes any bytes, never panics, and asserts what must hold when the bytes are
//! accepted: there is one spelling, so the accepted value writes itself back as the same bytes.

use model::{Sha256Digest, package::SealPlan};

use crate::{Certificate, layout, revocation::RevocationList, signed::read_officer_signature, stamp::read_response};

/// An officer's signature over the object that the corpus signs.
pub fn officer_signature(bytes: &[u8]) {
    if let Ok(message) = read_officer_signature(bytes, &Sha256Digest::of(b"corpus")) {
        assert!(message.signing_time.is_some(), "the profile demands a signing time");
    }
}

/// A time-stamp response.
pub fn response(bytes: &[u8]) {
    let _ = read_response(bytes, &Sha256Digest::of(b"corpus"));
}

/// What an authority answers, as it comes from the network.
#[cfg(feature = "make")]
pub fn answer(bytes: &[u8]) {
    let request = crate::tsp::request(&Sha256Digest::of(b"corpus"), [1; 8]).expect("a request of fixed form");
    if let Ok(accepted) = crate::tsp::accept(&request, bytes) {
        assert!(read_response(&accepted.bytes, &Sha256Digest::of(b"corpus")).is_ok(), "what was accepted is sound");
    }
}

/// A seal plan.
pub fn seal_plan(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(plan) = SealPlan::parse(text) {
        assert_eq!(plan.to_text(), text, "one spelling");
    }
}

/// A payload manifest.
pub fn payload_manifest(bytes: &[u8]) {
    if let Ok(entries) = layout::read_payload_manifest(bytes) {
        assert_eq!(layout::manifest_text(&entries).as_bytes(), bytes, "one spelling");
        assert!(entries.iter().all(|e| layout::is_payload_path(&e.path)), "machine-made paths");
    }
}

/// A tag manifest.
pub fn tag_manifest(bytes: &[u8]) {
    if let Ok(entries) = layout::read_tag_manifest(bytes) {
        assert_eq!(layout::manifest_text(&entries).as_bytes(), bytes, "one spelling");
    }
}

/// `commitments.txt`.
pub fn commitments(bytes: &[u8]) {
    if let Ok(all) = layout::read_commitments(bytes) {
        assert_eq!(layout::commitments_text(&all).as_bytes(), bytes, "one spelling");
    }
}

/// `data/opened.txt` of a disclosure, and `revealed.txt`.
pub fn opened(bytes: &[u8]) {
    if let Ok(all) = layout::read_opened(bytes, "opened.txt") {
        assert_eq!(layout::opened_text(&all).as_bytes(), bytes, "one spelling");
        assert!(all.iter().all(|one| layout::is_payload_path(&one.entry.path)), "machine-made paths");
    }
}

/// `data/withheld.txt` of a disclosure.
pub fn withheld(bytes: &[u8]) {
    if let Ok(all) = layout::read_withheld(bytes, "withheld.txt") {
        assert_eq!(layout::withheld_text(&all).as_bytes(), bytes, "one spelling");
    }
}

/// `bag-info.txt`.
pub fn bag_info(bytes: &[u8]) {
    let _ = layout::read_bag_info(bytes);
}

/// An address, a media type and a digest as a stranger wrote them, on their way into an index: three lines.
#[cfg(feature = "make")]
pub fn index_line(bytes: &[u8]) {
    use crate::wacz::{About, Archive, IndexEntry, Wacz};
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.splitn(3, '\n').map(str::to_string);
    let time = model::Moment::from_micros(0);
    let entry = IndexEntry {
        url: parts.next().unwrap_or_default(),
        media_type: parts.next().unwrap_or_default(),
        digest: parts.next(),
        time,
        status: Some(200),
        offset: 0,
        length: 0,
    };
    let key = crate::surt::surt(&entry.url);
    assert!(key.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "a key is one printable word");
    let archive = Archive { name: "a.warc".into(), digest: Sha256Digest::of(b""), bytes: 0, crc32: 0 };
    let about = About { title: entry.url.clone(), description: String::new(), software: String::new(), created: time };
    let wacz = Wacz::around(archive, std::slice::from_ref(&entry), &[], &about).expect("an index of one record that lies in its archive");
    let begin = format!("{key} 19700101000000 ");
    let at = wacz.after().windows(begin.len()).position(|part| part == begin.as_bytes()).expect("its line begins with its key");
    let line = wacz.after()[at + begin.len()..].split(|byte| *byte == b'\n').next().unwrap_or_default();
    let fields: serde_json::Value = serde_json::from_slice(line).expect("the rest of the line is one object");
    assert_eq!(fields["url"], *entry.url, "the address is told as it was written");
}

/// A certificate in DER.
pub fn certificate(bytes: &[u8]) {
    if let Ok(certificate) = Certificate::from_der(bytes) {
        assert_eq!(certificate.to_der(), bytes, "one spelling");
        let _ = (certificate.may_sign_documents(), certificate.may_stamp_time(), certificate.is_self_issued());
    }
}

/// A PEM bundle and a revocation list.
pub fn pem(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let authorities = Certificate::from_pem_bundle(text).unwrap_or_default();
    let _ = RevocationList::from_pem(text, &authorities);
}
