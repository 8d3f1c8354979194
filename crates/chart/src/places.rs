//! Places of a graph: ForceAtlas2 (Jacomy, Venturini, Heymann and Bastian, PLoS ONE 9(6), 2014) with the approximation of
//! far things by Barnes and Hut (Nature 324, 1986).
//!
//! Things repel each other, lines draw together, and all is drawn a little to the middle. Each thing begins at a place
//! that its name and the seed give, and moves a fixed number of steps. Nothing depends on the order in which things and
//! lines are told: both are put in the order of their names first.

/// With what the places were computed: printed under each chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Begins each name's place.
    pub seed: u64,
    /// Number of steps.
    pub steps: u32,
}

impl Layout {
    /// The usual seed.
    pub const SEED: u64 = 42;

    /// For a graph of this many things: the more, the fewer steps, so that no chart takes longer than a few seconds.
    pub fn of(things: usize, seed: u64) -> Layout {
        let steps = match things {
            0..=1_000 => 500,
            1_001..=5_000 => 200,
            5_001..=20_000 => 100,
            _ => 50,
        };
        Layout { seed, steps }
    }

    /// In words, for the foot of a chart.
    pub fn in_words(self) -> String {
        format!("ForceAtlas2 (rules 1), Barnes-Hut theta {THETA}, scaling {SCALING}, gravity {GRAVITY}, steps {}, seed {}", self.steps, self.seed)
    }
}

/// A place on the sheet: whole units, 0 to [`SIDE`].
pub type Place = (i32, i32);

/// Longest side of what is drawn, in units.
pub(crate) const SIDE: i32 = 20_000;

/// How far a heap of far things may be taken for one: its width by its distance.
const THETA: f64 = 1.2;
/// How strongly things repel each other.
const SCALING: f64 = 10.0;
/// How strongly all is drawn to the middle.
const GRAVITY: f64 = 1.0;
/// How much swinging is borne, as in the paper.
const TOLERANCE: f64 = 1.0;
/// A distance, squared, below which two places are one.
const NOTHING: f64 = 1e-9;
/// Cells below which no cell is cut again: things at one place.
const DEEPEST: u32 = 48;

/// Where each thing stands. `names` are different from each other; a line names two of them by number, with its weight.
/// A line from a thing to itself moves nothing, and neither does one that names a thing that is not there.
///
/// ```
/// use chart::{Layout, places};
/// let here = places(&["E-0001", "F-0001"], &[(0, 1, 1.0)], Layout::of(2, Layout::SEED));
/// let there = places(&["F-0001", "E-0001"], &[(1, 0, 1.0)], Layout::of(2, Layout::SEED));
/// assert_eq!((here[0], here[1]), (there[1], there[0]));
/// ```
pub fn places(names: &[&str], lines: &[(usize, usize, f64)], layout: Layout) -> Vec<Place> {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|at| names[*at]);
    let mut rank = vec![0; names.len()];
    order.iter().enumerate().for_each(|(at, thing)| rank[*thing] = at);
    let within = |line: &&(usize, usize, f64)| line.0 < names.len() && line.1 < names.len() && line.0 != line.1 && line.2 > 0.0 && line.2.is_finite();
    let mut drawn: Vec<(usize, usize, f64)> = lines.iter().filter(within).map(|(from, to, weight)| {
        let (from, to) = (rank[*from], rank[*to]);
        (from.min(to), from.max(to), *weight)
    }).collect();
    drawn.sort_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)).then(one.2.total_cmp(&other.2)));
    let bodies: Vec<Body> = order.iter().map(|thing| Body::begin(names[*thing], layout.seed, names.len())).collect();
    let settled = Swarm::new(bodies, drawn).after(layout.steps);
    let fitted = fitted(&settled);
    rank.iter().map(|at| fitted[*at]).collect()
}

#[derive(Debug, Clone, Copy)]
struct Body {
    x: f64,
    y: f64,
    mass: f64,
}

impl Body {
    fn begin(name: &str, seed: u64, things: usize) -> Body {
        // FNV-1a over the name, then splitmix64 twice: the name alone decides.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let side = (things as f64).sqrt() * 20.0;
        Body { x: (unit(mixed(hash)) - 0.5) * side, y: (unit(mixed(hash ^ 0x9e37_79b9_7f4a_7c15)) - 0.5) * side, mass: 1.0 }
    }
}

