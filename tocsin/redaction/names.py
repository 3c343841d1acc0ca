"""Names of secrets in settings, environments and JSON."""

from __future__ import annotations

import re
from typing import Final

_SECRET_NAME: Final = re.compile(
    r"pass(word|wd|phrase|code)?$|pwd$|secret|token|authorization|cookie|credential|creds?$|dsn$|_pat$"
    r"|(api|access|private|session|signing|encryption|routing|hmac|shared|preshared|master|account|service"
    r"|integration|ingest|license|auth)[_-]?key"
    r"|contraseña|kennwort|passwort|mot_?de_?passe|senha|пароль|密码|密碼|パスワード"
    r"|(app|application|webhook|storage|source|sender|integration|client|deploy|ssh|ingest|license|auth)"
    r"[_-]?keys?$|^genie_?key$|client_assertion$|^_?csrf$",
    re.IGNORECASE,
)


def is_secret(name: object) -> bool:
    """Return whether values of this name are hidden."""
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None
