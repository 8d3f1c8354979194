//! Laws 1, 2, 3 and 15 on the store: thousands of random steps by six people in two cases, while
//! authorities are recorded, checked, revoked and run out under a jumping clock.
//!
//! The test keeps its own papers and says before each step what must happen. Afterwards the log must
//! hold exactly the events that were acknowledged, each with the ground that the papers gave it.

use std::collections::BTreeMap;

use model::{
    Law,
    action::Action,
    actor::Role,
    authority::{Authority, Limit, SourceClass},
    authorize::{Ground, StandingBasis},
    id::{AuthorityId, CaseId},
};
use serde_json::Value;
use store::{Intent, Permit, Scope, StoreError};

use crate::house::{HOUR, House, ON_SERVER, authority, commit_note};

const STEPS: usize = 20_000;

/// A server answers each question over its socket: a fifth of the way by default, all of it with `./test --all`.
fn steps() -> usize {
    if ON_SERVER && std::env::var_os("LANTERNFISH_ALL").is_none() { STEPS / 5 } else { STEPS }
}

/// What of a number that is due after all steps is due after these.
fn share(of_all: u64, steps: usize) -> u64 {
    of_all * steps as u64 / STEPS as u64
}

const ACTIVE_PAPERS: usize = 10;
const WORKERS: [(&str, Role); 5] = [
    ("Noy", Role::Investigator), ("Dao", Role::Investigator), ("Kham", Role::Supervisor), ("Phet", Role::Prosecutor),
    ("Seng", Role::Analyst),
];
/// Who checks every paper: Phet.
const CHECKER: usize = 3;
const HOSTS: [&str; 3] = ["market.test", "forum.test", "127.0.0.1:80"];

/// What each role may do at all (`administer` is used by the test itself).
const MAY: [(Role, &str); 4] = [
    (Role::Investigator, "collect collect-media collect-rendered admit view examine query trace link conclude report package disclose correct share request transfer administer erase release contact"),
    (Role::Analyst, "view examine query trace link conclude report transfer package correct release"),
    (Role::Supervisor, "view query transfer administer audit report package disclose correct conclude erase supervise release"),
    (Role::Prosecutor, "view query transfer administer audit report package disclose correct share request erase supervise release"),
];

/// The test's own copy of an authority.
struct Paper {
    authority: Authority,
    case: usize,
    live: bool,
    ended: bool,
}

/// A permit that somebody still holds.
struct Held {
    who: usize,
    case: usize,
    question: Question,
    permit: Permit,
}

#[derive(Clone)]
struct Question {
    action: Action,
    source: Option<SourceClass>,
    host: Option<&'static str>,
}

struct Walk {
    house: House,
    state: u64,
    cases: Vec<CaseId>,
    scopes: Vec<Vec<Scope>>,
    papers: Vec<Paper>,
    held: Vec<Held>,
    acknowledged: u64,
    rows: usize,
    grounds: BTreeMap<u64, Ground>,
    tally: BTreeMap<&'static str, u64>,
}

fn walk() -> Walk {
    let house = House::in_memory();
    let names: Vec<&str> = WORKERS.iter().map(|(name, _)| *name).collect();
    let cases = vec![house.open_case(&names), house.open_case(&names)];
    let scopes = cases.iter().map(|case| names.iter().map(|name| house.scope(name, case)).collect()).collect();
    let acknowledged = house.store.log_size().unwrap();
    Walk {
        house, state: 20_000, cases, scopes, papers: vec![], held: vec![], acknowledged, rows: 0, grounds: BTreeMap::new(),
        tally: BTreeMap::new(),
    }
}

