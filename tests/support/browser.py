"""A real browser, driven by the DevTools protocol through a pipe: no library, no port."""

import atexit
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

from support import farm, hosts

QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--remote-debugging-pipe")


def program():
    for name in ("chromium", "chromium-headless-shell", "chromium-browser"):
        if shutil.which(name):
            return name
    return hosts.tool("chromium")


class Failed(AssertionError):
    """The page, or the browser, said that something is wrong."""


class Program:
    """A browser, which lives as long as the test program: it takes seconds to start."""

    def __init__(self):
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()
        self.folder = tempfile.mkdtemp(prefix="browser.")
        # The protocol's descriptors are 3 and 4, whatever these pipes have here.
        shell = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "browser", program(), *QUIET, "--lang=en-GB", f"--user-data-dir={self.folder}/profile"],
            pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=farm.environment(HOME=self.folder, TZ="UTC"))
        atexit.register(self.end)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer, self.number, self.events = b"", 0, []

    def end(self):
        farm.stop(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _message(self, patience_s):
        deadline = time.monotonic() + patience_s
        while b"\0" not in self.buffer:
            if not select.select([self.read_end], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Failed(f"the browser says nothing for {patience_s} s")
            data = os.read(self.read_end, 1 << 20)
            if not data:
                raise Failed("the browser has ended")
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, session=None, **parameters):
        """Calls the browser and returns its answer; what it says meanwhile is kept in `events`."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write_end, data):]
        while True:
            answer = self._message(2 * farm.PATIENCE_S)
            if answer.get("id") != self.number:
                self.events.append(answer)
            elif "error" in answer:
                raise Failed(f"{method}: {answer['error']}")
            else:
                return answer["result"]


_programs = []


class Browser:
    """A page of a test's own, which knows nothing of other tests' pages."""

    def __init__(self, width=1280, height=800):
        if not _programs:
            _programs.append(Program())
        self.program, = _programs
        self.program.events.clear()
        context = self.program.ask("Target.createBrowserContext")["browserContextId"]
        target = self.program.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self.session = self.program.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        farm.at_end(lambda: self.program.ask("Target.disposeBrowserContext", browserContextId=context))
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        # Each page believes to be the one that is looked at.
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)
        self.resize(width, height)

    def ask(self, method, **parameters):
        return self.program.ask(method, self.session, **parameters)

    def run(self, script):
        """The value of an expression of JavaScript, a promise's when it is kept."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise Failed(f"{script}: {answer['exceptionDetails']['exception'].get('description')}")
        return answer["result"].get("value")

    def tried(self, script):
        """The same; None where it fails, as while the page is being read."""
        try:
            return self.run(script)
        except Failed:
            return None

    def wait(self, script, what=None):
        """Waits until an expression is true and returns its value."""
        try:
            return farm.poll(lambda: self.tried(script), what or script)
        except AssertionError as fault:
            raise AssertionError(f"{fault}; {self.complaints()}; {self.run('document.body?.innerText')}") from None

    def go(self, address):
        self.ask("Page.navigate", url="about:blank")
        self.ask("Page.navigate", url=address)

    def resize(self, width, height, scale=1, is_touched=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                 mobile=is_touched)

    def prefer(self, **features):
        """What the system prefers, such as color_scheme="dark"."""
        self.ask("Emulation.setEmulatedMedia", features=[{"name": f"prefers-{name.replace('_', '-')}", "value": value}
                                                         for name, value in features.items()])

    def key(self, name):
        text = {"Enter": "\r"}.get(name, name if len(name) == 1 else "")
        codes = {"Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "ArrowLeft": 37, "ArrowRight": 39, "End": 35,
                 "Home": 36, "Tab": 9, "PageDown": 34, "PageUp": 33}
        press = {"key": name, "windowsVirtualKeyCode": codes.get(name, ord(name) if len(name) == 1 else 0)}
        self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **press)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **press)

    def type(self, words):
        self.ask("Input.insertText", text=words)

    def picture(self, path):
        """Writes what is seen as a PNG."""
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def complaints(self):
        """What the page's scripts failed at, and what the policy forbade."""
        return [event["params"] for event in self.program.events if event.get("method") == "Runtime.exceptionThrown" or
                (event.get("method") == "Log.entryAdded" and event["params"]["entry"]["source"] in ("security", "violation"))]

    def fetched(self):
        """The addresses of all that the page has asked for."""
        return [event["params"]["request"]["url"] for event in self.program.events
                if event.get("method") == "Network.requestWillBeSent"]
