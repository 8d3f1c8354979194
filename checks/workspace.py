#!/usr/bin/env python3
"""Walks a case in the workspace with a real browser, as four people in four contexts: checks/workspace.py PROGRAM HOME [--all] [--pictures DIR] [--guide]

PROGRAM is lanternfish, HOME a home that `lanternfish demo --no-serve` has just made. The path is that of the spine: tip, case,
authority, exhibit, search, custody, finding, report, package, log. Without --all it is walked in English without scripts and
by keyboard alone, and in Lao with scripts; with --all in English, Lao and Russian, with scripts and without. Each page is
judged by axe (no serious or critical violation), and no request may leave this machine: the whole check runs in a network
namespace of its own where it may make one. Then the hostile pages of crates/extract/fuzz/corpus/pages, and larger ones that are
made here, are admitted and looked at in each view with scripts on: no script may run, no dialog open, nothing be asked for
but the workspace's own pages, and no page be wider than its window. The interface for programs is asked by schemathesis with what its description
allows (for a minute, with --all for ten; captures and crawls are left out, they take minutes each): no answer is a fault of the
server or one that is not described. Over TLS, with a certificate that the node makes, one person adds a second factor and logs in with it, then a passkey of the browser's own authenticator, beside the passphrase and alone; alone on this machine too. --pictures writes a picture of each screen in English, Lao and Thai, wide and narrow, into a folder; --guide makes those of docs/guide anew.
Prints "PASS name", "FAIL name: reason" or "SKIPPED name: reason"; exits 1 on any FAIL, 2 on wrong usage.
"""
import argparse
import base64
import hashlib
import hmac
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")
PASSPHRASES = {
    "Ad Min": "demo only: lantern on the desk",
    "Noy Vongsa": "demo only: river at low water",
    "Kham Phommachan": "demo only: two keys one door",
    "Bounmy Sisouk": "demo only: market before dawn",
    "Souk Prosecutor": "demo only: three scales of tin",
    "Somsak Auditor": "demo only: a ledger in the rain",
}
NOY, KHAM, BOUNMY, SOUK, SOMSAK = list(PASSPHRASES)[1:]
SCREENS = [
    "", "account", "intake", "people", "log", "tour", "help", "help/search", "steps", "running", "case/{case}", "case/{case}/authority", "case/{case}/exhibits", "case/{case}/exhibits/E-0001", "case/{case}/exhibits/E-0001/parts", "case/{case}/capture", "case/{case}/search",
    "case/{case}/selectors", "case/{case}/findings", "case/{case}/charges", "case/{case}/transfers", "case/{case}/reports", "case/{case}/packages", "case/{case}/alerts", "case/{case}/more", "step/exhibit/admit?case={case}", "step/transfer/offer?case={case}",
    "case/{case}/timeline", "case/{case}/timeline?purpose=training", "case/{case}/graph", "case/{case}/graph?purpose=training",
]
SERIOUS = ("serious", "critical")
LONGEST_TABS = 400

failed = False


def say(verdict, name, reason=""):
    global failed
    failed = failed or verdict == "FAIL"
    print(f"{verdict} {name}" + (f": {' '.join(str(reason).split())[:600]}" if reason else ""), flush=True)


