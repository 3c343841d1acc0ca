"""Kinds of secrets met in the field: languages, encodings, files, headers; and what only looks like one."""

from __future__ import annotations

import base64

import pytest

from tocsin.redaction.engine import redact

S = "Kx7Qm2Zr9Tt4Lw8Vb3N"  # drawn by chance, never valid


def b(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SECRET = [
    "config payload " + b(f"db_password={S}&host=db1"),
    "env blob: " + b(f"postgresql://app:{S}@db:5432/app"),
    f"contraseña={S}",
    f"Contraseña: {S}",
    f"kennwort = {S}",
    f"Passwort: {S}",
    f"mot_de_passe={S}",
    f'"senha": "{S}"',
    f"пароль={S}",
    f"密码: {S}",
    f"密码：{S}",
    f"Das Passwort lautet {S}",
    f"mot de passe : {S}",
    f"wachtwoord={S}",
    f"hasło: {S}",
    f"パスワード={S}",
    f"clave={S}",
    f'{{"password":\n    "{S}"}}',
    f'"api_key" :\r\n  "{S}",',
    "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 1\nAAAAC3NzaC1lZDI1NTE5AAAAIH\nPrivate-Lines: 1\n"
    + S
    + S
    + "AAAA=\nPrivate-MAC: "
    + "ab12" * 16,
    "2026 long line of a terminal that is as wide as it is, the token is ghp_" + S[:10] + "\n" + S + S,
    f"Authorization: Token {S}",
    f"authorization: {S}{S}",
    "Authorization: MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ." + S + "abcdefgh",
    f"authorization: Bot {S}",
    "discord login MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ." + S + "abcdefghi",
    f"openssl enc -aes-256-cbc -k {S} -in a",
    f"openssl enc -d -pass pass:{S} -in a",
    f"openssl rsa -passin pass:{S}",
    f"X-Hub-Signature-256: sha256={'ab12cd34' * 8}",
    f'"X-Hub-Signature": "sha1={"ab12cd34" * 5}"',
    f"x-slack-signature: v0={'ab12cd34' * 8}",
    f"stripe-signature: t=1492774577,v1={'ab12cd34' * 8}",
    "ldap_default_authtok = 50 Leagues Under the Sea",
    "bind_password = Correct Horse 9 Battery",
    "MIIEpAIBAAKCAQEA" + S * 3 + "\n" + ("A1b2" * 16) + "\n-----END RSA PRIVATE KEY-----",
    "key: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFcEFJQkFBS0NBUUVB" + b(S * 4),
    "-drive file=rbd:pool/img:id=admin:key=AQBvaXJ0dWFsIGtleQAAexample1234==:auth_supported=cephx",
    f"AZURE_DEVOPS_EXT_PAT={S}",
    f"GITHUB_PAT={S}",
    "machine db.example login app password hunterTwo",
    "machine db\n login app\n password " + S,
    "admin:$apr1$x7Kq2mZr$" + S + "abc",
    "user:$1$x7Kq2mZr$" + S + "abc:18000",
    "\x00".join(f"password={S}") + "\x00",
    r'{"url":"postgres:\/\/app:' + S + r'@db:5432\/app"}',
    f"url=https%3A%2F%2Fapp%3A{S}%40db",
    r"password\u003d" + S,
    f"a&#61;b password&#61;{S}",
    f"password=3D{S}",
    r'{"msg":"{\"inner\":\"{\\\"password\\\":\\\"' + S + r'\\\"}\"}"}',
    f"preshared_key={S}",
    f"hmac_key: {S}",
    f"PresharedKey = {b(S * 2)[:43]}=",
    f"routing_key: {'a1b2c3d4' * 4}",
    "seed phrase: legal winner thank year wave sausage worth useful legal winner thank yellow",
    f"snmp-server community {S} RO",
    "enable secret 9 $9$" + S + "$" + S * 2,
    "username admin password 7 0822455D0A16544541",
    f"passcode={S}",
    "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&issuer=x",
    f"SharedAccessSignature sr=x&sig={b(S)}&se=1",
    f"AccountKey={b(S * 3)};",
    f"wep_key={S}",
    f"-e POSTGRES_PASSWORD={S}",
    f"wpa_passphrase={S}",
    f"requirepass {S}",
    f"masterauth {S}",
    f"--password-stdin <<< {S}",
    f"PGPASSWORD={S} psql",
    f"apikey {S}{S}",
    f"api-token: {S}",
    f"x-vault-token: {S}",
    f"X-Auth-Key: {S}",
    f"signing secret {S}{S}",
    f"export MY_CREDS='{S}'",
    f"creds: {S}",
    f"pwd: {S}",
    f"jwt={S * 3}",
    f"session_cookie={S}{S}",
    f"wg set wg0 private-key <(echo {b(S * 2)[:43]}=)",
    "data: " + b('{"password":"' + S + '"}'),
]
HARMLESS = [
    "password = the word you chose",
    "cert: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUNhekND" + b("hello world certificate data" * 4),
    "password=%(x)s",
    "passwort vergessen?",
    "key=orders.created routing_key=orders.created",
    "la clave es importante",
    "signature: invalid",
    "X-Hub-Signature-256 header missing",
    "blob " + b("hello world, this is only a text of no secret"),
    "senha incorreta para dana",
    "community edition 2.0",
    "the token: see docs",
    "snmp-server community list",
    "path=%2Fvar%2Flog%2Fa.log",
    "pat=12",
    "authorization: required",
    "wrapped line with a path that is quite long /var/log/postgresql/postgresql-main\nand another line",
    "seed phrase: see the vault",
    "openssl version -k",
    "primary_key=incident_id_17",
    "sort_key: created_at",
    "cache_key=tocsin:live:1234:abcdef0123456789",
    "X-Request-Signature-Version: 2",
    "пароль неверный",
    "密码错误",
]


@pytest.mark.parametrize("text", SECRET)
def test_secret_of_an_unusual_kind_is_redacted(text: str) -> None:
    shown = redact(text)
    assert "[redacted]" in shown
    assert S[:10] not in shown
    assert S[9:] not in shown
    assert redact(shown) == shown


@pytest.mark.parametrize("text", HARMLESS)
def test_text_that_only_mentions_secrets_is_unchanged(text: str) -> None:
    assert redact(text) == text


def test_parts_of_a_phrase_with_blanks_are_all_redacted() -> None:
    assert redact("ldap_default_authtok = 50 Leagues Under the Sea") == "ldap_default_authtok = [redacted]"
    assert redact("machine db.example login app password hunterTwo").endswith("password [redacted]")


def test_json_stays_json_around_a_value_on_the_next_line() -> None:
    assert redact('{"password":\n   "s3cret word",\n "n": 1}') == '{"password":\n   "[redacted]",\n "n": 1}'


SHORT_NAMES = [
    "https://x/y?sk=9fK2mQ81zLp0&x=1",
    "sk=8f3c2aa19b7d44e0",
    '{"sk": "8f3c2aa19b7d44e0Q"}',
    "csrf=Zk81mQ0aLp29xT",
    "_csrf=Zk81mQ0aLp29xT",
    '"csrf":"Zk81mQ0aLp29xT"',
    "client_assertion=abcDEF0123456789xyz",
    "grant_type=x&client_assertion=a.b8ytfgGHJ7.c&x=1",
    "refresh: 1//0gAbCdEf9876543",
    "refresh: 8xLOxBtZp8abcd",
    "'refresh': 'def502004c8f'",
    "PIN: 4821",
    "pin=4821",
    "PIN: 483920",
    "your pin is 4821",
    '"pin": "4821"',
    "user_pin=48213",
]
SHORT_NAMES_OF_OTHER_THINGS = [
    "refresh: true",
    "refresh: 30s",
    "Refresh: 5; url=/x",
    "sk=42",
    "csrf=false",
    "csrf: enabled",
    "pin: GPIO17",
    "PIN: 17",
    "pin=13",
    "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "refresh=60",
    "sk=asc",
    "CSRF cookie not set",
    "refresh: 2026-01-28T10:00:00Z",
    "csrf check failed: 403",
    "sk: 12345678",
    "pip pin: 2.0.1",
    "refresh_interval: 30",
    "refresh: every 15m",
    "sk=USER#8f3c2aa19b7d44e0",
    "pk=A sk=ORDER#2026",
    "refresh=https://x.example/a1b2c3d4e5",
    "refresh: 20260128T101112Z",
    "refresh: v2.13.0-rc4x",
    "refresh: dashboard2024",
    "refresh: materialized_view_2_daily",
    "pinned: 4821",
    "gpio_pin: 1024",
    "pin: 4821 packages",
    "spin: 4821",
    "csrf: SameSite-lax-2",
    "risk=8f3c2aa19b7d44e0",
    "task=8f3c2aa19b7d44e0",
    "refresh=5000ms",
    "pin is 2.5",
    "disk=8f3c2aa19b7d44e0",
    "sk=en-8f3c2aa19b",
    "csrf: v4.2.11b1",
]


@pytest.mark.parametrize("text", SHORT_NAMES)
def test_token_under_a_short_name_is_redacted(text: str) -> None:
    shown = redact(text)
    assert "[redacted]" in shown
    assert redact(shown) == shown


@pytest.mark.parametrize("text", SHORT_NAMES_OF_OTHER_THINGS)
def test_short_name_of_something_else_stays(text: str) -> None:
    assert redact(text) == text
