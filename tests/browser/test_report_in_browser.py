"""The report in a real browser: it shows without network and scripts, wherever it is put."""

import base64
import html
import json
import runpy
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from components.evaluate.report import render

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium and no google-chrome on the path"),
    pytest.mark.skipif(not DRIVER, reason="no chromedriver on the path"),
]
EXAMPLE = Path(__file__).parents[1] / "components" / "evaluate" / "details_example.py"
details_example = runpy.run_path(str(EXAMPLE))["details_example"]
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
)
LONG = "a_very_long_name_without_a_space_" * 6
CASES = {
    "six classes": {},
    "two classes": {"kind": "bc", "classes": ("rest", "grip"), "epochs": 1, "scratch": True},
    "52 classes": {"classes": [f"gesture {i}" for i in range(52)], "subjects": 200},
    "22 labels": {
        "kind": "mc",
        "classes": [f"label {i}" for i in range(22)],
        "subjects": 0,
        "epochs": 0,
    },
    "22 outputs": {"kind": "mmc", "classes": ("no", "weak", "strong"), "outputs": 22},
    "long names": {"classes": (LONG, LONG + "b", "rest")},
}
CONTRAST = Path(__file__).with_name("contrast.js").read_text()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A headless browser that logs its console and its requests."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A report for each case, as a file's address."""
    folder = tmp_path_factory.mktemp("reports")
    made = {}
    for name, sizes in CASES.items():
        file = folder / f"{name.replace(' ', '_')}.html"
        file.write_text(render(details_example(**sizes)), encoding="utf-8")
        made[name] = file.as_uri()
    return made


def show(browser, address, width=1280, scheme="light"):
    """Opens a page at a width, in a colour scheme, with everything unfolded."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(address)
    browser.execute_script("document.querySelectorAll('details').forEach(e => e.open = true)")


def picture(browser):
    """The visible part of the page, as PNG."""
    return base64.b64decode(browser.execute_cdp_cmd("Page.captureScreenshot", {})["data"])


@pytest.mark.parametrize("case", CASES)
def test_page_asks_for_nothing_and_logs_nothing(browser, pages, case):
    browser.get("about:blank")
    browser.get_log("performance"), browser.get_log("browser")
    show(browser, pages[case])
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [e["params"]["request"]["url"] for e in events if e["method"].endswith("BeSent")]
    assert [url for url in sent if not url.startswith("data:,")] == [pages[case]]
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_page_never_scrolls_sideways(browser, pages, case, width):
    show(browser, pages[case], width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(browser, pages, case, scheme):
    show(browser, pages[case], scheme=scheme)
    ratio, text = browser.execute_script(CONTRAST)
    assert ratio >= 4.5, text


def test_dark_is_dark_and_light_is_light(browser, pages):
    paint = "return getComputedStyle(document.documentElement)[arguments[0]].match(/\\d+/g)"
    for scheme, ground, ink in [
        ("light", range(230, 256), range(60)),
        ("dark", range(40), range(200, 256)),
    ]:
        show(browser, pages["six classes"], scheme=scheme)
        for name, wanted in [("backgroundColor", ground), ("color", ink)]:
            assert all(int(part) in wanted for part in browser.execute_script(paint, name))


@pytest.mark.parametrize("case", CASES)
def test_headings_descend_and_drawings_have_names(browser, pages, case):
    show(browser, pages[case])
    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1,h2,h3,h4')].map(e => Number(e.tagName[1]))"
    )
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    nameless = browser.execute_script(
        "return [...document.querySelectorAll('svg')].filter(e => !e.ariaLabel && !e.ariaHidden)"
    )
    assert nameless == []
    untitled = browser.execute_script(
        "return [...document.querySelectorAll('table')].filter(e => !e.caption?.textContent.trim())"
    )
    assert untitled == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_shows_in_a_sandboxed_frame(browser, tmp_path, scheme):
    inside = html.escape(render(details_example()))
    frame = '<iframe sandbox="" style="width:100%;height:850px;border:0" srcdoc="{}"></iframe>'
    host = tmp_path / "host.html"
    host.write_text(f"<!doctype html><body>{frame.format('')}", encoding="utf-8")
    show(browser, host.as_uri(), scheme=scheme)
    empty = picture(browser)
    host.write_text(f"<!doctype html><body>{frame.format(inside)}", encoding="utf-8")
    show(browser, host.as_uri(), scheme=scheme)
    assert len(picture(browser)) > 5 * len(empty)
    browser.switch_to.frame(0)
    style = "return getComputedStyle(document.querySelector('h1')).fontSize"
    assert float(browser.execute_script(style).removesuffix("px")) > 30
    assert "Balanced accuracy" in browser.find_element("css selector", ".summary").text
    browser.switch_to.default_content()
    errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []
