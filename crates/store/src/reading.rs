//! Reading: rows and details of a case against its scope, rows of the agency's register, leaves.
//!
//! It decides nothing and writes nothing; what it opens is compared with what the log committed to
//! (law 5). The event of a reading is the business of the step that reads (law 2).

use model::{Law, Sha256Digest, action::Action};
use serde_json::{Value, json};

use crate::{
    StoreError,
    log::StoredEvent,
    permit::{Permit, Scope},
    record::Row,
    sql::{self, Sight, Val},
    steps::{KEY_AGENCY, KEY_CASE, KEY_DETAIL, KEY_SEALED, Store, detail_key_place, detail_place, row_place},
    vault::{
        case_key::KeyRing,
        field::{Aad, blind_index, open_field},
        secret::{Secret32, SecretBytes},
    },
};

/// Rows that are held at once where a list is long.
const PIECE: i64 = 2_000;

impl Store {
    /// One row of this case.
    ///
    /// # Errors
    /// [`StoreError::Input`] when there is none.
    pub fn get(&self, scope: &Scope, kind: &str, id: &str) -> Result<Row, StoreError> {
        let cells = self.db.first(Sight::Person(&scope.actor), sql::RECORD_ONE, &[Val::text(kind), Val::text(id)])?;
        let row = cells.map(|c| Row::from_cells(&c)).transpose()?.filter(|row| row.case.as_ref() == Some(&scope.case));
        let row = row.ok_or_else(|| StoreError::input(format!("there is no {kind} {id} in this case")))?;
        if row.is_erased() {
            return Err(StoreError::refused(Law::Erasure, format!("this {kind} was erased: nothing of it can be shown; `lanternfish erase list` says when and by which decision")));
        }
        self.open_row(&scope.ring, row)
    }

    /// Every row of a kind in this case, by number.
    ///
    /// # Errors
    /// When the database refuses or a row cannot be opened.
    pub fn list(&self, scope: &Scope, kind: &str) -> Result<Vec<Row>, StoreError> {
        let cells = self.db.rows(Sight::Person(&scope.actor), sql::RECORDS_OF_CASE, &[Val::text(scope.case.as_str()), Val::text(kind)])?;
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().filter(|row| !row.is_erased()).map(|row| self.open_row(&scope.ring, row)).collect()
    }

    /// At most `most` rows of a kind in this case, by number, from the number `from` on. A number of a row that was erased
    /// counts for nothing: fewer rows than `most` do not mean that these were the last.
    ///
    /// # Errors
    /// When the database refuses or a row cannot be opened.
    pub fn list_from(&self, scope: &Scope, kind: &str, from: i64, most: u32) -> Result<Vec<Row>, StoreError> {
        let values = [Val::text(scope.case.as_str()), Val::text(kind), Val::Int(from), Val::Int(i64::from(most))];
        let cells = self.db.rows(Sight::Person(&scope.actor), sql::RECORDS_OF_CASE_FROM, &values)?;
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().filter(|row| !row.is_erased()).map(|row| self.open_row(&scope.ring, row)).collect()
    }

    /// Gives the rows of a kind in this case that were written from this event on, in the order of their events, a piece at a
    /// time: a long list is never held whole. One that was erased is among them, unopened. The log gives its numbers in the
    /// order in which steps become visible: whoever has seen a row of event N has seen all before it. One that is written
    /// again meanwhile comes with its new event.
    ///
    /// # Errors
    /// When the database refuses, a row cannot be opened, or `each` fails.
    pub fn changed_since(&self, scope: &Scope, kind: &str, event: u64, mut each: impl FnMut(Row) -> Result<(), StoreError>) -> Result<(), StoreError> {
        // No row has an empty id: all of the first event are behind it.
        let mut behind = (i64::try_from(event).unwrap_or(i64::MAX), String::new());
        loop {
            let values = [Val::Int(behind.0), Val::text(&behind.1), Val::text(scope.case.as_str()), Val::text(kind), Val::Int(PIECE)];
            let cells = self.db.rows(Sight::Person(&scope.actor), sql::RECORDS_CHANGED, &values)?;
            for cells in &cells {
                let row = Row::from_cells(cells)?;
                behind = (i64::try_from(row.event).unwrap_or(i64::MAX), row.id.clone());
                each(if row.is_erased() { row } else { self.open_row(&scope.ring, row)? })?;
            }
            if (cells.len() as i64) < PIECE {
                return Ok(());
            }
        }
    }