class Workspace:
    """`lanternfish serve` on a free port of this machine, ended with the check."""

    def __init__(self, program, home, *words):
        self.program, self.home = program, home
        self.process = subprocess.Popen([program, "--json", "--home", home, "serve", "--listen", "127.0.0.1:0", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = json.loads(self.process.stdout.readline())["workspace"]

    def close(self):
        self.process.kill()
        self.process.wait()

    def at_the_desk(self, who, *words):
        """A step at the machine itself, in a person's session."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as secret:
            secret.write(PASSPHRASES[who] + "\n")
            secret.flush()
            token = json.loads(subprocess.run([self.program, "--json", "--home", self.home, "login", who, "--passphrase-file", secret.name], capture_output=True, text=True, check=True).stdout)["session"]
        if words:
            subprocess.run([self.program, "--json", "--home", self.home, *words], env={**os.environ, "LANTERNFISH_SESSION": token}, capture_output=True, text=True, check=True)


class Person:
    """One person in a browser of his own."""

    def __init__(self, walk, name, second_factor=None):
        self.walk, self.name = walk, name
        self.context = walk.browser.new_context(java_script_enabled=walk.scripts, base_url=walk.url, locale=walk.language, viewport={"width": 1280, "height": 900})
        self.context.on("request", lambda request: walk.requests.append(request.url))
        self.context.add_cookies([{"name": "lanternfish-language", "value": walk.language, "url": walk.url}])
        self.page = self.context.new_page()
        self.page.goto("/login")
        self.walk.judge(self.page)
        self.fill({"name": name, "passphrase": PASSPHRASES[name], **({"second-factor": second_factor} if second_factor else {})})
        self.send()
        # What he should know is said first.
        on = self.page.locator("main a.button[href='/']")
        if on.count():
            with self.page.expect_navigation():
                self.press(on)
        assert self.page.url == walk.url, f"{name} did not get in: {self.text()}"

    def text(self):
        return self.page.inner_text("main")

    def look(self, path):
        """Opens a page; it is judged."""
        # A page that asks for itself again (a step that goes on) may be in the middle of it.
        answer = self.page.goto("/" + path) or self.page.goto("/" + path)
        self.walk.judge(self.page)
        return answer.status

    def fill(self, fields):
        for name, value in fields.items():
            box = self.page.locator(f"main form.step [name='{name}']")
            ticked = self.page.locator(f"main form.step input[type=checkbox][name='{name}']")
            if isinstance(value, str) and ticked.count():
                # Several are offered: those that are among them are ticked.
                for wanted in value.split("\n"):
                    self.tick(self.page.locator(f"main form.step input[type=checkbox][name='{name}'][value={json.dumps(wanted)}]"))
                continue
            if isinstance(value, pathlib.Path):
                box.set_input_files(str(value))
            elif isinstance(value, bool):
                self.tick(box)
            elif box.evaluate("box => box.tagName") == "SELECT":
                box.select_option(value)
            elif self.walk.by_keyboard:
                self.reach(box)
                self.page.keyboard.press("Control+A")
                self.page.keyboard.insert_text(value)
            else:
                box.fill(value)

    def tick(self, box):
        self.press(box, "Space") if self.walk.by_keyboard else box.check()

    def reach(self, target):
        """Goes to an element with the key Tab alone."""
        wanted = target.element_handle()
        for _ in range(LONGEST_TABS):
            if wanted.evaluate("element => document.activeElement === element"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{self.page.url}: the keyboard does not reach {target}")

    def press(self, target, key="Enter"):
        if self.walk.by_keyboard:
            self.reach(target)
            self.page.keyboard.press(key)
        else:
            target.click()

    def send(self):
        with self.page.expect_navigation():
            self.press(self.page.locator("main form.step button:not([type])"))

    def step(self, name, fields, case=True):
        """Takes a step from its form and waits for its end; gives the text of the answer."""
        self.look(f"step/{name}" + (f"?case={self.walk.case}" if case and self.walk.case else ""))
        self.fill(fields)
        self.send()
        number = re.search(r"/done/([0-9a-f]{32})", self.page.url)
        assert number, f"{name}: {self.page.url}: {self.text()[:400]}"
        for _ in range(240):
            # Over TLS the page itself asks: no other client of this check knows the name and the key.
            answer = self.page.goto(f"/done/{number[1]}") if self.walk.url.startswith("https:") else self.page.request.get(f"/done/{number[1]}")
            if answer.status != 202:
                assert answer.status == 200, f"{name}: {answer.status}: {re.sub('<[^>]*>', ' ', answer.text())[-900:]}"
                break
            self.page.wait_for_timeout(250)
        status = self.look(f"done/{number[1]}")
        assert status == 200, f"{name}: {status}: {self.text()[:600]}"
        return self.text()

    def refused(self, name, fields):
        """The same for a step that must be refused."""
        self.look(f"step/{name}?case={self.walk.case}")
        self.fill(fields)
        self.send()
        return self.page.locator(".refused").count() > 0


class Walk:
    """The path of the spine, once, in one language."""

    def __init__(self, workspace, browser, axe, language, scripts, by_keyboard):
        self.url, self.browser, self.axe, self.language, self.scripts, self.by_keyboard = workspace.url, browser, axe, language, scripts, by_keyboard
        self.requests, self.violations, self.judged, self.case = [], {}, set(), None

    def judge(self, page):
        """Axe, once for each kind of page. It is a script: where a browser runs none, it cannot judge."""
        if not self.scripts:
            return
        kind = re.sub(r"[0-9a-f]{32}|\d{4}-\d{4}|\?.*", "…", page.url)
        if kind in self.judged:
            return
        self.judged.add(kind)
        for violation in self.axe.run(page)["violations"]:
            if violation["impact"] in SERIOUS:
                self.violations.setdefault(f"{violation['id']} ({violation['help']})", f"{page.url}: {violation['nodes'][0]['html'][:200]}")

    def drawings(self, person):
        """The timeline and the graph: asked by their form, drawn, walked by keyboard, and each line with its reasons."""
        for kind in ("timeline", "graph"):
            person.look(f"case/{self.case}/{kind}")
            person.fill({"purpose": "training"})
            person.send()
            assert "E-0001" in person.text(), f"{kind}: {person.text()[:300]}"
            assert person.page.request.get(f"/case/{self.case}/{kind}.svg?purpose=training").text().startswith("<?xml")
            if not self.scripts:
                assert person.page.locator("noscript img.drawing, img.drawing").count(), f"{kind}: no picture where no script runs"
                continue
            person.page.wait_for_function("() => performance.getEntriesByName('island-drawn').length", timeout=30_000)
            person.page.locator("#island .canvas").focus()
            for key in ("n", "n", "p", "+", "ArrowRight", "0", "Escape", "n"):
                person.page.keyboard.press(key)
            assert person.page.locator("#island [role=status]").first.inner_text().strip(), f"{kind}: the keyboard names nothing"
            self.judged = {judged for judged in self.judged if kind not in judged}
            self.judge(person.page)
            if kind == "graph":
                self.graph_by_hand(person.page)
            if kind == "timeline":
                person.page.locator("#island-find").fill("E-0001")
                assert person.page.locator("#island ol li a").first.inner_text().startswith("E-0001")
        with person.page.expect_navigation():
            person.press(person.page.locator("main a[href*='why=line-']").first)
        assert "F-0001" in person.text() or "E-0001" in person.text(), person.text()
        self.judge(person.page)

    def graph_by_hand(self, page):
        """The picture of the graph: what is pressed is named, boxes change what is drawn, and whether it is whole is said."""
        named = lambda: page.locator("#island .panel strong").all_inner_texts()  # noqa: E731
        canvas, whole = page.locator("#island .canvas"), "() => document.querySelector('#island .canvas').dataset.whole === 'true'"

        def drawn():
            # The words change with the picture.
            page.evaluate("() => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))")
            page.wait_for_function(whole)
            return [int(number) for number in re.findall(r"\d+", page.locator("#island .told").inner_text())]

        # What `n` chose stands in the middle once the picture has come there.
        page.wait_for_timeout(400)
        chosen, box = named(), canvas.bounding_box()
        assert chosen, "the keyboard chose nothing"
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.keyboard.press("Escape")
        assert not named(), "Escape lets go"
        page.mouse.click(*middle)
        assert named() == chosen, f"pressed {chosen}, named {named()}"
        page.mouse.click(box["x"] + 3, box["y"] + 3)
        assert not named(), "a press beside all things lets go"
        # Dragged, then pressed where it went; the wheel does not move the page.
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] + 40, middle[1] + 30, steps=4)
        page.mouse.up()
        assert not named(), "a drag chooses nothing"
        page.mouse.click(middle[0] + 40, middle[1] + 30)
        assert named() == chosen, "a dragged thing is where it was dragged to"
        at = page.evaluate("() => scrollY")
        page.mouse.wheel(0, -120)
        page.wait_for_timeout(200)
        assert page.evaluate("() => scrollY") == at, "the wheel comes nearer and moves no page"
        canvas.focus()
        for _ in range(2):
            page.keyboard.press("+")
        page.wait_for_timeout(400)
        assert not drawn() and canvas.get_attribute("data-part") == "true", "a part of the graph is not said to be all of it"
        page.keyboard.press("0")
        page.wait_for_timeout(400)
        of_chosen = drawn()
        page.keyboard.press("Escape")
        assert of_chosen[0] <= drawn()[0] and canvas.get_attribute("data-part") == "false", "of a chosen thing only its lines are drawn"
        strength = page.locator("#" + page.locator("#island [id^=island-strength-]:checked").first.get_attribute("id"))
        before = drawn()
        strength.uncheck()
        assert drawn()[0] < before[0] and drawn()[1] == before[1], f"{before}, then {drawn()}"
        strength.check()
        assert drawn() == before, f"{before}, then {drawn()}"

    def papers(self, person, folder):
        """What is printed: a page of its own, of the paper's size, whose code this house reads back from its picture."""
        person.look(f"case/{self.case}/exhibits/E-0001")
        slip = person.page.locator("main a[href*='transfer/slip']").first.get_attribute("href")
        transfer = re.search(r"what=(xfer-[^&]+)", slip)[1]
        digest = re.search(r"[0-9a-f]{64}", person.text())[0]
        for step, fields, words in (("exhibit/label", {"exhibit": "E-0001"}, [digest, "E-0001"]), ("transfer/slip", {"what": transfer}, [digest, NOY, KHAM]), ("log/witness/paper", {}, ["lanternfish log verify"])):
            person.step(step, fields, case=step != "log/witness/paper")
            with person.page.expect_navigation():
                person.press(person.page.locator("main a.button[href$='/paper']"))
            self.judge(person.page)
            for word in words:
                assert word in person.text(), f"{step}: {word} is not in {person.text()}"
            assert person.page.evaluate("() => document.fonts.status") == "loaded" if self.scripts else True
            person.page.set_viewport_size({"width": 390, "height": 900})
            if self.scripts:
                sideways = person.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert sideways <= 0, f"{step}: {sideways} pixels stand out at the side"
            person.page.set_viewport_size({"width": 1280, "height": 900})
            person.page.emulate_media(media="print", color_scheme="dark")
            assert not person.page.locator("header.screen").is_visible(), "only the paper is printed"
            picture = folder / f"{step.replace('/', '-')}.png"
            person.page.locator("article.sheet").first.screenshot(path=str(picture))
            person.page.emulate_media(media="screen", color_scheme="light")
            if step == "exhibit/label":
                label = picture
        admitted = person.step("exhibit/admit", {"description": "SYNTHETIC photograph of a label", "source": "camera", "source-class": "synthetic", "file": label})
        number = re.search(r"E-\d{4}", admitted)[0]
        person.step("examine", {"exhibit": number})
        read = person.step("pictures", {"exhibit": number, "purpose": "training"})
        assert f"LF1:{self.case}:E-0001:SHA256:{digest.upper()}" in re.sub(r"\s", "", read), read

    def several(self, person, folder):
        """Files that are given to one form, as dropping them does: each comes in, with a line of its own."""
        papers = []
        for name in ("ໜຶ່ງ.txt", "two.txt"):
            papers.append(folder / name)
            papers[-1].write_text(f"SYNTHETIC {name}", "utf-8")
        person.look(f"step/exhibit/admit?case={self.case}")
        area = person.page.locator("main input[type=file]")
        assert area.bounding_box()["height"] >= 100, "a file can be dropped here"
        area.focus()
        area.set_input_files([str(paper) for paper in papers])
        person.send()
        for _ in range(120):
            if "/received/" in person.page.url and person.page.locator("main li a[href*='/exhibits/E-']").count() == len(papers):
                break
            person.page.wait_for_timeout(250)
            person.page.reload()
        assert all(paper.name in person.text() for paper in papers), person.text()
        self.judge(person.page)

    def comes_back(self, person):
        """A session ends while a form is open: nothing is done, the login leads back, and what was typed is there."""
        person.look(f"step/finding/add?case={self.case}")
        words = "typed before the session ended ກ່ອນ"
        person.fill({"kind": "fact", "text": words, "method": "m", "error-rate": "none", "grading": "B2"})
        cookie = next(cookie for cookie in person.context.cookies() if cookie["name"] == "lanternfish-session")
        ended = person.context.request.delete(self.url + "api/v1/session", headers={"Authorization": f"Bearer {cookie['value']}"})
        assert ended.status == 204, ended.status
        person.send()
        assert "/login?ended=sent" in person.page.url and person.page.locator("main .refused").count(), person.page.url
        self.judge(person.page)
        person.fill({"name": person.name, "passphrase": PASSPHRASES[person.name]})
        person.send()
        assert "/step/finding/add" in person.page.url, person.page.url
        assert person.page.locator("main [name='text']").input_value() == words, person.text()
        self.judge(person.page)
        return person

    def path(self, folder):
        noy = Person(self, NOY)
        noy.step("tip/add", {"text": "SYNTHETIC: forged papers are offered. ເອກະສານປອມ", "source": "telephone"}, case=False)
        opened = noy.step("case/open", {"title": "SYNTHETIC ຄະດີຝຶກ", "offence": "forgery (synthetic)", "jurisdiction": "la", "purpose": "training", "member": f"{KHAM}\n{BOUNMY}\n{SOUK}"}, case=False)
        self.case = re.search(r"\d{4}-\d{4}", opened)[0]
        today = noy.page.evaluate("() => new Date().toISOString().slice(0, 10)")
        actions = "admit\nview\nexamine\nquery\nconclude\nreport\npackage"
        scope = {"kind": "training", "reference": "W-1", "issuer": "Training branch", "action": actions, "source": "synthetic", "from": today, "until": today, "zone": "UTC", "necessity": "training"}
        noy.step("authority/record", scope)
        bounmy = Person(self, BOUNMY)
        bounmy.look(f"case/{self.case}/authority")
        grant = bounmy.page.locator("a[href*='authority/grant']").first
        with bounmy.page.expect_navigation():
            bounmy.press(grant)
        bounmy.send()
        paper = folder / "ໃບສະເໜີ.html"
        paper.write_text("<title>SYNTHETIC</title><script>document.title='ran'</script><img src='http://elsewhere.invalid/x'><p>ຂາຍເອກະສານ 1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1 night-heron@moon-bazaar.example", "utf-8")
        admitted = noy.step("exhibit/admit", {"description": "SYNTHETIC page ໜ້າເວັບ", "source": "handed over", "source-class": "synthetic", "file": paper})
        assert "E-0001" in admitted and paper.name in admitted, admitted
        noy.step("examine", {"exhibit": "E-0001"})
        assert "ຂາຍເອກະສານ" in noy.step("search", {"question": "ເອກະສານ", "purpose": "training"})
        assert "1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1" in noy.step("selectors", {"purpose": "training"})
        viewed = noy.step("exhibit/view", {"exhibit": "E-0001", "purpose": "to read it"})
        assert "<script>" in viewed and noy.page.title() != "ran", "the page is shown as text and does not run"
        view = noy.page.url.removeprefix(self.url).split("?")[0]
        marks = noy.page.locator("pre mark.found")
        assert marks.count() >= 1 and "1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1" in marks.all_inner_texts(), "what was found is marked"
        way = noy.page.locator(".marks a").first
        noy.press(way)
        assert "#at-" in noy.page.url, "a place is reached"
        for how in ("raw", "page"):
            assert noy.look(f"{view}?as={how}") == 200
        shown = noy.page.frame_locator("iframe.page").locator("body")
        assert "ຂາຍເອກະສານ" in shown.inner_text() and "elsewhere.invalid" in shown.inner_text(), "the page is shown, its picture as a box"
        noy.look(f"case/{self.case}/exhibits/E-0001/parts")
        noy.look(f"step/transfer/offer?case={self.case}")
        offered = noy.page.locator("main datalist#k-exhibit option, main datalist#k-to option").evaluate_all("all => all.map((one) => one.value)")
        assert "E-0001" in offered and KHAM in offered and SOMSAK not in offered, offered
        assert not noy.page.locator("main input[name='to']").input_value(), "nobody is chosen beforehand"
        noy.step("transfer/offer", {"exhibit": "E-0001", "to": KHAM, "purpose": "safe keeping"})
        noy.look("")
        assert noy.page.locator(f"main .waits a[href='/case/{self.case}/transfers']").count(), noy.text()
        kham = Person(self, KHAM)
        with kham.page.expect_navigation():
            kham.press(kham.page.locator(f"a[href*='transfer/accept?case={self.case}']"))
        kham.send()
        noy.step("finding/add", {"kind": "fact", "text": "The address 1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1 stands on the page.", "exhibit": "E-0001", "method": "lanternfish extract, rules 2", "error-rate": "one in 4,294,967,296", "grading": "B2"})
        noy.step("charge/add", {"offence": "forgery (synthetic)", "provision": "article 1", "element": "a paper was made\nit was offered for money"})
        noy.step("charge/place", {"charge": "C-0001", "element": "1", "finding": "F-0001"})
        noy.look(f"case/{self.case}/charges")
        assert "F-0001" in noy.text(), noy.text()
        noy.step("report/build", {"template": "statement-of-fact", "language": {"lo": "lo", "ru": "ru"}.get(self.language, "en")})
        noy.step("report/export", {"report": "R-0001"})
        with noy.page.expect_download() as received:
            noy.press(noy.page.locator("main a.button").first)
        assert pathlib.Path(received.value.path()).read_bytes().startswith(b"%PDF-"), "a report is a PDF"
        noy.step("package/seal", {"officer": f"{NOY}\n{KHAM}"})
        noy.step("package/sign", {"package": "P-0001"})
        kham.step("package/sign", {"package": "P-0001"})
        noy.step("package/stamp", {"package": "P-0001"})
        noy.step("package/finish", {"package": "P-0001"})
        for screen in SCREENS:
            status = noy.look(screen.format(case=self.case))
            assert status == 200, f"{screen}: {status}"
        self.drawings(noy)
        self.papers(noy, folder)
        self.several(noy, folder)
        noy = self.comes_back(noy)
        souk = Person(self, SOUK)
        assert souk.look(f"case/{self.case}/findings") == 200 and "F-0001" in souk.text(), "the prosecutor reads the finding"
        somsak = Person(self, SOMSAK)
        assert somsak.look("log") == 200
        somsak.step("log/verify", {}, case=False)
        assert somsak.look(f"case/{self.case}/exhibits") == 403, "the auditor reads no content"
        assert somsak.refused("exhibit/list", {}), "nor by a step"
        for person in (noy, bounmy, kham, souk, somsak):
            person.context.close()


def pictures(workspace, browser, case, folder):
    """Each screen in three languages, wide and narrow."""
    folder.mkdir(parents=True, exist_ok=True)
    for language, width in itertools.product(("en", "lo", "th"), (1280, 390)):
        walk = Walk(workspace, browser, None, language, False, False)
        walk.judge = lambda page: None
        noy = Person(walk, NOY)
        noy.page.set_viewport_size({"width": width, "height": 900})
        for screen in SCREENS:
            noy.page.goto("/" + screen.format(case=case))
            sideways = noy.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert sideways <= 0, f"{screen} in {language} at {width}: {sideways} pixels stand out at the side"
            noy.page.screenshot(path=str(folder / f"{picture_name(screen)}.{language}.{width}.png"))
        noy.context.close()


GUIDE = pathlib.Path(__file__).resolve().parent.parent / "docs/guide"


def picture_name(screen):
    return re.sub(r"[^a-z0-9]+", "-", screen.format(case="case").lower()).strip("-") or "home"


def guide(workspace, browser, case):
    """The pictures of the guide, each screen in English, Lao and Thai, few colours so that they stay small; and their page."""
    from PIL import Image

    folder, titles = GUIDE / "pictures", {}
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    for language in ("en", "lo", "th"):
        walk = Walk(workspace, browser, None, language, True, False)
        walk.judge = lambda page: None
        noy = Person(walk, NOY)
        for screen in SCREENS:
            noy.page.goto("/" + screen.format(case=case))
            noy.page.wait_for_load_state("networkidle")
            titles.setdefault(screen, noy.page.inner_text("h1"))
            place = folder / f"{picture_name(screen)}.{language}.png"
            noy.page.screenshot(path=str(place))
            with Image.open(place) as picture:
                few = picture.convert("RGB").quantize(32, dither=Image.Dither.NONE)
            few.save(place, optimize=True)
        noy.context.close()
    lines = ["# The screens", "", "Each screen of the workspace on the case that `checks/workspace.py` walks, in English, Lao and Thai. Everything in it is synthetic. `checks/workspace.py PROGRAM HOME --guide` makes this page and its pictures.", ""]
    for screen in SCREENS:
        name = picture_name(screen)
        ways = " · ".join(f"[{word}](pictures/{name}.{code}.png)" for code, word in (("en", "English"), ("lo", "Lao"), ("th", "Thai")))
        lines += [f"## {titles[screen]}", "", f"`/{screen.format(case='CASE')}` · {ways}", "", f"![{titles[screen]}](pictures/{name}.en.png)", ""]
    (GUIDE / "screens.md").write_text("\n".join(lines).rstrip() + "\n", "utf-8")


def guide_is_whole():
    """Whoever adds a screen adds its pictures."""
    missing = [f"{picture_name(screen)}.{language}.png" for screen in SCREENS for language in ("en", "lo", "th") if not (GUIDE / "pictures" / f"{picture_name(screen)}.{language}.png").exists()]
    say("FAIL" if missing else "PASS", f"each of {len(SCREENS)} screens has its pictures in the guide", f"{', '.join(missing)}: make them with --guide" if missing else "")


def walked(workspace, browser, axe, language, scripts, by_keyboard):
    name = f"workspace in {language}, {'with' if scripts else 'without'} scripts, by {'keyboard' if by_keyboard else 'mouse'}"
    walk = Walk(workspace, browser, axe, language, scripts, by_keyboard)
    try:
        with tempfile.TemporaryDirectory() as folder:
            walk.path(pathlib.Path(folder))
        say("PASS", name)
    except Exception as error:  # a check that falls is a check that failed
        say("FAIL", name, f"{type(error).__name__}: {error}")
    elsewhere = sorted({url for url in walk.requests if not url.startswith(walk.url)})
    say("FAIL" if elsewhere else "PASS", f"{name}: {len(walk.requests)} requests, all to this server", elsewhere)
    if scripts:
        say("FAIL" if walk.violations else "PASS", f"{name}: axe on {len(walk.judged)} kinds of pages", "; ".join(f"{rule} at {place}" for rule, place in walk.violations.items()))
    return walk.case


HOSTILE = pathlib.Path(__file__).resolve().parent.parent / "crates/extract/fuzz/corpus/pages"
LARGE = {
    "marks.html": "<title>SYNTHETIC</title><p>night-heron@moon-bazaar.example " + "a" + "\u0301" * 2_500_000,
    "nested-40000.html": "<title>SYNTHETIC</title><p>night-heron@moon-bazaar.example" + "<div>" * 40_000 + "heron" + "</div>" * 40_000,
    "16-megabytes.html": "<title>SYNTHETIC</title><p>night-heron@moon-bazaar.example" + "<p>heron in the <b>reeds</b> <a href=http://hostile.invalid/beacon>there</a>" * 220_000,
    "wide.html": "<title>SYNTHETIC</title><p>night-heron@moon-bazaar.example<table><tr>" + "<td>heron</td>" * 3_000 + "</table><pre>" + "x" * 60_000 + "</pre>",
}
FAULTS_OF_PAGE = "() => [window.pwned, window.top.pwned].filter(Boolean).length + document.querySelectorAll('main script, main svg, main style').length"


class Hostile:
    """Hostile pages, each in three views, in a browser that would run what they hold."""

    def __init__(self, workspace, browser, case, folder):
        walk = Walk(workspace, browser, None, "en", True, False)
        walk.judge = lambda page: None
        self.url, self.case, self.folder, self.walk = workspace.url, case, folder, walk
        self.noy = Person(walk, NOY)
        self.page, self.seen, self.faults = self.noy.page, [], []
        self.page.on("dialog", lambda dialog: (self.faults.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("console", lambda message: self.told(message))
        self.page.on("popup", lambda popup: self.faults.append(f"a window: {popup.url}"))
        self.page.on("download", lambda download: self.faults.append(f"a download: {download.url}"))
        self.page.on("websocket", lambda socket: self.faults.append(f"a socket: {socket.url}"))
        self.page.on("worker", lambda worker: self.faults.append(f"a worker: {worker.url}"))

    def told(self, message):
        # The browser says what it refused; a script that spoke would be another kind of message.
        if "pwned" in message.text or message.type == "log":
            self.faults.append(f"the console: {message.text}")

    def judge(self, name, way, number):
        """One view: what ran, what was asked for, and how wide it is."""
        before = len(self.walk.requests)
        status = self.page.goto(f"/done/{number}?as={way}").status
        self.page.wait_for_timeout(150)
        if status != 200:
            self.faults.append(f"{name} as {way}: {status}")
        # The page, our looks, and in the view of the page its frame, which asks for nothing.
        known = re.compile(re.escape(self.url) + rf"(done/{number}(/page)?(\?as=\w+)?|assets/style\.css|assets/lantern\.svg|assets/fonts/[\w-]+\.ttf)$")
        self.faults += [f"{name} as {way}: asked for {url}" for url in self.walk.requests[before:] if not known.match(url)]
        for frame in self.page.frames:
            try:
                if frame.evaluate(FAULTS_OF_PAGE if frame == self.page.main_frame else "() => Number(Boolean(window.pwned))"):
                    self.faults.append(f"{name} as {way}: something ran")
            except Exception as error:  # a frame without scripts answers nothing at all
                if frame == self.page.main_frame or "script" not in str(error).lower() and "context" not in str(error).lower():
                    self.faults.append(f"{name} as {way}: {type(error).__name__}: {error}")
        for width in (1280, 390):
            self.page.set_viewport_size({"width": width, "height": 900})
            sideways = self.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if sideways > 0:
                self.faults.append(f"{name} as {way} at {width}: {sideways} pixels stand out at the side")
        self.page.set_viewport_size({"width": 1280, "height": 900})
        if self.page.url.split("?")[0] != f"{self.url}done/{number}":
            self.faults.append(f"{name} as {way}: the page led to {self.page.url}")

    def look(self, path, picture):
        admitted = self.noy.step("exhibit/admit", {"description": "SYNTHETIC hostile page", "source": "handed over", "source-class": "synthetic", "file": path})
        exhibit = re.search(r"E-\d{4}", admitted)[0]
        self.noy.step("exhibit/view", {"exhibit": exhibit, "purpose": "to look at it"})
        number = re.search(r"/done/([0-9a-f]{32})", self.page.url)[1]
        for way in ("text", "raw", "page"):
            self.judge(path.name, way, number)
            shown = self.page.locator("iframe.page").count()
            if way == "page" and shown != (0 if path.suffix == ".txt" else 1):
                self.faults.append(f"{path.name}: {shown} frames: {self.noy.text()[:200]}")
            if way == "page" and shown:
                # What is in the frame is asked for once more as a document of its own: it is of no origin there either.
                html = self.page.request.get(f"/done/{number}/page")
                if html.status != 200 or "night-heron@moon-bazaar.example" not in html.text() or "sandbox" not in html.headers["content-security-policy"]:
                    self.faults.append(f"{path.name}: the frame: {html.status}")
                if "night-heron" not in self.page.frame_locator("iframe.page").locator("body").inner_text():
                    self.faults.append(f"{path.name}: its words are not seen")
            if picture:
                self.page.screenshot(path=str(picture / f"viewer-{path.stem}.{way}.png"))
        self.seen.append(path.name)


def bare(browser, pages):
    """What these pages do in a browser that opens them as they are: a check that none of them could fail shows nothing."""
    acted = set()
    for path in pages:
        context = browser.new_context(java_script_enabled=True)
        page = context.new_page()

        def act(thing, name=path.name):
            acted.add(name)
            thing.dismiss() if hasattr(thing, "dismiss") else thing.abort()

        # Each request but the first is seen and goes nowhere.
        page.on("dialog", lambda dialog: act(dialog))
        answers = itertools.chain([lambda route, body=path.read_bytes(): route.fulfill(body=body, content_type="text/html")], itertools.repeat(act))
        context.route("**/*", lambda route: next(answers)(route))
        try:
            page.goto("http://bare.invalid/", wait_until="load", timeout=4_000)
            page.wait_for_timeout(100)
            if page.evaluate("() => Boolean(window.pwned)"):
                acted.add(path.name)
        except Exception:  # it led away, or never ended: that is an act too
            acted.add(path.name)
        context.close()
    return acted


def hostile(workspace, browser, case, folder):
    """The corpus, in the case of a walk."""
    try:
        with tempfile.TemporaryDirectory() as made:
            large = [pathlib.Path(made) / name for name in LARGE]
            for path in large:
                path.write_text(LARGE[path.name], "utf-8")
            look = Hostile(workspace, browser, case, made)
            look.walk.case = case
            acted = bare(browser, sorted(HOSTILE.glob("*.html")))
            if len(acted) < 14:
                look.faults.append(f"opened bare, only {sorted(acted)} do anything: the corpus shows nothing")
            for path in sorted(HOSTILE.iterdir()) + large:
                look.look(path, folder if folder and path.name in ("broken.html", "forms.html", "styles.html", "towers.html", "long-words.html") else None)
    except Exception as error:  # a check that falls is a check that failed
        return say("FAIL", "hostile pages", f"{type(error).__name__}: {error}")
    name = f"{len(look.seen)} hostile pages ({len(acted)} act when a browser opens them bare) in three views: {len(look.walk.requests)} requests, 0 of theirs, 0 scripts, 0 dialogs, no page wider than its window"
    say("FAIL" if look.faults or len(look.seen) < 25 else "PASS", name, "; ".join(look.faults[:12]))


def code_of(secret, step):
    """RFC 6238, as a telephone computes it."""
    padded = secret + "=" * (-len(secret) % 8)
    digest = hmac.new(base64.b32decode(padded), step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[19] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def authenticator(person, **more):
    """The browser gets an authenticator of its own, which knows its person."""
    wire = person.context.new_cdp_session(person.page)
    wire.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True, **more}
    return wire, wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


# What a passkey tells when it is made, as from an authenticator that gives its value only when it is shown.
LATE = """() => {
  const told = PublicKeyCredential.prototype.getClientExtensionResults;
  PublicKeyCredential.prototype.getClientExtensionResults = function () {
    return this.response instanceof AuthenticatorAttestationResponse ? { prf: { enabled: told.call(this).prf.enabled } } : told.call(this);
  };
}"""


def add_passkey(person, fields, there=False):
    """A passkey is added on its page; gives the recovery codes, when it is the first factor."""
    assert there or person.look("account/passkey") == 200
    person.fill(fields)
    with person.page.expect_navigation():
        person.page.locator("[data-ask]").click()
    return re.findall(r"[a-z2-7]{4}(?:-[a-z2-7]{4}){3}", person.text())


def leave(person):
    with person.page.expect_navigation():
        person.page.locator("form[action='/logout'] button").click()
    person.page.goto("/login")


def passkey(person):
    """A passkey of the browser's own authenticator is added, and opens a login beside the passphrase; without it none does."""
    page = person.page
    wire, device = authenticator(person)
    codes = add_passkey(person, {})
    assert len(codes) == 10, person.text()
    for shown in (True, False, True):
        leave(person)
        person.fill({"name": person.name, "passphrase": PASSPHRASES[person.name]})
        with page.expect_navigation():
            page.locator("form[data-passkey='show'] [data-ask]" if shown else "main form.step button:not([type])").click()
        assert (page.url == person.walk.url) == shown, f"{shown}: {person.text()}"
        if not shown:
            person.fill({"name": person.name, "passphrase": PASSPHRASES[person.name], "second-factor": codes[0]})
            person.send()
    # Without the passphrase on its page it opens nothing alone, and says so.
    leave(person)
    page.locator("form[data-passkey='alone'] [data-ask]").click()
    page.locator("form[data-passkey='alone'] [data-trouble='value']").wait_for()
    person.fill({"name": person.name, "passphrase": PASSPHRASES[person.name], "second-factor": codes[1]})
    person.send()
    remove_passkey(person, codes[2])
    wire.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})


def remove_passkey(person, code):
    person.look("account")
    factor = person.page.locator("a[href*='factor/remove']").get_attribute("href").split("factor=")[1]
    person.step("user/factor/remove", {"factor": factor, "code": code}, case=False)


def passkey_alone(person):
    """A passkey that opens alone: added with the passphrase, then nothing is typed; not when the device did not know its person, and not
    once it was removed. A device that gives no such value stays a second factor."""
    page = person.page
    wire, device = authenticator(person, ctap2Version="ctap2_1", hasPrf=True)
    codes = add_passkey(person, {"passphrase": PASSPHRASES[person.name]})
    assert len(codes) == 10 and not page.locator("main p.notes").count(), person.text()
    person.look("account")
    assert page.locator("td[data-label='Opens alone']").first.inner_text() == "yes", person.text()

    alone = page.locator("form[data-passkey='alone'] [data-ask]")
    for _ in range(2):
        leave(person)
        with page.expect_navigation():
            alone.click()
        assert page.url == person.walk.url and person.name in page.inner_text("body"), person.text()
    remove_passkey(person, codes[0])
    leave(person)
    with page.expect_navigation():
        alone.click()
    assert page.url.endswith("/login") and page.locator("main .refused:visible").count(), person.text()
    wire.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
    person.fill({"name": person.name, "passphrase": PASSPHRASES[person.name]})
    person.send()
    # One that gives its value when it is shown, and not yet when it is made; then one that gives none.
    for values in (True, False):
        wire, device = authenticator(person, **({"ctap2Version": "ctap2_1", "hasPrf": True} if values else {}))
        person.look("account/passkey")
        if values:
            page.evaluate(LATE)
        codes = add_passkey(person, {"passphrase": PASSPHRASES[person.name]}, there=True)
        assert len(codes) == 10 and page.locator("main p.notes").count() == (not values), f"{values}: {person.text()}"
        if values:
            leave(person)
            with page.expect_navigation():
                alone.click()
            assert page.url == person.walk.url, person.text()
            leave(person)
            wire.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
            alone.click()
            page.locator("form[data-passkey='alone'] [data-trouble='passkey']").wait_for()
            person.fill({"name": person.name, "passphrase": PASSPHRASES[person.name], "second-factor": codes[1]})
            person.send()
        remove_passkey(person, codes[0])
        wire.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})


