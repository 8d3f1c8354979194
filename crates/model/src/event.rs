//! Events: the leaves of the ledger. A leaf holds type, sequence, time, pseudonymous ids and a salted
//! commitment, and nothing that tells about a person (law 10).

use serde::{Deserialize, Serialize};

use crate::{
    Moment, Sha256Digest,
    action::Operation,
    canonical,
    id::{ActorId, CaseId},
};

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $operation:expr;)*) => {
        /// Every kind of event, with the name that stands in the leaf.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum EventType { $($(#[$doc])* #[serde(rename = $name)] $variant,)* }

        impl EventType {
            /// Every kind.
            pub const ALL: &'static [EventType] = &[$(EventType::$variant),*];

            /// The name in the leaf.
            pub fn name(self) -> &'static str {
                match self { $(EventType::$variant => $name,)* }
            }

            /// Which of the six logged operations it is, if it is one.
            pub fn operation(self) -> Option<Operation> {
                match self { $(EventType::$variant => $operation,)* }
            }
        }
    };
}

event_types! {
    /// The log begins.
    LogOpened = "log-opened", None;
    /// A restored log goes on in a new epoch that names the last known checkpoint.
    EpochDeclared = "epoch-declared", None;
    /// A person was entered.
    UserAdded = "user-added", Some(Operation::Collection);
    /// A one-time code was made that a person's first login must give.
    EnrolmentCodeMade = "enrolment-code-made", Some(Operation::Alteration);
    /// A person made his keys and was certified.
    UserEnrolled = "user-enrolled", Some(Operation::Alteration);
    /// A person left or lost his key.
    UserRevoked = "user-revoked", Some(Operation::Alteration);
    /// A session began.
    SessionOpened = "session-opened", None;
    /// A session was ended by its person.
    SessionClosed = "session-closed", None;
    /// A person made a token for a program: one case, one authority, one purpose, a few steps.
    TokenMade = "token-made", None;
    /// A token was ended by its person.
    TokenEnded = "token-ended", None;
    /// A login failed.
    LoginRefused = "login-refused", None;
    /// A person began to add a second factor: its secret was drawn and told once.
    FactorBegun = "factor-begun", None;
    /// A second factor was shown for the first time and counts from now on, or recovery codes were made.
    FactorAdded = "factor-added", Some(Operation::Alteration);
    /// A person removed one of his second factors.
    FactorRemoved = "factor-removed", Some(Operation::Alteration);
    /// The passphrase was right, and the second factor was missing or wrong.
    FactorRefused = "factor-refused", None;
    /// An administrator took the second factors of a person away who cannot show one.
    FactorsReset = "factors-reset", Some(Operation::Alteration);
    /// An administrator said who needs a second factor.
    FactorPolicySet = "factor-policy-set", Some(Operation::Alteration);
    /// A step was refused by a law.
    StepRefused = "step-refused", None;
    /// A tip came in.
    TipReceived = "tip-received", Some(Operation::Collection);
    /// A tip was opened or given to a case.
    TipHandled = "tip-handled", Some(Operation::Consultation);
    /// A case began.
    CaseOpened = "case-opened", Some(Operation::Collection);
    /// A court process or a legal hold was declared.
    CaseDeclared = "case-declared", Some(Operation::Alteration);
    /// A case ended.
    CaseClosed = "case-closed", Some(Operation::Alteration);
    /// A case or a list of them was shown.
    CaseConsulted = "case-consulted", Some(Operation::Consultation);
    /// A person was admitted to a case.
    MemberAdded = "member-added", Some(Operation::Alteration);
    /// A person lost access to a case.
    MemberRemoved = "member-removed", Some(Operation::Alteration);
    /// A case key was changed.
    KeyRotated = "key-rotated", Some(Operation::Alteration);
    /// A key was recovered by its recovery set.
    KeyRecovered = "key-recovered", Some(Operation::Alteration);
    /// A member confirmed a recovery set: only then are keys of his cases wrapped to it.
    RecoverySetConfirmed = "recovery-set-confirmed", Some(Operation::Alteration);
    /// A recovery set or a key backup was made.
    KeyBackedUp = "key-backed-up", Some(Operation::Disclosure);
    /// A plan for backups was written down or ended.
    BackupPlanned = "backup-planned", Some(Operation::Alteration);
    /// A backup of the home was made.
    BackupMade = "backup-made", Some(Operation::Disclosure);
    /// An authority was written down.
    AuthorityRecorded = "authority-recorded", Some(Operation::Collection);
    /// A second person checked a transcription.
    AuthorityChecked = "authority-checked", Some(Operation::Consultation);
    /// A supervisor granted an authority.
    AuthorityGranted = "authority-granted", Some(Operation::Alteration);
    /// A written order ratified an emergency authority.
    AuthorityRatified = "authority-ratified", Some(Operation::Alteration);
    /// An authority was revoked.
    AuthorityRevoked = "authority-revoked", Some(Operation::Alteration);
    /// Authorities were shown.
    AuthorityConsulted = "authority-consulted", Some(Operation::Consultation);
    /// A known-hash list was added to the node.
    HashListAdded = "hash-list-added", Some(Operation::Collection);
    /// A known-hash list was taken out; its digests are destroyed.
    HashListRemoved = "hash-list-removed", Some(Operation::Alteration);
    /// The known-hash lists were shown.
    HashListConsulted = "hash-list-consulted", Some(Operation::Consultation);
    /// What a case holds already was compared with the known-hash lists.
    HashesChecked = "hashes-checked", Some(Operation::Combination);
    /// A file, manual capture or thing was admitted.
    ExhibitAdmitted = "exhibit-admitted", Some(Operation::Collection);
    /// An admission was stopped before it was whole.
    AdmissionStopped = "admission-stopped", None;
    /// An exhibit and what comes from it were put into another class.
    ExhibitReclassified = "exhibit-reclassified", Some(Operation::Alteration);
    /// A release of an item that no authority reaches was asked for; for a threat to life it is open from then on.
    ReleaseAsked = "release-asked", Some(Operation::Alteration);
    /// A second person decided about a release.
    ReleaseDecided = "release-decided", Some(Operation::Alteration);
    /// Releases were shown.
    ReleaseConsulted = "release-consulted", Some(Operation::Consultation);
    /// A second person allowed the opening of an item that could not be examined whole.
    OpeningAllowed = "opening-allowed", Some(Operation::Alteration);
    /// An exhibit's bytes were opened.
    ExhibitViewed = "exhibit-viewed", Some(Operation::Consultation);
    /// Members or records were unpacked and hashed.
    Derived = "derived", Some(Operation::Collection);
    /// Selectors were extracted.
    Extracted = "extracted", Some(Operation::Combination);
    /// A question was asked.
    Queried = "queried", Some(Operation::Consultation);
    /// Words, a selector or a pattern is looked for from now on.
    WatchSet = "watch-set", Some(Operation::Combination);
    /// A watch was ended.
    WatchEnded = "watch-ended", Some(Operation::Alteration);
    /// A watch matched.
    AlertRaised = "alert-raised", Some(Operation::Combination);
    /// A person looked at an alert.
    AlertSeen = "alert-seen", Some(Operation::Alteration);
    /// An item left its place.
    CheckedOut = "checked-out", Some(Operation::Alteration);
    /// An item came back.
    CheckedIn = "checked-in", Some(Operation::Alteration);
    /// Custody was offered.
    TransferOffered = "transfer-offered", Some(Operation::Alteration);
    /// Custody was taken; two signatures.
    TransferAccepted = "transfer-accepted", Some(Operation::Alteration);
    /// Custody was refused.
    TransferRefused = "transfer-refused", Some(Operation::Alteration);
    /// Custody without a second person, printed as such.
    InterimCustody = "interim-custody", Some(Operation::Alteration);
    /// A supervisor gave a lost custodian's item to another person.
    CustodyReassigned = "custody-reassigned", Some(Operation::Alteration);
    /// Bytes did not match their digest, or something else is wrong with an item.
    Anomaly = "anomaly", None;
    /// A locked exhibit was released by a supervisor.
    AnomalyDecided = "anomaly-decided", Some(Operation::Alteration);
    /// A collection order was signed.
    CaptureOrdered = "capture-ordered", None;
    /// A collection ended, and its spool was admitted or refused.
    CaptureEnded = "capture-ended", Some(Operation::Collection);
    /// A proxy was named by which pages may be reached.
    ProxyAdded = "proxy-added", None;
    /// A named proxy is not used any more.
    ProxyRemoved = "proxy-removed", None;
    /// Two captures of the same addresses were held against each other.
    CaptureCompared = "capture-compared", Some(Operation::Combination);
    /// A crawl began: its scope and how it treats robots.txt.
    CrawlBegun = "crawl-begun", None;
    /// The links of a sealed round of a crawl were read, and what the scope lets in waits.
    CrawlRead = "crawl-read", Some(Operation::Combination);
    /// A crawl ended, was stopped, or goes on.
    CrawlChanged = "crawl-changed", Some(Operation::Alteration);
    /// The pages of a crawl were shown, or what changed between two.
    CrawlConsulted = "crawl-consulted", Some(Operation::Consultation);
    /// A crawl was put on a schedule, or taken off.
    CrawlScheduled = "crawl-scheduled", Some(Operation::Alteration);
    /// A finding was written.
    FindingAdded = "finding-added", Some(Operation::Combination);
    /// A charge was written, or a finding was placed on one of its elements.
    ChargeWritten = "charge-written", Some(Operation::Combination);
    /// Somebody said whether an exhibit may assist the defence.
    MaterialReviewed = "material-reviewed", Some(Operation::Alteration);
    /// Findings were shown.
    FindingConsulted = "finding-consulted", Some(Operation::Consultation);
    /// A report was built.
    ReportBuilt = "report-built", Some(Operation::Combination);
    /// A package was built and waits for its signatures.
    PackageBuilt = "package-built", Some(Operation::Combination);
    /// An officer signed a package.
    PackageSigned = "package-signed", Some(Operation::Alteration);
    /// A time-stamp token was attached.
    PackageStamped = "package-stamped", Some(Operation::Alteration);
    /// The time-stamps of a sealed package are about to be renewed.
    RenewalBegun = "renewal-begun", Some(Operation::Alteration);
    /// The time-stamps of a sealed package were renewed.
    PackageRenewed = "package-renewed", Some(Operation::Alteration);
    /// A package was sealed: its detail holds the digest of the tag manifest.
    PackageSealed = "package-sealed", Some(Operation::Disclosure);
    /// A person whom a case concerns was written down under a pseudonym, with dates of review and erasure.
    SubjectRecorded = "subject-recorded", Some(Operation::Collection);
    /// Links, dates or a hold of such a person were changed.
    SubjectChanged = "subject-changed", Some(Operation::Alteration);
    /// Such persons were shown.
    SubjectConsulted = "subject-consulted", Some(Operation::Consultation);
    /// What is held on such a person was written out for him.
    SubjectExported = "subject-exported", Some(Operation::Disclosure);
    /// Somebody proposed that what is held on a person be erased.
    ErasureProposed = "erasure-proposed", Some(Operation::Alteration);
    /// A second person decided about it, on a court's or prosecutor's decision.
    ErasureDecided = "erasure-decided", Some(Operation::Alteration);
    /// Contents and keys were destroyed; the rows and details that it names hold nothing any more.
    Erased = "erased", Some(Operation::Erasure);
    /// Nothing of what was erased is left in the home, and the tombstone was written.
    ErasureFinished = "erasure-finished", None;
    /// The tombstones of the node were copied out of the home.
    TombstonesCopied = "tombstones-copied", Some(Operation::Disclosure);
    /// A tombstone was carried out again on a restored home.
    ErasureReplayed = "erasure-replayed", Some(Operation::Erasure);

    /// A disclosure of parts of a sealed package was proposed: to whom, what for, what is withheld and why.
    DisclosureProposed = "disclosure-proposed", Some(Operation::Combination);
    /// A second person decided it.
    DisclosureDecided = "disclosure-decided", Some(Operation::Alteration);
    /// The parts left the house as a package of their own.
    DisclosureBuilt = "disclosure-built", Some(Operation::Disclosure);
    /// Items that had been withheld were opened to the recipient.
    DisclosureRevealed = "disclosure-revealed", Some(Operation::Disclosure);
    /// Disclosures were listed.
    DisclosureConsulted = "disclosure-consulted", Some(Operation::Consultation);
    /// The filter queue was listed; no content.
    FilterConsulted = "filter-consulted", Some(Operation::Consultation);
    /// A person of the filter team opened what may be privileged.
    FilterViewed = "filter-viewed", Some(Operation::Consultation);
    /// The filter team said whether an item is privileged.
    FilterProposed = "filter-proposed", Some(Operation::Alteration);
    /// The holder of the privilege was told.
    FilterNotified = "filter-notified", Some(Operation::Disclosure);
    /// The holder objects.
    FilterObjected = "filter-objected", Some(Operation::Collection);
    /// An item was released from the filter: it is not privileged.
    FilterReleased = "filter-released", Some(Operation::Alteration);
    /// An item is privileged for good.
    FilterKept = "filter-kept", Some(Operation::Alteration);
    /// A supervised viewing of a restricted item was permitted.
    ViewingPermitted = "viewing-permitted", Some(Operation::Alteration);
    /// The viewer was invited, under his own key.
    ViewerInvited = "viewer-invited", Some(Operation::Disclosure);
    /// The viewer signed that he is present.
    ViewerPresent = "viewer-present", None;
    /// A supervised viewing began; the bytes are shown from now on.
    ViewingBegun = "viewing-begun", Some(Operation::Disclosure);
    /// It ended.
    ViewingEnded = "viewing-ended", None;
    /// The viewer signed what he was shown.
    ViewingConfirmed = "viewing-confirmed", None;
    /// The record of a viewing was closed.
    ViewingClosed = "viewing-closed", Some(Operation::Alteration);
    /// Viewings were listed.
    ViewingConsulted = "viewing-consulted", Some(Operation::Consultation);
    /// A persona was written down.
    PersonaRegistered = "persona-registered", Some(Operation::Collection);
    /// A supervisor said who may use it.
    PersonaAuthorised = "persona-authorised", Some(Operation::Alteration);
    /// An officer took it.
    PersonaCheckedOut = "persona-checked-out", Some(Operation::Alteration);
    /// It came back.
    PersonaReturned = "persona-returned", Some(Operation::Alteration);
    /// It is never used again: the other side knows it, or may know it.
    PersonaBurned = "persona-burned", Some(Operation::Alteration);
    /// It is never used again.
    PersonaDeregistered = "persona-deregistered", Some(Operation::Alteration);
    /// A secret of a persona was put into its vault.
    PersonaSecretKept = "persona-secret-kept", Some(Operation::Collection);
    /// Personas were listed or shown, or their secrets were taken along on a capture.
    PersonaConsulted = "persona-consulted", Some(Operation::Consultation);
    /// What was withheld from a capture was opened for a court.
    PersonaRevealed = "persona-revealed", Some(Operation::Disclosure);
    /// A contact or purchase that was made by other lawful means was written down.
    ContactRecorded = "contact-recorded", Some(Operation::Collection);
    /// Contacts were listed.
    ContactConsulted = "contact-consulted", Some(Operation::Consultation);
    /// Somebody saw by accident what nobody may have: it was locked away, and a supervisor is told.
    AccidentDeclared = "accident-declared", Some(Operation::Alteration);
    /// A supervisor has taken an accident over.
    AccidentAcknowledged = "accident-acknowledged", Some(Operation::Alteration);
    /// Accidents were listed.
    AccidentConsulted = "accident-consulted", Some(Operation::Consultation);
    /// The log or its proofs were read.
    LogConsulted = "log-consulted", Some(Operation::Consultation);
    /// Trust anchors were written out for a verifier.
    AnchorsExported = "anchors-exported", Some(Operation::Disclosure);
    /// Another agency's node, or its key, was named as a witness of this log.
    WitnessNamed = "witness-named", Some(Operation::Collection);
    /// Another agency's log was named, whose growth this node watches.
    LogWatched = "log-watched", Some(Operation::Collection);
    /// This node cosigned the checkpoint of another agency's log.
    CheckpointCosigned = "checkpoint-cosigned", None;
    /// A witness's cosignature on this log came back and was checked.
    CosignatureReceived = "cosignature-received", Some(Operation::Collection);
    /// A checkpoint was printed for a paper register.
    CheckpointPrinted = "checkpoint-printed", Some(Operation::Disclosure);
    /// The words of a paper register were typed back and compared with the log.
    PaperCompared = "paper-compared", Some(Operation::Consultation);
    /// A log showed two histories; both signed checkpoints were kept.
    SplitKept = "split-kept", Some(Operation::Collection);
    /// An earlier event was wrong; names it and every package issued before.
    Erratum = "erratum", Some(Operation::Alteration);
    /// Whoever holds a package that went out before an erratum was told of it.
    ErratumNotified = "erratum-notified", Some(Operation::Disclosure);
}