    /// The row with this number among those of a kind in this case.
    ///
    /// # Errors
    /// When the database refuses or the row cannot be opened.
    pub fn numbered(&self, scope: &Scope, kind: &str, number: i64) -> Result<Option<Row>, StoreError> {
        let values = [Val::text(scope.case.as_str()), Val::text(kind), Val::Int(number)];
        let cells = self.db.first(Sight::Person(&scope.actor), sql::RECORD_BY_NUMBER, &values)?;
        let row = cells.map(|c| Row::from_cells(&c)).transpose()?.filter(|row| !row.is_erased());
        row.map(|row| self.open_row(&scope.ring, row)).transpose()
    }

    /// Every row of a kind in this case that hangs on `parent`.
    ///
    /// # Errors
    /// When the database refuses or a row cannot be opened.
    pub fn list_of(&self, scope: &Scope, kind: &str, parent: &str) -> Result<Vec<Row>, StoreError> {
        let cells = self.db.rows(Sight::Person(&scope.actor), sql::RECORDS_OF_PARENT, &[Val::text(kind), Val::text(parent)])?;
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().filter(|row| row.case.as_ref() == Some(&scope.case) && !row.is_erased()).map(|row| self.open_row(&scope.ring, row)).collect()
    }

    /// At most `most` rows of a kind in this case, in the order of their ids from `first` to `last`; only those in
    /// this state, where one is named. For long lists that are never held whole.
    ///
    /// # Errors
    /// When the database refuses or a row cannot be opened.
    pub fn stretch(&self, scope: &Scope, kind: &str, ids: (&str, &str), state: Option<&str>, most: u32) -> Result<Vec<Row>, StoreError> {
        let statement = if state.is_some() { sql::RECORDS_STRETCH_IN_STATE } else { sql::RECORDS_STRETCH };
        let (mut first, mut found) = (ids.0.to_string(), Vec::new());
        loop {
            // One more than is wanted: the next piece begins with the last one of this.
            let piece = i64::from(most.max(1)) + 1;
            let mut values = vec![Val::text(kind), Val::text(&first), Val::text(ids.1), Val::Int(piece)];
            values.extend(state.map(Val::text));
            let cells = self.db.rows(Sight::Person(&scope.actor), statement, &values)?;
            let mut rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
            let next = if rows.len() as i64 == piece { rows.pop().map(|row| row.id) } else { None };
            // Erased rows count for nothing here: what lies behind a thousand of them is found all the same.
            found.extend(rows.into_iter().filter(|row| row.case.as_ref() == Some(&scope.case) && !row.is_erased()));
            match next {
                Some(next) if found.len() < most as usize => first = next,
                _ => break,
            }
        }
        found.truncate(most as usize);
        found.into_iter().map(|row| self.open_row(&scope.ring, row)).collect()
    }

