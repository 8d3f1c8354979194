#!/usr/bin/env python3
"""Takes one guard at a time out of a copy of the code, and sees that the law tests of this guard fail.

The guards stand in checks/guards.toml. Refuses to change the tree: it works in a copy inside the target folder, which
stays there so that the next run compiles less. Follows "The tests of each law" of ARCHITECTURE.md: a test that passes
without its guard shows nothing. Prints PASS, FAIL or SKIPPED per guard, exits 1 on any FAIL, 2 on wrong usage.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

try:
    import tomllib
except ModuleNotFoundError:
    print("SKIPPED guards: Python 3.11 or later is not installed")
    sys.exit(0)

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST = "checks/guards.toml"
TABLE = re.compile(r"<!-- law tests: written by .*?-->(.*?)<!-- law tests: end -->", re.S)
NEEDED = {"law": int, "crate": str, "file": str, "find": str, "replace": str, "why": str, "tests": list}
MAY = {"package": str, "hangs": bool, "also": list}
HELP = f"see \"Tests\" in CONTRIBUTING.md, then write {LIST} anew"


class Guard:
    """One entry of the list: which text goes, what stands there instead, and which tests must fail then."""

    def __init__(self, number, entry):
        self.number, self.entry = number, entry
        self.why, self.tests, self.crate = entry.get("why", ""), entry.get("tests", []), entry.get("crate", "")
        self.package = entry.get("package", self.crate)
        self.hangs = entry.get("hangs", False)
        # One guard may stand in two places, because the house checks twice.
        self.edits = [(part.get("file", ""), part.get("find", ""), part.get("replace", "")) for part in [entry, *entry.get("also", [])]]

    @property
    def name(self):
        return f"guard: law {self.entry.get('law')}, {self.crate}: {self.why}"

    def faults_of_form(self):
        wrong = [f"`{key}` is missing" for key in NEEDED if key not in self.entry]
        wrong += [f"`{key}` is not known" for key in self.entry if key not in NEEDED | MAY]
        kinds = (NEEDED | MAY).items()
        wrong += [f"`{key}` has the wrong type" for key, kind in kinds if key in self.entry and not isinstance(self.entry[key], kind)]
        law = f"law_{self.entry.get('law', 0):02}_" if not wrong else ""
        if not wrong and not any(test.startswith(law) for test in self.tests):
            wrong.append(f"none of its tests is one of law {self.entry['law']}")
        return wrong

    def faults_of_place(self):
        for file, find, replace in self.edits:
            path = ROOT / file
            if not path.is_file() or not file.startswith(f"crates/{self.crate}/"):
                yield f"{file} is not a file of the crate {self.crate}"
            elif (times := path.read_text().count(find) if find else 0) != 1:
                yield f"its text stands {times} times in {file}, not once: {shown(find)}"
            elif find == replace:
                yield "the replacement is the text itself"


def shown(text):
    return " ".join(text.split())[:100]


def law_tests_of_the_papers():
    """The table of ARCHITECTURE.md as a set of (package, test)."""
    found = set()
    for line in TABLE.search((ROOT / "ARCHITECTURE.md").read_text()).group(1).splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if len(cells) == 3 and cells[0].isdigit():
            found |= {(cells[1], test) for test in re.findall(r"`(law_\d\d_\w+)`", cells[2])}
    return found


def test_targets(package):
    """Where each law test stands: its name → the test program of the package."""
    folder = ROOT / "crates" / package / "tests"
    programs = {path.stem: path.read_text() for path in folder.glob("*.rs")}
    targets = {}
    for path in sorted(folder.rglob("*.rs")):
        place = path.relative_to(folder)
        first = place.parts[0].removesuffix(".rs")
        # A module is named in its program; where two programs name it, in the one that has its folder's name.
        named = [name for name, text in programs.items() if f'"{place}"' in text]
        program = first if first in named or not named else named[0]
        for name in re.findall(r"^\s*(?:pub )?(?:async )?fn (law_\d\d_\w+)", path.read_text(), re.M):
            targets[name] = program
    return targets


def read_list():
    with (ROOT / LIST).open("rb") as file:
        return [Guard(number, entry) for number, entry in enumerate(tomllib.load(file).get("guard", []), 1)]


def stale(guards):
    """What no longer fits the code, one sentence each. Builds nothing."""
    for guard in guards:
        wrong = guard.faults_of_form() or list(guard.faults_of_place())
        targets = test_targets(guard.package)
        wrong += [f"{guard.package} has no test {test}" for test in guard.tests if test not in targets]
        for fault in wrong:
            yield f"guard {guard.number} ({guard.why}): {fault}: {HELP}"
    covered = {(guard.package, test) for guard in guards for test in guard.tests}
    for package, test in sorted(law_tests_of_the_papers() - covered):
        yield f"{package}: {test}: no guard is named for it: {HELP}"


def print_list_check(guards):
    faults = list(stale(guards))
    for fault in faults:
        print(f"FAIL {fault}")
    if not faults:
        tests = len({(guard.package, test) for guard in guards for test in guard.tests})
        print(f"PASS guards: {len(guards)} of them are where {LIST} says, for {tests} law tests (./test --all takes each one out)")
    return bool(faults)


class Copy:
    """The tree, copied: a file that did not change keeps its time, so that cargo builds only what is new."""

    def __init__(self, target, jobs):
        self.target, self.folder = target, target / "tree"
        self.environment = dict(os.environ, CARGO_TARGET_DIR=str(target), CARGO_TERM_COLOR="never", CARGO_TERM_PROGRESS_WHEN="never")
        # One crate changes by one line, two hundred times over.
        self.environment["CARGO_INCREMENTAL"] = "1"
        data = pathlib.Path(os.environ.get("LANTERNFISH_DATA") or ROOT.parent / "shared" / "data")
        self.environment["LANTERNFISH_DATA"] = str(data.resolve())
        if jobs:
            self.environment["CARGO_BUILD_JOBS"] = str(jobs)

    def take(self):
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True)
        names = {name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()}
        for old in [path for path in self.folder.rglob("*") if path.is_file() or path.is_symlink()]:
            if str(old.relative_to(self.folder)) not in names:
                old.unlink()
        for name in names:
            source, copy = ROOT / name, self.folder / name
            if not copy.is_file() or copy.read_bytes() != source.read_bytes():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)
            shutil.copymode(source, copy)

    def take_outside_crates(self, compiled):
        """What ./test has compiled of outside crates is compiled already; our own crates are not taken."""
        if (self.target / "release").exists() or not (compiled / "release" / "deps").is_dir():
            return
        ours = {path.name for path in (ROOT / "crates").iterdir()}
        ours = re.compile(rf"(lib)?({'|'.join(ours | {name.replace('-', '_') for name in ours})})(-[0-9a-f]{{16}}.*)?")
        tests = {program.removesuffix(".rs") for path in (ROOT / "crates").glob("*/tests/*") for program in [path.name]}
        is_ours = lambda name: ours.fullmatch(name) or name.rsplit("-", 1)[0] in tests
        for part in ("deps", "build", ".fingerprint"):
            ignore = lambda folder, names: [n for n in names if pathlib.Path(folder).name == part and is_ours(n)]
            shutil.copytree(compiled / "release" / part, self.target / "release" / part, symlinks=True, ignore=ignore)

    def edit(self, guard):
        for file, find, replace in guard.edits:
            path = self.folder / file
            path.write_text(path.read_text().replace(find, replace))

    def restore(self, guard):
        # Written now, so newer than the program that was built from the changed file: cargo builds it again.
        for file, _, _ in guard.edits:
            (self.folder / file).write_bytes((ROOT / file).read_bytes())

    def cargo(self, arguments, seconds):
        """Exit code (None: out of time) and all that was printed."""
        started = subprocess.Popen(
            ["cargo", *arguments], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )
        try:
            out, _ = started.communicate(timeout=seconds)
            return started.returncode, out.decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            return None, started.communicate()[0].decode(errors="replace")

    def run(self, package, programs, names, seconds):
        """Compiles, then runs these tests: (why it could not be run, {name: ok, FAILED or SKIPPED …}, in time)."""
        select = ["test", "--release", "--locked", "-p", package]
        for program in sorted(programs):
            select += ["--test", program]
        code, out = self.cargo([*select, "--no-run"], None)
        if code != 0:
            errors = re.findall(r"^error.*(?:\n +--> .*)?", out, re.M) or out.strip().splitlines()[-3:]
            return "it does not compile: " + shown(" ".join(errors)), {}, True
        code, out = self.cargo([*select, "--no-fail-fast", "--", "--include-ignored", "--show-output", *sorted(names)], seconds)
        return None, answers(out), code is not None


def answers(out):
    """What each test said, by the name of its function."""
    found = {}
    for path, said in re.findall(r"^test (\S+)(?: - should panic)? \.\.\. .*?(ok|FAILED|ignored.*)$", out, re.M):
        found[path.rsplit("::", 1)[-1]] = said
    for block in re.findall(r"^failures:\n((?:    \S+\n)+)", out, re.M):
        found |= {path.rsplit("::", 1)[-1]: "FAILED" for path in block.split()}
    for path, why in re.findall(r"SKIPPED ([^ :]+(?:::[^ :]+)*): (.*)", out):
        name = path.rsplit("::", 1)[-1]
        if found.get(name) == "ok":
            found[name] = f"SKIPPED {why}"
    return found


class Run:
    """All guards of the list that were asked for, package by package."""

    def __init__(self, copy, asked):
        self.copy, self.asked = copy, asked
        self.failed = 0
        self.targets = {}

    def say(self, verdict, guard, reason=""):
        self.failed += verdict == "FAIL"
        print(f"{verdict} {guard.name}{': ' + reason if reason else ''}", flush=True)

    def package(self, package, guards):
        self.targets = test_targets(package)
        sound = {}
        if not self.asked.no_baseline:
            tests = {test for guard in guards for test in guard.tests}
            wrong, sound, in_time = self.copy.run(package, {self.targets[test] for test in tests}, tests, None)
            if wrong:
                print(f"FAIL guards of {package}: with every guard in its place {wrong}", flush=True)
                self.failed += 1
                return
        for guard in guards:
            self.guard(guard, sound)

    def guard(self, guard, sound):
        said = {test: sound.get(test, "not run") for test in guard.tests} if not self.asked.no_baseline else {}
        missing = next((answer for answer in said.values() if answer.startswith("SKIPPED")), None)
        if missing:
            return self.say("SKIPPED", guard, missing.removeprefix("SKIPPED "))
        broken = [test for test, answer in said.items() if answer != "ok"]
        if broken:
            return self.say("FAIL", guard, f"with the guard in its place: {', '.join(test + ' ' + said[test] for test in broken)}")
        self.copy.edit(guard)
        try:
            names = [name for name in self.targets if name.startswith("law_")] if self.asked.all_tests else guard.tests
            result = self.copy.run(guard.package, {self.targets[test] for test in names}, names, self.asked.seconds)
        finally:
            self.copy.restore(guard)
        self.judge(guard, *result)

    def judge(self, guard, wrong, said, in_time):
        if wrong:
            return self.say("FAIL", guard, wrong)
        if self.asked.all_tests:
            more = sorted(test for test, answer in said.items() if answer == "FAILED" and test not in guard.tests)
            print(f"  guard {guard.number} also fails: {', '.join(more) or 'nothing'}", flush=True)
        alive = [test for test in guard.tests if said.get(test) != "FAILED"]
        if not in_time and guard.hangs:
            alive = [test for test in alive if said.get(test) == "ok"]
        elif not in_time:
            return self.say("FAIL", guard, f"the tests ran longer than {self.asked.seconds} s; did not answer: {', '.join(alive)}")
        if alive:
            return self.say("FAIL", guard, f"without it these tests do not fail: {', '.join(test + ' ' + said.get(test, 'not run') for test in alive)}")
        self.say("PASS", guard, f"{len(guard.tests)} failed without it")


def chosen(guards, asked):
    crates = set(asked.only or [])
    return [
        guard for guard in guards
        if (not crates or {guard.crate, guard.package, f"{guard.crate}/{guard.package}"} & crates)
        and (not asked.match or any(word in text for word in asked.match for text in [guard.why, guard.entry["file"], *guard.tests]))
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list-check", action="store_true", help="only see that the list fits the code; builds nothing")
    parser.add_argument("--list", action="store_true", help="print the guards and their tests, and stop")
    parser.add_argument("--only", action="append", metavar="CRATE", help="guards in this crate, or of tests in it; CRATE/CRATE: guards in the first of tests in the second (may be repeated)")
    parser.add_argument("--match", action="append", metavar="WORD", help="guards with this in their sentence, file or tests (may be repeated)")
    parser.add_argument("--target", type=pathlib.Path, help="folder for the copy and what is built (default: guards/ in CARGO_TARGET_DIR)")
    parser.add_argument("--jobs", type=int, help="how many compilers at once")
    parser.add_argument("--seconds", type=int, default=600, help="longest time for the tests of one guard")
    parser.add_argument("--all-tests", action="store_true", help="run every law test of the package, and name those that fail and are not listed")
    parser.add_argument("--no-baseline", action="store_true", help="do not see first that the tests pass with every guard in its place")
    asked = parser.parse_args()
    guards = read_list()
    if asked.list:
        for guard in chosen(guards, asked):
            print(f"{guard.number:4} {guard.name}\n     {guard.entry['file']}: {', '.join(guard.tests)}")
        return 0
    if print_list_check(guards) and not (asked.only or asked.match):
        return 1
    if asked.list_check:
        return 1 if list(stale(guards)) else 0
    compiled = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
    copy = Copy((asked.target or compiled / "guards").resolve(), asked.jobs)
    copy.take_outside_crates(compiled)
    copy.take()
    run = Run(copy, asked)
    todo = chosen(guards, asked)
    for package in dict.fromkeys(guard.package for guard in todo):
        run.package(package, sorted((guard for guard in todo if guard.package == package), key=lambda guard: guard.crate))
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
