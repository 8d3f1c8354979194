//! Law 1 (with 13 and 15) on the pure model: a million random actions, judged twice.
//!
//! The first judge is `authorize`. The second is [`Registrar`], an oracle that keeps its own papers
//! (plain numbers and words, filled before the model sees anything), lists *every* ground that would
//! do, and knows the roles from a table of words. The two must agree on each question, and each ground
//! that `authorize` names must be one that the registrar would accept.

use std::collections::BTreeSet;

use model::{
    Law, Moment,
    action::Action,
    actor::Role,
    authority::{Authority, AuthorityKind, AuthorityScope, AuthorityState, Limit, SourceClass},
    authorize::{Ask, CaseStanding, Ground, StandingBasis, authorize},
    id::{ActorId, AuthorityId, CaseId},
};

use crate::dice::Dice;

const ACTIONS: u64 = 1_000_000;
const ACTIONS_PER_WORLD: u64 = 1_000;
const PEOPLE: usize = 10;
const CASES: usize = 3;
const MOST_PAPERS: usize = 14;
const HOUR: i64 = 3_600_000_000;
const HOSTS: [&str; 4] = ["127.0.0.1:8080", "market.test", "forum.test", "shop.test"];
const PERSONS: [&str; 3] = ["nickname-a", "nickname-b", "nickname-c"];
const LANDS: [&str; 3] = ["la", "th", "kz"];

/// What each role may do at all, in the words of the command line.
const MAY: [(Role, &str); 10] = [
    (
        Role::Investigator,
        "collect collect-media collect-rendered admit view examine query trace link conclude report package disclose correct share request transfer administer erase release contact",
    ),
    (Role::Analyst, "view examine query trace link conclude report transfer package correct release"),
    (Role::ExhibitOfficer, "admit view transfer package disclose correct report supervise release"),
    (Role::Supervisor, "view query transfer administer audit report package disclose correct conclude erase supervise release"),
    (Role::Prosecutor, "view query transfer administer audit report package disclose correct share request erase supervise release"),
    (Role::Auditor, "audit"),
    (Role::Administrator, ""),
    (Role::FilterTeam, "filter"),
    (Role::Defence, ""),
    (Role::Court, ""),
];

/// The registrar's own copy of an instrument.
struct Paper {
    case: Option<usize>,
    holders: Vec<usize>,
    author: usize,
    from_court: bool,
    /// Whether a court or a prosecutor issued it: only they let anything be erased.
    of_a_magistrate: bool,
    /// Whether its kind can let anybody meet or buy under a false flag.
    lets_meet: bool,
    actions: Vec<&'static str>,
    sources: Vec<&'static str>,
    hosts: Option<Vec<&'static str>>,
    persons: Option<Vec<&'static str>>,
    lands: Option<Vec<&'static str>>,
    from: i64,
    until: i64,
    approved: bool,
    approver: Option<usize>,
    ended: bool,
}

/// One question in the registrar's words.
struct Question {
    who: usize,
    case: usize,
    action: Action,
    source: Option<SourceClass>,
    host: Option<String>,
    person: Option<String>,
    land: Option<String>,
    /// The one paper under which it is asked.
    only: Option<usize>,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Law 13: not this person, whatever the papers say.
    NotThisPerson,
    /// A standing basis.
    Standing(StandingBasis),
    /// These papers would do; none means no.
    Papers(Vec<usize>),
}

struct Registrar {
    roles: Vec<Role>,
    member: Vec<[bool; CASES]>,
    standing: [CaseStanding; CASES],
    papers: Vec<Paper>,
    now: i64,
}

impl Registrar {
    fn role_allows(&self, who: usize, action: Action) -> bool {
        let (_, words) = MAY.iter().find(|(role, _)| *role == self.roles[who]).unwrap();
        words.split(' ').any(|word| word == action.name())
    }

    fn judge(&self, q: &Question) -> Verdict {
        let reads_log_only = q.action.name() == "audit";
        let inside = self.member[q.who][q.case] || reads_log_only;
        if !inside || !self.role_allows(q.who, q.action) {
            return Verdict::NotThisPerson;
        }
        let court = self.standing[q.case].court_process;
        let basis = match q.action.name() {
            "audit" => Some(StandingBasis::Oversight),
            "transfer" => Some(StandingBasis::Custody),
            "administer" => Some(StandingBasis::Retention),
            "correct" => Some(StandingBasis::DisclosureDuty),
            "release" => Some(StandingBasis::LifeOrDefence),
            "report" | "package" if court => Some(StandingBasis::CourtProcess),
            "disclose" if court => Some(StandingBasis::DisclosureDuty),
            _ => None,
        };
        basis.map_or_else(|| Verdict::Papers(self.papers_for(q)), Verdict::Standing)
    }

