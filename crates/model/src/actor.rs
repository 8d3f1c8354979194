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
    /// Looks at what may be privileged, and does nothing else in a case (law 7).
    FilterTeam,
    /// Counsel or expert of the defence: holds no case key, and is shown what is his under supervision (law 7).
    Defence,
    /// A court's judge, clerk or expert: the same.
    Court,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 10] = [
        Role::Investigator, Role::Analyst, Role::ExhibitOfficer, Role::Supervisor, Role::Prosecutor, Role::Auditor,
        Role::Administrator, Role::FilterTeam, Role::Defence, Role::Court,
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
            Role::FilterTeam => "filter-team",
            Role::Defence => "defence",
            Role::Court => "court",
        }
    }

    /// Whether this role may ever hold the key of a case (law 13). Defence and court hold none: what they are shown,
    /// they are shown in the session of whoever supervises.
    pub fn reads_content(self) -> bool {
        !matches!(self, Role::Auditor | Role::Administrator | Role::Defence | Role::Court)
    }

    /// Whether this role works on cases in general: the filter team reads nothing but what is in its queue.
    pub fn investigates(self) -> bool {
        self.reads_content() && self != Role::FilterTeam
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