def by_name(workspace, engine, found, axe):
    """In the clear on this machine: by its name a passkey opens alone; at its number, and where no script runs, the button is not there."""
    name = "a passkey alone, on this machine"
    try:
        browser = engine.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        numbered = workspace.url
        for scripts in (True, False):
            page = browser.new_context(java_script_enabled=scripts, base_url=numbered).new_page()
            page.goto("/login")
            page.wait_for_timeout(500)
            assert not page.locator("form[data-passkey='alone']").is_visible(), f"{numbered}, scripts {scripts}"
            assert page.locator("form[data-passkey='show'] [data-ask]").is_visible() == scripts, f"scripts {scripts}"
        walk = Walk(workspace, browser, axe, "en", True, False)
        walk.url = numbered.replace("127.0.0.1", "localhost")
        passkey_alone(Person(walk, NOY))
        assert not walk.violations, walk.violations
        browser.close()
        say("PASS", name)
    except Exception as error:  # a check that falls is a check that failed
        say("FAIL", name, f"{type(error).__name__}: {error}")


def encrypted(program, home, engine, found, axe):
    """Over TLS: a person adds an authenticator, and gets in with its codes only, each once."""
    name, host = "workspace over TLS, with a second factor", "workspace.example"
    if not shutil.which("openssl"):
        return say("SKIPPED", name, "openssl is not installed")
    workspace = Workspace(program, home, "--tls-self", "--name", host)
    try:
        public = subprocess.run(["openssl", "x509", "-in", f"{home}/node/web.pem", "-pubkey", "-noout"], capture_output=True, check=True).stdout
        key = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=public, capture_output=True, check=True).stdout
        pin = base64.b64encode(hashlib.sha256(key).digest()).decode()
        # The browser takes this one key, as a person does who compared the fingerprint.
        browser = engine.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage", f"--host-resolver-rules=MAP {host} 127.0.0.1", f"--ignore-certificate-errors-spki-list={pin}"])
        walk = Walk(workspace, browser, axe, "en", True, False)
        assert walk.url.startswith(f"https://{host}:"), walk.url
        noy = Person(walk, NOY)
        cookie = next(cookie for cookie in noy.context.cookies() if cookie["name"] == "__Host-lanternfish-session")
        assert cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Strict", cookie
        assert noy.look("account") == 200
        noy.step("user/factor/add", {"label": "telephone"}, case=False)
        assert noy.page.locator("svg.qr").is_visible()
        secret = noy.page.locator("main code").inner_text().strip()
        step = int(time.time()) // 30
        told = noy.step("user/factor/confirm", {"code": code_of(secret, step)}, case=False)
        recovery = re.findall(r"[a-z2-7]{4}(?:-[a-z2-7]{4}){3}", told)
        assert len(recovery) == 10, told
        with noy.page.expect_navigation():
            noy.page.locator("form[action='/logout'] button").click()
        for code in (None, code_of(secret, step)):
            try:
                Person(walk, NOY, code)
            except AssertionError:
                continue
            raise AssertionError("a login without a fresh code")
        again = Person(walk, NOY, code_of(secret, step + 1))
        again.look("account")
        factor = again.page.locator("a[href*='factor/remove']").get_attribute("href").split("factor=")[1]
        again.step("user/factor/remove", {"factor": factor, "code": recovery[0]}, case=False)
        bare = Person(walk, NOY)
        passkey(bare)
        passkey_alone(bare)
        with_script = [path for path in ("", "account", "log") if bare.look(path) == 200 and bare.page.locator("script").count()]
        assert not with_script, with_script
        elsewhere = sorted({url for url in walk.requests if not url.startswith(walk.url)})
        assert not elsewhere, elsewhere
        assert not walk.violations, walk.violations
        browser.close()
        say("PASS", f"{name}: {len(walk.requests)} requests, all encrypted and to this server; axe on {len(walk.judged)} kinds of pages")
    except Exception as error:  # a check that falls is a check that failed
        say("FAIL", name, f"{type(error).__name__}: {error}")
    finally:
        workspace.close()


