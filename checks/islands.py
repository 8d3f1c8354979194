#!/usr/bin/env python3
"""Builds the islands of the workspace afresh and compares them with those that are checked in, byte for byte: checks/islands.py

The sources are crates/web/islands (TypeScript, a locked package.json), the built files crates/web/assets/islands; the
program embeds the built files, so that building it needs no Node. Needs npm and its registry; works in a copy.
Prints "PASS name", "FAIL name: reason" or "SKIPPED name: reason"; exits 1 on FAIL.
"""
import filecmp
import pathlib
import shutil
import subprocess
import sys
import tempfile

NAME = "the islands of the workspace, built afresh, are those that are checked in"
WEB = pathlib.Path(__file__).resolve().parent.parent / "crates" / "web"
# Vite and TypeScript of the lock ask for this.
OLDEST_NODE = (20, 19)


def node_is_old():
    told = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip().lstrip("v")
    parts = told.split(".")
    return not parts[0].isdigit() or tuple(int(part) for part in parts[:2]) < OLDEST_NODE


def main():
    if not shutil.which("npm") or not shutil.which("node"):
        return print(f"SKIPPED {NAME}: no npm") or 0
    if node_is_old():
        return print(f"SKIPPED {NAME}: Node {'.'.join(map(str, OLDEST_NODE))} or later is needed") or 0
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "web" / "islands"
        shutil.copytree(WEB / "islands", copy, ignore=shutil.ignore_patterns("node_modules"))
        fetched = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=copy, capture_output=True, text=True)
        if fetched.returncode:
            reason = " ".join(fetched.stderr.split())[-200:]
            # A lock that does not fit its package.json is our fault, a registry that is not there is nobody's.
            if "EUSAGE" in fetched.stderr or "EINTEGRITY" in fetched.stderr:
                return print(f"FAIL {NAME}: npm ci: {reason}") or 1
            return print(f"SKIPPED {NAME}: packages could not be fetched: {reason}") or 0
        built = subprocess.run(["npm", "run", "build"], cwd=copy, capture_output=True, text=True)
        if built.returncode:
            return print(f"FAIL {NAME}: npm run build: {' '.join((built.stdout + built.stderr).split())[-400:]}") or 1
        fresh, kept = copy.parent / "assets" / "islands", WEB / "assets" / "islands"
        names = sorted({path.name for place in (fresh, kept) for path in place.iterdir()})
        differ = [name for name in names if not (fresh / name).is_file() or not (kept / name).is_file() or not filecmp.cmp(fresh / name, kept / name, shallow=False)]
    if differ:
        return print(f"FAIL {NAME}: {', '.join(differ)}: run `npm ci && npm run build` in crates/web/islands and check them in") or 1
    print(f"PASS {NAME}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
