//! Seal files in other encodings, swapped, stripped and extended: law 4 and law 8.

use cms::{
    cert::CertificateChoices,
    content_info::ContentInfo,
    signed_data::{CertificateSet, SignedData, SignerInfo, SignerInfos},
};
use der::{
    Any, Decode, Encode, Sequence, Tag,
    asn1::{OctetString, SetOfVec},
};

use crate::{common::Agency, sample::Sample};

/// A response in the shape that RFC 3161 gives it.
#[derive(Sequence)]
struct Response {
    status: Status,
    token: ContentInfo,
}

#[derive(Sequence)]
struct Status {
    status: u8,
    text: Option<Vec<String>>,
}

fn edit(bytes: &[u8], change: impl FnOnce(&mut SignedData)) -> Vec<u8> {
    let mut info = ContentInfo::from_der(bytes).unwrap();
    let mut data: SignedData = info.content.decode_as().unwrap();
    change(&mut data);
    info.content = Any::encode_from(&data).unwrap();
    info.to_der().unwrap()
}

fn edit_token(bytes: &[u8], change: impl FnOnce(&mut SignedData)) -> Vec<u8> {
    let mut response = Response::from_der(bytes).unwrap();
    response.token = ContentInfo::from_der(&edit(&response.token.to_der().unwrap(), change)).unwrap();
    response.to_der().unwrap()
}

fn edit_signer(data: &mut SignedData, change: impl FnOnce(&mut SignerInfo)) {
    let mut signer = data.signer_infos.0.as_slice()[0].clone();
    change(&mut signer);
    data.signer_infos = SignerInfos::try_from(vec![signer]).unwrap();
}

fn high_s(signer: &mut SignerInfo) {
    let low = p256::ecdsa::Signature::from_der(signer.signature.as_bytes()).unwrap();
    let high = p256::ecdsa::Signature::from_scalars(*low.r(), -*low.s()).unwrap();
    signer.signature = OctetString::new(high.to_der().as_bytes()).unwrap();
}

/// Outer SEQUENCE with indefinite length: the same content in BER.
fn indefinite(bytes: &[u8]) -> Vec<u8> {
    let header = match bytes[1] {
        0x82 => 4,
        0x81 => 3,
        _ => 2,
    };
    [&[0x30, 0x80], &bytes[header..], &[0, 0]].concat()
}

/// Outer length with a leading zero byte: BER that DER forbids.
fn long_length(bytes: &[u8]) -> Vec<u8> {
    assert_eq!(bytes[1], 0x82, "the sample is longer than 255 bytes");
    [&[0x30, 0x83, 0], &bytes[2..]].concat()
}

type Change = fn(&mut SignedData);

const CHANGES: [(&str, Change); 9] = [
    ("high S", |data| edit_signer(data, high_s)),
    ("unsigned attribute", |data| edit_signer(data, |s| s.unsigned_attrs = Some(SetOfVec::try_from(vec![s.signed_attrs.as_ref().unwrap().get(0).unwrap().clone()]).unwrap()))),
    ("digest parameters NULL", |data| {
        edit_signer(data, |s| s.digest_alg.parameters = Some(Any::null()));
        let algorithm = data.signer_infos.0.as_slice()[0].digest_alg.clone();
        data.digest_algorithms = SetOfVec::try_from(vec![algorithm]).unwrap();
    }),
    ("signature parameters NULL", |data| edit_signer(data, |s| s.signature_algorithm.parameters = Some(Any::null()))),
    ("no signed attributes", |data| edit_signer(data, |s| s.signed_attrs = None)),
    ("no certificate", |data| data.certificates = None),
    ("no signer", |data| data.signer_infos = SignerInfos::try_from(vec![]).unwrap()),
    ("no digest algorithm", |data| data.digest_algorithms = SetOfVec::default()),
    ("signature cut", |data| edit_signer(data, |s| s.signature = OctetString::new(&s.signature.as_bytes()[..s.signature.as_bytes().len() - 1]).unwrap())),
];

#[test]
fn law_04_officer_signature_in_another_form_is_broken() {
    let sample = Sample::copy();
    for number in 1..=2 {
        let file = format!("seal/officer-{number}.p7s");
        let original = sample.read(&file);
        assert_eq!(edit(&original, |_| ()), original, "the editor itself changes nothing");
        for (what, change) in CHANGES {
            sample.write(&file, edit(&original, change));
            sample.is_broken(&format!("{what}: {file}"), "law 4");
        }
        for (what, bytes) in [("indefinite", indefinite(&original)), ("long length", long_length(&original)), ("trailing", [&original[..], &[0]].concat()), ("twice", original.repeat(2))] {
            sample.write(&file, bytes);
            sample.is_broken(&format!("{what}: {file}"), "law 4");
        }
        sample.write(&file, original);
    }
    sample.is_sound("put back");
}

