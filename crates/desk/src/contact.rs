//! The register of controlled contacts and purchases: what officers did by other lawful means, so that it enters the
//! case as an exhibit and is printed in its lists.
//!
//! It is a register and nothing more. Nothing here writes to anybody, buys anything or opens a connection. It refuses a
//! contact that no live authority allows, and one that took place outside the time of its authority.

use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    authority::Authority,
    event::EventType,
    exhibit::{ExhibitClass, Origin},
    id::{AuthorityId, ContactId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Intent, NewEvent, Permit, Scope, StoreError, vault::secret::fresh_id};

use crate::{
    Desk,
    admit::{self, AdmitFile},
    office::input,
    row::{Draft, exhibit_label, for_action, parse_label},
};

const CONTACT: &str = "contact";

/// `C-0001`.
pub fn contact_label(number: i64) -> String {
    format!("C-{number:04}")
}

/// What is typed of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// `meeting`, `message`, `purchase` or another word.
    pub kind: String,
    /// Who did it: the name of a registered person.
    pub by: String,
    /// The authority that allowed it.
    pub authority: AuthorityId,
    /// When it took place.
    pub at: Moment,
    /// The same as it was typed, with its zone.
    pub local: String,
    /// With whom, or what was bought.
    pub with: String,
    /// Host or identifier that the authority must name, where it is limited to some.
    pub target: Option<String>,
    /// How: by which means, from which device, under which name.
    pub means: String,
    /// What came of it.
    pub outcome: String,
    /// Money that was paid, as a decimal number with its currency.
    pub paid: Option<String>,
    /// Class of the source, and whom and where it concerns.
    pub origin: Origin,
    /// Exhibits that came of it.
    pub exhibits: Vec<String>,
}

/// A contact as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct ContactView {
    /// `C-0001`.
    pub contact: String,
    /// The exhibit that holds the record.
    pub exhibit: String,
    /// Who wrote it down.
    pub recorded_by: String,
    /// When.
    pub recorded: Moment,
    /// What was typed.
    #[serde(flatten)]
    pub content: Contact,
}

/// What a contact's row holds (sealed under the case key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ContactContent {
    contact: Contact,
    exhibit: String,
}

impl Contact {
    /// What a person asks for who writes it down: that very authority allows it, and no other carries it.
    pub fn intent(&self) -> Intent {
        let intent = Intent::to(Action::Contact).on(&self.origin).only_under(self.authority.clone());
        match &self.target {
            Some(target) => intent.aimed_at(target.clone()),
            None => intent,
        }
    }

    /// The record becomes an exhibit of its own.
    pub fn intent_to_admit(&self) -> Intent {
        Intent::to(Action::Admit).on(&self.origin)
    }
}

