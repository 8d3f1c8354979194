#!/usr/bin/env python3
"""How fast the timeline and the graph are in a browser: checks/drawings.py PROGRAM HOME --graph FILE [--tangled] [--islands FOLDER] [--entries 100000]

PROGRAM is lanternfish, HOME a home that `lanternfish demo --no-serve` has just made. The pages are those of the program; their
values are synthetic and of a large case: the graph's places are computed by the program's own layout
(`cargo run --release -p chart --example large -- 10000 40000 >FILE`), the timeline's entries are made here.
--tangled joins the same things by as many lines from anywhere to anywhere, which are the longest to draw; --islands measures the
scripts of a folder instead of those in the program, beside another build or another library.
The browser draws by software, without a graphics card. Prints the figures as JSON and "PASS name", "FAIL name: reason" or
"SKIPPED name: reason"; exits 1 on FAIL. Bounds: the graph can be used within 2 s and moves at 20 pictures a second or more;
from a filter of the timeline to its picture 200 ms.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from workspace import BROWSERS, NOY, PASSPHRASES, Workspace  # noqa: E402

failed = False

FRAMES = """async ([milliseconds, keys]) => {
  // Moves the graph by its own keys at every picture, and counts the pictures that it gets to draw.
  const place = document.querySelector("#island .canvas");
  place.focus();
  const times = [];
  const begun = performance.now();
  await new Promise((done) => {
    const next = (now) => {
      times.push(now);
      place.dispatchEvent(new KeyboardEvent("keydown", { key: keys[times.length % keys.length], bubbles: true, cancelable: true }));
      performance.now() - begun < milliseconds ? requestAnimationFrame(next) : done();
    };
    requestAnimationFrame(next);
  });
  const gaps = times.slice(1).map((time, n) => time - times[n]).sort((one, other) => one - other);
  return { pictures: times.length, seconds: (times[times.length - 1] - times[0]) / 1000, p95_ms: gaps[Math.floor(gaps.length * 0.95)], slowest_ms: gaps[gaps.length - 1] };
}"""

# The picture is pushed to and fro, as far as it goes, and nearer and farther again.
WAYS = {"sideways": ["ArrowRight", "ArrowLeft"], "far": ["ArrowRight"] * 12 + ["ArrowLeft"] * 12, "nearer": ["+"] * 8 + ["-"] * 8}

FILTERED = """async (words) => {
  const box = document.getElementById("island-find");
  const begun = performance.now();
  box.value = words;
  box.dispatchEvent(new Event("input"));
  // Behind the next picture: what was painted is on the screen.
  await new Promise((done) => requestAnimationFrame(() => { const channel = new MessageChannel(); channel.port1.onmessage = done; channel.port2.postMessage(0); }));
  return performance.now() - begun;
}"""


def say(holds, name):
    global failed
    failed = failed or not holds
    print(f"{'PASS' if holds else 'FAIL'} {name}", flush=True)


def graph_values(file, tangled):
    """From the layout's own output: kinds as of a case, exhibits first."""
    placed = json.loads(pathlib.Path(file).read_text())
    if tangled:
        ends = [end for _, end in placed["lines"]]
        random.Random(1).shuffle(ends)
        placed["lines"] = [[start, end] for (start, _), end in zip(placed["lines"], ends)]
    things = [[f"E-{n:04}" if kind else f"selector-{n}", 2 if kind else 5, name, "synthetic", x, y, lines] for n, (name, kind, x, y, lines) in enumerate(placed["things"])]
    lines = [[f"line-{n}", start, end, "holds", 1 + n % 2, 1] for n, (start, end) in enumerate(placed["lines"])]
    kinds, strengths = ["charge", "finding", "exhibit", "person", "name", "selector"], ["recorded", "verified", "shown", "candidate"]
    return {"case": "2026-0001", "kinds": kinds, "strengths": strengths, "layout": placed["layout"], "left_out": 0, "things": things, "lines": lines}


def timeline_values(count):
    kinds = ["admission", "fetch", "manual-capture", "offer", "handover", "finding", "authority-begins", "authority-ends", "listing", "post", "message"]
    moments = ["claimed", "stated", "seen", "recorded", "ordered"]
    begin, entries = 1_735_689_600, []
    for n in range(count):
        at = begin + n * 31_536_000 // count
        moment, kind = [(0, 8), (0, 9), (0, 10), (2, 1), (3, 0)][n * 7919 % 5]
        entries.append([at, at - 50_400 * (moment == 0), at + 43_260 * (moment == 0), moment, kind, f"E-{n % 500 + 1:04}", f"vendor-{n * 104_729 % 4_000} offers parcel {n}", None])
    return {"case": "2026-0001", "kinds": kinds, "moments": moments, "all": count, "entries": entries}


