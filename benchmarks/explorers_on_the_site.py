"""How fast explorers are on the built site: `make site`, then python benchmarks/explorers_on_the_site.py.

For each explorer, in a fresh Chromium without cache: seconds from the click on "Start Python" to the first
live picture, with the processor time of all of Chromium beside them (for a machine that others use too);
milliseconds from a key on a slider to its new picture (half of them, 95 % of them); seconds on a second page.
The server is local, so the network costs nothing here.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from recdrop_lessons.explorers import LESSONS

SITE = Path(__file__).parents[1] / "build" / "site"
MOVES = 14  # of each slider


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Plain files, no log."""

    def log_message(self, *_: Any) -> None:
        pass


def processor() -> float:
    """Processor seconds of this process's descendants: Chromium, with those that have ended left out."""
    parents, seconds = {}, {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.parent.name)] = int(fields[1])
        seconds[int(entry.parent.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ours(pid: int) -> bool:
        return pid == os.getpid() or (pid in parents and ours(parents[pid]))

    return sum(value for pid, value in seconds.items() if pid != os.getpid() and ours(pid))


def live(page: Any) -> None:
    page.locator('.recdrop-live[data-state="live"]').wait_for(timeout=120_000)


def moved(page: Any) -> list[float]:
    """Milliseconds of each answer to a key on a slider, as view.js counts them."""
    found = []
    host = page.locator(".recdrop-live > div").last
    for slider in page.locator(".recdrop-live input[type=range]:enabled").all():
        slider.focus()
        for k in range(MOVES):
            before = host.get_attribute("data-serial")
            page.keyboard.press("ArrowRight" if k % 8 < 4 else "ArrowLeft")
            try:
                page.wait_for_function(
                    "([host, before]) => host.dataset.serial !== before",
                    arg=[host.element_handle(), before],
                    timeout=2000,
                )
            except Exception:
                continue  # at its end, a slider does not move
            found.append(float(host.get_attribute("data-milliseconds")))
    return sorted(found)


def main() -> None:
    handler = functools.partial(Quiet, directory=str(SITE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for name in LESSONS:
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.goto(f"{address}/docs/explorers/{name}.html")
            page.locator(".recdrop-live .recdrop").wait_for()
            began, used = time.perf_counter(), processor()
            page.get_by_role("button", name="Start Python").click()
            live(page)
            cold, used = time.perf_counter() - began, processor() - used
            times = moved(page)
            began = time.perf_counter()
            page.goto(f"{address}/embed/{name}.html")
            live(page)
            again = time.perf_counter() - began
            row = f"{name:18} cold {cold:4.1f} s ({used:.1f} s of processor), again {again:4.1f} s"
            if times:
                half, most = times[len(times) // 2], times[int(0.95 * len(times))]
                row += f", moves {half:3.0f} ms / 95 % {most:3.0f} ms of {len(times)}"
            print(row, flush=True)
            context.close()
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
