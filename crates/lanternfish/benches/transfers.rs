//! How many transfers of custody, each signed by two people, become durable in a second.
//!
//! `cargo bench -p lanternfish --bench transfers --profile release -- --writers 64 --transfers 5000`
//! gives one exhibit to each pair of sessions, which hand it to and fro: offer, re-hash, signature,
//! acceptance, re-hash, signature. Beside it stands what two signatures and two verifications cost alone.
//! `LANTERNFISH_BENCH_DIR` names the folder of the home. It measures and judges nothing.

#![expect(clippy::unwrap_used, reason = "a bench that cannot unwrap has failed")]

#[path = "unit/mod.rs"]
mod unit;

use std::time::Instant;

use desk::{
    Intent,
    admit::{self, AdmitFile},
    custody,
};
use model::{
    action::Action,
    authority::SourceClass,
    exhibit::{ExhibitClass, Origin},
};
use unit::{Unit, option};

fn main() {
    let (writers, transfers) = (option("--writers", 64), option("--transfers", 5_000));
    let place = std::env::var_os("LANTERNFISH_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let home = tempfile::tempdir_in(place).expect("a temporary folder");
    let unit = Unit::open(&home.path().join("home"));
    let exhibits: Vec<String> = (0..writers).map(|n| unit.exhibit(n)).collect();
    let signatures = unit.two_signatures();
    println!("{{\"bench\":\"two signatures\",\"cpu_us\":{signatures:.0}}}");
    let (began, cpu) = (Instant::now(), cpu_seconds());
    std::thread::scope(|threads| {
        for exhibit in &exhibits {
            threads.spawn(|| unit.hand_to_and_fro(exhibit, transfers / writers));
        }
    });
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let done = (transfers / writers * writers) as f64;
    println!(
        "{{\"bench\":\"transfers\",\"writers\":{writers},\"transfers\":{done},\"per_s\":{:.0},\"cpu_us_each\":{:.0}}}",
        done / wall,
        cpu * 1e6 / done
    );
}

impl Unit {
    fn exhibit(&self, n: usize) -> String {
        let typed = AdmitFile {
            description: "bench".into(),
            source: "bench".into(),
            origin: Origin::of(SourceClass::Synthetic),
            class: ExhibitClass::Ordinary,
            original_name: None,
            declared: vec![],
            manual: None,
        };
        let scope = self.desk.enter(&self.officer, &self.case).unwrap();
        let permit = self.desk.permit(&scope, typed.intent()).unwrap();
        admit::file(&self.desk, &scope, &permit, &typed, &mut format!("exhibit {n}").repeat(100).as_bytes()).unwrap().exhibit
    }

    /// Both people stand in their case, and the exhibit goes to and fro between them.
    fn hand_to_and_fro(&self, exhibit: &str, times: usize) {
        let enter = |person| {
            let scope = self.desk.enter(person, &self.case).unwrap();
            let permit = self.desk.permit(&scope, Intent::to(Action::Transfer)).unwrap();
            (person, scope, permit)
        };
        let hands = [enter(&self.officer), enter(&self.chief)];
        for n in 0..times {
            let ((giver, scope, permit), receiver) = (&hands[n % 2], &hands[(n + 1) % 2]);
            let offered = custody::offer(&self.desk, giver, scope, permit, exhibit, receiver.0.name(), "bench").unwrap();
            custody::accept(&self.desk, receiver.0, &receiver.1, &receiver.2, &offered.transfer, None).unwrap();
        }
    }

    /// CPU-microseconds of two signatures and one verification, which a transfer cannot do without.
    fn two_signatures(&self) -> f64 {
        const TIMES: u32 = 500;
        let certificate = seal::Certificate::from_der(self.officer.certificate()).unwrap();
        let point = certificate.key().subject_public_key.as_bytes().unwrap();
        let cpu = cpu_seconds();
        for n in 0..TIMES {
            let text = n.to_be_bytes();
            let signature = self.officer.sign(&text).unwrap();
            self.chief.sign(&text).unwrap();
            assert!(desk::signature_holds(point, &text, &signature));
        }
        (cpu_seconds() - cpu) * 1e6 / f64::from(TIMES)
    }
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a process name").1.split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum();
    ticks as f64 / 100.0
}
