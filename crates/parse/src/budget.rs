//! One budget for one exhibit, across all nesting (law 14). No I/O.

use serde::{Deserialize, Serialize};

/// Below this many bytes no ratio is judged: small files may compress very well.
const RATIO_FLOOR: u64 = 64 << 20;

/// What the child may spend on one source, all nesting together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Wall-clock milliseconds; past them the host ends the child.
    pub wall_ms: u64,
    /// CPU seconds; past them the kernel ends the child.
    pub cpu_s: u64,
    /// Bytes of address space above what the program itself occupies at its start.
    pub memory_bytes: u64,
    /// Bytes of all members together, payloads and nested members included.
    pub output_bytes: u64,
    /// Output bytes allowed for each source byte, once more than 64 MiB came out.
    pub ratio: u64,
    /// Members inside members; a record of the source itself is at depth 1.
    pub depth: u32,
    /// Members of all kinds.
    pub members: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            wall_ms: 3_600_000,
            cpu_s: 3_600,
            memory_bytes: 768 << 20,
            output_bytes: 256 << 30,
            ratio: 200,
            depth: 12,
            members: 4_000_000,
        }
    }
}

impl Budget {
    /// Bytes that may come out of a source of `source_len` bytes.
    pub fn output_ceiling(&self, source_len: u64) -> u64 {
        self.output_bytes.min(source_len.saturating_mul(self.ratio).max(RATIO_FLOOR))
    }

    /// Whether one compressed stream grew beyond the ratio.
    pub(crate) fn swollen(&self, compressed: u64, inflated: u64) -> bool {
        inflated > RATIO_FLOOR && inflated > compressed.saturating_mul(self.ratio)
    }

    /// Bytes of compressed archives that may be held in memory at once to be read out of order.
    pub(crate) fn held_bytes(&self) -> u64 {
        (self.memory_bytes / 8).min(128 << 20)
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn the_ceiling_is_the_smaller_of_bytes_and_ratio_but_never_below_the_floor() {
        let budget = Budget { output_bytes: 1 << 40, ratio: 100, ..Budget::default() };
        assert_eq!(budget.output_ceiling(10), 64 << 20);
        assert_eq!(budget.output_ceiling(10 << 20), 1000 << 20);
        assert_eq!(budget.output_ceiling(u64::MAX), 1 << 40);
    }
}