impl Walk {
    fn below(&mut self, n: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.state >> 33) % n as u64).unwrap()
    }

    fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    fn question(&mut self) -> Question {
        Question {
            action: Action::ALL[self.below(Action::ALL.len())],
            source: (self.below(2) == 0).then(|| SourceClass::ALL[self.below(6)]),
            host: (self.below(2) == 0).then(|| HOSTS[self.below(HOSTS.len())]),
        }
    }

    fn standing(action: Action) -> Option<StandingBasis> {
        match action.name() {
            "audit" => Some(StandingBasis::Oversight),
            "transfer" => Some(StandingBasis::Custody),
            "administer" => Some(StandingBasis::Retention),
            "correct" => Some(StandingBasis::DisclosureDuty),
            "release" => Some(StandingBasis::LifeOrDefence),
            _ => None,
        }
    }

    /// Every ground that would do now; `None` when the role may never.
    fn grounds_for(&self, who: usize, case: usize, q: &Question) -> Option<Vec<Ground>> {
        let role = WORKERS[who].1;
        let (_, words) = MAY.iter().find(|(r, _)| *r == role).unwrap();
        if !words.split(' ').any(|word| word == q.action.name()) {
            return None;
        }
        if let Some(basis) = Walk::standing(q.action) {
            return Some(vec![Ground::Standing(basis)]);
        }
        let would_do = self.papers.iter().filter(|paper| self.does(paper, who, case, q));
        Some(would_do.map(|paper| Ground::Authority(paper.authority.id.clone())).collect())
    }

    fn does(&self, paper: &Paper, who: usize, case: usize, q: &Question) -> bool {
        let (authority, now) = (&paper.authority, self.house.store.now());
        let holds = authority.holders.is_empty() || authority.holders.contains(self.scopes[case][who].actor());
        let host = match (&authority.scope.selectors, q.host) {
            (Limit::Only(names), Some(host)) => names.contains(host),
            // A paper for some items opens no queue of restricted ones.
            (Limit::Only(_), None) => !["filter", "supervise", "contact"].contains(&q.action.name()),
            _ => true,
        };
        // Phet approved every paper: he reads, reports and signs under it, and acts on none.
        let only_reads = ["view", "report", "package", "disclose", "transfer", "administer", "audit"].contains(&q.action.name());
        if who == CHECKER && !only_reads {
            return false;
        }
        // No question here names a person, and nothing is erased without one.
        if q.action.name() == "erase" {
            return false;
        }
        let in_scope = authority.scope.actions.contains(&q.action) && q.source.is_none_or(|s| authority.scope.sources.contains(&s));
        paper.live && !paper.ended && paper.case == case && holds && host && in_scope && authority.from <= now && now < authority.until
    }

    fn step(&mut self, number: usize) {
        match self.below(100) {
            0..=2 => self.record(),
            3..=4 => self.revoke(),
            5..=9 => {
                let seconds = [1, 60, HOUR / 2, HOUR, -HOUR, -60][self.below(6)];
                self.house.turn_clock(seconds);
            }
            10..=59 => self.ask(),
            60..=94 => self.commit(number),
            95..=96 => self.commit_elsewhere(number),
            _ => self.conflict(),
        }
    }

    fn ask(&mut self) {
        let (who, case, question) = (self.below(WORKERS.len()), self.below(2), self.question());
        let right = self.grounds_for(who, case, &question);
        let mut intent = Intent::to(question.action);
        intent.source = question.source;
        intent.target = question.host.map(str::to_string);
        match (self.house.store.permit(&self.scopes[case][who], intent), right) {
            (Ok(permit), Some(grounds)) if grounds.contains(permit.ground()) => {
                if self.held.len() >= 40 {
                    let gone = self.below(self.held.len());
                    self.held.swap_remove(gone);
                }
                self.held.push(Held { who, case, question, permit });
                self.count("permits");
            }
            (Err(StoreError::Refused { .. }), None) => self.refused("refused by role"),
            (Err(StoreError::Refused { law: Law::Permit, .. }), Some(grounds)) if grounds.is_empty() => self.refused("refused for want of a ground"),
            (answer, right) => panic!("{:?} by {}: {answer:?}, but the papers say {right:?}", question.action, WORKERS[who].0),
        }
    }

    /// A refused permit is an acknowledged event.
    fn refused(&mut self, what: &'static str) {
        self.acknowledged += 1;
        self.count(what);
    }

    fn commit(&mut self, number: usize) {
        if self.held.is_empty() {
            return;
        }
        let place = self.below(self.held.len());
        let held = &self.held[place];
        let still = self.grounds_for(held.who, held.case, &held.question).is_some_and(|all| all.contains(held.permit.ground()));
        let scope = &self.scopes[held.case][held.who];
        let answer = commit_note(&self.house.store, scope, &held.permit, &format!("note-{number}"), "a step");
        match answer {
            Ok(done) if still => {
                assert_eq!(done.event, self.acknowledged);
                self.grounds.insert(done.event, held.permit.ground().clone());
                self.acknowledged += 1;
                self.rows += 1;
                self.count("commits");
            }
            Err(StoreError::Refused { law: Law::Revocation, .. }) if !still => {
                self.held.swap_remove(place);
                self.count("stopped");
            }
            answer => panic!("commit {answer:?}, but the ground holds: {still}"),
        }
    }

    /// Somebody tries a permit that is not his.
    fn commit_elsewhere(&mut self, number: usize) {
        if self.held.is_empty() {
            return;
        }
        let place = self.below(self.held.len());
        let held = &self.held[place];
        let stranger = &self.scopes[held.case][(held.who + 1) % WORKERS.len()];
        let answer = commit_note(&self.house.store, stranger, &held.permit, &format!("note-{number}"), "stolen");
        assert_eq!(answer.unwrap_err().law(), Some(Law::Permit));
        self.count("stolen");
    }

    /// The same row twice: the second is refused as a whole.
    fn conflict(&mut self) {
        let Some(last) = self.grounds.keys().next_back() else { return };
        let id = self.house.store.event(*last).unwrap().leaf.object.unwrap();
        let scope = &self.scopes[0][0];
        let permit = self.house.store.permit(scope, Intent::to(Action::Transfer)).unwrap();
        assert!(commit_note(&self.house.store, scope, &permit, &id, "again").is_err());
        self.count("conflicts");
    }

    /// Kham records, Phet checks (the model's own tests try every wrong pair of hands).
    fn record(&mut self) {
        let active = self.papers.iter().filter(|paper| !paper.ended && paper.authority.until > self.house.store.now()).count();
        if active >= ACTIVE_PAPERS {
            return;
        }
        let case = self.below(2);
        let hours = 1 + i64::try_from(self.below(6)).unwrap();
        let mut paper = authority(&self.house, &self.cases[case], hours);
        paper.scope.actions = Action::ALL.into_iter().filter(|_| self.below(4) > 0).collect();
        paper.scope.sources = SourceClass::ALL.into_iter().filter(|_| self.below(4) > 0).collect();
        if self.below(2) == 0 {
            paper.scope.selectors = Limit::from_names(&[HOSTS[self.below(HOSTS.len())].to_string()]);
        }
        if self.below(2) == 0 {
            let some: Vec<usize> = [0, 1, 4].into_iter().filter(|_| self.below(3) > 0).collect();
            paper.holders = some.into_iter().map(|n| self.scopes[case][n].actor().clone()).collect();
        }
        self.house.record(&self.scopes[case][2], &paper).unwrap();
        self.acknowledged += 1;
        let live = self.below(4) > 0;
        if live {
            paper.check(self.scopes[case][3].actor(), self.house.store.now()).unwrap();
            self.house.decide(&self.scopes[case][3], &paper).unwrap();
            self.acknowledged += 1;
        }
        self.rows += 1;
        self.papers.push(Paper { authority: paper, case, live, ended: false });
    }

    fn revoke(&mut self) {
        let open: Vec<usize> = (0..self.papers.len()).filter(|n| !self.papers[*n].ended).collect();
        if open.is_empty() || self.below(2) == 0 {
            return;
        }
        let n = open[self.below(open.len())];
        let paper = &mut self.papers[n];
        paper.authority.revoke(self.scopes[paper.case][2].actor(), self.house.store.now()).unwrap();
        self.house.decide(&self.scopes[paper.case][2], &paper.authority).unwrap();
        paper.ended = true;
        self.acknowledged += 1;
        self.count("revocations");
    }

    /// Each committed event says the ground that the papers gave it, and no other event of that kind is there.
    fn check_grounds(&self) {
        let mut seen = 0;
        for scopes in &self.scopes {
            for (event, detail) in self.house.store.events(&scopes[0], 0, u32::MAX).unwrap() {
                if event.leaf.event_type.name() == "finding-added" {
                    let ground: Ground = serde_json::from_value(detail["ground"].clone()).unwrap();
                    assert_eq!(Some(&ground), self.grounds.get(&event.leaf.seq), "event {}", event.leaf.seq);
                    assert_ne!(detail, Value::Null);
                    seen += 1;
                }
            }
        }
        assert_eq!(seen, self.grounds.len());
    }
}

#[test]
fn law_01_twenty_thousand_random_actions_on_the_store_execute_nothing_without_a_ground() {
    let (mut walk, steps) = (walk(), steps());
    let rows_before = walk.house.store.verify_log().unwrap().rows;
    for number in 0..steps {
        walk.step(number);
    }
    eprintln!("{steps} steps, {} events acknowledged: {:?}", walk.acknowledged, walk.tally);
    walk.house.check_log(walk.acknowledged);
    assert_eq!(walk.house.store.verify_log().unwrap().rows, rows_before + walk.rows as u64);
    walk.check_grounds();
    for what in ["permits", "commits", "stopped", "stolen", "conflicts", "revocations", "refused by role", "refused for want of a ground"] {
        assert!(walk.tally.get(what).is_some_and(|n| *n > share(50, steps)), "{what} hardly happened: {:?}", walk.tally);
    }
    let by_paper = walk.grounds.values().filter(|ground| matches!(ground, Ground::Authority(_))).count();
    assert!(by_paper as u64 > share(500, steps), "{by_paper}");
    assert!(walk.papers.iter().map(|p| &p.authority.id).collect::<std::collections::BTreeSet<&AuthorityId>>().len() > 20);
}
