//! Crawls and their schedules. From typed words to steps of the desk; no rule is decided here.

use std::collections::BTreeSet;

use desk::{
    DeskError, Scope, Session,
    admit::{self, AdmitFile},
    case,
    crawl::{self, Changes, CrawlPermits, CrawlView, CrawlWish, ScheduleWish, Told},
    doctor, persona,
};
use model::{
    action::Action,
    crawl::{Address, Change, CrawlScope, RobotsPolicy},
    exhibit::ExhibitClass,
    moment::{DayEdge, civil_to_moment},
};

use serde_json::json;

use super::{Done, Office, exhibits, parsed};
use crate::{args::*, in_short, output::Pace};

impl Office {
    pub(super) fn collect(&self, verb: CollectVerb) -> Done {
        match verb {
            CollectVerb::Crawl(typed) => {
                let (session, scope) = self.to_collect(&typed.case)?;
                let wish = self.wish(&session, &scope, &typed)?;
                let permits = CrawlPermits::ask(&self.desk, &session, &scope, &wish)?;
                self.warn(&permits.warnings());
                let label = crawl::begin(&self.desk, &scope, &permits, &wish)?;
                self.crawl_on(&scope, &permits, &label)?;
            }
            CollectVerb::Resume { case, crawl } => self.go_on(&case, &crawl, false)?,
            CollectVerb::Retry { case, crawl } => self.go_on(&case, &crawl, true)?,
            CollectVerb::Stop { case, which, reason } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                if which.starts_with(['R', 'r']) {
                    self.voice.say(&crawl::unschedule(&self.desk, &scope, &permit, &which, &reason)?);
                } else {
                    self.tell_crawl(&crawl::stop(&self.desk, &scope, &permit, &which, &reason)?);
                }
            }
            CollectVerb::Status { case, crawl } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                let status = crawl::status(&self.desk, &scope, &permit, crawl.as_deref())?;
                self.voice.tell_all(&status.crawls, || status.crawls.iter().flat_map(in_short::crawl).collect(), "the case has no crawl yet");
                for under in &status.captures {
                    self.voice.tell(&json!({"capture": under}), || vec![format!("{}: {}", under.order, in_short::under_way(under))]);
                }
                if crawl.is_none() {
                    let schedules = crawl::schedules(&self.desk, &scope)?;
                    self.voice.say_all(&schedules, "the case has no schedule");
                }
            }
            CollectVerb::Sitemap { case, crawl, state, admit: true } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                let mut lines = Vec::new();
                crawl::sitemap(&self.desk, &scope, &permit, &crawl, state.as_deref(), &mut |line| lines.extend(serde_json::to_string(&line).map(|line| line + "\n").unwrap_or_default().into_bytes()))?;
                let typed = AdmitFile {
                    description: format!("addresses that the crawl {crawl} met, and what became of each"),
                    source: crawl.clone(),
                    origin: crawl::wish_of(&self.desk, &scope, &crawl)?.origin,
                    class: ExhibitClass::Ordinary,
                    original_name: Some(format!("{crawl}-sitemap.jsonl")),
                    declared: vec![],
                    manual: None,
                };
                let permit = self.desk.permit(&scope, typed.intent())?;
                self.tell_exhibit(&scope, &admit::file(&self.desk, &scope, &permit, &typed, &mut lines.as_slice())?)?;
            }
            CollectVerb::Sitemap { case, crawl, state, admit: false } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                let voice = self.voice;
                let count = crawl::sitemap(&self.desk, &scope, &permit, &crawl, state.as_deref(), &mut |line| voice.tell(&line, || vec![in_short::page(&line)]))?;
                voice.note(format!("{}; hints such as captcha or login-wall are marks on the page, not proof", in_short::count(count, "address")));
            }
            CollectVerb::Changes { case, before, now } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                let Changes { lines, same, outside } = crawl::changes(&self.desk, &scope, &permit, &before, &now)?;
                self.voice.tell_all(&lines, || lines.iter().map(in_short::change).collect(), "nothing changed");
                let near = lines.iter().filter(|line| line.change == Change::Near).count();
                let verb = |number: u64| if number == 1 { "is" } else { "are" };
                self.voice.note(format!(
                    "{} {} the same byte for byte; {near} {} called nearly the same by a measure that can err both ways (docs/guide/crawl.md)",
                    in_short::count(same, "page"),
                    verb(same),
                    verb(near as u64)
                ));
                if outside > 0 {
                    self.voice.note(format!("{} outside the scope of one of the two crawls: nothing is said about them", in_short::count(outside, "page")));
                }
            }
            CollectVerb::Schedule { every, until, crawl: typed } => {
                let (session, scope) = self.to_collect(&typed.case)?;
                let wish = ScheduleWish { crawl: self.wish(&session, &scope, &typed)?, every_seconds: seconds(&every)?, until: self.until(&scope, &until)? };
                let permits = CrawlPermits::ask(&self.desk, &session, &scope, &wish.crawl)?;
                self.warn(&permits.warnings());
                self.voice.say(&crawl::schedule(&self.desk, &scope, &permits, &wish)?);
                self.voice.note("nothing runs by itself: let cron or a timer call `lanternfish collect run-due` in your session");
            }
            CollectVerb::RunDue { case } => return self.run_due(&case),
            CollectVerb::Doctor => {
                let lines = doctor::collecting(&self.desk);
                self.voice.say_all(&lines, "nothing to say");
                return Ok(if lines.iter().all(|line| line.ok || line.warning) { 0 } else { 3 });
            }
        }
        Ok(0)
    }

    /// Whoever collects: his role is asked first, the authority for what he wants to fetch afterwards.
    fn to_collect(&self, case: &InCase) -> Result<(Session, Scope), DeskError> {
        let (session, scope) = self.enter(case)?;
        self.desk.of_role(&scope, Action::Collect)?;
        Ok((session, scope))
    }

    fn go_on(&self, case: &InCase, label: &str, failed: bool) -> Result<(), DeskError> {
        let (session, scope) = self.to_collect(case)?;
        let wish = crawl::wish_of(&self.desk, &scope, label)?;
        let permits = CrawlPermits::ask(&self.desk, &session, &scope, &wish)?;
        self.warn(&permits.warnings());
        crawl::reopen(&self.desk, &scope, &permits, label, failed)?;
        self.crawl_on(&scope, &permits, label)
    }

    fn run_due(&self, case: &InCase) -> Done {
        let (session, scope) = self.to_collect(case)?;
        let voice = self.voice;
        let due = crawl::due(&self.desk, &session, &scope, &mut |said| voice.note(said))?;
        if due.is_empty() {
            voice.note("nothing is due");
        }
        let mut last = 0;
        for one in &due {
            voice.note(format!("{}: {}", one.schedule, one.crawl));
            let went = CrawlPermits::ask(&self.desk, &session, &scope, &one.wish).and_then(|permits| self.crawl_on(&scope, &permits, &one.crawl));
            // One that is refused does not keep the others from their turn.
            if let Err(error) = went {
                voice.note(format!("{}: {error}", one.crawl));
                last = i32::from(error.exit_code());
            }
        }
        Ok(last)
    }

    fn crawl_on(&self, scope: &Scope, permits: &CrawlPermits<'_>, label: &str) -> Result<(), DeskError> {
        let (voice, label, mut pace) = (self.voice, label.to_string(), Pace::default());
        voice.note(format!("{label}: it can be stopped with `lanternfish collect stop`, and goes on with `lanternfish collect resume`"));
        let view = crawl::run(&self.desk, scope, permits, &label, &mut |told| match told {
            Told::Tor(percent) => voice.note(format!("tor: {percent} %")),
            Told::Waiting => voice.note("the desk of its last round died: waiting until its collector has signed or its lease is over"),
            Told::Under(before, under) => pace.tell(voice, &under, || format!("{}; now: {}", in_short::progress(before), in_short::under_way(&under))),
            Told::Round(view) => voice.note(in_short::progress(view)),
        })?;
        self.tell_crawl(&view);
        if view.unanswered {
            return Err(DeskError::Environment {
                attempt: format!("carrying on {label}"),
                cause: "nothing came any more; what came is kept: see `lanternfish collect sitemap` for the reasons, look at the connection, and run `lanternfish collect retry`".into(),
            });
        }
        Ok(())
    }

    fn tell_crawl(&self, view: &CrawlView) {
        self.voice.tell(view, || in_short::crawl(view));
    }
}

