//! A small agency in memory: its authority, two officers, a training time-stamp authority, a log and
//! a witness. It seals sample packages into a folder and writes the anchors that a stranger would get
//! elsewhere. Everything is derived from one seed, so that a sample is the same on every run.

use std::{collections::BTreeMap, fs, io::Read, path::Path};

use ledger::{
    Checkpoint, Hash, KeyName, LogSigner, MemoryTree, TlogProof, TreeSize, WitnessSigner, growth::Growth, inclusion_proof, leaf_hash,
    tree::LeafIndex,
};
use model::{
    Moment, Sha256Digest, canonical,
    disclosure::{PackageSecret, WithholdClass},
    event::{EventType, Leaf},
    package::{SealDetail, SealFile, SealPlan},
};
use seal::{
    Certificate,
    bag::{BagInfo, BagWriter, UnsealedBag},
    cms::sign_detached,
    disclosure::Original,
    pki::{Authority, SigningKey, Subject, Validity},
    tsp::{TrainingAuthority, accept, request},
};

/// 2026-11-22T08:00:00Z: when the sample is signed.
pub const SIGNED: Moment = Moment::from_micros(1_795_334_400_000_000);

/// A person who signs.
pub struct Officer {
    pub key: SigningKey,
    pub certificate: Certificate,
}

/// The agency.
pub struct Agency {
    pub seed: u8,
    pub authority: Authority,
    pub officers: Vec<Officer>,
    pub stamps: TrainingAuthority,
    pub log: LogSigner,
    pub witness: WitnessSigner,
    /// Leaf bytes.
    pub leaves: Vec<Vec<u8>>,
}

/// Deterministic "randomness" for samples only.
fn drawn<const N: usize>(seed: u8, what: &str) -> [u8; N] {
    let digest = Sha256Digest::of(format!("{seed} {what}").as_bytes());
    std::array::from_fn(|i| digest.0[i])
}

fn key(seed: u8, what: &str) -> SigningKey {
    SigningKey::from_random(&drawn(seed, what)).expect("a digest is a scalar of P-256 but for one in 2^32")
}

fn subject(name: &str) -> Subject {
    Subject { common_name: name.into(), organisation: "SYNTHETIC Sample Agency".into() }
}

pub fn years(from: i64, until: i64) -> Validity {
    const YEAR: i64 = 31_557_600;
    Validity { from: SIGNED.plus_seconds(from * YEAR), until: SIGNED.plus_seconds(until * YEAR) }
}

impl Agency {
    pub fn new(seed: u8) -> Self {
        let authority = Authority::create(key(seed, "root"), &subject("Sample Root"), &drawn(seed, "serial root"), years(-1, 9)).unwrap();
        let officers = ["Officer One", "Officer Two"].map(|name| {
            let key = key(seed, name);
            let public = key.public_key_der().unwrap();
            let certificate = authority.issue_officer(&public, &subject(name), &drawn(seed, &format!("serial {name}")), years(0, 2)).unwrap();
            Officer { key, certificate }
        });
        let stamp_key = key(seed, "stamps");
        let name = subject("Training time-stamps NOT INDEPENDENT");
        let certificate = authority.issue_time_stamps(&stamp_key.public_key_der().unwrap(), &name, &drawn(seed, "serial stamps"), years(-1, 5)).unwrap();
        let stamps = TrainingAuthority::new(stamp_key, certificate).unwrap();
        let log = LogSigner::from_seed(KeyName::new("sample.example/log").unwrap(), &drawn(seed, "log"));
        let witness = WitnessSigner::from_seed(KeyName::new("witness.example/w1").unwrap(), &drawn(seed, "witness"));
        let leaves = (0..5).map(|seq| leaf(seq, EventType::CaseConsulted, SIGNED.plus_seconds(-600), Sha256Digest::of(&[seq as u8])).to_bytes().unwrap()).collect();
        Agency { seed, authority, officers: officers.into(), stamps, log, witness, leaves }
    }

