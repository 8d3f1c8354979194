//! Exhibits and their custody. From typed words to steps of the desk; no rule is decided here.

use std::{
    fs::File,
    io::Write,
    path::Path,
};

use desk::{
    Desk, DeskError, Intent, Permit, Scope,
    admit::{self, AdmitFile},
    capture::{self, CaptureView, CaptureWish},
    case, custody, inside, minimise, opening, page, papers, persona,
    reclassify::{self, ReclassifiedView},
    release,
    twice::{self, Told},
};
use model::{
    Law,
    action::Action,
    exhibit::{ExhibitClass, ManualCaptureNote, Origin, PhysicalItem},
    moment::ClockQuality,
};
use serde_json::json;

use super::{Done, Office, parsed};
use crate::{args::*, files::{self, New, write}, folder, in_short, output::{Pace, Pipe, print_bytes}};

impl Office {
    pub(super) fn capture(&self, case: &InCase, mut wish: CaptureWish, persona: Option<&str>) -> Done {
        // Before anything of the persona is opened.
        wish.no_media_with_a_session(persona.is_some())?;
        let (session, scope) = self.enter(case)?;
        if let Some(persona) = persona {
            let companion = persona::take_along(&self.desk, &session, &scope, persona, &capture::hosts(&wish.urls)?)?;
            self.warn(&companion.warnings());
            wish.persona = Some(companion);
        }
        let wish = &wish;
        let permits = wish.intents()?.into_iter().map(|intent| self.desk.permit(&scope, intent)).collect::<Result<Vec<_>, _>>()?;
        let mut pace = Pace::default();
        let view = capture::run(&self.desk, &scope, &permits, wish, &mut |told| match told {
            capture::Told::Tor(percent) => self.voice.note(format!("tor: {percent} %")),
            capture::Told::Under(under) => pace.tell(self.voice, &under, || in_short::under_way(&under)),
        })?;
        self.told_of_capture(&scope, &view)?;
        Ok(0)
    }

    /// The same, twice.
    pub(super) fn capture_twice(&self, case: &InCase, wish: &CaptureWish) -> Done {
        let (_, scope) = self.enter(case)?;
        let permits = wish.intents()?.into_iter().map(|intent| self.desk.permit(&scope, intent)).collect::<Result<Vec<_>, _>>()?;
        let (mut last, mut pace) = (Ok(()), Pace::default());
        let compared = twice::run(&self.desk, &scope, &permits, wish, &mut |told| match told {
            Told::Tor(percent) => self.voice.note(format!("tor: {percent} %")),
            Told::Under(under) => pace.tell(self.voice, &under, || in_short::under_way(&under)),
            Told::First(view) | Told::Second(view) => last = self.told_of_capture(&scope, view),
        })?;
        if let Some(comparison) = &compared {
            self.voice.tell(&json!({"captured_twice": comparison}), || vec![comparison.in_words()]);
        }
        last.map(|()| 0)
    }

    fn told_of_capture(&self, scope: &Scope, view: &CaptureView) -> Result<(), DeskError> {
        let zone = case::zone(&self.desk, scope)?;
        self.voice.tell(view, || in_short::capture(view, &zone));
        self.told_of(&view.exhibit);
        if let Some(why) = &view.stopped {
            let text = format!("{why}; what had arrived is kept as {}, marked partial", view.exhibit.exhibit);
            return Err(DeskError::refused(Law::Revocation, text));
        }
        if view.is_empty() {
            return Err(DeskError::Environment {
                attempt: "capturing".into(),
                cause: format!("nothing at all was received; the attempt is kept as {}: see how each address ended, look at the connection, and capture again", view.exhibit.exhibit),
            });
        }
        if !view.record.complete {
            self.voice.note("the capture is partial: see its fetches");
        }
        Ok(())
    }

    /// Leave to open an exhibit.
    fn to_view(&self, case: &InCase, exhibit: &str) -> Result<(Scope, Permit), DeskError> {
        let (_, scope) = self.enter(case)?;
        let permit = self.desk.permit(&scope, admit::intent_to_view(&self.desk, &scope, exhibit)?)?;
        Ok((scope, permit))
    }

