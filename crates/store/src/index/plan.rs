//! A question taken apart, to be asked of a whole document: what has bytes of its own, as a page or a file, or a mail. Words
//! that must be there together may stand in different passages of it, one in the title and one far down; what must not
//! be there may stand in none of them.
//!
//! What says where to look (`zone:`, `language:`, `host:`, `exhibit:`, `address:`, days) says so for everything beside it:
//! `zone:comment a b` wants both words in comments. It refuses to settle anything itself: whether a passage holds a part
//! is read in its text, see [`super::confirm`].

use super::ask::{Ask, Field, Property, Words};

/// How the parts of a question belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Plan {
    All(Vec<Plan>),
    Any(Vec<Plan>),
    Not(Box<Plan>),
    Part(usize),
}

/// What one passage is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    /// Where to look: a passage that is not like this is passed over.
    pub within: Vec<&'a Ask>,
    /// What must stand in it; none when the passage itself is what was asked for.
    pub what: Option<&'a Ask>,
    /// Whether it is asked for, and not asked against.
    pub wanted: bool,
}

/// A question with its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned<'a> {
    plan: Plan,
    parts: Vec<Part<'a>>,
}

impl<'a> Planned<'a> {
    pub fn of(ask: &'a Ask) -> Planned<'a> {
        let mut parts = Vec::new();
        let plan = build(ask, &[], true, &mut parts);
        Planned { plan, parts }
    }

    pub fn parts(&self) -> &[Part<'a>] {
        &self.parts
    }

    /// The parts that are asked for.
    pub fn wanted(&self) -> impl Iterator<Item = &Part<'a>> {
        self.parts.iter().filter(|part| part.wanted)
    }

    /// Whether a passage that holds a part makes its document an answer, whatever else stands there.
    pub fn is_of_one_passage(&self) -> bool {
        fn alone(plan: &Plan) -> bool {
            match plan {
                Plan::Part(_) => true,
                Plan::Any(plans) => plans.iter().all(alone),
                Plan::All(_) | Plan::Not(_) => false,
            }
        }
        alone(&self.plan)
    }

    /// Whether a document answers; `any` says whether one of its passages holds the part of that number.
    pub fn holds<E>(&self, any: &mut dyn FnMut(usize) -> Result<bool, E>) -> Result<bool, E> {
        holds(&self.plan, any)
    }

    /// The documents that can answer, of those that hold each part; none when all of them can.
    pub fn possible<S: Clone, E>(&self, sets: &mut Sets<'_, S, E>) -> Result<Option<S>, E> {
        possible(&self.plan, &self.parts, sets)
    }
}

/// How sets of documents are made and put together.
pub(crate) struct Sets<'s, S, E> {
    pub of: &'s mut dyn FnMut(usize) -> Result<S, E>,
    pub both: fn(S, S) -> S,
    pub either: fn(S, S) -> S,
}