    /// Builds a package at `target`: payload, signatures, token, seal event, proof.
    pub fn seal(&mut self, target: &Path, payload: &[(&str, &[u8])]) {
        let mut bag = self.bag(target, payload);
        self.sign_and_stamp(&mut bag);
        self.log_and_finish(bag, SIGNED.plus_seconds(120));
    }

    /// What the agency keeps to itself: salts and blinds of its packages.
    pub fn secret(&self) -> PackageSecret {
        PackageSecret(drawn(self.seed, "package secret"))
    }

    pub fn plan(&self) -> SealPlan {
        let officers: Vec<_> = self.officers.iter().map(|o| o.certificate.digest()).collect();
        SealPlan::new(&officers, &[(self.stamps.certificate().digest(), false)])
    }

    /// A disclosure of `original` that withholds these items, sealed as a package of its own.
    pub fn disclose(&mut self, original: &Path, target: &Path, withheld: &[(&str, WithholdClass)]) {
        let object = Sha256Digest::of(&fs::read(original.join("tagmanifest-sha256.txt")).unwrap());
        let original = Original::open(original, &object, &self.secret()).unwrap();
        let withheld = withheld.iter().map(|(path, class)| ((*path).to_string(), *class)).collect();
        let mut writer = BagWriter::create(target).unwrap();
        original.add_to(&mut writer, &self.secret(), &withheld, &|| true).unwrap();
        // A disclosure has salts of its own; they are not the original's.
        let mut bag = writer.close(&self.info(), &self.plan(), &PackageSecret(drawn(self.seed, "disclosure secret"))).unwrap();
        self.sign_and_stamp(&mut bag);
        self.log_and_finish(bag, SIGNED.plus_seconds(120));
    }

    pub fn bag(&self, target: &Path, payload: &[(&str, &[u8])]) -> UnsealedBag {
        let mut writer = BagWriter::create(target).unwrap();
        for (path, mut bytes) in payload.iter().copied() {
            writer.add(path, &mut bytes as &mut dyn Read).unwrap();
        }
        writer.close(&self.info(), &self.plan(), &self.secret()).unwrap()
    }

    fn info(&self) -> BagInfo {
        BagInfo {
            package: "pkg-000102030405060708090a0b0c0d0e0f".into(),
            organisation: "SYNTHETIC Sample Agency".into(),
            date: "2026-11-22".into(),
            description: "SYNTHETIC sample package".into(),
        }
    }

    pub fn sign_and_stamp(&self, bag: &mut UnsealedBag) {
        let object = bag.sealed_object();
        for file in bag.waiting().to_vec() {
            let bytes = match &file {
                SealFile::Officer { number, .. } => {
                    let officer = &self.officers[*number as usize - 1];
                    sign_detached(&object, &officer.key, &officer.certificate, SIGNED).unwrap()
                }
                SealFile::Token { .. } => self.stamp(&object),
                _ => continue,
            };
            bag.attach(&file, &bytes).unwrap();
        }
    }

    pub fn stamp(&self, object: &Sha256Digest) -> Vec<u8> {
        let request = request(object, *b"nonce123").unwrap();
        let answer = self.stamps.answer(&request, SIGNED.plus_seconds(60), 7).unwrap();
        accept(&request, &answer).unwrap().bytes
    }

    pub fn log_and_finish(&mut self, mut bag: UnsealedBag, time: Moment) {
        let detail = SealDetail {
            tagmanifest: bag.sealed_object(),
            package: "pkg-000102030405060708090a0b0c0d0e0f".into(),
            officers: self.officers.iter().map(|o| o.certificate.digest()).collect(),
            limits: vec!["unwitnessed".into()],
        };
        let mut detail = serde_json::to_value(detail).unwrap();
        detail["clock"] = serde_json::json!({ "state": "unknown" });
        detail["ground"] = serde_json::json!({ "basis": "court-process" });
        let (salt, detail): ([u8; 32], _) = (drawn(self.seed, "salt"), canonical::to_bytes(&detail).unwrap());
        let seq = self.leaves.len() as u64;
        let bytes = leaf(seq, EventType::PackageSealed, time, Sha256Digest::commitment(&salt, &detail)).to_bytes().unwrap();
        self.leaves.push(bytes.clone());
        bag.attach(&SealFile::Leaf, &bytes).unwrap();
        bag.attach(&SealFile::Salt, &salt).unwrap();
        bag.attach(&SealFile::Detail, &detail).unwrap();
        bag.attach(&SealFile::Proof, self.proof(seq).as_bytes()).unwrap();
        bag.finish().unwrap();
    }

    fn tree(&self) -> MemoryTree {
        MemoryTree::new(self.hashes())
    }

    pub fn hashes(&self) -> Vec<Hash> {
        self.leaves.iter().map(|l| leaf_hash(l)).collect()
    }

    pub fn checkpoint(&self) -> ledger::SignedCheckpoint {
        let tree = self.tree();
        self.log.sign(Checkpoint { origin: self.log.name().clone(), size: tree.size(), root: tree.root() }).unwrap()
    }

    /// A receipt for leaf `seq` in the log as it is now.
    pub fn proof(&self, seq: u64) -> String {
        let size = TreeSize(self.leaves.len() as u64);
        let path = inclusion_proof(LeafIndex(seq), size, &self.tree()).unwrap();
        TlogProof::new(LeafIndex(seq), path, self.checkpoint()).to_text()
    }

    /// A receipt whose checkpoint the witness has cosigned.
    pub fn witnessed_proof(&self, seq: u64) -> String {
        let note = self.checkpoint();
        let line = self.witness.cosign(&Growth::from_nothing(note.clone()), &self.log.log_key(), None, 1_795_334_600).unwrap();
        let size = TreeSize(self.leaves.len() as u64);
        let path = inclusion_proof(LeafIndex(seq), size, &self.tree()).unwrap();
        TlogProof::new(LeafIndex(seq), path, note.with_cosignature(line, &self.witness.witness_key()).unwrap()).to_text()
    }

    /// More events, as the log goes on after the package.
    pub fn go_on(&mut self, count: u64) {
        for _ in 0..count {
            let seq = self.leaves.len() as u64;
            self.leaves.push(leaf(seq, EventType::CaseConsulted, SIGNED.plus_seconds(3600), Sha256Digest::of(&seq.to_be_bytes())).to_bytes().unwrap());
        }
    }

    /// What a stranger gets from somebody other than the sender, at the log's present size.
    pub fn write_anchors(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        let root = self.authority.certificate().to_pem();
        let hashes: Vec<u8> = self.hashes().iter().flat_map(|h| h.0).collect();
        let list = self.authority.revocation_list(1, SIGNED.plus_seconds(7200), SIGNED.plus_seconds(9_000_000), &[]).unwrap();
        let files: [(&str, Vec<u8>); 7] = [
            ("root.pem", root.clone().into()),
            ("tsa.pem", root.into()),
            ("log.pem", self.log.log_key().to_pem().into()),
            ("witnesses", format!("{}\n", self.witness.witness_key()).into()),
            ("checkpoint", self.checkpoint().to_text().into()),
            ("hashes", hashes),
            ("crl.pem", list.into()),
        ];
        for (name, bytes) in files {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
}

pub fn leaf(seq: u64, event_type: EventType, time: Moment, commitment: Sha256Digest) -> Leaf {
    let case = "case-00000000000000000000000000000001".parse().ok();
    let actor = "actor-00000000000000000000000000000002".parse().ok();
    Leaf { v: 1, seq, event_type, time, actor, case, object: Some("pkg-000102030405060708090a0b0c0d0e0f".into()), commitment, rows: Some(Sha256Digest::of(b"rows")) }
}

/// Every file below a folder, by its path, with its bytes.
pub fn files_below(folder: &Path, name: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path(), &path));
        } else {
            files.insert(path, fs::read(entry.path()).unwrap());
        }
    }
    files
}

/// The payload of the sample.
pub const PAYLOAD: [(&str, &[u8]); 4] = [
    ("data/case.jsonld", b"{\"SYNTHETIC\":true}\n"),
    ("data/custody/log.json", b"[]\n"),
    ("data/report/report.pdf", b"%PDF-1.7 SYNTHETIC\n"),
    ("data/wacz/capture-1.wacz", b"SYNTHETIC capture bytes"),
];
