//! The one question behind every step: may this person do this now, and why?
//!
//! A pure function over values. It never reads a clock or a table; `store` asks it before it mints a
//! permit, and nothing else does (law 1).

use serde::{Deserialize, Serialize};

use crate::{
    Law, Moment,
    action::Action,
    actor::Role,
    authority::{Authority, AuthorityKind, AuthorityState, Limit, SourceClass},
    id::{ActorId, AuthorityId, CaseId, ReleaseId},
    token,
};

/// What stays lawful without, or after, an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StandingBasis {
    /// A declared court process: report and package what is already in the case.
    CourtProcess,
    /// Keeping what is held safe and accounted for.
    Custody,
    /// Giving the defence what it must get, and correcting what went out wrong.
    DisclosureDuty,
    /// Reading the log and its proofs.
    Oversight,
    /// Keeping and ending the case's keys, members and dates.
    Retention,
    /// A declared legal hold: nothing may be destroyed.
    LegalHold,
    /// Saving a life, or giving the defence what speaks for the suspect: neither waits for an authority.
    LifeOrDefence,
}

/// What the case itself says about standing bases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CaseStanding {
    /// A prosecutor or supervisor declared that the case is before a court.
    pub court_process: bool,
    /// A legal hold is declared.
    pub legal_hold: bool,
    /// The case is closed: nothing new comes in.
    pub closed: bool,
    /// The case has one member only: nobody else is there who could check an emergency authority.
    #[serde(default)]
    pub alone: bool,
}

/// One question.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// Who asks.
    pub actor: &'a ActorId,
    /// In which role.
    pub role: Role,
    /// Whether he is a member of the case (holds its key).
    pub member: bool,
    /// Which case.
    pub case: &'a CaseId,
    /// What the case says.
    pub standing: CaseStanding,
    /// To do what.
    pub action: Action,
    /// From which kind of source, where the action touches one.
    pub source: Option<SourceClass>,
    /// Host or identifier, where the action aims at one.
    pub target: Option<&'a str>,
    /// Person concerned, where the action names one.
    pub person: Option<&'a str>,
    /// Territory, where the action touches one.
    pub territory: Option<&'a str>,
    /// The emergency authority under which it came in, where the action opens something that did.
    pub under: Option<&'a AuthorityId>,
    /// The one authority under which it is asked, where no other may carry it.
    pub only: Option<&'a AuthorityId>,
    /// The one authority that is offered at all, where a token asks for its person: nothing else is a ground for it, and a
    /// standing basis (but custody) only while that authority lives.
    pub bound: Option<&'a AuthorityId>,
    /// When.
    pub now: Moment,
}

/// Why it is lawful.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "basis", content = "of")]
pub enum Ground {
    /// A live authority covers it.
    Authority(AuthorityId),
    /// A standing basis covers it.
    Standing(StandingBasis),
    /// The item was released, and this release covers it.
    Release(ReleaseId),
}

/// One reason of a refusal, in words for the person who was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The law that refuses.
    pub law: Law,
    /// What is missing, and what to do.
    pub text: String,
}

/// Answers the question, from these authorities and nothing else.
///
/// # Errors
/// [`Refusal`] names the law and, per authority that came near, what it lacked.
pub fn authorize(ask: &Ask<'_>, authorities: &[Authority]) -> Result<Ground, Refusal> {
    role_allows(ask)?;
    out_of_quarantine(ask, authorities)?;
    // What came in while it was allowed is kept, also by a token whose authority ended meanwhile: keeping needs none.
    if let Some(bound) = ask.bound.filter(|_| ask.action != Action::Transfer) {
        token::stands(authorities.iter().find(|authority| authority.id == *bound), bound, ask.actor, ask.case, ask.now)?;
    }
    // That a case is before its court opens its papers to people: a token has its own authority for them, or no ground.
    if let Some(basis) = standing_basis(ask).filter(|basis| ask.bound.is_none() || *basis != StandingBasis::CourtProcess) {
        return Ok(Ground::Standing(basis));
    }
    if ask.action == Action::Erase && ask.standing.legal_hold {
        return Err(refuse(Law::Erasure, "a legal hold is declared for this case: nothing in it may be destroyed"));
    }
    if ask.standing.closed && ask.action != Action::Erase {
        return Err(refuse(Law::Permit, "the case is closed: reopen it or work in another case"));
    }
    let mut nearest: Option<(Miss, &Authority)> = None;
    let offered = authorities.iter().filter(|authority| ask.only.is_none_or(|only| authority.id == *only));
    for authority in offered.filter(|authority| ask.bound.is_none_or(|bound| authority.id == *bound)) {
        match covers(authority, ask) {
            Ok(()) => return Ok(Ground::Authority(authority.id.clone())),
            Err(miss) if nearest.as_ref().is_none_or(|(best, other)| nearness(&miss, authority) > nearness(best, other)) => {
                nearest = Some((miss, authority));
            }
            Err(_) => {}
        }
    }
    Err(refuse(Law::Permit, &no_ground(ask, nearest)))
}

