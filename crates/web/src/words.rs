//! The words of the pages, in the languages of the officers.
//!
//! One Fluent file for each language, built in; others are dropped into a folder. What a language lacks is said in English.
//! A file that begins with `# unreviewed` was drafted by a machine, and each page in it says so.

use std::{collections::BTreeMap, path::Path};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

/// Built in: code and text.
const BUILT_IN: [(&str, &str); 5] = [
    ("en", include_str!("../locales/en.ftl")),
    ("lo", include_str!("../locales/lo.ftl")),
    ("th", include_str!("../locales/th.ftl")),
    ("vi", include_str!("../locales/vi.ftl")),
    ("ru", include_str!("../locales/ru.ftl")),
];

/// The reasons of refusals, in the same languages: a file of their own beside each.
pub const REASONS: [(&str, &str); 5] = [
    ("en", include_str!("../locales/reasons/en.ftl")),
    ("lo", include_str!("../locales/reasons/lo.ftl")),
    ("th", include_str!("../locales/reasons/th.ftl")),
    ("vi", include_str!("../locales/reasons/vi.ftl")),
    ("ru", include_str!("../locales/reasons/ru.ftl")),
];

/// The language that has every word.
pub const FALLBACK: &str = "en";

/// One language.
struct Language {
    bundle: FluentBundle<FluentResource>,
    reviewed: bool,
}

/// What several fields say in the same words stands once, in a message whose key begins so.
const SHARED: &str = "hint-any-";

/// All languages.
pub struct Languages {
    languages: BTreeMap<String, Language>,
    /// The keys of what is shared, by their English.
    shared: BTreeMap<&'static str, &'static str>,
}

impl Languages {
    /// Those that are built in, and those of this folder (`CODE.ftl`).
    ///
    /// # Errors
    /// In words: a file that cannot be read or is no Fluent file.
    pub fn with(folder: Option<&Path>) -> Result<Languages, String> {
        let shared = BUILT_IN[0].1.lines().filter_map(|line| line.split_once(" = ")).filter(|(key, _)| key.starts_with(SHARED));
        let mut languages = Languages { languages: BTreeMap::new(), shared: shared.map(|(key, english)| (english, key)).collect() };
        for (code, text) in BUILT_IN {
            languages.add(code, text)?;
        }
        for (code, text) in REASONS {
            languages.add_to(code, text)?;
        }
        let Some(folder) = folder else { return Ok(languages) };
        let trouble = |e: std::io::Error| format!("the folder of languages {}: {e}", folder.display());
        for entry in std::fs::read_dir(folder).map_err(trouble)? {
            let path = entry.map_err(trouble)?.path();
            if path.extension().is_some_and(|ending| ending == "ftl") {
                let code = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                languages.add(&code, &std::fs::read_to_string(&path).map_err(trouble)?)?;
            }
        }
        Ok(languages)
    }

    fn add(&mut self, code: &str, text: &str) -> Result<(), String> {
        let id: LanguageIdentifier = code.parse().map_err(|_| format!("\"{code}\" is no code of a language: name the file after one, such as km.ftl"))?;
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // The marks that Fluent puts around each value are shown as boxes by old fonts.
        bundle.set_use_isolating(false);
        self.languages.insert(code.into(), Language { bundle, reviewed: true });
        self.add_to(code, text)
    }

    /// More words of a language that is there.
    fn add_to(&mut self, code: &str, text: &str) -> Result<(), String> {
        let Some(language) = self.languages.get_mut(code) else { return Ok(()) };
        let resource = FluentResource::try_new(text.to_string()).map_err(|(_, errors)| format!("{code}.ftl: {errors:?}"))?;
        language.bundle.add_resource(resource).map_err(|errors| format!("{code}.ftl: {errors:?}"))?;
        language.reviewed &= !text.starts_with("# unreviewed");
        Ok(())
    }

    /// Codes, and how each language calls itself.
    pub fn all(&self) -> Vec<(&str, String)> {
        self.languages.keys().map(|code| (code.as_str(), self.say(code, "language-name", &[]))).collect()
    }

    /// Whether there is such a language.
    pub fn has(&self, code: &str) -> bool {
        self.languages.contains_key(code)
    }