#[test]
fn law_08_token_in_another_form_is_broken() {
    let sample = Sample::copy();
    let file = "seal/token-1.tsr";
    let original = sample.read(file);
    assert_eq!(edit_token(&original, |_| ()), original, "the editor itself changes nothing");
    for (what, change) in CHANGES {
        sample.write(file, edit_token(&original, change));
        sample.is_broken(what, "law 8");
    }
    let mut remark = Response::from_der(&original).unwrap();
    remark.status.text = Some(vec!["fine".into()]);
    let mut modified = Response::from_der(&original).unwrap();
    modified.status.status = 1;
    let forms = [
        ("remark", remark.to_der().unwrap()),
        ("granted with modifications", modified.to_der().unwrap()),
        ("bare token", Response::from_der(&original).unwrap().token.to_der().unwrap()),
        ("indefinite", indefinite(&original)),
        ("trailing", [&original[..], &[0]].concat()),
    ];
    for (what, bytes) in forms {
        sample.write(file, bytes);
        sample.is_broken(what, "law 8");
    }
}

#[test]
fn law_04_a_second_certificate_or_signer_is_broken() {
    let sample = Sample::copy();
    let (one, two) = (sample.read("seal/officer-1.p7s"), sample.read("seal/officer-2.p7s"));
    let other: SignedData = ContentInfo::from_der(&two).unwrap().content.decode_as().unwrap();
    let certificate = other.certificates.as_ref().unwrap().0.as_slice()[0].clone();
    let with_certificate = |data: &mut SignedData| {
        let mut all: Vec<CertificateChoices> = data.certificates.as_ref().unwrap().0.iter().cloned().collect();
        all.push(certificate.clone());
        data.certificates = Some(CertificateSet::try_from(all).unwrap());
    };
    sample.write("seal/officer-1.p7s", edit(&one, with_certificate));
    sample.is_broken("second certificate", "law 4");
    sample.write("seal/officer-1.p7s", edit(&one, |data| {
        with_certificate(data);
        let both = vec![data.signer_infos.0.as_slice()[0].clone(), other.signer_infos.0.as_slice()[0].clone()];
        data.signer_infos = SignerInfos::try_from(both).unwrap();
    }));
    sample.is_broken("both officers in one file", "law 4");
    sample.write("seal/officer-1.p7s", edit(&one, |data| data.certificates.clone_from(&other.certificates)));
    sample.is_broken("another officer's certificate", "law 4");
    sample.write("seal/officer-1.p7s", edit(&one, |data| data.encap_content_info.econtent = Some(Any::new(Tag::OctetString, sample.read("tagmanifest-sha256.txt")).unwrap())));
    sample.is_broken("content inside", "law 4");
}

#[test]
fn law_04_officers_swapped_doubled_or_dropped_are_broken() {
    let sample = Sample::copy();
    let (one, two) = (sample.read("seal/officer-1.p7s"), sample.read("seal/officer-2.p7s"));
    sample.write("seal/officer-1.p7s", &two);
    sample.write("seal/officer-2.p7s", &one);
    sample.is_broken("swapped", "law 4");
    sample.write("seal/officer-1.p7s", &one);
    sample.is_broken("one officer twice", "law 4");

    let sample = Sample::copy();
    let plan = String::from_utf8(sample.read("seal-plan.txt")).unwrap();
    let single: String = plan.lines().filter(|l| !l.starts_with("seal/officer-2")).map(|l| format!("{l}\n")).collect();
    sample.write("seal-plan.txt", single);
    std::fs::remove_file(sample.path("seal/officer-2.p7s")).unwrap();
    sample.rehash_tags();
    sample.is_broken("second officer dropped from the plan", "law 4");
    sample.is_broken("second officer dropped from the plan", "law 2");

    let sample = Sample::copy();
    let first = Agency::new(1).officers[0].certificate.digest().hex();
    let doubled = plan.lines().map(|l| if l.starts_with("seal/officer-2") { format!("seal/officer-2.p7s officer {first}\n") } else { format!("{l}\n") });
    sample.write("seal-plan.txt", doubled.collect::<String>());
    sample.rehash_tags();
    sample.is_broken("one certificate planned twice", "law 4");
}

#[test]
fn law_08_token_of_another_object_or_authority_is_broken() {
    let (sample, agency, stranger) = (Sample::copy(), Agency::new(1), Agency::new(2));
    let object = model::Sha256Digest::of(&sample.read("tagmanifest-sha256.txt"));
    sample.write("seal/token-1.tsr", agency.stamp(&model::Sha256Digest::of(b"another package")));
    sample.is_broken("token over another package", "law 8");
    sample.write("seal/token-1.tsr", stranger.stamp(&object));
    sample.is_broken("token of another authority", "law 8");
    sample.write("seal/token-1.tsr", agency.stamp(&object));
    sample.is_sound("the same token made again");
}
