"""Look at every page of the built documentation in a headless Chromium, at the width of a desktop and of a phone.

    python tools/check_docs.py docs/_build                      # what `make docs-check` runs
    python tools/check_docs.py docs/_build --screenshots build/screenshots

Fails where a page is wider than its window, an image is broken, a formula is raw TeX, the console has an error, a link
leads nowhere, or the search does not find what it must. Needs Chromium and its driver (Debian: chromium
chromium-driver). Links to other sites are not followed, and the pages are served by this process: nothing needs a
connection.
"""

import argparse
import itertools
import shutil
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

WIDTHS = (1300, 390)
TALLEST = 15_000  # at the first width
# These list one row per function, backend or name, or the source of a module, so that they grow with the package.
LONG = ("genindex", "_modules/", "porting", "facts", "backends", "benchmarks", "py-modindex")

OVERFLOW = """
const room = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= room) return [];
const scrolls = e => { for (; e && e !== document.body; e = e.parentElement)
    if (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX)) return true; return false; };
return [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > room + 1 && !scrolls(e))
    .map(e => e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 40)).slice(0, 3)
    .concat(['width ' + document.documentElement.scrollWidth]);"""
# What people type, and the page that one of the first results must be.
SEARCHES = {
    "mse": "reference/losses/regression",
    "BCEWithLogitsLoss": "reference/losses/binary",
    "imbalanced": "recipes/imbalanced_classes",
    "sparse_categorical_crossentropy": "reference/losses/categorical",
    "mean squared error": "reference/losses/regression",
    "label smoothing": "reference/losses/categorical",
    "F1Score": "reference/metrics/rates",
    "perplexity": "reference/metrics/probabilities",
    "reduction": "denominators",
    "cohen_kappa_score": "reference/metrics/agreement",
}
FIRST = 3
RESULTS = "return [...document.querySelectorAll('ul.search li a')].map(a => a.getAttribute('href'))"
BROKEN = "return [...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src)"
RAW = r"""
const walker = document.createTreeWalker(document.querySelector('article') || document.body, NodeFilter.SHOW_TEXT);
const found = [];
while (walker.nextNode()) {
    const node = walker.currentNode;
    const code = node.parentElement.closest('code, pre, script, style');
    if (!code && /\\(\(|\[|[a-z]+\{|frac|sum|text|math)|\$\$/.test(node.data))
        found.push(node.data.trim().slice(0, 60));
}
return found;"""


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], {""}
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors |= {attributes[key] for key in ("id", "name") if attributes.get(key)}
        self.links += [attributes[key] for key in ("href", "src") if attributes.get(key)]


def dead_links(root, paths):
    pages = {path.resolve(): Page(path) for path in paths}
    for path, page in pages.items():
        for link in page.links:
            if urlparse(link).scheme or link.startswith("//"):
                continue
            file, anchor = urldefrag(link)
            target = (path.parent / unquote(urlparse(file).path)).resolve() if urlparse(file).path else path
            if not target.exists() or (anchor and target in pages and unquote(anchor) not in pages[target].anchors):
                yield path.relative_to(root.resolve()), f"dead link {link}"


def browser():
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")  # offline
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = shutil.which("chromedriver")
    if driver is None:
        sys.exit("Chromium and its driver are needed: apt-get install chromium chromium-driver")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextmanager
def served(root):
    """The address under which the pages can be read."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def resize(driver, width):
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def look(driver, page, width):
    """What is wrong with the page that the driver shows."""
    # what is not yet in view is not yet loaded
    driver.execute_script("document.querySelectorAll('img[loading]').forEach(i => { i.loading = 'eager'; })")
    yield from (f"overflows: {what}" for what in driver.execute_script(OVERFLOW))
    yield from (f"broken image {what}" for what in driver.execute_script(BROKEN))
    yield from (f"raw TeX: {what}" for what in driver.execute_script(RAW))
    errors = [log["message"] for log in driver.get_log("browser") if log["level"] == "SEVERE"]
    yield from (f"console: {error}" for error in errors if "/favicon.ico" not in error)
    if width == WIDTHS[0] and height(driver) > TALLEST and not page.startswith(LONG):
        yield f"{height(driver)} pixels tall"


def height(driver):
    return driver.execute_script("return document.documentElement.scrollHeight")


def search(driver, site):
    for words, page in SEARCHES.items():
        driver.get(f"{site}/search.html?q={words}")
        deadline = time.monotonic() + 10
        while not (found := driver.execute_script(RESULTS)) and time.monotonic() < deadline:
            time.sleep(0.1)
        if not any(link.startswith(page) for link in found[:FIRST]):
            yield f"the search for {words} finds {found[:FIRST]}, not {page}"
    driver.get("about:blank")
    driver.get_log("browser")  # of results that were still being read


def screenshot(driver, folder, page, width):
    size = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": min(int(size["height"]), TALLEST), "deviceScaleFactor": 1, "mobile": width < 600},
    )
    folder.mkdir(parents=True, exist_ok=True)
    driver.save_screenshot(str(folder / f"{page.replace('/', '-').removesuffix('.html')}-{width}.png"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--screenshots", type=Path, help="a folder for a picture of every page at both widths")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    arguments = parser.parse_args()
    root = arguments.folder.resolve()
    paths = sorted(path for path in root.rglob("*.html") if "_static" not in path.parts)
    wrong = [f"{page}: {what}" for page, what in dead_links(root, paths)]
    heights = {}
    driver = browser()
    try:
        with served(root) as site:
            wrong += search(driver, site)
            for width, path in itertools.product(WIDTHS, paths):
                page = path.relative_to(root).as_posix()
                if arguments.only not in page or (page.startswith("_modules/") and width != WIDTHS[0]):
                    continue
                resize(driver, width)
                driver.get(f"{site}/{page}")
                wrong += [f"{page} at {width}: {what}" for what in look(driver, page, width)]
                heights[page] = max(heights.get(page, 0), height(driver) if width == WIDTHS[0] else 0)
                if arguments.screenshots and not page.startswith("_modules/"):
                    screenshot(driver, arguments.screenshots, page, width)
    finally:
        driver.quit()
    for page in sorted(heights, key=heights.get, reverse=True)[:5]:
        print(f"{page}: {heights[page]} pixels tall at {WIDTHS[0]}")
    print(f"{len(paths)} pages, {len(wrong)} complaints")
    sys.exit("\n".join(wrong) if wrong else 0)


if __name__ == "__main__":
    main()