/// An amount and its currency, as `12.50 EUR` or `0.0015 XMR`: digits and three to five capital letters.
///
/// # Errors
/// A sentence that says how it is written.
pub fn money(typed: &str) -> Result<String, StoreError> {
    let number = |text: &str| {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        [whole, part].iter().all(|digits| !digits.is_empty() && digits.len() <= 18 && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let words: Vec<&str> = typed.split_whitespace().collect();
    match words[..] {
        [amount, currency] if number(amount) && (3..=5).contains(&currency.len()) && currency.bytes().all(|b| b.is_ascii_uppercase()) => Ok(format!("{amount} {currency}")),
        _ => Err(StoreError::input(format!("{typed} is not an amount with its currency: write it as \"12.50 EUR\" or \"0.0015 XMR\"", typed = model::quoted(typed)))),
    }
}

/// Writes a contact down: its record becomes an exhibit, and the register names it.
///
/// # Errors
/// Law 1 outside the time of its authority; an exhibit that is not there.
pub fn record(desk: &Desk, scope: &Scope, permit: &Permit, admission: &Permit, typed: &Contact) -> Result<ContactView, StoreError> {
    for_action(permit, Action::Contact)?;
    if !permit.is_for(&typed.intent()) {
        return Err(StoreError::refused(Law::Permit, "a contact is written down under the authority that allowed it"));
    }
    let mut typed = Contact { by: desk.store.user_by_name(&typed.by)?.record.name, ..typed.clone() };
    let authority: Authority = desk.store.get(scope, "authority", typed.authority.as_str())?.content()?;
    if typed.at > desk.now() || typed.at < authority.from || typed.at >= authority.until {
        let text = format!("{} lies outside the time of the authority {}, or ahead: what no authority allowed is not written down as if one had. Tell your supervisor", typed.local, authority.id);
        return Err(desk.store.refuse(scope, &typed.intent(), Law::Permit, text)?);
    }
    let came = typed.exhibits.iter().map(|label| Ok(exhibit_label(admit::row(desk, scope, label)?.number.unwrap_or(0)))).collect::<Result<Vec<_>, StoreError>>()?;
    typed.exhibits = came;
    let bytes = model::canonical::to_bytes(&json!({"what": "record of a controlled contact", "contact": typed, "written": desk.now()})).map_err(input)?;
    let file = AdmitFile {
        description: format!("controlled {}: {}, {}", typed.kind, typed.with, typed.local),
        source: format!("written down here for {}", typed.by),
        origin: typed.origin.clone(),
        class: ExhibitClass::Ordinary,
        original_name: Some("contact.json".into()),
        declared: vec![],
        manual: None,
    };
    let exhibit = admit::file(desk, scope, admission, &file, &mut bytes.as_slice())?.exhibit;
    let id = ContactId::from_random(fresh_id()?);
    let content = ContactContent { contact: typed, exhibit: exhibit.clone() };
    let row = Draft::new(CONTACT, id.to_string(), "recorded").numbered().write(scope, desk.now(), &content)?;
    let detail = json!({"exhibit": exhibit, "contact": content.contact, "sha256": Sha256Digest::of(&bytes)});
    let done = desk.store.commit(scope, permit, NewEvent::new(EventType::ContactRecorded, Some(id.to_string()), detail), vec![row])?;
    let number = done.numbers.first().copied().flatten().unwrap_or(0);
    view(desk, number, scope.actor(), desk.now(), content)
}

/// Every contact of the case; one event with their number.
///
/// # Errors
/// When the permit is for another action.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<ContactView>, StoreError> {
    for_action(permit, Action::View)?;
    let mut views = Vec::new();
    for row in desk.store.list(scope, CONTACT)? {
        let actor = row.actor.clone().ok_or_else(|| StoreError::damaged("a contact of nobody"))?;
        views.push(view(desk, row.number.unwrap_or(0), &actor, row.time, row.content()?)?);
    }
    desk.store.commit(scope, permit, NewEvent::new(EventType::ContactConsulted, None, json!({"count": views.len()})), vec![])?;
    Ok(views)
}

/// Names an exhibit that came of a contact later.
///
/// # Errors
/// When contact or exhibit are not there.
pub fn link(desk: &Desk, scope: &Scope, permit: &Permit, contact: &str, exhibit: &str) -> Result<ContactView, StoreError> {
    for_action(permit, Action::Transfer)?;
    let row = desk.store.numbered(scope, CONTACT, parse_label(contact, 'C')?)?;
    let row = row.ok_or_else(|| StoreError::input(format!("there is no contact {contact} in this case", contact = model::quoted(contact))))?;
    let mut content: ContactContent = row.content()?;
    let label = exhibit_label(admit::row(desk, scope, exhibit)?.number.unwrap_or(0));
    if !content.contact.exhibits.contains(&label) {
        content.contact.exhibits.push(label.clone());
    }
    let write = Draft::new(CONTACT, row.id.clone(), "recorded").over(&row).write(scope, desk.now(), &content)?;
    let detail: Value = json!({"contact": contact_label(row.number.unwrap_or(0)), "came-of-it": label});
    desk.store.commit(scope, permit, NewEvent::new(EventType::ContactRecorded, Some(row.id.clone()), detail), vec![write])?;
    view(desk, row.number.unwrap_or(0), scope.actor(), desk.now(), content)
}

fn view(desk: &Desk, number: i64, by: &model::id::ActorId, at: Moment, content: ContactContent) -> Result<ContactView, StoreError> {
    Ok(ContactView { contact: contact_label(number), exhibit: content.exhibit, recorded_by: desk.name_of(by)?.0, recorded: at, content: content.contact })
}
