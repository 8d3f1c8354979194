//! Structured changes to files and lines, with and without making the manifests right again.

use std::fs;

use crate::sample::Sample;

const TEXTS: [&str; 6] = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt", "seal-plan.txt", "tagmanifest-sha256.txt", "seal/seal.tlog"];

#[test]
fn law_05_untouched_is_sound() {
    Sample::copy().is_sound("untouched");
}

#[test]
fn law_05_any_file_changed_in_any_way_is_broken() {
    type Way = (&'static str, fn(&mut Vec<u8>));
    let ways: [Way; 6] = [
        ("flip first", |b| b[0] ^= 1),
        ("flip last", |b| *b.last_mut().unwrap() ^= 0x80),
        ("flip middle", |b| { let at = b.len() / 2; b[at] ^= 4 }),
        ("cut", |b| { b.pop(); }),
        ("append", |b| b.push(b'\n')),
        ("empty", |b| b.clear()),
    ];
    let sample = Sample::copy();
    for file in sample.files() {
        let original = sample.read(&file);
        for (way, change) in ways {
            let mut bytes = original.clone();
            change(&mut bytes);
            sample.write(&file, bytes);
            sample.is_broken(&format!("{way}: {file}"), "law");
        }
        fs::remove_file(sample.path(&file)).unwrap();
        sample.is_broken(&format!("missing: {file}"), "law");
        sample.write(&file, &original);
    }
    sample.is_sound("put back");
}

#[test]
fn law_05_any_line_dropped_doubled_or_moved_is_broken() {
    let sample = Sample::copy();
    for file in TEXTS {
        let original = String::from_utf8(sample.read(file)).unwrap();
        for (what, text) in line_changes(&original) {
            sample.write(file, &text);
            sample.is_broken(&format!("{what}: {file}"), "law");
            if file != "tagmanifest-sha256.txt" && !file.starts_with("seal/") {
                let tags = sample.read("tagmanifest-sha256.txt");
                sample.rehash_tags();
                sample.is_broken(&format!("{what} and rehashed: {file}"), "law");
                sample.write("tagmanifest-sha256.txt", tags);
            }
        }
        sample.write(file, original);
    }
    sample.is_sound("put back");
}

fn line_changes(text: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut changes = vec![("crlf".to_string(), text.replace('\n', "\r\n")), ("bom".into(), format!("\u{feff}{text}")), ("unended".into(), text.trim_end().into())];
    for at in 0..lines.len() {
        let mut dropped = lines.clone();
        dropped.remove(at);
        changes.push((format!("drop line {at}"), dropped.concat()));
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at]);
        changes.push((format!("double line {at}"), doubled.concat()));
        let mut spaced = lines.clone();
        let line = format!(" {}", lines[at]);
        spaced[at] = &line;
        changes.push((format!("space before line {at}"), spaced.concat()));
        if at > 0 && lines[at] != lines[at - 1] {
            let mut moved = lines.clone();
            moved.swap(at, at - 1);
            changes.push((format!("swap lines {at}"), moved.concat()));
        }
    }
    changes
}

#[test]
fn law_05_added_files_folders_and_links_are_broken() {
    let additions = ["extra.txt", "data/extra.txt", "data/zz/extra.txt", "seal/officer-3.p7s", "seal/root.pem", "seal/token-2.tsr", "fetch.txt", ".hidden", "data/UPPER", "metadata/x"];
    for file in additions {
        let sample = Sample::copy();
        fs::create_dir_all(sample.path(file).parent().unwrap()).unwrap();
        sample.write(file, "added");
        sample.is_broken(&format!("added {file}"), "law 5");
        sample.rehash();
        sample.is_broken(&format!("added {file} and rehashed"), "law");
    }
    for folder in ["empty", "data/empty", "seal/empty"] {
        let sample = Sample::copy();
        fs::create_dir(sample.path(folder)).unwrap();
        sample.is_broken(&format!("added folder {folder}"), "law 5");
    }
}

#[cfg(unix)]
#[test]
fn law_05_links_in_place_of_files_are_broken() {
    let sample = Sample::copy();
    for file in sample.files() {
        let (bytes, outside) = (sample.read(&file), sample.anchors.join("same-bytes"));
        fs::write(&outside, &bytes).unwrap();
        fs::remove_file(sample.path(&file)).unwrap();
        std::os::unix::fs::symlink(&outside, sample.path(&file)).unwrap();
        sample.is_broken(&format!("link: {file}"), "law");
        fs::remove_file(sample.path(&file)).unwrap();
        sample.write(&file, bytes);
    }
    let moved = sample.anchors.join("data");
    fs::rename(sample.path("data"), &moved).unwrap();
    std::os::unix::fs::symlink(&moved, sample.path("data")).unwrap();
    sample.is_broken("link: data", "law 5");
}

#[test]
fn law_05_payload_changed_and_everything_rehashed_is_caught_by_the_seal() {
    let sample = Sample::copy();
    sample.write("data/report/report.pdf", "another report");
    sample.rehash();
    sample.is_broken("rehashed payload", "law 4");
    sample.is_broken("rehashed payload", "law 8");
    sample.is_broken("rehashed payload", "law 2");
}

#[test]
fn law_05_files_swapped_or_renamed_are_broken() {
    let sample = Sample::copy();
    let (a, b) = ("data/case.jsonld", "data/report/report.pdf");
    let (first, second) = (sample.read(a), sample.read(b));
    sample.write(a, &second);
    sample.write(b, &first);
    sample.is_broken("swapped payload", "law 5");
    sample.rehash();
    sample.is_broken("swapped payload, rehashed", "law");
    let sample = Sample::copy();
    fs::rename(sample.path(a), sample.path("data/kase.jsonld")).unwrap();
    sample.is_broken("renamed payload", "law 5");
    sample.rehash();
    sample.is_broken("renamed payload, rehashed", "law");
}

#[test]
fn law_05_manifest_in_another_spelling_is_broken() {
    type Spelling = (&'static str, fn(&str) -> String);
    let spellings: [Spelling; 5] = [
        ("upper case", |t| t.lines().map(|l| format!("{}{}\n", l[..64].to_uppercase(), &l[64..])).collect()),
        ("one space", |t| t.replace("  ", " ")),
        ("star", |t| t.replace("  ", " *")),
        ("dot slash", |t| t.replace("  data/", "  ./data/")),
        ("tab", |t| t.replace("  ", "\t")),
    ];
    for (what, spell) in spellings {
        let sample = Sample::copy();
        let text = String::from_utf8(sample.read("manifest-sha256.txt")).unwrap();
        sample.write("manifest-sha256.txt", spell(&text));
        sample.rehash_tags();
        sample.is_broken(what, "law 5");
    }
}