impl EventType {
    /// Whether rows and keys may lose their content by an event of this kind (law 10); by no other.
    pub fn erases(self) -> bool {
        matches!(self, EventType::Erased | EventType::ErasureReplayed)
    }
}

impl std::fmt::Display for EventType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for EventType {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        EventType::ALL.iter().copied().find(|t| t.name() == text).ok_or_else(|| format!("{text:?} is not a kind of event"))
    }
}

/// One leaf. Its bytes are [`Leaf::to_bytes`] and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// Format version: 1.
    pub v: u8,
    /// Position in the log, from 0.
    pub seq: u64,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// When, by this machine's clock.
    pub time: Moment,
    /// Who; `None` when the node itself acted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actor: Option<ActorId>,
    /// In which case.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub case: Option<CaseId>,
    /// The id of the thing it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// `SHA-256(salt ‖ detail)`.
    pub commitment: Sha256Digest,
    /// Digest over the (encrypted) rows that this event wrote, so that `log verify` can compare rows
    /// and events both ways without any content key. See `docs/decisions/0002-rows-in-the-leaf.md`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rows: Option<Sha256Digest>,
}

impl Leaf {
    /// Canonical bytes (RFC 8785).
    ///
    /// # Errors
    /// When `seq` is beyond 2^53 − 1.
    pub fn to_bytes(&self) -> Result<Vec<u8>, canonical::CanonicalError> {
        canonical::to_bytes(self)
    }

    /// Reads a leaf; only canonical bytes are a leaf.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Leaf, String> {
        let leaf: Leaf = serde_json::from_slice(bytes).map_err(|e| format!("not a leaf: {e}"))?;
        match leaf.to_bytes() {
            Ok(again) if again == bytes => Ok(leaf),
            _ => Err("not a leaf: the bytes are not canonical".into()),
        }
    }
}