    fn open(&self, typed: &OpenArgs) -> Result<(), DeskError> {
        let (scope, permit) = self.to_view(&typed.case, &typed.exhibit)?;
        let class = admit::view(&self.desk, &admit::row(&self.desk, &scope, &typed.exhibit)?)?.content.class;
        if class == ExhibitClass::PersonalSensitive && !typed.full && typed.part.is_none() {
            return self.view_minimised(&scope, &permit, &typed.exhibit, &typed.purpose, &typed.out);
        }
        self.view(&scope, &permit, (&typed.exhibit, typed.part.as_deref()), (&typed.purpose, typed.reason.as_deref()), &typed.out)
    }

    fn open_as_a_page(&self, typed: &OpenArgs) -> Result<(), DeskError> {
        let (scope, permit) = self.to_view(&typed.case, &typed.exhibit)?;
        let (view, html) = page::render(&self.desk, &scope, &permit, &typed.exhibit, typed.part.as_deref(), (&typed.purpose, typed.reason.as_deref()))?;
        if view.no_page.is_none() {
            write(&typed.out, html.as_bytes())?;
        }
        self.voice.say(&view);
        if let Some(why) = &view.no_page {
            self.voice.note(format!("it is not shown as a page: {why}. `lanternfish exhibit view` gives its bytes"));
        }
        Ok(())
    }

    fn parts(&self, typed: &PartsArgs) -> Result<(), DeskError> {
        let (scope, permit) = self.to_view(&typed.case, &typed.exhibit)?;
        let wanted = inside::Wanted { only: typed.part.as_deref(), pages: typed.pages, from: typed.from, most: typed.most };
        let found = inside::parts(&self.desk, &scope, &permit, &typed.exhibit, &wanted)?;
        self.voice.say_all(&found.parts, "nothing was taken out of it: it holds no parts, or it was not examined yet");
        if found.parts.len() < found.all {
            self.voice.note(format!("{} of {} parts are shown: ask for others with --from", found.parts.len(), found.all));
        }
        if found.restricted > 0 {
            self.voice.note(format!("{} parts are restricted and not listed", found.restricted));
        }
        Ok(())
    }