def described(workspace, seconds):
    """Everything that the description of the interface allows, tried by a program that others wrote."""
    import urllib.request

    if not shutil.which("st", path=str(pathlib.Path(sys.executable).parent)):
        return say("SKIPPED", "the interface against its description", "no Python package schemathesis")
    body = json.dumps({"name": NOY, "passphrase": PASSPHRASES[NOY]}).encode()
    token = json.load(urllib.request.urlopen(urllib.request.Request(workspace.url + "api/v1/session", body, {"Content-Type": "application/json"})))["token"]
    with tempfile.TemporaryDirectory() as folder:
        command = [str(pathlib.Path(sys.executable).parent / "st"), "run", workspace.url + "api/v1/openapi.json", "-H", f"Authorization: Bearer {token}", "--exclude-path-regex", "capture|collect|session",
                   "-c", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance", "--phases", "coverage,fuzzing", "-n", "4", "--continue-on-failure", "--no-color", "--max-time", str(seconds)]
        told = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    counted = re.search(r"(\d+) generated", told.stdout)
    asked = re.search(r"Tested: (\d+)", told.stdout)
    name = f"the interface against its description: {counted[1] if counted else 'no'} requests to {asked[1] if asked else 'no'} steps, no fault of the server and no answer that is not described"
    if told.returncode == 0 and counted and int(counted[1]) > 100:
        return say("PASS", name)
    say("FAIL", name, " ".join(re.findall(r"^- .*|^\[\d+\].*|curl .*", told.stdout, re.M)[:12]) or (told.stdout + told.stderr)[-400:])


def alone():
    """Starts this check once more in a network namespace that has loopback and nothing else, where it may make one."""
    if os.environ.get("LANTERNFISH_ALONE"):
        return
    up = shutil.which("ip") or "/usr/sbin/ip"
    probe = subprocess.run(["unshare", "--user", "--map-root-user", "--net", "sh", "-c", f"{up} link set lo up"], capture_output=True) if shutil.which("unshare") and os.path.exists(up) else None
    if probe is None or probe.returncode:
        say("SKIPPED", "workspace in a network namespace of its own", "this account may not make one: requests are counted instead")
        return
    inside = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", f'{up} link set lo up && exec "$@"', "sh", sys.executable, *sys.argv]
    os.execvpe("unshare", inside, {**os.environ, "LANTERNFISH_ALONE": "1"})


def main():
    words = argparse.ArgumentParser()
    words.add_argument("program")
    words.add_argument("home")
    words.add_argument("--all", action="store_true")
    words.add_argument("--pictures", type=pathlib.Path)
    words.add_argument("--guide", action="store_true")
    typed = words.parse_args()
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    try:
        from axe_core_python.sync_playwright import Axe
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        return say("SKIPPED", "workspace in a browser", f"no Python package {error.name}")
    if not found:
        return say("SKIPPED", "workspace in a browser", "no Chromium, Chrome or Edge (set CHROMIUM to its path)")
    alone()
    workspace = Workspace(typed.program, typed.home)
    try:
        for name, role in ((SOUK, "prosecutor"), (SOMSAK, "auditor")):
            workspace.at_the_desk("Ad Min", "user", "add", name, "--role", role)
            workspace.at_the_desk(name)
        with sync_playwright() as engine:
            browser = engine.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
            ways = [(language, scripts, not scripts) for language in ("en", "lo", "ru") for scripts in (False, True)] if typed.all else [("en", False, True), ("lo", True, False)]
            cases = [walked(workspace, browser, Axe(), *way) for way in ways]
            if cases[-1]:
                hostile(workspace, browser, cases[-1], typed.pictures)
            if typed.guide and cases[-1]:
                guide(workspace, browser, cases[-1])
            guide_is_whole()
            if typed.pictures and cases[-1]:
                pictures(workspace, browser, cases[-1], typed.pictures)
            browser.close()
            by_name(workspace, engine, found, Axe())
            encrypted(typed.program, typed.home, engine, found, Axe())
        described(workspace, 600 if typed.all else 60)
    finally:
        workspace.close()


if __name__ == "__main__":
    main()
    sys.exit(1 if failed else 0)
