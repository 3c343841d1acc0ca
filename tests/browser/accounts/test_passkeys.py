"""A passkey is added and signs in, with Chromium's virtual authenticator."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.site_data import PASSWORD

OPTIONS = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def test_passkey_signs_in_without_a_password(site, chromium):
    context = chromium.new_context()
    page = context.new_page()
    url = site.url.replace("127.0.0.1", "localhost")
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": OPTIONS})
    page.goto(f"{url}/sign-in")
    page.get_by_label("User name or email").fill("pia.nord")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Active incidents").first).to_be_visible()
    page.goto(f"{url}/account/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/webauthn/add/")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/account/2fa/recovery-codes/**")
    stored = devtools.send("WebAuthn.getCredentials", {"authenticatorId": made["authenticatorId"]})
    assert len(stored["credentials"]) == 1
    context.clear_cookies()
    page.goto(f"{url}/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Active incidents").first).to_be_visible()
    context.close()
