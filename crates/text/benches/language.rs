//! Speed of telling the language, in MB per CPU-second, over text that this file writes: sentences in nineteen
//! languages and scripts, short texts (one line at a time) and long ones. Beside it, in the same run and over
//! the same bytes: the limit, counting characters. `whatlang` is not part of the build; see docs/benchmarks.md.
//! Run: `cargo bench -p text --profile release --bench language` or `… -- MEGABYTES`, or `… -- FILE`. The last line is JSON.

use std::hint::black_box;

use text::language::{Verdict, identify};

#[path = "common/speed.rs"]
mod speed;

use speed::{SENTENCES, named_file, per_cpu_second};

fn main() {
    let megabytes = std::env::args().filter_map(|a| a.parse::<usize>().ok()).next().unwrap_or(32);
    let all = named_file().unwrap_or_else(|| speed::lines(megabytes * 1_000_000, &SENTENCES));
    let latin = speed::lines(megabytes * 1_000_000 / 4, &["Fresh stock, tested twice, ships in two days from a quiet town, write before you order.\n"]);
    let cyrillic = speed::lines(megabytes * 1_000_000 / 4, &["Свежий товар, проверено дважды, отправка за два дня, пишите перед заказом.\n"]);
    black_box(identify("made once: the tables of letters"));
    let (limit, _) = per_cpu_second(&all, |t| t.chars().count());
    let (long, _) = per_cpu_second(&all, |t| identify(t).ranked.len());
    let (english, _) = per_cpu_second(&latin, |t| identify(t).ranked.len());
    let (russian, _) = per_cpu_second(&cyrillic, |t| identify(t).ranked.len());
    let (short, named) = per_cpu_second(&all, |t| t.lines().filter(|line| matches!(identify(line).verdict, Verdict::One(_))).count());
    eprintln!("{named} of {} lines named", all.lines().count());
    println!(
        r#"{{"bench":"language","mb":{megabytes},"lines_mb_per_cpu_s":{short:.1},"whole_mb_per_cpu_s":{long:.1},"english_mb_per_cpu_s":{english:.1},"russian_mb_per_cpu_s":{russian:.1},"limit_count_characters_mb_per_cpu_s":{limit:.1}}}"#
    );
}
