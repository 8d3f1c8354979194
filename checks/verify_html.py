#!/usr/bin/env python3
"""Opens VERIFY.html in a real browser without a screen, gives it the two folders, and reads its verdict.

Speaks the DevTools protocol to Chromium (or Chrome, or Edge), as a person would choose folders in the page.
Refuses the network: the browser is started with every host name unresolvable, and the page forbids it as well.
Exits 0 when the verdict is the expected one, 1 when it is not, 3 when there is no browser or no `websocket-client`.
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--no-default-browser-check", "--remote-debugging-port=0",
    "--remote-allow-origins=*", "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars",
]


class Unavailable(Exception):
    """Something that this check needs is not on this computer."""


def find_browser():
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        raise Unavailable("no Chromium, Chrome or Edge (set CHROMIUM to its path)")
    return found


class Browser:
    """One page in one browser. `verdict` may be asked many times."""

    def __init__(self, page):
        try:
            import websocket
        except ImportError as error:
            raise Unavailable("the Python package websocket-client") from error
        self.page = pathlib.Path(page).resolve().as_uri()
        self.profile = tempfile.mkdtemp(prefix="verify-html-")
        command = [find_browser(), *FLAGS, f"--user-data-dir={self.profile}", "about:blank"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.socket = websocket.create_connection(self.wait_for_endpoint(), timeout=120)
        self.last = 0
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    session = None

    def wait_for_endpoint(self):
        """Chromium writes its port and path into this file when it is ready."""
        file = pathlib.Path(self.profile, "DevToolsActivePort")
        for _ in range(300):
            if self.process.poll() is not None:
                break
            if file.exists() and len(lines := file.read_text().split("\n")) >= 2:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            time.sleep(0.1)
        raise Unavailable("a browser that starts")

    def call(self, method, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def wait(self, expression, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.value(expression):
                return
            time.sleep(0.05)
        raise TimeoutError(expression)

    def choose(self, element, folder):
        """A directory path is what a webkitdirectory input takes; it then lists the files with their relative paths."""
        handle = self.call("Runtime.evaluate", expression=f"document.getElementById({element!r})")["result"]["objectId"]
        self.call("DOM.setFileInputFiles", files=[str(pathlib.Path(folder).resolve())], objectId=handle)
        self.wait(f"document.getElementById({element!r}).files.length > 0", 60)

    def verdict(self, package, anchors=None, seconds=600, revealed=None):
        """(code, first reason) for a package; `anchors` may be None or an empty folder, `revealed` belongs to a disclosure."""
        self.call("Page.navigate", url=self.page)
        self.wait("document.readyState === 'complete' && !!document.getElementById('start')", 30)
        self.choose("package", package)
        if anchors and any(pathlib.Path(anchors).iterdir()):
            self.choose("anchors", anchors)
        if revealed:
            self.choose("revealed", revealed)
        self.wait("!document.getElementById('start').disabled", 60)
        self.value("document.getElementById('start').click()")
        self.wait("document.body.dataset.verdict !== undefined", seconds)
        return int(self.value("document.body.dataset.verdict")), self.value("document.getElementById('verdict').innerText.replace(/\\s+/g, ' ')")

    def rows(self):
        """Every check as [name, result, what was seen]."""
        return json.loads(self.value("JSON.stringify([...document.querySelectorAll('#checks tr')].map(r => [...r.children].slice(0, 3).map(c => c.textContent)))"))

    def screenshot(self, file, width):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        height = self.value("document.documentElement.scrollHeight")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        data = self.call("Page.captureScreenshot", format="png")["data"]
        pathlib.Path(file).write_bytes(base64.b64decode(data))

    def pdf(self, file):
        pathlib.Path(file).write_bytes(base64.b64decode(self.call("Page.printToPDF")["data"]))

    def close(self):
        """Ends the browser that this object started, and removes its profile."""
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=pathlib.Path)
    parser.add_argument("anchors", type=pathlib.Path, nargs="?")
    parser.add_argument("--revealed", type=pathlib.Path, help="items of a disclosure that were opened later")
    parser.add_argument("--expect", type=int, choices=(0, 1, 2), default=0)
    parser.add_argument("--page", type=pathlib.Path, help="another copy of VERIFY.html than the package's")
    parser.add_argument("--screenshot", type=pathlib.Path, help="writes a picture of the whole page")
    parser.add_argument("--width", type=int, default=1280, help="width of the picture in pixels")
    parser.add_argument("--pdf", type=pathlib.Path, help="writes what printing would give")
    asked = parser.parse_args()
    try:
        browser = Browser(asked.page or asked.package / "VERIFY.html")
    except Unavailable as missing:
        print(f"SKIPPED VERIFY.html: {missing}")
        sys.exit(3)
    try:
        code, reason = browser.verdict(asked.package, asked.anchors, revealed=asked.revealed)
        for row in browser.rows():
            print("  " + " | ".join(row))
        if asked.screenshot:
            browser.screenshot(asked.screenshot, asked.width)
        if asked.pdf:
            browser.pdf(asked.pdf)
    finally:
        browser.close()
    print(f"{'PASS' if code == asked.expect else 'FAIL'} VERIFY.html: verdict {code}, expected {asked.expect}: {reason}")
    sys.exit(0 if code == asked.expect else 1)


if __name__ == "__main__":
    main()
