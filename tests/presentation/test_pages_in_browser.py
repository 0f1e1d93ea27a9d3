"""What a page does in a browser, and what it does not let others do."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sample_pages import (
    HOSTILE,
    ORIGINAL,
    TEXT,
    VERDICT,
    compare,
    judge,
    make_all,
    make_article,
    make_batch,
    make_comparison,
    make_hostile_verdict,
)

from detector.presentation.html import ReportRow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("chromium and chromedriver are not installed")
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1280,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = selenium.ChromeService(executable_path=driver)
    running = selenium.Chrome(options=options, service=service)
    yield running
    running.quit()


def visit(browser: Any, tmp_path: Path, markup: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(markup, encoding="utf-8")
    browser.get_log("browser")
    browser.get(path.as_uri())


def wait_for(browser: Any, script: str, expected: object) -> None:
    """Ask the page again and again; at last fail with what it said."""
    for _ in range(100):
        if (answer := browser.execute_script(f"return {script}")) == expected:
            return
        time.sleep(0.1)
    assert answer == expected


SHOWN = "[...document.querySelectorAll('.articles tr.on:not(.d) bdi:first-child')]"


NAMES = f"{SHOWN}.map((name) => name.closest('td').querySelector('bdi').textContent)"


TIP = "document.getElementById('tip').hidden ? null : document.getElementById('tip').textContent"


def press(browser: Any, *keys: str) -> None:
    from selenium.webdriver import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def test_table_filters_sorts_and_opens(browser: Any, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    rows = [
        ReportRow(f"row {i}", judge(TEXT, probability=p), TEXT)
        for i, p in enumerate((0.2, 0.95, 0.6))
    ]
    rows += [ReportRow("row 3 broken", None, reason="binary")]
    visit(browser, tmp_path, make_batch(rows))
    names = f"[...new Set({NAMES})]"
    wait_for(browser, names, ["row 1", "row 2", "row 0", "row 3 broken"])
    browser.find_element(By.ID, "flagged").click()
    wait_for(browser, names, ["row 1"])
    browser.find_element(By.ID, "clear").click()
    wait_for(browser, f"{names}.length", 4)
    browser.find_element(By.ID, "most").send_keys("0.7")
    wait_for(browser, names, ["row 2", "row 0"])
    browser.find_element(By.ID, "clear").click()
    browser.find_element(By.ID, "q").send_keys("BROKEN")
    wait_for(browser, names, ["row 3 broken"])
    assert "1 of 4 articles" in browser.find_element(By.ID, "count").text
    browser.find_element(By.ID, "clear").click()
    wait_for(browser, f"{names}.length", 4)
    heading = browser.find_element(By.CSS_SELECTOR, "th[data-c=probability]")
    browser.execute_script("arguments[0].focus()", heading.find_element(By.TAG_NAME, "button"))
    press(browser, Keys.ENTER)
    assert heading.get_attribute("aria-sort") == "ascending"
    wait_for(browser, names, ["row 0", "row 2", "row 1", "row 3 broken"])
    button = browser.find_element(By.CSS_SELECTOR, "tr.on .open")
    browser.execute_script("arguments[0].focus()", button)
    press(browser, Keys.ENTER)
    assert button.get_attribute("aria-expanded") == "true"
    wait_for(browser, "document.querySelector('tr.d.on .text').textContent", TEXT)
    assert not browser.get_log("browser")


def test_reasons_show_on_hover_and_on_focus(browser: Any, tmp_path: Path) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    visit(browser, tmp_path, make_article(title="😀 emoji first: UTF-16 counts two"))
    span = browser.find_element(By.CSS_SELECTOR, "mark.k2")
    ActionChains(browser).move_to_element(span).perform()
    reason = "literal idiom, log-odds +3.30. People write take the bull by the horns."
    wait_for(browser, TIP, reason)
    press(browser, Keys.ESCAPE)
    wait_for(browser, TIP, None)
    browser.execute_script("document.querySelector('#a1').focus()")
    both = browser.execute_script(f"return {TIP}")
    assert "article or preposition" in both
    assert "word order" in both, "overlapping spans name both reasons"
    browser.execute_script("document.activeElement.blur()")
    wait_for(browser, TIP, None)
    browser.find_element(By.CSS_SELECTOR, ".legend button").click()
    wait_for(browser, "document.body.className.includes('off')", True)
    assert not browser.get_log("browser")


def test_counterparts_light_up(browser: Any, tmp_path: Path) -> None:
    visit(browser, tmp_path, make_comparison())
    browser.execute_script("document.querySelector('.pane [data-link=l1]').focus()")
    lit = "[...document.querySelectorAll('.pane:last-child .u.lit')].length"
    wait_for(browser, lit, 2)
    assert not browser.get_log("browser")


def test_hostile_pages_run_nothing(browser: Any, tmp_path: Path) -> None:
    verdict = make_hostile_verdict(HOSTILE)
    for markup in (
        make_article(HOSTILE, verdict, title="safe", url="javascript:document.title='owned'"),
        make_batch([ReportRow(HOSTILE, verdict, HOSTILE)], title="safe"),
    ):
        visit(browser, tmp_path, markup)
        browser.execute_script("document.querySelector('mark').focus()")
        assert browser.title == "safe"
        assert (
            json.loads(browser.execute_script("return JSON.stringify(document.scripts.length)"))
            == 1
        )
        assert not browser.get_log("browser")


def test_copies_of_an_original_are_found_and_shown_beside_it(browser: Any, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By

    rows = [
        ReportRow(f"copy {i}", VERDICT, TEXT, comparison=compare(), original=f"{ORIGINAL}{i % 2}")
        for i in range(3)
    ]
    visit(browser, tmp_path, make_batch(rows))
    names = f"[...new Set({NAMES})]"
    wait_for(browser, f"{names}.length", 3)
    browser.find_elements(By.CSS_SELECTOR, ".choose")[1].click()
    wait_for(browser, names, ["copy 1"])
    browser.find_element(By.ID, "clear").click()
    wait_for(browser, f"{names}.length", 3)
    browser.find_element(By.CSS_SELECTOR, "tr.on .open").click()
    panes = "[...document.querySelectorAll('tr.d.on .pane')].map((pane) => pane.textContent)"
    wait_for(browser, panes, [TEXT, f"{ORIGINAL}0"])
    assert not browser.get_log("browser")


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_pages_fit_screen_and_phone(browser: Any, tmp_path: Path, width: int, height: int) -> None:
    unbroken = "0123456789abcdef" * 4
    rows = [
        ReportRow(unbroken, VERDICT, TEXT),
        ReportRow(unbroken, VERDICT, TEXT, fields={"title": unbroken * 2, "outlet": unbroken}),
        ReportRow(unbroken, VERDICT, TEXT, comparison=compare(), original=ORIGINAL),
        ReportRow(unbroken, None, reason=unbroken * 2),
    ]
    metrics = {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 640
    }  # fmt: skip
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for markup in (*make_all(), make_batch(rows)):
            visit(browser, tmp_path, markup)
            browser.execute_script(
                "document.querySelectorAll('.open').forEach((button) => button.click())"
            )
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