/// What came in under an emergency authority is opened while that lasts, and afterwards only once a written order
/// has ratified it. It is kept, moved and counted meanwhile: a court may still ratify, or order its return.
///
/// # Errors
/// Law 1, with what to do.
pub fn out_of_quarantine(ask: &Ask<'_>, authorities: &[Authority]) -> Result<(), Refusal> {
    use Action::{Administer, Admit, Audit, Collect, Correct, Erase, Transfer};
    let Some(id) = ask.under.filter(|_| !matches!(ask.action, Administer | Admit | Audit | Collect | Correct | Erase | Transfer)) else { return Ok(()) };
    let refuse = |why: &str| {
        Err(refuse(Law::Permit, &format!("this came in under the emergency authority {id}, {why}: it is in quarantine, and nothing of it is lost; record the written order and ratify with `lanternfish authority ratify`")))
    };
    match authorities.iter().find(|authority| authority.id == *id) {
        None => refuse("which is not in the records"),
        Some(authority) if authority.ratified.is_some() => Ok(()),
        Some(authority) if matches!(authority.state, AuthorityState::Revoked { .. }) => refuse("which was revoked and never ratified"),
        Some(authority) if ask.now < authority.until => Ok(()),
        Some(_) => refuse("which ended without a written order"),
    }
}

/// Of two that came equally near, one of the case is nearer than one of the unit, then the one that was good until later:
/// a revoked one was good until its revocation, whatever its paper says.
fn nearness(miss: &Miss, authority: &Authority) -> (Near, bool, Moment) {
    let until = if let AuthorityState::Revoked { at, .. } = &authority.state { authority.until.min(*at) } else { authority.until };
    (miss.near, authority.case.is_some(), until)
}

/// The refusal in words: what is missing, which authority came nearest and what it lacks, what to do.
fn no_ground(ask: &Ask<'_>, nearest: Option<(Miss, &Authority)>) -> String {
    let action = ask.action;
    let Some((miss, authority)) = nearest.filter(|(miss, _)| miss.near != Near::OtherCase) else {
        return match (ask.only, ask.bound) {
            (Some(only), Some(bound)) if only != bound => format!("`{action}` may be done here under the authority {only} alone, and this token serves {bound}: take the step in your own session"),
            (Some(only), _) => format!("no live authority covers `{action}` here: it may be done under the authority {only} alone, which is not in the records of this case"),
            (None, _) => format!("no live authority covers `{action}` here: no authority is recorded for this case; record one with `lanternfish authority record`"),
        };
    };
    let which = if ask.only.or(ask.bound).is_some() { "The one that counts here" } else { "The nearest" };
    let reference = if authority.reference.is_empty() { String::new() } else { format!(" {}", crate::quoted(&authority.reference)) };
    let unit = if authority.case.is_none() { " of the unit" } else { "" };
    format!(
        "no live authority covers `{action}` here. {which} is the {} authority{unit}{reference} ({}): {}. \
         See `lanternfish authority list --case {}`; ask for a new authority or an extension",
        authority.kind.name(),
        authority.id,
        miss.text,
        ask.case,
    )
}

fn refuse(law: Law, text: &str) -> Refusal {
    Refusal { law, text: text.to_string() }
}

