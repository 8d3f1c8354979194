#!/usr/bin/env python3
"""Peers of the scan on the same bytes, in MB per CPU-second: iocextract, ioc-finder (both from PyPI) and ripgrep.

    cargo bench -p extract --profile release --bench scan -- --write pages.html
    python3 crates/extract/benches/peers.py pages.html

The Python tools are given a slice from the front, since they read about 0.1 MB a second; ripgrep is given the whole
file, with shapes of the same types in byte mode. What is not installed is reported as skipped."""
import json
import resource
import subprocess
import sys
import time

PATTERNS = [
    r"\b[a-z2-7]{16,60}\.onion\b", r"\b[a-z2-7]{52,60}\.b32\.i2p\b", r"\b(bc|tb|ltc)1[02-9ac-hj-np-z]{11,87}\b", r"\b[1-9A-HJ-NP-Za-km-z]{26,35}\b",
    r"\b0x[0-9A-Fa-f]{40}\b", r"\b[48][1-9A-HJ-NP-Za-km-z]{94}\b", r"\b[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){3,7}\b", r"\b([0-9]{4}[ -]?){3}[0-9]{4}\b",
    r"\b([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})\b", r"\bCVE-[0-9]{4}-[0-9]{4,7}\b", r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
    r"\b[a-z]{2,8}://[!-;=?-~]+", r"\b([a-z0-9-]{1,63}\.)+[a-z]{2,24}\b", r"\b([0-9]{1,3}\.){3}[0-9]{1,3}\b", r"\+[0-9][0-9 ().-]{7,20}",
]


def measured(name, size, work):
    begun = time.process_time()
    count = work()
    spent = max(time.process_time() - begun, 1e-9)
    print(f"{name}: {size / 1e6 / spent:.2f} MB per CPU-second, {count} hits in {size / 1e6:.2f} MB", file=sys.stderr)
    return round(size / 1e6 / spent, 2)


def ripgrep(path, size):
    used = lambda: sum(getattr(resource.getrusage(resource.RUSAGE_CHILDREN), field) for field in ("ru_utime", "ru_stime"))
    begun = used()
    shapes = [part for pattern in PATTERNS for part in ("-e", pattern)]
    found = subprocess.run(["rg", "-a", "-o", "-c", "--no-unicode", "-j1", *shapes, path], capture_output=True, text=True)
    spent = max(used() - begun, 1e-9)
    print(f"ripgrep: {size / 1e6 / spent:.1f} MB per CPU-second, {found.stdout.strip()} lines", file=sys.stderr)
    return round(size / 1e6 / spent, 1)


def main():
    path = sys.argv[1]
    data = open(path, "rb").read()
    text = data[:200_000].decode("utf-8", "replace")
    out = {"bench": "scan-peers"}
    try:
        import iocextract
        out["iocextract_mb_per_cpu_s"] = measured("iocextract", 200_000, lambda: sum(1 for _ in iocextract.extract_iocs(text)))
    except ImportError:
        print("SKIPPED iocextract: not installed", file=sys.stderr)
    try:
        from ioc_finder import find_iocs
        out["ioc_finder_mb_per_cpu_s"] = measured("ioc-finder", 200_000, lambda: sum(len(v) for v in find_iocs(text).values()))
    except ImportError:
        print("SKIPPED ioc-finder: not installed", file=sys.stderr)
    try:
        out["ripgrep_mb_per_cpu_s"] = ripgrep(path, len(data))
    except FileNotFoundError:
        print("SKIPPED ripgrep: not installed", file=sys.stderr)
    print(json.dumps(out))


main()
