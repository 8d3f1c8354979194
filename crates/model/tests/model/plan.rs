//! The seal plan (law 8): what it says can be read back, and every change of a line is refused or is
//! plainly another plan.

use model::{
    Sha256Digest,
    package::{SEAL_PLAN_HEAD, SealFile, SealPlan},
};
use proptest::prelude::*;

fn digest(n: u8) -> Sha256Digest {
    Sha256Digest::of(&[n])
}

fn plan() -> SealPlan {
    SealPlan::new(&[digest(1), digest(2)], &[(digest(3), true), (digest(4), false)])
}

fn refused(text: &str) {
    assert!(SealPlan::parse(text).is_err(), "{text}");
}

#[test]
fn law_08_a_plan_names_each_seal_file_once() {
    let paths: Vec<String> = plan().files.iter().map(SealFile::path).collect();
    assert_eq!(paths, [
        "seal/officer-1.p7s", "seal/officer-2.p7s", "seal/token-1.tsr", "seal/token-2.tsr", "seal/seal.leaf", "seal/seal.salt",
        "seal/seal.detail", "seal/seal.tlog",
    ]);
    let text = plan().to_text();
    assert!(text.starts_with("lanternfish-seal-plan 1\nseal/officer-1.p7s officer "));
    assert!(text.contains(" independent\n") && text.contains(" NOT-INDEPENDENT\n"));
    assert_eq!(SealPlan::parse(&text), Ok(plan()));
}

#[test]
fn law_08_every_mutation_of_every_line_is_refused() {
    let text = plan().to_text();
    let lines: Vec<&str> = text.lines().collect();
    for n in 0..lines.len() {
        let with = |change: &dyn Fn(&mut Vec<String>)| {
            let mut copy: Vec<String> = lines.iter().map(|l| (*l).to_string()).collect();
            change(&mut copy);
            copy.join("\n") + "\n"
        };
        // Without its last officer or token it is a plan, but another one: the tag manifest tells.
        assert_ne!(SealPlan::parse(&with(&|l| drop(l.remove(n)))), Ok(plan()), "line {n}");
        refused(&with(&|l| l.insert(n, l[n].clone())));
        refused(&with(&|l| l.insert(n, String::new())));
        refused(&with(&|l| l[n].push(' ')));
        refused(&with(&|l| l[n].push('\r')));
        refused(&with(&|l| l[n].push_str(" extra")));
        refused(&with(&|l| l[n].insert(0, ' ')));
        refused(&with(&|l| l[n] = l[n].replace("seal", "sea1")));
        refused(&with(&|l| l[n] = l[n].to_uppercase()));
        refused(&with(&|l| l[n] = l[n].replacen(' ', "  ", 1)));
        refused(&with(&|l| l[n] = l[n].replacen(' ', "\t", 1)));
        if n + 1 < lines.len() {
            // Officers and tokens are numbered: a swapped pair has its numbers in the wrong order.
            refused(&with(&|l| l.swap(n, n + 1)));
        }
    }
    for path in ["../officer-1.p7s", "seal/officer-01.p7s", "seal/officer-9.p7s", "/seal/officer-1.p7s"] {
        refused(&text.replace("seal/officer-1.p7s", path));
    }
    refused(&text.replace(" NOT-INDEPENDENT", " not-independent"));
    refused(&text.replace(" NOT-INDEPENDENT", ""));
    refused(text.trim_end());
    refused(&format!("{text}\n"));
    refused(&format!("\u{feff}{text}"));
    for end in 0..text.len() {
        refused(&text[..end]);
    }
}

#[test]
fn law_08_a_plan_without_an_officer_or_an_authority_is_refused() {
    refused(&SealPlan::new(&[], &[(digest(3), true)]).to_text());
    refused(&SealPlan::new(&[digest(1)], &[]).to_text());
    refused(&format!("{SEAL_PLAN_HEAD}\n"));
    refused("");
    assert!(SealPlan::parse(&SealPlan::new(&[digest(1)], &[(digest(3), true)]).to_text()).is_ok());
}

proptest! {
    #[test]
    fn law_08_any_plan_reads_back(officers in prop::collection::vec(any::<[u8; 32]>(), 1..12), tokens in prop::collection::vec((any::<[u8; 32]>(), any::<bool>()), 1..12)) {
        let officers: Vec<_> = officers.into_iter().map(Sha256Digest).collect();
        let tokens: Vec<_> = tokens.into_iter().map(|(d, i)| (Sha256Digest(d), i)).collect();
        let plan = SealPlan::new(&officers, &tokens);
        prop_assert_eq!(SealPlan::parse(&plan.to_text()).unwrap(), plan);
    }

    #[test]
    fn law_08_a_plan_with_one_byte_changed_never_reads_as_the_same(place in 0_usize..2_000, to in 0_u8..128) {
        let text = plan().to_text();
        let mut bytes = text.clone().into_bytes();
        let place = place % bytes.len();
        prop_assume!(bytes[place] != to);
        bytes[place] = to;
        if let Ok(other) = SealPlan::parse(std::str::from_utf8(&bytes).unwrap()) {
            prop_assert_ne!(other, plan());
        }
    }

    #[test]
    fn law_14_strange_text_is_no_panic(text in "\\PC{0,200}") {
        let _ = SealPlan::parse(&text);
        let _ = SealPlan::parse(&format!("{SEAL_PLAN_HEAD}\n{text}"));
    }
}