pub(crate) fn role_allows(ask: &Ask<'_>) -> Result<(), Refusal> {
    use Action::{Administer, Audit};
    use Role::{Administrator, Auditor, Court, Defence};
    if matches!(ask.role, Auditor) && ask.action != Audit {
        return Err(refuse(Law::Separation, "an auditor sees all metadata and no content"));
    }
    if matches!(ask.role, Administrator) {
        return Err(refuse(Law::Separation, "an administrator keeps the machine and has no part in a case"));
    }
    if matches!(ask.role, Defence | Court) {
        return Err(refuse(Law::Separation, "defence and court hold no key of a case: what is shown to you is shown under supervision (`lanternfish viewing mine`)"));
    }
    if !ask.member && ask.action != Audit {
        return Err(refuse(Law::Separation, "you are not a member of this case: ask a member to add you"));
    }
    if role_may(ask.role, ask.action) {
        return Ok(());
    }
    let law = if ask.action == Administer { Law::Separation } else { Law::Permit };
    Err(refuse(law, &format!("the role {} may not {}", ask.role, ask.action)))
}

/// The table of roles and actions. Small units give one person a wider role; what leaves then says so.
pub fn role_may(role: Role, action: Action) -> bool {
    use Action::*;
    match role {
        Role::Investigator => !matches!(action, Audit | Filter | Supervise),
        Role::Analyst => matches!(action, View | Examine | Query | Trace | Link | Conclude | Report | Transfer | Package | Correct | Release),
        Role::ExhibitOfficer => matches!(action, Admit | View | Transfer | Package | Report | Disclose | Correct | Supervise | Release),
        Role::Supervisor => matches!(action, View | Query | Transfer | Administer | Audit | Report | Package | Conclude | Disclose | Correct | Erase | Supervise | Release),
        Role::Prosecutor => matches!(action, View | Query | Transfer | Administer | Audit | Report | Package | Disclose | Correct | Share | Request | Erase | Supervise | Release),
        Role::Auditor => matches!(action, Audit),
        // Whoever filters does nothing else, and nobody else filters (law 7).
        Role::FilterTeam => action == Filter,
        Role::Defence | Role::Court => false,
        Role::Administrator => false,
    }
}

fn standing_basis(ask: &Ask<'_>) -> Option<StandingBasis> {
    match ask.action {
        Action::Audit => Some(StandingBasis::Oversight),
        Action::Transfer => Some(StandingBasis::Custody),
        Action::Administer => Some(StandingBasis::Retention),
        // A correction collects nothing, and waits for no court and no authority.
        Action::Correct => Some(StandingBasis::DisclosureDuty),
        // What it opens, for how long and who agrees is the state machine's to say.
        Action::Release => Some(StandingBasis::LifeOrDefence),
        Action::Report | Action::Package if ask.standing.court_process => Some(StandingBasis::CourtProcess),
        Action::Disclose if ask.standing.court_process => Some(StandingBasis::DisclosureDuty),
        _ => None,
    }
}

/// How near an authority came to the question: the later in this list, the nearer. One that covers what
/// was asked and is over is nearer than a live one that never covered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Near {
    /// It belongs to another case.
    OtherCase,
    /// The action is outside its scope.
    Action,
    /// The source class is.
    Source,
    /// The selector, person or territory is.
    Limit,
    /// Another person may act on it.
    Person,
    /// Everything fits, and it is over or revoked.
    NotLive,
    /// Everything fits, and it is only waiting: for its second person, or for its first day.
    Waiting,
}

/// What an authority lacks, in words.
struct Miss {
    near: Near,
    text: String,
}

fn lack<T>(near: Near, text: impl Into<String>) -> Result<T, Miss> {
    Err(Miss { near, text: text.into() })
}

/// Whether an authority covers the question, or what it lacks first.
fn covers(authority: &Authority, ask: &Ask<'_>) -> Result<(), Miss> {
    if authority.case.as_ref().is_some_and(|case| case != ask.case) {
        return lack(Near::OtherCase, "it belongs to another case");
    }
    scope_covers(authority, ask)?;
    if !authority.holders.is_empty() && !authority.holders.contains(ask.actor) {
        return lack(Near::Person, "you are not a holder of the authority");
    }
    let approver = matches!(&authority.state, AuthorityState::Live { by, .. } if by == ask.actor);
    if approver && acts_on_the_authority(ask.action) {
        return lack(Near::Person, "you approved this authority yourself: another person acts on it");
    }
    live(authority, ask)
}

