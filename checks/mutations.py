#!/usr/bin/env python3
"""Changes copies of a sound package one way at a time and asks verify.sh for a verdict, and where asked VERIFY.html and lanternfish-verify.

Refuses to touch the package it is given: every change is made to a copy in a temporary folder.
Follows laws 2, 3, 4, 5 and 8 of ARCHITECTURE.md. Prints PASS or FAIL per change, exits 1 on any FAIL.
"""

import argparse
import base64
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# A browser shows a page neither empty folders nor where a link leads; VERIFY.html says so.
UNSEEN_BY_PAGE = {"verify.sh": {1}, "VERIFY.html": {0, 1}, "lanternfish-verify": {1}}
SEAL_PARTS = ["seal.leaf", "seal.salt", "seal.detail", "seal.tlog", "officer-1.p7s", "token-1.tsr"]


def first_payload(package):
    """The first file that the payload manifest lists."""
    line = (package / "manifest-sha256.txt").read_text().splitlines()[0]
    return package / line[66:]


def flip(path, at=None):
    """Changes one bit in the middle, or at the given place."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1
    path.write_bytes(data)


def rehash(package):
    """What a clumsy forger does: makes both manifests right again, and leaves the seal alone."""
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        lines = (package / manifest).read_text().splitlines()
        names = [line[66:] for line in lines]
        out = subprocess.run(["sha256sum", *names], cwd=package, check=True, capture_output=True)
        (package / manifest).write_bytes(out.stdout)


def swap_lines(path, first, second):
    lines = path.read_text().splitlines(keepends=True)
    lines[first], lines[second] = lines[second], lines[first]
    path.write_text("".join(lines))


def edit(path, change):
    path.write_bytes(change(path.read_bytes()))


def behind_line(data, number, extra):
    lines = data.split(b"\n")
    lines[number] += extra
    return b"\n".join(lines)


def false_signature(data):
    """Only the log's line is left, its signature is false, and the newline that ends it is gone."""
    head, signature = data[: data.rindex(b"\n\n") + 2], data[data.rindex(b"\n\n") + 2 :].split(b"\n")[0]
    dash, name, blob = signature.split(b" ")
    raw = bytearray(base64.b64decode(blob))
    raw[20] ^= 1
    return head + b" ".join([dash, name, base64.b64encode(bytes(raw))])


def relist(package, extra):
    """Adds a payload file and lists it everywhere."""
    (package / "data" / extra).write_text("added and listed")
    with (package / "manifest-sha256.txt").open("a") as manifest:
        manifest.write("0" * 64 + f"  data/{extra}\n")
    rehash(package)


def append(path, data):
    path.write_bytes(path.read_bytes() + data)


def changes(other):
    """name, what to do to the copies (package, anchors), expected verdict."""
    yield "untouched", lambda p, a: None, 0
    yield "payload changed", lambda p, a: flip(first_payload(p)), 1
    yield "payload changed and re-hashed", lambda p, a: (flip(first_payload(p)), rehash(p)), 1
    yield "payload removed", lambda p, a: first_payload(p).unlink(), 1
    yield "payload emptied", lambda p, a: first_payload(p).write_bytes(b""), 1
    yield "file added to data", lambda p, a: (p / "data/added.txt").write_text("x"), 1
    yield "file added and listed", lambda p, a: relist(p, "zz-added.txt"), 1
    yield "file added beside the manifests", lambda p, a: (p / "notes.txt").write_text("x"), 1
    yield "file added to seal", lambda p, a: (p / "seal/officer-99.p7s").write_bytes(b"x"), 1
    yield "tag file changed", lambda p, a: append(p / "bag-info.txt", b"Note: x\n"), 1
    yield "tag file changed and re-hashed", lambda p, a: (append(p / "bag-info.txt", b"Note: x\n"), rehash(p)), 1
    yield "manifest reordered", lambda p, a: (swap_lines(p / "manifest-sha256.txt", 0, 1), rehash(p)), 1
    yield "seal plan reordered", lambda p, a: (swap_lines(p / "seal-plan.txt", 1, 2), rehash(p)), 1
    for part in SEAL_PARTS:
        yield f"{part} one bit changed", lambda p, a, f=part: flip(p / "seal" / f), 1
        yield f"{part} last bit changed", lambda p, a, f=part: flip(p / "seal" / f, -2), 1
        yield f"{part} one byte appended", lambda p, a, f=part: append(p / "seal" / f, b"\n"), 1
        yield f"{part} emptied", lambda p, a, f=part: (p / "seal" / f).write_bytes(b""), 1
        yield f"{part} removed", lambda p, a, f=part: (p / "seal" / f).unlink(), 1
        if other:
            yield f"{part} of another package", lambda p, a, f=part: shutil.copy(other / "seal" / f, p / "seal" / f), 1
    yield "log proof without its last newline", lambda p, a: edit(p / "seal/seal.tlog", lambda t: t[:-1]), 1
    yield "false log signature without newline", lambda p, a: edit(p / "seal/seal.tlog", false_signature), 1
    yield "space behind a line of the log proof", lambda p, a: edit(p / "seal/seal.tlog", lambda t: behind_line(t, 2, b" ")), 1
    yield "zero byte in a line of the log proof", lambda p, a: edit(p / "seal/seal.tlog", lambda t: behind_line(t, 2, b"\0")), 1
    yield "carriage returns in the log proof", lambda p, a: edit(p / "seal/seal.tlog", lambda t: t.replace(b"\n", b"\r\n")), 1
    yield "log proof without a signature", lambda p, a: edit(p / "seal/seal.tlog", lambda t: t[: t.rindex(b"\n\n") + 2]), 1
    yield "note line of a stranger", lambda p, a: append(p / "seal/seal.tlog", "— nobody.example/w AAAA\n".encode()), 1
    yield "empty folder added", lambda p, a: (p / "data/empty").mkdir(), UNSEEN_BY_PAGE
    yield "payload behind a link", lambda p, a: link_away(p), UNSEEN_BY_PAGE
    for anchor in ("root.pem", "tsa.pem", "log.pem", "checkpoint"):
        yield f"without {anchor}", lambda p, a, f=anchor: (a / f).unlink(), 2
    yield "without hashes", lambda p, a: (a / "hashes").unlink(), {0, 2}
    yield "without anchors", lambda p, a: [f.unlink() for f in a.iterdir()], 2
    yield "another event in your hashes", rolled_back, {1, 2}


