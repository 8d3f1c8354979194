//! What a form says of its step, its fields and the words that are chosen from, in the reader's language.
//!
//! The keys are made here and nowhere else. What one field says has a key of its own (`hint-STEP-FIELD`); what several say in
//! the same English words has one that they share (`hint-any-…`), so that it is translated once. It refuses to guess: what has
//! no words in any language of the reader stands in the English of the command line, and says so to whoever reads it aloud.
//! A test names each field, step and choice that lacks its words in a language that is built in.

use maud::{Markup, html};

use crate::{
    frame::Frame,
    steps::{Field, Step},
    words::Languages,
};

/// What a step does.
pub fn does(frame: &Frame<'_>, step: &Step) -> Markup {
    said(frame, &key_of_step(step), &step.about)
}

/// What a field means.
pub fn of_field(frame: &Frame<'_>, step: &Step, field: &Field) -> Markup {
    said(frame, &key_of_field(frame.languages, step, field), &field.about)
}

/// What a field is called.
pub fn name(frame: &Frame<'_>, field: &Field) -> String {
    frame.or_name(&key_of_name(field), &field.id)
}

/// A word that is chosen from.
pub fn choice(frame: &Frame<'_>, field: &Field, word: &str) -> String {
    let said = keys_of_choice(field, word).into_iter().find_map(|key| frame.languages.find(frame.language, &key, &[]));
    said.unwrap_or_else(|| word.to_string())
}

fn key_of_step(step: &Step) -> String {
    format!("does-{}", step.name.replace('/', "-"))
}

fn key_of_name(field: &Field) -> String {
    format!("field-{}", field.id)
}

fn key_of_field(languages: &Languages, step: &Step, field: &Field) -> String {
    languages.shared(&field.about).map_or_else(|| format!("hint-{}-{}", step.name.replace('/', "-"), field.id), str::to_string)
}

/// Words of the kind that the field names (an action, a source, a jurisdiction) go before those that mean the same anywhere:
/// `th` is a country, and a language.
fn keys_of_choice(field: &Field, word: &str) -> [String; 2] {
    let kind = if field.id == "source-class" { "source" } else { &field.id };
    [format!("{kind}-{word}"), format!("value-{word}")]
}

