//! The clocks of this machine. Wall time for the record; the boot clock, which nobody can set and
//! which goes on while the laptop sleeps, for leases. Asks no time server.

use model::{Moment, moment::ClockQuality};
use rustix::time::{ClockId, clock_gettime};

/// How far the wall clock may move against the boot clock in one run before it is called unreliable.
const TOLERATED_STEP_MS: i64 = 2_000;

/// Both clocks, read at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Wall time, which somebody may set.
    pub wall: Moment,
    /// Milliseconds since boot, sleep included; nobody can set it.
    pub boot_ms: i64,
}

impl Now {
    /// Reads both clocks.
    pub fn read() -> Now {
        let wall = clock_gettime(ClockId::Realtime);
        let boot = clock_gettime(ClockId::Boottime);
        Now {
            wall: Moment::from_micros(wall.tv_sec.saturating_mul(1_000_000).saturating_add(wall.tv_nsec / 1_000)),
            boot_ms: boot.tv_sec.saturating_mul(1_000).saturating_add(boot.tv_nsec / 1_000_000),
        }
    }
}

/// What the kernel says about its clock (adjtimex(2), asked without changing anything).
#[expect(unsafe_code, reason = "adjtimex has no safe wrapper in rustix; the structure is plain integers and only read")]
pub fn quality() -> ClockQuality {
    // SAFETY: `timex` is integers only, so all zeroes is a value; `modes` 0 asks and sets nothing.
    let (state, timex) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&mut timex), timex)
    };
    if state < 0 {
        ClockQuality::Unknown
    } else if state == libc::TIME_ERROR || timex.status & libc::STA_UNSYNC != 0 {
        ClockQuality::Unsynchronised
    } else {
        ClockQuality::Synchronised { error_micros: timex.esterror }
    }
}

/// `quality`, unless the wall clock was moved between `start` and `end`: then the times of the run are
/// unreliable, and the record says so instead of losing the capture.
pub fn judged(quality: ClockQuality, start: Now, end: Now) -> ClockQuality {
    let wall_ms = (end.wall.micros() - start.wall.micros()) / 1_000;
    let step_ms = wall_ms - (end.boot_ms - start.boot_ms);
    if step_ms.abs() <= TOLERATED_STEP_MS {
        return quality;
    }
    ClockQuality::Unreliable { reason: format!("the wall clock moved by {step_ms} ms during the capture") }
}