    fn papers_for(&self, q: &Question) -> Vec<usize> {
        let erases = q.action.name() == "erase";
        if erases && self.standing[q.case].legal_hold || !erases && self.standing[q.case].closed {
            return vec![];
        }
        (0..self.papers.len()).filter(|n| q.only.is_none_or(|only| only == *n) && self.paper_does(&self.papers[*n], q)).collect()
    }

    fn paper_does(&self, paper: &Paper, q: &Question) -> bool {
        let in_time = (paper.from..paper.until).contains(&self.now);
        let for_case = paper.case.is_none_or(|case| case == q.case);
        let for_person = paper.holders.is_empty() || paper.holders.contains(&q.who);
        let inside = |asked: &Option<String>, limit: &Option<Vec<&str>>| match (asked, limit) {
            (None, _) | (_, None) => true,
            (Some(word), Some(words)) => words.iter().any(|w| w.eq_ignore_ascii_case(word)),
        };
        // What comes in or is opened must say whom and where it concerns, if the paper is limited in that.
        let unnamed = (["collect", "collect-media", "collect-rendered", "admit", "contact"].contains(&q.action.name()) || q.source.is_some())
            && ((q.person.is_none() && paper.persons.is_some()) || (q.land.is_none() && paper.lands.is_some()));
        let may_erase = paper.of_a_magistrate && paper.persons.is_some() && q.person.is_some();
        let only_reads = ["view", "report", "package", "disclose", "transfer", "administer", "audit"].contains(&q.action.name());
        (may_erase || q.action.name() != "erase")
            && (paper.lets_meet || q.action.name() != "contact")
            && paper.approved
            && (paper.approver != Some(q.who) || only_reads)
            && !paper.ended
            && in_time
            && for_case
            && for_person
            && paper.actions.contains(&q.action.name())
            && q.source.is_none_or(|class| paper.sources.contains(&class.name()))
            && !unnamed
            && inside(&q.host, &paper.hosts)
            // A paper for some items lets nobody ask for restricted ones without saying which.
            && !(["filter", "supervise", "contact"].contains(&q.action.name()) && q.host.is_none() && paper.hosts.is_some())
            && inside(&q.person, &paper.persons)
            && inside(&q.land, &paper.lands)
    }

    /// Whether this person may make the paper live by this step.
    fn may_approve(&self, paper: usize, who: usize, by_check: bool) -> bool {
        let paper = &self.papers[paper];
        let own = paper.author == who || paper.holders.contains(&who);
        let grants = [Role::Supervisor, Role::Prosecutor].contains(&self.roles[who]);
        !own && !paper.approved && !paper.ended && by_check == paper.from_court && (by_check || grants)
    }
}

/// The model's side, and the registrar beside it.
struct World {
    dice: Dice,
    people: Vec<ActorId>,
    cases: Vec<CaseId>,
    authorities: Vec<Authority>,
    registrar: Registrar,
    tally: Tally,
}

#[derive(Default, Debug)]
struct Tally {
    actions: u64,
    asked: u64,
    by_paper: u64,
    by_standing: u64,
    refused_person: u64,
    refused_ground: u64,
    refused_after_end: u64,
    approvals: u64,
    approvals_refused: u64,
    executed_without_ground: u64,
}

fn world(seed: u64, tally: Tally) -> World {
    let mut dice = Dice(seed);
    let working = [Role::Investigator, Role::Investigator, Role::Analyst, Role::Supervisor];
    let roles: Vec<Role> = (0..PEOPLE).map(|n| if n < 5 { dice.pick(&working) } else { dice.pick(&Role::ALL) }).collect();
    let member = (0..PEOPLE).map(|_| std::array::from_fn(|_| !dice.one_in(6))).collect();
    let registrar = Registrar { roles, member, standing: [CaseStanding::default(); CASES], papers: vec![], now: 0 };
    let people = (0..PEOPLE).map(|_| ActorId::from_random(dice.bytes())).collect();
    let cases = (0..CASES).map(|_| CaseId::from_random(dice.bytes())).collect();
    World { dice, people, cases, authorities: vec![], registrar, tally }
}

fn limit(words: Option<&Vec<&'static str>>) -> Limit {
    match words {
        None => Limit::from_names(&["any".to_string()]),
        Some(words) => Limit::from_names(&words.iter().map(|w| w.to_uppercase()).collect::<Vec<_>>()),
    }
}

impl World {
    fn step(&mut self) {
        self.tally.actions += 1;
        match self.dice.below(100) {
            0..=3 => self.record(),
            4..=11 => self.approve(),
            12 => self.revoke(),
            13..=17 => self.jump(),
            18 => self.change_case(),
            _ => self.ask(),
        }
    }

