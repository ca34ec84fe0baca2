"""A Chromium without a window, spoken to over a pipe in its DevTools protocol.

It needs neither Node nor a driver: `--remote-debugging-pipe` reads commands from file descriptor 3
and writes answers to 4, each JSON and a zero byte.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_PATIENCE = 60.0
"""Seconds that an answer may take."""


def chromium() -> str | None:
    """The browser: `$CHROMIUM`, or the first that is installed."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


def axe() -> Path | None:
    """The file of axe-core: `$AXE_CORE`, or that of npm beside the project or for all."""
    named = os.environ.get("AXE_CORE")
    places = [Path(named)] if named else []
    tops = (ROOT, Path("/usr/local/lib"), Path("/usr/lib"), Path("/usr/share"))
    places += [top / "node_modules/axe-core/axe.min.js" for top in tops]
    return next((place for place in places if place.is_file()), None)


class Browser:
    """Use it in `with`; it has one page."""

    def __init__(self, path: str, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._data = b""
        self._texts: deque[dict[str, Any]] = deque()
        self.events: list[dict[str, Any]] = []
        reads, self._out = os.pipe()
        self._in, writes = os.pipe()
        flags = [
            "--headless=new",
            "--remote-debugging-pipe",
            f"--user-data-dir={folder / 'profile'}",
            "--no-first-run",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium has none for root

        # A shell puts the pipes where Chromium looks for them.
        script = f'exec "$@" 3<&{reads} 4>&{writes}'
        with (folder / "chromium.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["/bin/bash", "-c", script, "bash", path, *flags, "about:blank"],
                pass_fds=(reads, writes),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        os.close(reads)
        os.close(writes)
        self._session: str | None = None

    def __enter__(self) -> Browser:
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        given = self.call("Target.attachToTarget", targetId=page, flatten=True)
        self._session = given["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._out)
        os.close(self._in)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command; raises RuntimeError with the browser's words."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": params}
        if getattr(self, "_session", None):
            asked["sessionId"] = self._session
        os.write(self._out, json.dumps(asked).encode() + b"\0")
        end = time.monotonic() + _PATIENCE
        while True:
            answer = self._read(end)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _read(self, end: float) -> dict[str, Any]:
        while not self._texts:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self._in, 1 << 20)
            if not data:
                log = (self._folder / "chromium.log").read_text("utf-8", "replace")
                raise RuntimeError(f"the browser ended: {log[-2000:]}")
            *whole, self._data = (self._data + data).split(b"\0")
            self._texts.extend(json.loads(text) for text in whole)
        return self._texts.popleft()

    def wait_for(self, method: str) -> dict[str, Any]:
        """The next event of a kind."""
        end = time.monotonic() + _PATIENCE
        while True:
            for event in self.events:
                if event.get("method") == method:
                    self.events.remove(event)
                    return event
            self.events.append(self._read(end))

    def open(self, url: str, *, width: int = 1200, height: int = 900, dark: bool = False) -> None:
        """Show a page, and wait until it is loaded."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def value(self, script: str) -> Any:
        """What an expression of JavaScript is; the page's own policy does not bind it."""
        given = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in given:
            raise RuntimeError(str(given["exceptionDetails"]))
        return given["result"].get("value")

    def press(self, key: str, *, code: int) -> None:
        """Press a key, such as Tab, which is 9, and let go of it."""
        for kind in ("keyDown", "keyUp"):
            more = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more
            )

    def picture(self, *, whole: bool = True) -> bytes:
        """The page as PNG."""
        given = self.call("Page.captureScreenshot", captureBeyondViewport=whole, format="png")
        return base64.b64decode(given["data"])
