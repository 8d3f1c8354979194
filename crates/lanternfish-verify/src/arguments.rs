//! The few arguments, read by hand: a parser library would be a third of the program.

use std::{ffi::OsString, path::PathBuf};

use model::Moment;

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
    /// Check a package.
    Check(Request),
}

/// Which package, against which anchors, in which form.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// The package's folder.
    pub package: PathBuf,
    /// The folder of anchors.
    pub anchors: Option<PathBuf>,
    /// Items of a disclosure that were opened later.
    pub revealed: Option<PathBuf>,
    /// The renewals of its time-stamps.
    pub renewals: Option<PathBuf>,
    /// When its time-stamps must be in force.
    pub at: Option<Moment>,
    /// One JSON value on stdout.
    pub json: bool,
    /// Only the verdict, its limits and what is not sound.
    pub brief: bool,
}

/// Reads the arguments after the program's name.
///
/// # Errors
/// A sentence that says which argument is wrong.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Task, String> {
    let (mut package, mut anchors, mut revealed, mut renewals, mut at) = (None, None, None, None, None);
    let (mut json, mut brief) = (false, false);
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("-h" | "--help") => return Ok(Task::Help),
            Some("-V" | "--version") => return Ok(Task::Version),
            Some("--json") => json = true,
            Some("--brief") => brief = true,
            Some("--anchors") => set(&mut anchors, arguments.next().ok_or("--anchors needs a folder after it")?, "--anchors")?,
            Some(text) if text.starts_with("--anchors=") => set(&mut anchors, text["--anchors=".len()..].into(), "--anchors")?,
            Some("--revealed") => set(&mut revealed, arguments.next().ok_or("--revealed needs a folder after it")?, "--revealed")?,
            Some(text) if text.starts_with("--revealed=") => set(&mut revealed, text["--revealed=".len()..].into(), "--revealed")?,
            Some("--renewals") => set(&mut renewals, arguments.next().ok_or("--renewals needs a folder after it")?, "--renewals")?,
            Some(text) if text.starts_with("--renewals=") => set(&mut renewals, text["--renewals=".len()..].into(), "--renewals")?,
            Some("--at") => at = Some(moment(&arguments.next().ok_or("--at needs a day after it, such as 2036-01-31")?)?),
            Some(text) if text.starts_with("--at=") => at = Some(moment(&text["--at=".len()..].into())?),
            Some(text) if text.starts_with('-') => return Err(format!("{text} is not known here")),
            _ => set(&mut package, argument, "the package")?,
        }
    }
    let package = package.ok_or("name the package: the folder that holds bagit.txt")?;
    Ok(Task::Check(Request { package, anchors, revealed, renewals, at, json, brief }))
}

/// A day (its first moment, UTC) or a moment as RFC 3339 writes it.
fn moment(text: &OsString) -> Result<Moment, String> {
    let text = text.to_string_lossy();
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_string() };
    whole.parse().map_err(|_| format!("{text} is not a day: write it as 2036-01-31 (Gregorian calendar, UTC)", text = model::quoted(text)))
}

fn set(place: &mut Option<PathBuf>, value: OsString, name: &str) -> Result<(), String> {
    match place.replace(PathBuf::from(value)) {
        None => Ok(()),
        Some(_) => Err(format!("{name} was given twice")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str], expected: Result<(&str, Option<&str>, bool), &str>) {
        let brief = words.contains(&"--brief");
        let revealed = words.iter().any(|word| word.starts_with("--revealed")).then(|| "r".into());
        let expected = expected
            .map(|(package, anchors, json)| Task::Check(Request { package: package.into(), anchors: anchors.map(Into::into), revealed, renewals: None, at: None, json, brief }))
            .map_err(String::from);
        assert_eq!(parse(words.iter().map(OsString::from)), expected, "{words:?}");
    }

    #[test]
    fn arguments() {
        check(&["p"], Ok(("p", None, false)));
        check(&["p", "--anchors", "a", "--json"], Ok(("p", Some("a"), true)));
        check(&["--anchors=a", "p"], Ok(("p", Some("a"), false)));
        check(&["p", "--brief"], Ok(("p", None, false)));
        check(&["p", "--revealed", "r"], Ok(("p", None, false)));
        check(&["--revealed=r", "p", "--anchors", "a"], Ok(("p", Some("a"), false)));
        check(&["p", "--renewals"], Err("--renewals needs a folder after it"));
        check(&["p", "--at", "2579-01-31T"], Err("\"2579-01-31T\" is not a day: write it as 2036-01-31 (Gregorian calendar, UTC)"));
        let Ok(Task::Check(request)) = parse(["p", "--renewals", "n", "--at=2036-01-31"].iter().map(OsString::from)) else { panic!() };
        assert_eq!((request.renewals, request.at), (Some("n".into()), Some("2036-01-31T00:00:00Z".parse().expect("a moment as papers print it"))));
        check(&["p", "--revealed"], Err("--revealed needs a folder after it"));
        check(&[], Err("name the package: the folder that holds bagit.txt"));
        check(&["p", "q"], Err("the package was given twice"));
        check(&["p", "--anchors"], Err("--anchors needs a folder after it"));
        check(&["p", "--anchors", "a", "--anchors", "b"], Err("--anchors was given twice"));
        check(&["p", "--quick"], Err("--quick is not known here"));
    }
}