    fn record(&mut self) {
        if self.registrar.papers.len() >= MOST_PAPERS {
            let gone = self.dice.below(MOST_PAPERS);
            self.registrar.papers.swap_remove(gone);
            self.authorities.swap_remove(gone);
        }
        let kind = self.dice.pick(&AuthorityKind::ALL);
        let paper = self.random_paper(kind);
        let authority = self.authority_of(kind, &paper);
        self.authorities.push(authority);
        self.registrar.papers.push(paper);
        assert!(self.authorities.last().unwrap().validate().is_ok());
    }

    fn random_paper(&mut self, kind: AuthorityKind) -> Paper {
        let dice = &mut self.dice;
        let everyone: Vec<usize> = (0..PEOPLE).collect();
        let names: Vec<&'static str> = Action::ALL.iter().map(|a| a.name()).collect();
        let sources: Vec<&'static str> = kind.widest_sources().iter().map(|c| c.name()).collect();
        let from = self.registrar.now + (dice.below(48) as i64 - 36) * HOUR;
        Paper {
            case: if kind == AuthorityKind::StandingUnit { None } else { Some(dice.below(CASES)) },
            holders: if dice.one_in(2) { vec![] } else { dice.some(&everyone, 1, 2) },
            author: dice.below(PEOPLE),
            from_court: ["court-order", "prosecutor", "consent", "emergency"].contains(&kind.name()),
            of_a_magistrate: ["court-order", "prosecutor"].contains(&kind.name()),
            lets_meet: ["court-order", "prosecutor", "training"].contains(&kind.name()),
            actions: dice.some(&names, 4, 5),
            sources: dice.some(&sources, 4, 5),
            hosts: (!dice.one_in(2)).then(|| dice.some(&HOSTS, 3, 4)),
            persons: (!dice.one_in(2)).then(|| dice.some(&PERSONS, 3, 4)),
            lands: (!dice.one_in(2)).then(|| dice.some(&LANDS, 3, 4)),
            from,
            until: from + (1 + dice.below(if kind == AuthorityKind::Emergency { 48 } else { 96 }) as i64) * HOUR,
            approved: false,
            approver: None,
            ended: false,
        }
    }

    fn authority_of(&mut self, kind: AuthorityKind, paper: &Paper) -> Authority {
        Authority {
            id: AuthorityId::from_random(self.dice.bytes()),
            kind,
            case: paper.case.map(|n| self.cases[n].clone()),
            reference: "D-1".into(),
            zone: "UTC".into(),
            holders: paper.holders.iter().map(|n| self.people[*n].clone()).collect(),
            recorded_by: self.people[paper.author].clone(),
            scope: AuthorityScope {
                actions: paper.actions.iter().map(|name| name.parse().unwrap()).collect(),
                sources: paper.sources.iter().map(|name| name.parse().unwrap()).collect(),
                selectors: limit(paper.hosts.as_ref()),
                persons: limit(paper.persons.as_ref()),
                territory: limit(paper.lands.as_ref()),
            },
            from: Moment::from_micros(paper.from),
            until: Moment::from_micros(paper.until),
            state: AuthorityState::Recorded,
            amends: None,
            extends: None,
            ratified: None,
        }
    }

    fn approve(&mut self) {
        if self.authorities.is_empty() {
            return;
        }
        let (n, who, by_check) = (self.dice.below(self.authorities.len()), self.dice.below(PEOPLE), self.dice.one_in(2));
        let lawful = self.registrar.may_approve(n, who, by_check);
        let (by, role, at) = (&self.people[who], self.registrar.roles[who], Moment::from_micros(self.registrar.now));
        let authority = &mut self.authorities[n];
        let answer = if by_check { authority.check(by, at) } else { authority.grant(by, role, at) };
        assert_eq!(answer.is_ok(), lawful, "person {who} ({role}) on paper {n}: {answer:?}");
        self.registrar.papers[n].approved |= lawful;
        if lawful {
            self.registrar.papers[n].approver = Some(who);
        }
        if lawful { self.tally.approvals += 1 } else { self.tally.approvals_refused += 1 }
    }

    fn revoke(&mut self) {
        if self.authorities.is_empty() {
            return;
        }
        let (n, who) = (self.dice.below(self.authorities.len()), self.dice.below(PEOPLE));
        let answer = self.authorities[n].revoke(&self.people[who], Moment::from_micros(self.registrar.now));
        assert_eq!(answer.is_ok(), !self.registrar.papers[n].ended);
        self.registrar.papers[n].ended = true;
    }