def opened(page, path, values):
    """Opens a page whose values are these; milliseconds from the asking to the first picture, and how many of them the page took itself."""
    body = json.dumps(values)
    page.route("**/*as=json*", lambda route: route.fulfill(status=200, content_type="application/json", body=body))
    page.goto(path, wait_until="commit")
    page.wait_for_function("() => performance.getEntriesByName('island-drawn').length", timeout=60_000, polling=50)
    return page.evaluate("() => performance.getEntriesByName('island-drawn')[0].startTime"), len(body)


def whole(page):
    """When all lines are in the picture for the first time; waits until they are there. A build that does not say it has none."""
    if not page.locator("#island .canvas[data-whole]").count():
        return None
    page.wait_for_function("() => document.querySelector('#island .canvas').dataset.whole === 'true' && performance.getEntriesByName('island-whole').length", timeout=60_000, polling=20)
    return page.evaluate("() => performance.getEntriesByName('island-whole')[0].startTime")


def measured(page, things, entries):
    figures = {}
    figures["graph_usable_ms"], figures["graph_bytes"] = opened(page, "/case/2026-0001/graph?purpose=speed", things)
    figures["graph_whole_ms"] = whole(page)
    for way, keys in WAYS.items():
        figures[f"graph_{way}"] = page.evaluate(FRAMES, [3_000, keys])
        begun = time.monotonic()
        figures[f"graph_{way}"]["whole_again_ms"] = round((time.monotonic() - begun) * 1000) if whole(page) is not None else None
    page.locator(".canvas").focus()
    page.keyboard.press("n")
    page.wait_for_timeout(500)
    figures["graph_names_a_thing"] = bool(page.locator(".panel a").count())
    page.unroute_all(behavior="ignoreErrors")
    figures["timeline_drawn_ms"], figures["timeline_bytes"] = opened(page, "/case/2026-0001/timeline?purpose=speed", entries)
    figures["timeline_filter_ms"] = [round(page.evaluate(FILTERED, words), 1) for words in ("vendor-17", "vendor-1", "parcel 99", "nobody", "", "e-0042")]
    return figures


def main():
    words = argparse.ArgumentParser()
    words.add_argument("program")
    words.add_argument("home")
    words.add_argument("--graph", required=True)
    words.add_argument("--tangled", action="store_true")
    words.add_argument("--islands", type=pathlib.Path)
    words.add_argument("--entries", type=int, default=100_000)
    typed = words.parse_args()
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        return print(f"SKIPPED drawings in a browser: no Python package {error.name}")
    if not found:
        return print("SKIPPED drawings in a browser: no Chromium, Chrome or Edge (set CHROMIUM to its path)")
    things, entries = graph_values(typed.graph, typed.tangled), timeline_values(typed.entries)
    workspace = Workspace(typed.program, typed.home)
    try:
        with sync_playwright() as engine:
            browser = engine.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
            page = browser.new_context(base_url=workspace.url, viewport={"width": 1280, "height": 900}).new_page()
            page.goto("/login")
            page.fill("[name=name]", NOY)
            page.fill("[name=passphrase]", PASSPHRASES[NOY])
            page.click("main form.step button")
            page.set_default_timeout(180_000)
            if typed.islands:
                page.context.route("**/assets/islands/*.js", lambda route: route.fulfill(status=200, content_type="text/javascript", body=(typed.islands / pathlib.PurePosixPath(route.request.url).name).read_bytes()))
            figures = measured(page, things, entries)
            browser.close()
    finally:
        workspace.close()
    print(json.dumps(figures))
    size = f"{len(things['things'])} things and {len(things['lines'])} lines"
    shown = f", and all its lines are drawn after {figures['graph_whole_ms']:.0f}" if figures["graph_whole_ms"] else ""
    say(figures["graph_usable_ms"] <= 2_000, f"a graph of {size} can be used after {figures['graph_usable_ms']:.0f} ms (bound 2,000){shown}")
    for way in (f"graph_{way}" for way in WAYS):
        rate = figures[way]["pictures"] / max(figures[way]["seconds"], 0.001)
        say(rate >= 20, f"it moves at {rate:.0f} pictures a second ({way.removeprefix('graph_')}; bound 20)")
    say(figures["graph_names_a_thing"], "a thing of it is named by keyboard, with its lines")
    worst = max(figures["timeline_filter_ms"])
    say(worst <= 200, f"a timeline of {typed.entries} entries is filtered and painted in {worst:.0f} ms at most (bound 200)")


if __name__ == "__main__":
    main()
    sys.exit(1 if failed else 0)