fn mixed(hash: u64) -> u64 {
    let one = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let two = (one ^ (one >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    two ^ (two >> 31)
}

/// The upper 53 bits as a number from 0 to 1.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

struct Swarm {
    bodies: Vec<Body>,
    lines: Vec<(usize, usize, f64)>,
    before: Vec<(f64, f64)>,
    speed: f64,
    efficiency: f64,
    tree: Tree,
}

impl Swarm {
    fn new(mut bodies: Vec<Body>, lines: Vec<(usize, usize, f64)>) -> Swarm {
        for (from, to, _) in &lines {
            bodies[*from].mass += 1.0;
            bodies[*to].mass += 1.0;
        }
        let before = vec![(0.0, 0.0); bodies.len()];
        Swarm { bodies, lines, before, speed: 1.0, efficiency: 1.0, tree: Tree::default() }
    }

    fn after(mut self, steps: u32) -> Vec<(f64, f64)> {
        if self.bodies.len() > 1 {
            (0..steps).for_each(|_| self.step());
        }
        self.bodies.iter().map(|body| (body.x, body.y)).collect()
    }

    fn step(&mut self) {
        let forces = self.forces();
        let (mut swinging, mut traction) = (0.0, 0.0);
        for ((force, before), body) in forces.iter().zip(&self.before).zip(&self.bodies) {
            swinging += body.mass * length(force.0 - before.0, force.1 - before.1);
            traction += body.mass * length(force.0 + before.0, force.1 + before.1) * 0.5;
        }
        self.pace(swinging, traction);
        for ((body, force), before) in self.bodies.iter_mut().zip(&forces).zip(&self.before) {
            let swing = body.mass * length(force.0 - before.0, force.1 - before.1);
            let factor = self.speed / (1.0 + (self.speed * swing).sqrt());
            body.x += force.0 * factor;
            body.y += force.1 * factor;
        }
        self.before = forces;
    }

    /// How fast all may move, from how much it swings: the rule of the paper.
    fn pace(&mut self, swinging: f64, traction: f64) {
        let things = self.bodies.len() as f64;
        let least = 0.05 * things.sqrt();
        let mut tolerance = TOLERANCE * least.sqrt().max((least * traction / (things * things)).min(10.0));
        if swinging > 2.0 * traction {
            if self.efficiency > 0.05 {
                self.efficiency *= 0.5;
            }
            tolerance = tolerance.max(TOLERANCE);
        }
        let target = if swinging > 0.0 { tolerance * self.efficiency * traction / swinging } else { self.speed };
        if swinging > tolerance * traction {
            if self.efficiency > 0.05 {
                self.efficiency *= 0.7;
            }
        } else if self.speed < 1_000.0 {
            self.efficiency *= 1.3;
        }
        self.speed += (target - self.speed).min(0.5 * self.speed);
    }

    fn forces(&mut self) -> Vec<(f64, f64)> {
        self.tree.grow(&self.bodies);
        let mut forces = vec![(0.0, 0.0); self.bodies.len()];
        // In the order of the tree, so that neighbours ask for the same cells one after the other.
        for at in &self.tree.walk {
            let body = self.bodies[*at];
            let pushed = self.tree.push(&body);
            let middle = length(body.x, body.y);
            let pull = if middle > 0.0 { GRAVITY * body.mass / middle } else { 0.0 };
            forces[*at] = (pushed.0 - body.x * pull, pushed.1 - body.y * pull);
        }
        for (from, to, weight) in &self.lines {
            let (x, y) = ((self.bodies[*to].x - self.bodies[*from].x) * weight, (self.bodies[*to].y - self.bodies[*from].y) * weight);
            forces[*from] = (forces[*from].0 + x, forces[*from].1 + y);
            forces[*to] = (forces[*to].0 - x, forces[*to].1 - y);
        }
        forces
    }
}

fn length(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}

/// A cell of the tree while it grows.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// Where its four quarters begin; 0 while it is not cut.
    quarters: u32,
    /// The bodies in it: how many, and the one, if it is one.
    count: u32,
    body: u32,
    x: f64,
    y: f64,
    mass: f64,
    /// Its middle and half its width.
    middle: (f64, f64),
    half: f64,
}

/// A cell as it is asked: in the order of a walk, with the place behind everything below it.
#[derive(Debug, Clone, Copy)]
struct Heap {
    x: f64,
    y: f64,
    mass: f64,
    /// Its width by theta, squared; 0 where nothing is below it.
    width: f64,
    behind: u32,
}

#[derive(Debug, Default)]
struct Tree {
    cells: Vec<Cell>,
    heaps: Vec<Heap>,
    walk: Vec<usize>,
}

impl Tree {
    fn grow(&mut self, bodies: &[Body]) {
        self.cells.clear();
        self.heaps.clear();
        self.walk.clear();
        let reach = bodies.iter().fold(1.0_f64, |reach, body| reach.max(body.x.abs()).max(body.y.abs()));
        self.cells.push(empty((0.0, 0.0), reach));
        (0..bodies.len()).for_each(|at| self.put(bodies, at));
        for at in (0..self.cells.len()).rev() {
            let first = self.cells[at].quarters as usize;
            let below = |cells: &[Cell], value: fn(&Cell) -> f64| (first..first + 4).map(|at| value(&cells[at])).sum::<f64>();
            if first > 0 {
                self.cells[at].mass = below(&self.cells, |cell| cell.mass);
                self.cells[at].x = below(&self.cells, |cell| cell.x);
                self.cells[at].y = below(&self.cells, |cell| cell.y);
            }
        }
        self.line_up(bodies.len());
    }

    fn put(&mut self, bodies: &[Body], which: usize) {
        let body = bodies[which];
        let (mut at, mut deep) = (0, 0);
        loop {
            let cell = self.cells[at];
            if cell.quarters > 0 {
                self.cells[at].count += 1;
                at = cell.quarters as usize + quarter(&cell, &body);
            } else if cell.count == 0 || deep >= DEEPEST {
                let cell = &mut self.cells[at];
                // Bodies at one place stay in one cell; all but the first are asked by their place in it.
                cell.body = if cell.count == 0 { which as u32 } else { cell.body };
                cell.count += 1;
                cell.mass += body.mass;
                cell.x += body.x * body.mass;
                cell.y += body.y * body.mass;
                if cell.count > 1 {
                    self.walk.push(which);
                }
                return;
            } else {
                let first = self.cells.len();
                let half = cell.half * 0.5;
                for n in 0..4_u8 {
                    let side = |bit: u8| if n & bit == 0 { -half } else { half };
                    self.cells.push(empty((cell.middle.0 + side(1), cell.middle.1 + side(2)), half));
                }
                let before = bodies[cell.body as usize];
                let below = &mut self.cells[first + quarter(&cell, &before)];
                (below.count, below.body, below.mass, below.x, below.y) = (cell.count, cell.body, cell.mass, cell.x, cell.y);
                self.cells[at].quarters = first as u32;
                continue;
            }
            deep += 1;
        }
    }

    /// The cells in the order of a walk: a heap that is taken for one is left by one jump.
    fn line_up(&mut self, things: usize) {
        let at_one_place = std::mem::take(&mut self.walk);
        self.walk.reserve(things);
        let mut waits = vec![(0_usize, false)];
        let mut opened = Vec::new();
        while let Some((at, is_done)) = waits.pop() {
            if is_done {
                let heap: usize = opened.pop().unwrap_or_default();
                self.heaps[heap].behind = self.heaps.len() as u32;
                continue;
            }
            let cell = self.cells[at];
            if cell.mass == 0.0 {
                continue;
            }
            let width = if cell.quarters > 0 { 2.0 * cell.half / THETA } else { 0.0 };
            self.heaps.push(Heap { x: cell.x / cell.mass, y: cell.y / cell.mass, mass: cell.mass, width: width * width, behind: self.heaps.len() as u32 + 1 });
            if cell.quarters > 0 {
                opened.push(self.heaps.len() - 1);
                waits.push((at, true));
                (0..4).rev().for_each(|n| waits.push((cell.quarters as usize + n, false)));
            } else {
                self.walk.push(cell.body as usize);
            }
        }
        self.walk.extend(at_one_place);
    }

    /// How the others push a body away.
    fn push(&self, body: &Body) -> (f64, f64) {
        let (mut x, mut y) = (0.0, 0.0);
        let mut at = 0;
        while let Some(heap) = self.heaps.get(at) {
            let (dx, dy) = (body.x - heap.x, body.y - heap.y);
            let apart = dx * dx + dy * dy;
            if heap.width > apart {
                at += 1;
                continue;
            }
            // Nothing pushes itself, and what stands at one place has no way to go.
            if apart > NOTHING {
                let push = SCALING * body.mass * heap.mass / apart;
                x += dx * push;
                y += dy * push;
            }
            at = heap.behind as usize;
        }
        (x, y)
    }
}

fn empty(middle: (f64, f64), half: f64) -> Cell {
    Cell { quarters: 0, count: 0, body: 0, x: 0.0, y: 0.0, mass: 0.0, middle, half }
}

fn quarter(cell: &Cell, body: &Body) -> usize {
    usize::from(body.x >= cell.middle.0) + 2 * usize::from(body.y >= cell.middle.1)
}

/// Whole units, the longer side [`SIDE`].
fn fitted(settled: &[(f64, f64)]) -> Vec<Place> {
    let least = settled.iter().fold((f64::MAX, f64::MAX), |least, at| (least.0.min(at.0), least.1.min(at.1)));
    let most = settled.iter().fold((f64::MIN, f64::MIN), |most, at| (most.0.max(at.0), most.1.max(at.1)));
    let longest = (most.0 - least.0).max(most.1 - least.1);
    let scale = if longest > 0.0 { f64::from(SIDE) / longest } else { 0.0 };
    settled.iter().map(|at| (whole((at.0 - least.0) * scale), whole((at.1 - least.1) * scale))).collect()
}

fn whole(value: f64) -> i32 {
    (value + 0.5).floor().clamp(0.0, f64::from(SIDE)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Two rings of ten that one line joins.
    fn two_rings() -> (Vec<String>, Vec<(usize, usize, f64)>) {
        let names = (0..20).map(|n| format!("thing {n:02}")).collect();
        let ring = |from: usize| (0..10).map(move |n| (from + n, from + (n + 1) % 10, 1.0));
        (names, ring(0).chain(ring(10)).chain([(3, 14, 1.0)]).collect())
    }

    fn placed(names: &[String], lines: &[(usize, usize, f64)], seed: u64) -> Vec<Place> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        places(&names, lines, Layout::of(names.len(), seed))
    }

    #[test]
    fn the_same_graph_has_the_same_places_and_another_seed_has_others() {
        let (names, lines) = two_rings();
        assert_eq!(placed(&names, &lines, 42), placed(&names, &lines, 42));
        assert_ne!(placed(&names, &lines, 42), placed(&names, &lines, 43));
    }

    /// Written down once: who changes a rule of the layout sees it here, and raises the version that is printed.
    #[test]
    fn places_are_the_same_on_every_machine() {
        let names: Vec<String> = ["E-0001", "E-0002", "F-0001", "1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1"].iter().map(|name| (*name).to_string()).collect();
        assert_eq!(placed(&names, &[(0, 3, 1.0), (1, 3, 2.0), (0, 2, 1.0)], 42), WRITTEN_DOWN);
    }

    const WRITTEN_DOWN: [Place; 4] = [(3642, 13040), (0, 0), (5586, 20000), (1337, 4786)];

    #[test]
    fn what_is_joined_stands_nearer_than_what_is_not() {
        let (names, lines) = two_rings();
        let at = placed(&names, &lines, 42);
        let apart = |one: usize, other: usize| length(f64::from(at[one].0 - at[other].0), f64::from(at[one].1 - at[other].1));
        let mean = |pairs: &[(usize, usize)]| pairs.iter().map(|(one, other)| apart(*one, *other)).sum::<f64>() / pairs.len() as f64;
        let within: Vec<(usize, usize)> = lines.iter().map(|line| (line.0, line.1)).collect();
        let across: Vec<(usize, usize)> = (0..10).flat_map(|one| (10..20).map(move |other| (one, other))).collect();
        assert!(2.0 * mean(&within) < mean(&across), "{} and {}", mean(&within), mean(&across));
    }

    /// One of twenty that all hang on it, and a tail: each has room of its own.
    #[test]
    fn leaves_of_one_thing_stand_apart() {
        let names: Vec<String> = (0..24).map(|n| format!("thing {n:02}")).collect();
        let lines: Vec<(usize, usize, f64)> = (1..20).map(|n| (0, n, 1.0)).chain([(0, 20, 1.0), (20, 21, 1.0), (21, 22, 1.0), (22, 23, 1.0)]).collect();
        let at = placed(&names, &lines, 42);
        let apart = |one: Place, other: Place| length(f64::from(one.0 - other.0), f64::from(one.1 - other.1));
        for (n, one) in at.iter().enumerate() {
            let nearest = at.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, other)| apart(*one, *other)).fold(f64::MAX, f64::min);
            assert!(nearest > f64::from(SIDE) / 60.0, "{n}: {nearest} in {at:?}");
        }
    }

    #[test]
    fn what_is_odd_is_borne() {
        for (names, lines) in [
            (vec![], vec![]),
            (vec!["alone"], vec![(0, 0, 1.0)]),
            (vec!["one", "two"], vec![(0, 9, 1.0), (0, 1, f64::NAN), (0, 1, -1.0)]),
            (vec!["one", "two"], vec![(0, 1, 1e300)]),
        ] {
            let at = places(&names, &lines, Layout::of(names.len(), 1));
            assert_eq!(at.len(), names.len());
            assert!(at.iter().all(|(x, y)| (0..=SIDE).contains(x) && (0..=SIDE).contains(y)), "{at:?}");
        }
    }

    #[test]
    fn things_at_one_place_end_and_are_counted() {
        let bodies = vec![Body { x: 1.0, y: 1.0, mass: 1.0 }; 50];
        let mut tree = Tree::default();
        tree.grow(&bodies);
        let mut walked = tree.walk.clone();
        walked.sort_unstable();
        assert_eq!(walked, (0..50).collect::<Vec<_>>());
        assert!((tree.heaps[0].mass - 50.0).abs() < 1e-9);
        assert!(tree.cells.len() < 1_000, "{}", tree.cells.len());
    }

    #[test]
    fn far_things_push_about_as_each_of_them_would() {
        let bodies: Vec<Body> = (0..400).map(|n| Body::begin(&format!("{n}"), 7, 400)).collect();
        let mut tree = Tree::default();
        tree.grow(&bodies);
        let (mut off, mut all) = (0.0, 0.0);
        for body in &bodies {
            let near = tree.push(body);
            let exact = bodies.iter().fold((0.0, 0.0), |sum, other| {
                let (dx, dy) = (body.x - other.x, body.y - other.y);
                let apart = dx * dx + dy * dy;
                if apart > 0.0 { (sum.0 + dx * SCALING / apart, sum.1 + dy * SCALING / apart) } else { sum }
            });
            off += length(near.0 - exact.0, near.1 - exact.1);
            all += length(exact.0, exact.1);
        }
        assert!(off < 0.15 * all, "{off} of {all}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_order_of_things_and_lines_changes_nothing(lines in prop::collection::vec((0..12_usize, 0..12_usize, 1..4_u8), 0..30), shift in 1..12_usize, seed in any::<u64>()) {
            let names: Vec<String> = (0..12).map(|n| format!("n{n}")).collect();
            let lines: Vec<(usize, usize, f64)> = lines.into_iter().map(|(from, to, weight)| (from, to, f64::from(weight))).collect();
            let turned_names: Vec<String> = (0..12).map(|n| names[(n + shift) % 12].clone()).collect();
            let turned_lines: Vec<(usize, usize, f64)> = lines.iter().rev().map(|(from, to, weight)| ((to + 12 - shift) % 12, (from + 12 - shift) % 12, *weight)).collect();
            let (here, there) = (placed(&names, &lines, seed), placed(&turned_names, &turned_lines, seed));
            for n in 0..12 {
                prop_assert_eq!(here[(n + shift) % 12], there[n]);
            }
        }
    }
}