    /// The first language of a browser's list (RFC 9110, section 12.5.4) that is here.
    pub fn best(&self, accepted: &str) -> &str {
        let mut wishes: Vec<(&str, f32)> = accepted
            .split(',')
            .filter_map(|wish| {
                let (tag, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
                let code = tag.trim().split('-').next()?;
                Some((code, weight.trim().trim_start_matches("q=").parse().unwrap_or(0.0)))
            })
            .collect();
        wishes.sort_by(|one, other| other.1.total_cmp(&one.1));
        wishes.into_iter().find_map(|(code, _)| self.languages.get_key_value(&code.to_ascii_lowercase())).map_or(FALLBACK, |(code, _)| code)
    }

    /// Whether a person has read the words of this language.
    pub fn is_reviewed(&self, code: &str) -> bool {
        self.languages.get(code).is_some_and(|language| language.reviewed)
    }

    /// A message, in this language or in English; none when neither has it.
    pub fn find(&self, code: &str, key: &str, values: &[(&str, &str)]) -> Option<String> {
        [code, FALLBACK].into_iter().find_map(|code| self.in_language(code, key, values))
    }

    /// The same; the key itself when nobody has it.
    pub fn say(&self, code: &str, key: &str, values: &[(&str, &str)]) -> String {
        self.find(code, key, values).unwrap_or_else(|| key.to_string())
    }

    /// Whether a language says this itself, without English.
    pub fn says(&self, code: &str, key: &str) -> bool {
        self.in_language(code, key, &[]).is_some()
    }

    /// The key of what several fields say in these English words.
    pub fn shared(&self, english: &str) -> Option<&'static str> {
        self.shared.get(english).copied()
    }

    fn in_language(&self, code: &str, key: &str, values: &[(&str, &str)]) -> Option<String> {
        let counted = |value: &str| value.parse::<i64>().map_or_else(|_| FluentValue::from(value.to_string()), FluentValue::from);
        self.formatted(code, key, values.iter().map(|(name, value)| (*name, counted(value))).collect())
    }

    /// A message of this language alone, with values that are words also when they look like numbers.
    pub fn in_words(&self, code: &str, key: &str, values: &[(&str, String)]) -> Option<String> {
        self.formatted(code, key, values.iter().map(|(name, value)| (*name, FluentValue::from(value.clone()))).collect())
    }

