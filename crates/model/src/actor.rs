//! People in roles. A role says what a person may do at all; an authority says when and to whom.

use serde::{Deserialize, Serialize};

/// A role of an agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs cases: collects, admits, examines, concludes.
    Investigator,
    /// Examines and concludes; does not collect.
    Analyst,
    /// Keeps exhibits.
    ExhibitOfficer,
    /// Grants, checks and revokes authorities; reassigns lost custody.
    Supervisor,
    /// Reads the case, checks transcriptions, decides on erasure and sealing.
    Prosecutor,
    /// Sees all metadata and no content (law 13).
    Auditor,
    /// Keeps the machine; reads no content and edits no log (law 13).
    Administrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 7] = [
        Role::Investigator, Role::Analyst, Role::ExhibitOfficer, Role::Supervisor, Role::Prosecutor, Role::Auditor,
        Role::Administrator,
    ];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Role::Investigator => "investigator",
            Role::Analyst => "analyst",
            Role::ExhibitOfficer => "exhibit-officer",
            Role::Supervisor => "supervisor",
            Role::Prosecutor => "prosecutor",
            Role::Auditor => "auditor",
            Role::Administrator => "administrator",
        }
    }

    /// Whether this role may ever read content (law 13).
    pub fn reads_content(self) -> bool {
        !matches!(self, Role::Auditor | Role::Administrator)
    }
}

impl std::str::FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Role::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| {
            let names: Vec<_> = Role::ALL.iter().map(|role| role.name()).collect();
            format!("{text} is not a role: choose one of {}", names.join(", "), text = crate::quoted(text))
        })
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