fn live(authority: &Authority, ask: &Ask<'_>) -> Result<(), Miss> {
    let now = ask.now;
    let zone = authority.zone.as_str();
    match &authority.state {
        // Dual control begins as soon as there are two.
        AuthorityState::Recorded if authority.kind == AuthorityKind::Emergency && ask.standing.alone => {}
        AuthorityState::Recorded => {
            let step = if authority.kind.is_checked() { "checked" } else { "granted" };
            return lack(Near::Waiting, format!("it is recorded, but nobody has {step} it yet"));
        }
        AuthorityState::Revoked { at, .. } => return lack(Near::NotLive, format!("it was revoked on {}", at.in_words(zone))),
        AuthorityState::Live { .. } => {}
    }
    if now < authority.from {
        return lack(Near::Waiting, format!("it begins on {}", authority.from.in_words(zone)));
    }
    if now >= authority.until {
        return lack(Near::NotLive, format!("it ended on {}", authority.until.end_in_words(zone)));
    }
    Ok(())
}

/// What the person who approved an authority never does under it. Reading, reporting, signing what others
/// found and deciding what of it is disclosed stay open to him: in a unit of three the supervisor is the
/// second signature.
fn acts_on_the_authority(action: Action) -> bool {
    use Action::{Admit, Collect, CollectMedia, CollectRendered, Conclude, Contact, Erase, Examine, Filter, Link, Query, Request, Share, Supervise, Trace};
    matches!(action, Filter | Supervise | Erase | Contact | Collect | CollectMedia | CollectRendered | Admit | Examine | Query | Trace | Link | Conclude | Share | Request)
}

/// Steps by which something new comes into the case: under an authority for one person or territory they
/// must say whom or where they concern, or the limit would bind nothing. The same holds when bytes are
/// opened whose origin names nobody.
fn brings_in(action: Action) -> bool {
    matches!(action, Action::Collect | Action::CollectMedia | Action::CollectRendered | Action::Admit | Action::Contact)
}

fn scope_covers(authority: &Authority, ask: &Ask<'_>) -> Result<(), Miss> {
    let scope = &authority.scope;
    if !scope.actions.contains(&ask.action) {
        return lack(Near::Action, format!("the action `{}` is outside its scope", ask.action));
    }
    if ask.action == Action::Erase {
        erasure_is_decided(authority, ask)?;
    }
    if ask.action == Action::Contact {
        contact_is_ordered(authority)?;
    }
    if let Some(class) = ask.source.filter(|class| !scope.sources.contains(class)) {
        return lack(Near::Source, format!("the source class `{}` is outside its scope", class.name()));
    }
    let named = [
        ("selector", ask.target, &scope.selectors),
        ("person", ask.person, &scope.persons),
        ("territory", ask.territory, &scope.territory),
    ];
    for (what, value, limit) in named {
        if value.is_some_and(|value| !limit.covers(value)) {
            return lack(Near::Limit, format!("this {what} is outside its scope (allowed: {})", limit.in_words()));
        }
        // Restricted items are opened one by one, and people are met one by one: an order that names some opens no queue.
        if value.is_none() && what == "selector" && matches!(ask.action, Action::Filter | Action::Supervise | Action::Contact) && *limit != Limit::Any {
            return lack(Near::Limit, format!("it is limited to some items ({}): name one of them", limit.in_words()));
        }
        if value.is_none() && what != "selector" && (brings_in(ask.action) || ask.source.is_some()) && *limit != Limit::Any {
            return lack(Near::Limit, format!("it is limited to a {what} ({}): say with --{what} which one this is about", limit.in_words()));
        }
    }
    Ok(())
}

/// Only a court or a prosecutor lets anything be destroyed, and only of the person whom the decision names (law 10).
fn erasure_is_decided(authority: &Authority, ask: &Ask<'_>) -> Result<(), Miss> {
    use AuthorityKind::{CourtOrder, ProsecutorAuthorisation};
    if !matches!(authority.kind, CourtOrder | ProsecutorAuthorisation) {
        return lack(Near::Action, "only a court's order or a prosecutor's decision lets anything be erased");
    }
    if authority.scope.persons == Limit::Any || ask.person.is_none() {
        return lack(Near::Limit, "a decision to erase must name the person: record it with --person and his number, such as S-0001");
    }
    Ok(())
}

