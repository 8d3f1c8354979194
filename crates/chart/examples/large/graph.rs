//! A synthetic graph as a case makes one: exhibits, each with selectors, most of them in one exhibit and a few in many.

/// Names and lines of a graph of about this size; the same each time.
pub fn of(things: usize, lines: usize) -> (Vec<String>, Vec<(usize, usize, f64)>) {
    let exhibits = things / 10;
    let names = (0..things).map(|n| if n < exhibits { format!("E-{:04}", n + 1) } else { format!("selector-{n:06}") }).collect();
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % below
    };
    let mut drawn = Vec::with_capacity(lines);
    for n in exhibits..things {
        drawn.push((n % exhibits, n, 1.0));
    }
    while drawn.len() < lines {
        // Groups of exhibits share selectors; a few selectors stand everywhere.
        let selector = exhibits + if next(10) == 0 { next(50) } else { next(things - exhibits) };
        let group = selector % 20;
        let exhibit = (group + 20 * next(exhibits.div_ceil(20))) % exhibits;
        drawn.push((exhibit, selector, 1.0));
    }
    (names, drawn)
}