    fn formatted(&self, code: &str, key: &str, args: FluentArgs<'_>) -> Option<String> {
        let bundle = &self.languages.get(code)?.bundle;
        let pattern = bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let said = bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        errors.is_empty().then_some(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn keys(text: &str) -> BTreeSet<&str> {
        text.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key).filter(|key| !key.starts_with([' ', '#'])).collect()
    }

    #[test]
    fn every_language_has_every_word() {
        let english = keys(BUILT_IN[0].1);
        assert!(english.len() > 80);
        for (code, text) in BUILT_IN {
            let there = keys(text);
            let missing: Vec<_> = english.difference(&there).collect();
            let strange: Vec<_> = there.difference(&english).collect();
            assert!(missing.is_empty() && strange.is_empty(), "{code}: missing {missing:?}, strange {strange:?}");
        }
    }

    #[test]
    fn every_word_that_a_page_asks_for_is_there() {
        let english = keys(BUILT_IN[0].1);
        for page in [include_str!("frame.rs"), include_str!("screens.rs"), include_str!("hints.rs"), include_str!("server.rs"), include_str!("taking.rs"), include_str!("show.rs"), include_str!("offered.rs"), include_str!("waiting.rs"), include_str!("login.rs"), include_str!("ended.rs"), include_str!("several.rs")] {
            for asked in [".t(\"", ".say(\"", "empty(frame, \"", "empty(&frame, \"", "empty: \"", "part: \"", "declined(\""] {
                for rest in page.split(asked).skip(1) {
                    let key = rest.split('"').next().unwrap();
                    let key = if asked == "part: \"" { format!("part-{key}") } else { key.to_string() };
                    assert!(key.contains('{') || english.contains(&*key), "no word for {key}");
                }
            }
        }
        assert!(crate::frame::PARTS[1..].iter().all(|part| english.contains(&*format!("part-{part}"))));
    }

    #[test]
    fn every_step_and_every_group_has_a_name() {
        let english = keys(BUILT_IN[0].1);
        let api: serde_json::Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
        let steps: Vec<&str> = api["paths"].as_object().unwrap().keys().filter_map(|path| path.strip_prefix("/api/v1/steps/")).collect();
        assert!(steps.len() > 100);
        for step in steps {
            for key in [format!("step-{}", step.replace('/', "-")), format!("group-{}", step.split('/').next().unwrap())] {
                assert!(english.contains(&*key), "no word for {key}");
            }
        }
    }

    #[test]
    fn the_english_of_a_hint_is_what_the_command_line_says() {
        let api: serde_json::Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
        let mut said = std::collections::BTreeMap::new();
        for (path, about) in api["paths"].as_object().unwrap() {
            let Some(step) = path.strip_prefix("/api/v1/steps/").map(|step| step.replace('/', "-")) else { continue };
            for (field, schema) in about["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"].as_object().unwrap() {
                said.insert(format!("hint-{step}-{field}"), schema["description"].clone());
            }
            said.insert(format!("does-{step}"), about["post"]["summary"].clone());
        }
        let languages = Languages::with(None).unwrap();
        let (shared, hints): (Vec<&str>, Vec<&str>) = keys(BUILT_IN[0].1).into_iter().filter(|key| key.starts_with("hint-") || key.starts_with("does-")).partition(|key| key.starts_with(SHARED));
        assert!(hints.len() > 300 && shared.len() > 30);
        for key in shared {
            let english = languages.say("en", key, &[]);
            assert_eq!(languages.shared(&english), Some(key), "{key}: the same words stand under another key too");
            let fields = said.iter().filter(|(of, about)| of.starts_with("hint-") && about.as_str() == Some(&*english)).count();
            assert!(fields > 1, "{key}: {fields} fields say so: it is not shared, or the command line says something else now");
        }
        for key in hints {
            let english = languages.say("en", key, &[]);
            assert_eq!(said.get(key).and_then(serde_json::Value::as_str), Some(&*english), "{key}: the command line says something else now; translate it anew");
            assert!(key.starts_with("does-") || languages.shared(&english).is_none(), "{key}: several fields say so: their shared words are shown");
        }
    }

    #[test]
    fn every_word_is_said_in_every_language() {
        let languages = Languages::with(None).unwrap();
        for (code, text) in BUILT_IN {
            for key in keys(text) {
                let values = [("name", "Noy"), ("count", "2"), ("law", "1"), ("case", "2026-0001"), ("minutes", "5"), ("what", "x")];
                assert!(languages.in_language(code, key, &values).is_some_and(|said| !said.trim().is_empty()), "{code}: {key}");
            }
        }
    }

    #[test]
    fn drafts_are_marked() {
        let languages = Languages::with(None).unwrap();
        assert!(languages.is_reviewed("en"));
        assert!(["lo", "th", "vi", "ru"].iter().all(|code| !languages.is_reviewed(code)));
    }

    #[test]
    fn the_browsers_list_is_followed() {
        let languages = Languages::with(None).unwrap();
        for (accepted, best) in [("lo-LA,lo;q=0.9,en;q=0.5", "lo"), ("fr,ru;q=0.3,th;q=0.7", "th"), ("", "en"), ("xx;q=a", "en")] {
            assert_eq!(languages.best(accepted), best, "{accepted}");
        }
    }

    #[test]
    fn a_language_is_dropped_in_and_lends_from_english() {
        let folder = std::env::temp_dir().join(format!("lanternfish-words-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("km.ftl"), "# unreviewed\nlanguage-name = ខ្មែរ\n").unwrap();
        let languages = Languages::with(Some(&folder));
        std::fs::remove_dir_all(&folder).unwrap();
        let languages = languages.unwrap();
        assert_eq!(languages.say("km", "language-name", &[]), "ខ្មែរ");
        assert_eq!(languages.say("km", "log-in", &[]), languages.say("en", "log-in", &[]));
    }
}