    pub(super) fn exhibit(&self, verb: ExhibitVerb) -> Done {
        match verb {
            ExhibitVerb::Admit(typed) => self.admit(*typed)?,
            ExhibitVerb::Show { case, exhibit } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                self.tell_exhibit(&scope, &admit::one(&self.desk, &scope, &permit, &exhibit)?)?;
            }
            ExhibitVerb::List { case, from, most, unexamined } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                // Of those before the first that was asked for nothing is said.
                let none = match (unexamined, &from) {
                    (true, None) => "every exhibit with bytes was examined, or may not be",
                    (true, Some(_)) => "from there on every exhibit with bytes was examined, or may not be",
                    (false, None) => "the case has no exhibit yet",
                    (false, Some(_)) => "the case has no exhibit from there on",
                };
                let views = match (from, most) {
                    (from, most) if unexamined => admit::list_unexamined(&self.desk, &scope, &permit, from.as_deref().unwrap_or("E-0001"), most.unwrap_or(u32::MAX))?,
                    (None, None) => admit::list(&self.desk, &scope, &permit)?,
                    (from, most) => admit::list_from(&self.desk, &scope, &permit, from.as_deref().unwrap_or("E-0001"), most.unwrap_or(u32::MAX))?,
                };
                let zone = case::zone(&self.desk, &scope)?;
                self.voice.tell_all(&views, || in_short::exhibits(&views, &zone), none);
                self.tell_accidents(&scope, &case.case)?;
            }
            ExhibitVerb::View(typed) => self.open(&typed)?,
            ExhibitVerb::Page(typed) => self.open_as_a_page(&typed)?,
            ExhibitVerb::Parts(typed) => self.parts(&typed)?,
            ExhibitVerb::Label { case, exhibit, out } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                let ready = papers::labels(&self.desk, &scope, &permit, &exhibit)?;
                self.paper(&scope, &permit, &ready, out.as_deref())?;
            }
            ExhibitVerb::Accident { case, exhibit, reason } => return self.accident_with(&case, &exhibit, &reason),
            ExhibitVerb::Reclassify { case, exhibit, class: typed, reason } => {
                let (_, scope) = self.enter(&case)?;
                let permit = self.desk.permit(&scope, reclassify::intent_for(scope.role(), &exhibit)?)?;
                let view = reclassify::reclassify(&self.desk, &scope, &permit, &exhibit, class(&typed)?, &reason)?;
                self.voice.say(&view);
                self.after_reclassification(&view);
            }
            ExhibitVerb::Release { case, exhibit, because: None, reason } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                self.tell_exhibit(&scope, &admit::release(&self.desk, &scope, &permit, &exhibit, &reason)?)?;
            }
            ExhibitVerb::Release { case, exhibit, because: Some(because), reason } => {
                let (_, scope, permit) = self.to(&case, Action::Release)?;
                let view = release::ask(&self.desk, &scope, &permit, &exhibit, parsed(&because)?, &reason)?;
                self.voice.say(&view);
                let decide = format!("a supervisor or prosecutor other than you runs `lanternfish exhibit decide-release --case {} {}`", case.case, view.exhibit);
                self.voice.note(match view.open_until {
                    Some(_) => format!("it is open now, to be looked at. Within 48 hours {decide}; otherwise it is sealed again"),
                    None => format!("it stays sealed until {decide}"),
                });
            }
            ExhibitVerb::DecideRelease { case, exhibit, approve, refuse: _, reason } => {
                let (_, scope, permit) = self.to(&case, Action::Release)?;
                self.voice.say(&release::decide(&self.desk, &scope, &permit, &exhibit, approve, &reason)?);
            }
            ExhibitVerb::AllowOpening { case, exhibit, reason } => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                self.voice.say(&opening::allow(&self.desk, &scope, &permit, &exhibit, &reason)?);
                self.voice.note("what is inside it was not compared whole: whoever opens it closes it at once when he sees what nobody may see, and says so");
            }
            ExhibitVerb::Releases { case } => {
                let (_, scope, permit) = self.to(&case, Action::Release)?;
                self.voice.say_all(&release::list(&self.desk, &scope, &permit)?, "nothing of this case was released");
            }
        }
        Ok(0)
    }

    /// What a person must do now, in words.
    fn after_reclassification(&self, view: &ReclassifiedView) {
        for one in &view.went_out {
            self.voice.note(format!("ATTENTION, {}: {}", one.what, one.then));
        }
        if !view.look_at.is_empty() {
            self.voice.note(format!("only a part is the same in {}: look whether they are restricted too", view.look_at.join(", ")));
        }
        if !view.findings.is_empty() {
            self.voice.note(format!("held back until it is released: {}", view.findings.join(", ")));
        }
    }

    /// The minimised view, as a text file that says at its head what it covers and what not.
    fn view_minimised(&self, scope: &Scope, permit: &Permit, exhibit: &str, purpose: &str, out: &Path) -> Result<(), DeskError> {
        let mut view = minimise::view(&self.desk, scope, permit, exhibit, purpose)?;
        let paper = in_short::minimised(&view, &case::zone(&self.desk, scope)?);
        view.text = None;
        if out == Path::new("-") {
            print_bytes(paper.as_bytes());
        } else {
            write(out, paper.as_bytes())?;
            self.voice.say(&view);
        }
        self.voice.note(format!("minimised view: NOT covered are {}. The whole needs --full and --reason", view.not_masked));
        Ok(())
    }

    pub(super) fn view(&self, scope: &Scope, permit: &Permit, what: (&str, Option<&str>), why: (&str, Option<&str>), out: &Path) -> Result<(), DeskError> {
        let (purpose, reason) = why;
        if out == Path::new("-") {
            let mut out = Pipe(std::io::stdout().lock());
            open(&self.desk, scope, permit, what, (purpose, reason), &mut out)?;
            return out.flush().map_err(|e| DeskError::environment("writing the bytes", &e));
        }
        let mut file = New::at(out)?;
        match open(&self.desk, scope, permit, what, (purpose, reason), &mut file) {
            Ok(view) => self.tell_exhibit(scope, &view),
            Err(error) => {
                // What was written does not match the record and must not be taken for the exhibit.
                files::discard(out);
                Err(error)
            }
        }
    }

    pub(super) fn admit(&self, typed: AdmitArgs) -> Result<(), DeskError> {
        let case = InCase { case: typed.case.clone() };
        if typed.physical {
            let item = PhysicalItem {
                seal_number: typed.seal_number.clone().unwrap_or_default(),
                condition: typed.condition.clone().unwrap_or_default(),
            };
            let origin = origin(&typed.source_class, &typed.concerns)?;
            let (_, scope, permit) = self.with(&case, Intent::to(Action::Admit).on(&origin))?;
            return self.tell_exhibit(&scope, &admit::thing(&self.desk, &scope, &permit, &origin, &typed.description, &typed.source, &item)?);
        }
        let path = typed.file.clone().ok_or_else(|| DeskError::input("name the file to admit"))?;
        if let Some(mut sent) = files::sent_along(&path)? {
            let admission = admission(&typed, files::name_of(&path, Some(&sent)))?;
            let (_, scope, permit) = self.with(&case, admission.intent())?;
            return self.tell_exhibit(&scope, &admit::file(&self.desk, &scope, &permit, &admission, &mut sent.bytes)?);
        }
        if path.is_dir() {
            return self.admit_folder(&case, &typed, &path);
        }
        let file = File::open(&path).map_err(|e| DeskError::input(format!("{}: {e}", path.display())))?;
        let admission = admission(&typed, files::name_of(&path, None))?;
        let (_, scope, permit) = self.with(&case, admission.intent())?;
        admit::room_for(&self.desk, &file)?;
        self.tell_exhibit(&scope, &admit::file(&self.desk, &scope, &permit, &admission, &mut admit::Listening(file))?)
    }

    /// One exhibit; whether its declared digests are wrong is said on standard error too.
    pub(super) fn tell_exhibit(&self, scope: &Scope, view: &admit::ExhibitView) -> Result<(), DeskError> {
        let zone = case::zone(&self.desk, scope)?;
        self.voice.tell(view, || in_short::exhibit(view, &zone));
        for wrong in view.content.findings.iter().filter(|finding| finding.starts_with(admit::WRONG_DIGEST)) {
            self.voice.note(format!("ATTENTION, {}: {wrong}. Ask the giver for the item and its digest again; the item is kept as it came", view.exhibit));
        }
        self.told_of(view);
        Ok(())
    }

    /// A saved folder becomes one exhibit: a tar of its files.
    pub(super) fn admit_folder(&self, case: &InCase, typed: &AdmitArgs, path: &Path) -> Result<(), DeskError> {
        let mut admission = admission(typed, files::name_of(path, None))?;
        admission.original_name = admission.original_name.map(|name| format!("{name}.tar"));
        let (_, scope, permit) = self.with(case, admission.intent())?;
        let mut stream = folder::Stream::of(path).map_err(|e| DeskError::environment("reading the folder", &e))?;
        self.tell_exhibit(&scope, &admit::file(&self.desk, &scope, &permit, &admission, &mut stream)?)
    }

    /// A paper as a PDF in a file, or what stands on it.
    fn paper(&self, scope: &Scope, permit: &Permit, ready: &papers::Ready, out: Option<&Path>) -> Result<(), DeskError> {
        let Some(out) = out else {
            self.voice.say(&papers::shown(&self.desk, scope, permit, ready)?);
            return Ok(());
        };
        write(out, &papers::print(&self.desk, scope, permit, ready)?)?;
        self.voice.say(&json!({(ready.kind()): out, "items": ready.items()}));
        Ok(())
    }

    pub(super) fn transfer(&self, verb: TransferVerb) -> Done {
        let desk = &self.desk;
        let in_case = |case: &InCase| self.to(case, Action::Transfer);
        match verb {
            TransferVerb::Offer { case, exhibit, to, purpose } => {
                let (session, scope, permit) = in_case(&case)?;
                self.voice.say(&custody::offer(desk, &session, &scope, &permit, &exhibit, &to, &purpose)?);
            }
            TransferVerb::Accept { case, transfer, seal_number, condition } => {
                let (session, scope, permit) = in_case(&case)?;
                let check = seal_number.map(|seal_number| custody::SealCheck { seal_number, condition: condition.unwrap_or_default() });
                self.voice.say(&custody::accept(desk, &session, &scope, &permit, &transfer, check.as_ref())?);
            }
            TransferVerb::Refuse { case, transfer, reason } => {
                let (_, scope, permit) = in_case(&case)?;
                self.voice.say(&custody::refuse(desk, &scope, &permit, &transfer, &reason)?);
            }
            TransferVerb::Interim { case, exhibit, unreachable, reason } => {
                let (_, scope, permit) = in_case(&case)?;
                self.tell_exhibit(&scope, &custody::take_interim(desk, &scope, &permit, &exhibit, unreachable, &reason)?)?;
            }
            TransferVerb::Reassign { case, exhibit, to, unreachable, reason } => {
                let (_, scope, permit) = in_case(&case)?;
                self.tell_exhibit(&scope, &custody::reassign(desk, &scope, &permit, &exhibit, &to, unreachable, &reason)?)?;
            }
            TransferVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                self.voice.say_all(&custody::transfers(desk, &scope, &permit)?, "no transfer was offered yet");
            }
            TransferVerb::Slip { case, what, out } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                let ready = papers::slip(desk, &scope, &permit, &what)?;
                self.paper(&scope, &permit, &ready, out.as_deref())?;
            }
        }
        Ok(0)
    }
}