/// To meet, to write to or to buy from somebody under a false flag is more than to look: the house alone never allows it.
fn contact_is_ordered(authority: &Authority) -> Result<(), Miss> {
    use AuthorityKind::{CourtOrder, ProsecutorAuthorisation, Training};
    if matches!(authority.kind, CourtOrder | ProsecutorAuthorisation | Training) {
        return Ok(());
    }
    lack(Near::Action, "only a court's order or a prosecutor's authorisation allows controlled contacts and purchases")
}

/// A step on the node itself, outside any case: it touches no content of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeStep {
    /// Enter or revoke a person, reset his enrolment.
    ManageUsers,
    /// Make one's own keys, open or end one's own session.
    OwnSession,
    /// Put a tip into the intake tray.
    ReceiveTip,
    /// Open a new case.
    OpenCase,
    /// Write down a unit's standing authorisation.
    RecordUnitAuthority,
    /// Grant or revoke a unit's standing authorisation.
    DecideUnitAuthority,
    /// Read the log, its proofs and checkpoints (metadata only).
    ReadLog,
    /// Make a recovery set or a backup of the (encrypted) home.
    Safeguard,
    /// Make the backup that is due under a plan which a person wrote: the node does it without a person.
    PlannedBackup,
    /// List what one may see.
    ListOwn,
    /// Say which witnesses and which other logs count, write a paper register into the records.
    NameWitnesses,
    /// Leave an invitation to a viewing, or word of a disclosure, for a registered person, under his own key.
    InviteViewer,
    /// Answer such an invitation: be present, confirm what one was shown.
    AnswerViewing,
    /// Exchange checkpoints: cosign another agency's log, keep a cosignature or a proof of a split. The
    /// node does it without a person too; it reads no content, and whose keys count a person has said.
    ExchangeCheckpoints,
    /// Add and remove known-hash lists, which are matched in every case of the node.
    KeepHashLists,
    /// Say by which proxies pages may be reached.
    KeepProxies,
}

/// Whether a role may do a step on the node. `None` is a node in set-up, which has no people yet.
///
/// # Errors
/// [`Refusal`] with the law and what to do.
pub fn authorize_node_step(role: Option<Role>, step: NodeStep) -> Result<(), Refusal> {
    use NodeStep::*;
    let Some(role) = role else {
        return match step {
            ManageUsers | OwnSession | ReadLog | ExchangeCheckpoints | PlannedBackup => Ok(()),
            _ => Err(refuse(Law::Permit, "log in first: `lanternfish login NAME`")),
        };
    };
    let allowed = match step {
        OwnSession | ListOwn | AnswerViewing => true,
        ManageUsers => matches!(role, Role::Administrator),
        KeepProxies => matches!(role, Role::Administrator),
        ReceiveTip | InviteViewer => role.investigates(),
        OpenCase => matches!(role, Role::Investigator | Role::Supervisor),
        RecordUnitAuthority => matches!(role, Role::Investigator | Role::Supervisor | Role::Prosecutor),
        DecideUnitAuthority => matches!(role, Role::Supervisor | Role::Prosecutor),
        ReadLog | ExchangeCheckpoints => !matches!(role, Role::Defence | Role::Court),
        NameWitnesses | Safeguard | PlannedBackup | KeepHashLists => matches!(role, Role::Administrator | Role::Supervisor),
    };
    if allowed {
        return Ok(());
    }
    let who = match step {
        ManageUsers => "only an administrator manages users",
        KeepProxies => "only an administrator names and removes proxies",
        ReceiveTip => "only people who work on cases take tips",
        OpenCase => "only an investigator or a supervisor opens a case",
        RecordUnitAuthority => "only an investigator, supervisor or prosecutor records a unit authority",
        DecideUnitAuthority => "only a supervisor or a prosecutor grants or revokes a unit authority",
        Safeguard | PlannedBackup => "only an administrator or a supervisor makes backups and recovery sets",
        KeepHashLists => "only an administrator or a supervisor adds and removes known-hash lists",
        NameWitnesses => "only an administrator or a supervisor says who is a witness",
        InviteViewer => "only people who work on cases leave a notice for somebody",
        ReadLog | ExchangeCheckpoints => "defence and court verify packages with their own anchors (`lanternfish-verify`); the log of this node is not theirs to read",
        OwnSession | ListOwn | AnswerViewing => "not allowed",
    };
    Err(refuse(Law::Separation, who))
}