    /// The clock jumps: a little, a lot, backwards, or exactly onto the edge of some paper.
    fn jump(&mut self) {
        let edge = (!self.registrar.papers.is_empty() && self.dice.one_in(3)).then(|| {
            let paper = &self.registrar.papers[self.dice.below(self.registrar.papers.len())];
            self.dice.pick(&[paper.from - 1, paper.from, paper.until - 1, paper.until])
        });
        self.registrar.now = edge.unwrap_or_else(|| match self.dice.below(8) {
            0 => self.registrar.now - self.dice.below(72) as i64 * HOUR,
            1 => self.registrar.now + self.dice.below(120) as i64 * HOUR,
            _ => self.registrar.now + self.dice.below(2) as i64 * HOUR + 1,
        });
    }

    fn change_case(&mut self) {
        let (case, who) = (self.dice.below(CASES), self.dice.below(PEOPLE));
        match self.dice.below(4) {
            0 => self.registrar.standing[case].court_process ^= true,
            1 => self.registrar.standing[case].legal_hold ^= true,
            2 => self.registrar.standing[case].closed = self.dice.one_in(4),
            _ => self.registrar.member[who][case] ^= true,
        }
    }

    fn question(&mut self) -> Question {
        let papers = self.authorities.len();
        let dice = &mut self.dice;
        let mut word = |words: &[&'static str]| {
            let word = dice.pick(words);
            match dice.below(4) {
                0 => Some(word.to_uppercase()),
                1 => Some(word.to_string()),
                _ => None,
            }
        };
        let (host, person, land) = (word(&HOSTS), word(&PERSONS), word(&LANDS));
        Question {
            who: dice.below(PEOPLE),
            case: dice.below(CASES),
            action: dice.pick(&Action::ALL),
            source: dice.one_in(2).then(|| dice.pick(&SourceClass::ALL)),
            host,
            person,
            land,
            only: (papers > 0 && dice.one_in(4)).then(|| dice.below(papers)),
        }
    }

    fn ask(&mut self) {
        let q = self.question();
        let ask = Ask {
            actor: &self.people[q.who],
            role: self.registrar.roles[q.who],
            member: self.registrar.member[q.who][q.case],
            case: &self.cases[q.case],
            standing: self.registrar.standing[q.case],
            action: q.action,
            source: q.source,
            target: q.host.as_deref(),
            person: q.person.as_deref(),
            territory: q.land.as_deref(),
            under: None,
            only: q.only.map(|n| &self.authorities[n].id),
            bound: None,
            now: Moment::from_micros(self.registrar.now),
        };
        let answer = authorize(&ask, &self.authorities);
        let verdict = self.registrar.judge(&q);
        self.tally.asked += 1;
        match (answer, verdict) {
            (Ok(Ground::Standing(given)), Verdict::Standing(right)) if given == right => self.tally.by_standing += 1,
            (Ok(Ground::Authority(id)), Verdict::Papers(would_do)) if self.is_one_of(&id, &would_do) => self.tally.by_paper += 1,
            (Err(refusal), Verdict::NotThisPerson) => {
                assert!(matches!(refusal.law, Law::Separation | Law::Permit), "{refusal:?}");
                self.tally.refused_person += 1;
            }
            (Err(refusal), Verdict::Papers(would_do)) if would_do.is_empty() => {
                let held = q.action.name() == "erase" && self.registrar.standing[q.case].legal_hold;
                assert_eq!(refusal.law, if held { Law::Erasure } else { Law::Permit });
                self.tally.refused_ground += 1;
                self.tally.refused_after_end += u64::from(self.registrar.papers.iter().any(|p| p.approved && p.ended));
            }
            (answer, verdict) => {
                self.tally.executed_without_ground += u64::from(answer.is_ok());
                panic!("action {}: authorize says {answer:?}, the registrar says {verdict:?} to {:?}", self.tally.actions, q.action);
            }
        }
    }

    fn is_one_of(&self, id: &AuthorityId, would_do: &[usize]) -> bool {
        would_do.iter().any(|n| self.authorities[*n].id == *id)
    }
}

#[test]
fn law_01_a_million_random_actions_execute_nothing_without_a_live_ground() {
    let mut tally = Tally::default();
    let mut seed = 0;
    while tally.actions < ACTIONS {
        seed += 1;
        let mut world = world(seed, tally);
        (0..ACTIONS_PER_WORLD).for_each(|_| world.step());
        tally = world.tally;
    }
    eprintln!("{tally:?}");
    assert_eq!(tally.actions, ACTIONS);
    assert_eq!(tally.executed_without_ground, 0);
    // The test must have had the chance to fail: every outcome happened often.
    let often = BTreeSet::from([
        tally.by_paper,
        tally.by_standing,
        tally.refused_person,
        tally.refused_ground,
        tally.refused_after_end,
        tally.approvals,
        tally.approvals_refused,
    ]);
    assert!(often.first().is_some_and(|least| *least > 5_000), "{tally:?}");
}