fn build<'a>(ask: &'a Ask, within: &[&'a Ask], wanted: bool, parts: &mut Vec<Part<'a>>) -> Plan {
    let mut part = |within: &[&'a Ask], what: Option<&'a Ask>| {
        parts.push(Part { within: within.to_vec(), what, wanted });
        Plan::Part(parts.len() - 1)
    };
    match ask {
        Ask::All(all) => {
            let (places, rest): (Vec<&Ask>, Vec<&Ask>) = all.iter().partition(|one| says_where(one));
            let within: Vec<&Ask> = within.iter().copied().chain(places).collect();
            // Without a word the passages themselves are asked for: some must be there.
            let mut plans = if rest.iter().any(|one| one.can_be_found()) { vec![] } else { vec![part(&within, None)] };
            plans.extend(rest.into_iter().map(|one| build(one, &within, wanted, parts)));
            if plans.len() == 1 { plans.remove(0) } else { Plan::All(plans) }
        }
        Ask::Any(any) => Plan::Any(any.iter().map(|one| build(one, within, wanted, parts)).collect()),
        Ask::Not(inner) => Plan::Not(Box::new(build(inner, within, !wanted, parts))),
        leaf => part(within, Some(leaf)),
    }
}

/// Whether it says where to look, and not what stands there.
fn says_where(ask: &Ask) -> bool {
    match ask {
        Ask::Is(property, _) => matches!(property, Property::Exhibit | Property::Language | Property::Host | Property::Zone),
        Ask::After(_) | Ask::Before(_) => true,
        Ask::Words(Words { field, .. }) => *field == Field::Address,
        Ask::Not(inner) => says_where(inner),
        Ask::All(parts) | Ask::Any(parts) => parts.iter().all(says_where),
    }
}

fn holds<E>(plan: &Plan, any: &mut dyn FnMut(usize) -> Result<bool, E>) -> Result<bool, E> {
    match plan {
        Plan::Part(part) => any(*part),
        Plan::Not(inner) => holds(inner, any).map(|held| !held),
        Plan::All(plans) => {
            for plan in plans {
                if !holds(plan, any)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Plan::Any(plans) => {
            for plan in plans {
                if holds(plan, any)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

fn possible<S: Clone, E>(plan: &Plan, parts: &[Part<'_>], sets: &mut Sets<'_, S, E>) -> Result<Option<S>, E> {
    Ok(match plan {
        Plan::Part(part) => if parts[*part].what.is_some() { Some((sets.of)(*part)?) } else { None },
        // What an index takes for a candidate wrongly must not take an answer away.
        Plan::Not(_) => None,
        Plan::All(plans) => {
            let mut all = None;
            for plan in plans {
                all = match (all, possible(plan, parts, sets)?) {
                    (Some(all), Some(more)) => Some((sets.both)(all, more)),
                    (all, more) => all.or(more),
                };
            }
            all
        }
        Plan::Any(plans) => {
            let mut any: Option<S> = None;
            for plan in plans {
                let Some(more) = possible(plan, parts, sets)? else { return Ok(None) };
                any = Some(match any {
                    Some(any) => (sets.either)(any, more),
                    None => more,
                });
            }
            any
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use std::collections::BTreeSet;

    use super::{super::read_ask, *};

    /// The question in short: `[where] what`, with `!` where it is asked against.
    fn check(question: &str, parts: &[&str], one: bool) {
        let ask = read_ask(question).unwrap();
        let planned = Planned::of(&ask);
        let short = |ask: &Ask| match ask {
            Ask::Words(words) => words.text.clone(),
            Ask::Is(_, value) => value.clone(),
            Ask::Not(_) => "not".into(),
            other => format!("{other:?}"),
        };
        let told: Vec<String> = planned.parts().iter().map(|part| {
            let within: Vec<String> = part.within.iter().map(|one| short(one)).collect();
            format!("{}[{}] {}", if part.wanted { "" } else { "!" }, within.join(","), part.what.map_or(String::new(), short))
        }).collect();
        assert_eq!(told, parts, "{question}");
        assert_eq!(planned.is_of_one_passage(), one, "{question}");
    }

    #[test]
    fn what_says_where_is_said_of_everything_beside_it() {
        check("a", &["[] a"], true);
        check("a b", &["[] a", "[] b"], false);
        check("zone:comment a", &["[comment] a"], true);
        check("zone:comment a b", &["[comment] a", "[comment] b"], false);
        check("zone:comment (a OR b)", &["[comment] a", "[comment] b"], true);
        check("(zone:comment a) b", &["[comment] a", "[] b"], false);
        check("a -b", &["[] a", "![] b"], false);
        check("language:lo -b", &["[lo] ", "![lo] b"], false);
        check("-zone:title a", &["[not] a"], true);
        check("-(zone:title a) b", &["![title] a", "[] b"], false);
        check("language:lo host:x.example", &["[lo,x.example] "], true);
        check("address:x type:email a", &["[x] email", "[x] a"], false);
        check("zone:title OR a", &["[] title", "[] a"], true);
    }

    #[test]
    fn a_document_answers_by_its_parts_and_can_answer_whenever_it_does() {
        let documents: Vec<BTreeSet<&str>> = vec![["a"].into(), ["a", "b"].into(), ["b", "c"].into(), ["c"].into(), [].into()];
        for (question, answers) in [("a b", vec![1]), ("a OR c", vec![0, 1, 2, 3]), ("a -b", vec![0]), ("(a OR c) b", vec![1, 2]), ("c -(a OR b)", vec![3]), ("a -(-b)", vec![1])] {
            let ask = read_ask(question).unwrap();
            let planned = Planned::of(&ask);
            let what = |part: usize| match planned.parts()[part].what { Some(Ask::Words(words)) => words.text.clone(), _ => panic!() };
            let held = |document: usize| planned.holds(&mut |part| Ok::<_, ()>(documents[document].contains(what(part).as_str()))).unwrap();
            let found: Vec<usize> = (0..documents.len()).filter(|document| held(*document)).collect();
            assert_eq!(found, answers, "{question}");
            let mut of = |part: usize| Ok::<BTreeSet<usize>, ()>((0..documents.len()).filter(|document| documents[*document].contains(what(part).as_str())).collect());
            let mut sets = Sets { of: &mut of, both: |a, b| a.intersection(&b).copied().collect(), either: |a, b| a.union(&b).copied().collect() };
            let possible = planned.possible(&mut sets).unwrap();
            assert!(answers.iter().all(|answer| possible.as_ref().is_none_or(|possible| possible.contains(answer))), "{question}: {possible:?}");
        }
    }
}