/// The last year of a schedule: anything later is another calendar's year.
const LAST_YEAR: &str = "2200";

impl Office {
    fn wish(&self, session: &Session, scope: &Scope, typed: &CrawlArgs) -> Result<CrawlWish, DeskError> {
        Ok(CrawlWish {
            scope: scope_of(typed)?,
            way: self.way(&typed.through, typed.tor_network.as_deref())?,
            origin: exhibits::origin(&typed.source, &typed.concerns)?,
            timeout_ms: typed.timeout_ms,
            round_pages: typed.round,
            description: typed.description.clone(),
            persona: typed.persona.as_deref().map(|name| persona::id_of(&self.desk, session, scope, name)).transpose()?,
        })
    }

    /// The end of a day in the zone of the case, or a moment.
    fn until(&self, scope: &Scope, typed: &str) -> Result<model::Moment, DeskError> {
        let moment: model::Moment = match typed.contains('T') {
            true => parsed(typed)?,
            false => civil_to_moment(typed, None, &case::zone(&self.desk, scope)?, DayEdge::End).map_err(|e| DeskError::input(e.to_string()))?,
        };
        if &moment.to_string()[..4] > LAST_YEAR {
            return Err(DeskError::input(format!("the year {} is too far away: write the Gregorian year", &moment.to_string()[..4])));
        }
        Ok(moment)
    }
}