def link_away(package):
    """The same bytes, but outside the package."""
    path, elsewhere = first_payload(package), package.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def rolled_back(package, anchors):
    index = int((package / "seal/seal.tlog").read_text().splitlines()[1].split()[1])
    flip(anchors / "hashes", 32 * index)


def wanted_of(expected, who):
    """The verdicts that are right for this verifier."""
    if isinstance(expected, dict):
        return expected[who]
    return expected if isinstance(expected, set) else {expected}


def verify_sh(script, package, anchors):
    command = ["bash", str(script), str(anchors), str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout.strip().splitlines() or ["(silent)"])[-1]


def program(path, package, anchors):
    """lanternfish-verify; an empty anchors folder is given as it is."""
    done = subprocess.run([str(path), str(package), "--anchors", str(anchors)], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return done.returncode, next((line.strip() for line in lines if "BROKEN" in line.upper()), (lines or ["(silent)"])[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=pathlib.Path)
    parser.add_argument("anchors", type=pathlib.Path)
    parser.add_argument("--other", type=pathlib.Path, help="a second package, to swap seal files with")
    parser.add_argument("--other-anchors", type=pathlib.Path, help="the anchors of a stranger")
    parser.add_argument("--page", action="store_true", help="ask VERIFY.html in a browser too")
    parser.add_argument("--program", type=pathlib.Path, help="ask this lanternfish-verify too")
    asked = parser.parse_args()
    script = asked.package.resolve() / "verify.sh"
    page = None
    if asked.page:
        from verify_html import Browser, Unavailable
        try:
            page = Browser(asked.package.resolve() / "VERIFY.html")
        except Unavailable as missing:
            print(f"SKIPPED VERIFY.html on changed packages: {missing}")
    failed = 0
    todo = list(changes(asked.other))
    if asked.other_anchors:
        todo.append(("anchors of a stranger", lambda p, a: shutil.copytree(asked.other_anchors, a, dirs_exist_ok=True), 1))
    for name, change, expected in todo:
        with tempfile.TemporaryDirectory() as folder:
            package, anchors = pathlib.Path(folder, "package"), pathlib.Path(folder, "anchors")
            shutil.copytree(asked.package, package)
            shutil.copytree(asked.anchors, anchors)
            change(package, anchors)
            answers = {"verify.sh": verify_sh(script, package, anchors)}
            if page:
                answers["VERIFY.html"] = page.verdict(package, anchors)
            if asked.program:
                answers["lanternfish-verify"] = program(asked.program.resolve(), package, anchors)
            for who, (code, reason) in answers.items():
                good = code in wanted_of(expected, who)
                failed += not good
                print(f"{'PASS' if good else 'FAIL'} {who}: {name}: {code} {reason}", flush=True)
    if page:
        page.close()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