/// In the reader's language where it has the words, else those of the command line.
fn said(frame: &Frame<'_>, key: &str, english: &str) -> Markup {
    let said = frame.languages.find(frame.language, key, &[]).filter(|said| said != english);
    html! { @match said { Some(said) => (said), None => span lang="en" { (english) } } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{offered::Offers, screens, steps::Kind};
    use serde_json::Value;

    /// Every step with its fields, as programs are told of them: a test of the command line holds this file to it.
    fn steps() -> Vec<Step> {
        let api: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
        let named = api["paths"].as_object().unwrap().iter().filter_map(|(path, about)| Some((path.strip_prefix("/api/v1/steps/")?, &about["post"])));
        named.map(|(name, post)| {
            let fields = post["requestBody"]["content"]["application/json"]["schema"]["properties"].as_object().unwrap();
            let about = post["summary"].as_str().unwrap().to_string();
            Step { name: name.into(), about, fields: fields.iter().map(|(id, schema)| field(id, schema)).collect() }
        }).collect()
    }

    fn field(id: &str, schema: &Value) -> Field {
        let many = schema["type"] == "array";
        let one = if many { &schema["items"] } else { schema };
        let mut field = Field::of_words(id, many);
        field.about = schema["description"].as_str().unwrap().to_string();
        field.kind = match (one["enum"].as_array(), one["type"].as_str(), one["contentEncoding"].is_string()) {
            (Some(words), ..) => Kind::Choice(words.iter().map(|word| word.as_str().unwrap().to_string()).collect()),
            (_, Some("boolean"), _) => Kind::Flag,
            (_, Some("integer"), _) => Kind::Number,
            (_, _, true) => Kind::File,
            _ => Kind::Words,
        };
        field
    }

    /// What a language does not say of a step: what it is, and the keys under which it would be said.
    fn missing(languages: &Languages, code: &str, step: &Step) -> Vec<String> {
        let mut needed = vec![("what it does".to_string(), vec![key_of_step(step)])];
        for field in &step.fields {
            needed.push((format!("the name of {}", field.id), vec![key_of_name(field)]));
            needed.push((format!("what {} means", field.id), vec![key_of_field(languages, step, field)]));
            if let Kind::Choice(words) = &field.kind {
                needed.extend(words.iter().map(|word| (format!("{} = {word}", field.id), keys_of_choice(field, word).to_vec())));
            }
        }
        let lacks = needed.into_iter().filter(|(_, keys)| keys.iter().all(|key| !languages.says(code, key)));
        lacks.map(|(what, keys)| format!("{code}: {}: {what} ({})", step.name, keys.join(" or "))).collect()
    }

    #[test]
    fn no_form_shows_anything_that_a_language_does_not_say() {
        let languages = Languages::with(None).unwrap();
        let steps = steps();
        assert!(steps.len() > 150 && steps.iter().map(|step| step.fields.len()).sum::<usize>() > 500);
        let missing: Vec<String> = languages.all().iter().flat_map(|(code, _)| steps.iter().flat_map(|step| missing(&languages, code, step))).collect();
        assert!(missing.is_empty(), "{} words are missing:\n{}", missing.len(), missing.join("\n"));
    }

    #[test]
    fn a_step_without_words_is_named_by_the_test_above() {
        let languages = Languages::with(None).unwrap();
        let mut field = Field::of_words("heron", false);
        (field.about, field.kind) = ("Which heron".into(), Kind::Choice(vec!["grey".into()]));
        let step = Step { name: "heron/feed".into(), about: "Feed it".into(), fields: vec![field] };
        let said = missing(&languages, "lo", &step);
        assert_eq!(said, [
            "lo: heron/feed: what it does (does-heron-feed)", "lo: heron/feed: the name of heron (field-heron)",
            "lo: heron/feed: what heron means (hint-heron-feed-heron)", "lo: heron/feed: heron = grey (heron-grey or value-grey)",
        ]);
    }

    #[test]
    fn no_form_in_another_language_is_marked_as_english_anywhere() {
        let languages = Languages::with(None).unwrap();
        for (language, _) in languages.all().iter().filter(|(code, _)| *code != "en") {
            let frame = Frame { languages: &languages, language, agency: "", training: true, person: None, case: None, path: "", again: None };
            let drawn = |step: &Step| screens::form(&frame, step, &|_| None, &Offers::default(), "").into_string();
            let english: Vec<String> = steps().iter().filter(|step| drawn(step).contains("lang=\"en\"")).map(|step| step.name.clone()).collect();
            assert!(english.is_empty(), "{language}: {english:?}");
        }
    }

    #[test]
    fn what_has_no_words_stands_in_english_and_says_so() {
        let languages = Languages::with(None).unwrap();
        let frame = Frame { languages: &languages, language: "lo", agency: "", training: true, person: None, case: None, path: "", again: None };
        let mut field = Field::of_words("heron", false);
        field.about = "Which heron".into();
        let step = Step { name: "heron/feed".into(), about: "Feed it".into(), fields: vec![] };
        assert_eq!(of_field(&frame, &step, &field).into_string(), "<span lang=\"en\">Which heron</span>");
        assert_eq!(does(&frame, &step).into_string(), "<span lang=\"en\">Feed it</span>");
    }

    #[test]
    fn a_word_is_said_as_the_field_means_it() {
        let languages = Languages::with(None).unwrap();
        let frame = Frame { languages: &languages, language: "en", agency: "", training: true, person: None, case: None, path: "", again: None };
        let said = |id: &str, word: &str| choice(&frame, &Field::of_words(id, false), word);
        assert_eq!([said("language", "th"), said("jurisdiction", "th"), said("source-class", "open"), said("class", "ordinary")], ["Thai", "Thailand", "open net", "ordinary"]);
    }
}