fn scope_of(typed: &CrawlArgs) -> Result<CrawlScope, DeskError> {
    let read = |url: &str| Address::alone(url).map_err(|why| DeskError::input(format!("{} cannot be crawled: {}", model::quoted(url), why.in_words())));
    let starts = typed.urls.iter().map(|url| read(url)).collect::<Result<Vec<_>, _>>()?;
    let further = typed.hosts.iter().map(|host| read(&format!("http://{host}/"))).collect::<Result<Vec<_>, _>>()?;
    let all = || starts.iter().chain(&further);
    let hosts: BTreeSet<String> = all().map(|address| address.host().to_string()).collect();
    let mut origins: BTreeSet<String> = all().map(|address| address.origin().to_string()).collect();
    // A site on its usual port may send its visitors from http to https.
    let usual = all().filter(|address| address.origin().ends_with(&format!("://{}", address.host())));
    origins.extend(usual.flat_map(|address| ["http", "https"].map(|scheme| format!("{scheme}://{}", address.host()))));
    origins.extend(further.iter().map(|address| address.origin().replacen("http:", "https:", 1)));
    let starts = starts.iter().map(|start| start.as_str().to_string()).collect();
    if !typed.respect_robots && typed.ignore_robots.is_none() {
        return Err(DeskError::input("say what is done with robots.txt: `--respect-robots` obeys it, `--ignore-robots REASON` does not ask for it. Your authority decides which; the choice is recorded"));
    }
    let robots = match &typed.ignore_robots {
        Some(reason) => RobotsPolicy::Ignore { reason: reason.clone() },
        None => RobotsPolicy::Respect,
    };
    Ok(CrawlScope {
        starts,
        hosts: hosts.into_iter().collect(),
        origins: origins.into_iter().collect(),
        depth: typed.depth,
        pages: typed.pages,
        bytes: typed.bytes,
        page_bytes: typed.page_bytes,
        inside: typed.inside.clone(),
        outside: typed.outside.clone(),
        robots,
        pause_ms: typed.pause_ms,
        without: typed.without.clone(),
        per_pattern: typed.per_pattern,
    })
}

/// A period as people write it.
pub(super) fn seconds(text: &str) -> Result<i64, DeskError> {
    let wrong = || DeskError::input(format!("{} is not a period: write a number and s, m, h or d, such as 6h", model::quoted(text)));
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    number.checked_mul(each).filter(|seconds| *seconds > 0).ok_or_else(wrong)
}
