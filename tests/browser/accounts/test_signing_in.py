"""The first sign-in: open the link that was printed."""

from __future__ import annotations

import subprocess
import sys

from playwright.sync_api import expect

from config.paths import ROOT
from tests.browser.site_data import PASSWORD

WHO = "noor.vale"


def test_printed_link_signs_in_and_requires_a_new_password(site, chromium):
    argv = [sys.executable, "manage.py", "sign_in_link", WHO]
    printed = subprocess.run(argv, cwd=ROOT, env=site.environment, check=True, capture_output=True, text=True)
    page = chromium.new_context().new_page()
    page.goto(f"{site.url}/{printed.stdout.strip().split('/', 3)[3]}")
    page.get_by_role("button", name="Sign in now").click()
    page.wait_for_url("**/account/password")
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.locator("main").get_by_role("button").first.click()
    expect(page.get_by_role("heading", name="Active incidents").first).to_be_visible()
    page.context.close()