    /// Whether a row of this case has this indexed value; nothing is opened.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn holds(&self, scope: &Scope, kind: &str, name: &str, value: &str) -> Result<bool, StoreError> {
        let blind = scope.ring.blind_index(name, value.as_bytes());
        let found = self.db.first(Sight::Person(&scope.actor), sql::INDEX_HOLDS, &[Val::text(kind), Val::text(name), Val::Blob(blind.to_vec())])?;
        Ok(found.is_some())
    }

    /// Rows of this case found by equality of an indexed value.
    ///
    /// # Errors
    /// When the database refuses or a row cannot be opened.
    pub fn find(&self, scope: &Scope, kind: &str, name: &str, value: &str) -> Result<Vec<Row>, StoreError> {
        let blind = scope.ring.blind_index(name, value.as_bytes());
        let cells = self.db.rows(Sight::Person(&scope.actor), sql::RECORDS_BY_INDEX, &[Val::text(kind), Val::text(name), Val::Blob(blind.to_vec())])?;
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().filter(|row| row.case.as_ref() == Some(&scope.case)).map(|row| self.open_row(&scope.ring, row)).collect()
    }

    /// Events of this case, with their details opened.
    ///
    /// # Errors
    /// When the database refuses or a detail cannot be opened.
    pub fn events(&self, scope: &Scope, from: u64, limit: u32) -> Result<Vec<(StoredEvent, Value)>, StoreError> {
        let from = Val::Int(i64::try_from(from).unwrap_or(i64::MAX));
        let cells = self.db.rows(Sight::Person(&scope.actor), sql::EVENTS_OF_CASE, &[Val::text(scope.case.as_str()), from, Val::Int(limit.into())])?;
        cells.iter().map(|c| self.open_event(scope, StoredEvent::from_cells(c)?)).collect()
    }

    /// Events about one thing in this case, with their details opened.
    ///
    /// # Errors
    /// When the database refuses or a detail cannot be opened.
    pub fn events_about(&self, scope: &Scope, object: &str) -> Result<Vec<(StoredEvent, Value)>, StoreError> {
        let cells = self.db.rows(Sight::Person(&scope.actor), sql::EVENTS_OF_OBJECT, &[Val::text(object), Val::text(scope.case.as_str())])?;
        cells.iter().map(|c| self.open_event(scope, StoredEvent::from_cells(c)?)).collect()
    }

    fn open_event(&self, scope: &Scope, event: StoredEvent) -> Result<(StoredEvent, Value), StoreError> {
        if event.is_erased() {
            return Ok((event, json!({"erased": true})));
        }
        let (_, detail) = self.open_detail(&scope.ring, &event)?;
        let value = serde_json::from_slice(&detail).map_err(|_| StoreError::damaged(format!("detail of event {}", event.leaf.seq)))?;
        Ok((event, value))
    }

    /// Salt and detail bytes of an event of this case: what a package ships beside the leaf.
    ///
    /// # Errors
    /// When the event is not of this case, or its detail does not match its commitment (law 5).
    pub fn disclose_detail(&self, scope: &Scope, permit: &Permit, seq: u64) -> Result<([u8; 32], Vec<u8>), StoreError> {
        may_disclose(scope, permit)?;
        self.open_disclosed(scope, &self.event(seq)?)
    }

    /// The same for an event that was read before.
    ///
    /// # Errors
    /// As [`Store::disclose_detail`].
    pub fn disclose_detail_of(&self, scope: &Scope, permit: &Permit, event: &StoredEvent) -> Result<([u8; 32], Vec<u8>), StoreError> {
        may_disclose(scope, permit)?;
        self.open_disclosed(scope, event)
    }

    fn open_disclosed(&self, scope: &Scope, event: &StoredEvent) -> Result<([u8; 32], Vec<u8>), StoreError> {
        if event.leaf.case.as_ref() != Some(&scope.case) {
            return Err(StoreError::refused(Law::Permit, "that event belongs to another case"));
        }
        self.open_detail(&scope.ring, event)
    }

    fn open_detail(&self, ring: &KeyRing, event: &StoredEvent) -> Result<([u8; 32], Vec<u8>), StoreError> {
        let seq = event.leaf.seq.to_string();
        let bytes = match (&event.key, event.key_ref.as_str()) {
            _ if event.is_erased() => return Err(StoreError::refused(Law::Erasure, format!("the detail of event {seq} was erased; the event itself stands"))),
            (Some(key), KEY_DETAIL) => {
                let own = Secret32::from_slice(&ring.open_value(&detail_key_place(&seq), key)?)?;
                let (promised, sealed) = event.sealed.split_at_checked(32).ok_or_else(|| StoreError::damaged("a sealed detail is too short"))?;
                if Sha256Digest::of(key).0[..] != *promised {
                    return Err(StoreError::refused(Law::Integrity, format!("the key of the detail of event {seq} is not the one that was written")));
                }
                open_field(&own, &detail_place(&seq), sealed)?
            }
            _ => self.unseal(Some(ring), &event.key_ref, &detail_place(&seq), &event.sealed)?,
        };
        let (salt, detail) = bytes.split_at_checked(32).ok_or_else(|| StoreError::damaged("an event detail is too short"))?;
        let salt: [u8; 32] = salt.try_into().expect("split at 32");
        if Sha256Digest::commitment(&salt, detail) != event.leaf.commitment {
            return Err(StoreError::refused(Law::Integrity, format!("the detail of event {} does not match its leaf", event.leaf.seq)));
        }
        Ok((salt, detail.to_vec()))
    }

    /// One event: leaf only.
    ///
    /// # Errors
    /// [`StoreError::Input`] when the log is not that long.
    pub fn event(&self, seq: u64) -> Result<StoredEvent, StoreError> {
        let cells = self.db.first(Sight::Log, sql::EVENT_ONE, &[Val::Int(i64::try_from(seq).unwrap_or(i64::MAX))])?;
        let cells = cells.ok_or_else(|| StoreError::input(format!("there is no event {seq} in the log")))?;
        StoredEvent::from_cells(&cells)
    }

    /// Leaves from `from`: metadata only, for auditors and verifiers.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn leaves(&self, from: u64, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let from = Val::Int(i64::try_from(from).unwrap_or(i64::MAX));
        self.db.rows(Sight::Log, sql::EVENTS_FROM, &[from, Val::Int(limit.into())])?.iter().map(StoredEvent::from_cells).collect()
    }

    pub(crate) fn open_row(&self, ring: &KeyRing, mut row: Row) -> Result<Row, StoreError> {
        if row.key_ref != KEY_SEALED {
            let plain = self.unseal(Some(ring), &row.key_ref, &row_place(&row.kind, &row.id), &row.sealed)?;
            row.opened = Some(serde_json::from_slice(&plain).map_err(|_| StoreError::damaged(format!("{} {}", row.kind, row.id)))?);
        }
        Ok(row)
    }

    pub(crate) fn open_agency_row(&self, mut row: Row) -> Result<Row, StoreError> {
        if row.key_ref == KEY_AGENCY {
            let plain = self.unseal(None, KEY_AGENCY, &row_place(&row.kind, &row.id), &row.sealed)?;
            row.opened = Some(serde_json::from_slice(&plain).map_err(|_| StoreError::damaged(format!("{} {}", row.kind, row.id)))?);
        }
        Ok(row)
    }

    fn unseal(&self, ring: Option<&KeyRing>, key_ref: &str, place: &Aad<'_>, sealed: &[u8]) -> Result<SecretBytes, StoreError> {
        match (key_ref, ring) {
            (KEY_AGENCY, _) => Ok(open_field(&self.agency, place, sealed)?),
            (KEY_CASE, Some(ring)) => Ok(ring.open_value(place, sealed)?),
            _ => Err(StoreError::refused(Law::Separation, "this content belongs to a case: enter the case as a member")),
        }
    }

    /// Rows of the agency's own register (users, unit authorities), opened with the agency key.
    /// Rows that belong to a case come back closed: structure only, and on PostgreSQL cases and key wraps
    /// alone (decision 13).
    ///
    /// # Errors
    /// When the database refuses.
    pub fn register(&self, kind: &str) -> Result<Vec<Row>, StoreError> {
        let cells = self.db.rows(Sight::Docket, sql::RECORDS_OF_KIND, &[Val::text(kind)])?;
        cells.iter().map(|c| self.open_agency_row(Row::from_cells(c)?)).collect()
    }

    /// One row of the agency's register, if it is there.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn register_one(&self, kind: &str, id: &str) -> Result<Option<Row>, StoreError> {
        let cells = self.db.first(Sight::Docket, sql::RECORD_ONE, &[Val::text(kind), Val::text(id)])?;
        cells.map(|c| self.open_agency_row(Row::from_cells(&c)?)).transpose()
    }

    /// Rows of the agency's register by an indexed value.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn register_find(&self, kind: &str, name: &str, value: &str) -> Result<Vec<Row>, StoreError> {
        let blind = blind_index(&self.agency, name, value.as_bytes());
        let cells = self.db.rows(Sight::Docket, sql::RECORDS_BY_INDEX, &[Val::text(kind), Val::text(name), Val::Blob(blind.to_vec())])?;
        cells.iter().map(|c| self.open_agency_row(Row::from_cells(c)?)).collect()
    }
}

fn may_disclose(scope: &Scope, permit: &Permit) -> Result<(), StoreError> {
    if permit.case == scope.case && permit.actor == scope.actor && permit.action() == Action::Package {
        return Ok(());
    }
    Err(StoreError::refused(Law::Permit, "details leave the log only under a permit to package, in its own case"))
}
