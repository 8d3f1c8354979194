//! How far a capture is: three numbers that the child leaves in the spool while it works, for the officer who waits.
//!
//! They hold no address and nothing of a page. They are not signed and never evidence: what came is what the record says.
//! Trouble with writing them ends no capture.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::Now;

/// The file in the spool.
const FILE: &str = "progress.json";
/// The longest that is read of it.
const LONGEST: u64 = 1_024;
/// How often it is written, at most.
const EVERY_MS: i64 = 500;

/// What was received until now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Bytes of responses, also of the one that is being received.
    pub bytes: u64,
    /// Pages that came, whole or in part.
    pub pages: u64,
    /// Pages of which nothing came.
    pub failed: u64,
}

/// What the child of this spool has counted; none before it counts, or when that cannot be read.
pub fn of(spool: &Path) -> Option<Progress> {
    let mut text = String::new();
    fs::File::open(spool.join(FILE)).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// The child's count.
pub(crate) struct Tally {
    folder: PathBuf,
    now: Progress,
    told_boot_ms: i64,
}

impl Tally {
    pub(crate) fn new(folder: &Path) -> Tally {
        Tally { folder: folder.to_path_buf(), now: Progress::default(), told_boot_ms: i64::MIN }
    }

    pub(crate) fn received(&mut self, bytes: u64) {
        self.now.bytes += bytes;
        self.tell();
    }

    pub(crate) fn ended(&mut self, came: bool) {
        self.now.pages += u64::from(came);
        self.now.failed += u64::from(!came);
        self.tell();
    }

    fn tell(&mut self) {
        let boot_ms = Now::read().boot_ms;
        if boot_ms.saturating_sub(self.told_boot_ms) < EVERY_MS {
            return;
        }
        self.told_boot_ms = boot_ms;
        let fresh = self.folder.join(format!("{FILE}.new"));
        let text = serde_json::to_string(&self.now).unwrap_or_default();
        let _ = fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, self.folder.join(FILE)));
    }
}