fn open(desk: &Desk, scope: &Scope, permit: &Permit, what: (&str, Option<&str>), why: (&str, Option<&str>), sink: &mut impl Write) -> Result<admit::ExhibitView, DeskError> {
    match (what, why) {
        ((exhibit, Some(part)), why) => admit::open_part(desk, scope, permit, exhibit, part, why, sink),
        ((exhibit, None), (purpose, Some(reason))) => admit::open_full(desk, scope, permit, exhibit, purpose, reason, sink),
        ((exhibit, None), (purpose, None)) => admit::open_bytes(desk, scope, permit, exhibit, purpose, sink),
    }
}

pub(super) fn class(typed: &str) -> Result<ExhibitClass, DeskError> {
    serde_json::from_value(json!(typed)).map_err(|_| DeskError::input("the class is ordinary, personal-sensitive, privileged or contraband"))
}

pub(super) fn origin(source: &str, concerns: &Concerns) -> Result<Origin, DeskError> {
    Ok(Origin { source: parsed(source)?, person: concerns.person.clone(), territory: concerns.territory.clone(), under: None })
}

fn admission(typed: &AdmitArgs, its_name: Option<String>) -> Result<AdmitFile, DeskError> {
    let declared = [("md5", &typed.md5), ("sha1", &typed.sha1), ("sha256", &typed.sha256), ("sha512", &typed.sha512)];
    let manual = match (&typed.device, &typed.address, &typed.taken_at, &typed.method) {
        (Some(device), Some(address), Some(taken_at), Some(method)) => Some(ManualCaptureNote {
            device: device.clone(),
            address: address.clone(),
            taken_at: parsed(taken_at)?,
            method: method.clone(),
            clock: ClockQuality::Unknown,
        }),
        _ => None,
    };
    let name = typed.original_name.clone().or(its_name);
    Ok(AdmitFile {
        description: if typed.description.is_empty() { name.clone().unwrap_or_default() } else { typed.description.clone() },
        source: typed.source.clone(),
        origin: origin(&typed.source_class, &typed.concerns)?,
        class: class(&typed.class)?,
        original_name: name,
        declared: declared.into_iter().filter_map(|(name, value)| Some((name.to_string(), value.clone()?))).collect(),
        manual,
    })
}
