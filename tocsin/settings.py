"""Settings of the client: flags, then environment, then the configuration file, then defaults."""

from __future__ import annotations

import ipaddress
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tocsin.keyrings import (
    KeyringUnusableError,
    read_from_keyring,
    remove_from_keyring,
    store_in_keyring,
)
from tocsin.problems import BadUsageError, TocsinError

DEFAULT_URL: Final = "http://127.0.0.1:8000"
DEFAULT_PROFILE: Final = "default"
IN_KEYRING: Final = "keyring"


@dataclass(frozen=True)
class Settings:
    """Server URL and credentials."""

    url: str = DEFAULT_URL
    token: str = ""
    profile: str = DEFAULT_PROFILE
    workspace: str = ""
    format: str = ""


def config_folder() -> Path:
    """Return the folder of configuration files, by the convention of the system."""
    return _folder("XDG_CONFIG_HOME", ".config", "Library/Application Support", "APPDATA")


def data_folder() -> Path:
    """Return the folder of bundles and of spooled requests."""
    return _folder("XDG_DATA_HOME", ".local/share", "Library/Application Support", "LOCALAPPDATA")


def config_file() -> Path:
    """Return the configuration file; `TOCSIN_CONFIG` overrides it."""
    return Path(os.environ.get("TOCSIN_CONFIG") or config_folder() / "config.toml")


def load_settings(given: Mapping[str, str] | None = None) -> Settings:
    """Return the effective settings. `given` are flags; empty values do not count."""
    flags = {name: value for name, value in (given or {}).items() if value}
    stored = read_config()
    profile = flags.get("profile") or os.environ.get("TOCSIN_PROFILE") or stored.get("profile")
    profile = str(profile or DEFAULT_PROFILE)
    section = stored.get("profiles", {}).get(profile, {})
    if flags.get("profile") and not section:
        known = ", ".join(sorted(stored.get("profiles", {}))) or "none"
        raise BadUsageError(f"There is no profile {profile!r} in {config_file()}. Known: {known}.")

    def value(name: str, default: str = "") -> str:
        return str(
            flags.get(name) or os.environ.get(f"TOCSIN_{name.upper()}") or section.get(name) or default
        )

    url = value("url", DEFAULT_URL).rstrip("/")
    settings = Settings(
        url=url,
        token=flags.get("token")
        or os.environ.get("TOCSIN_TOKEN")
        or _token_file()
        or _stored_token(profile, section, url),
        profile=profile,
        workspace=value("workspace"),
        format=value("format"),
    )
    _check_address(settings.url, insecure=flags.get("insecure_http") == "1")
    return settings


def read_config() -> dict[str, Any]:
    """Return the configuration file, or an empty one."""
    path = config_file()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadUsageError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise BadUsageError(f"{path} cannot be read: {error.strerror}") from error


def write_profile(profile: str, values: Mapping[str, str]) -> Path:
    """Change a profile of the configuration file, which only its owner may read."""
    stored = read_config()
    section = stored.setdefault("profiles", {}).setdefault(profile, {})
    section.update(values)
    for name in [name for name, value in section.items() if value == ""]:
        del section[name]
    lines = [f"{name} = {_quoted(str(value))}" for name, value in stored.items() if name != "profiles"]
    for name, values_of in stored["profiles"].items():
        lines += ["", f"[profiles.{_quoted(name)}]"]
        lines += [f"{key} = {_quoted(str(value))}" for key, value in values_of.items()]
    return write_private(config_file(), "\n".join(lines) + "\n")


def store_token(profile: str, url: str, token: str) -> str:
    """Store a token for a profile: in the keyring, else in the configuration file. Returns where it is."""
    forget_token(profile)
    try:
        store_in_keyring(_keyring_name(profile, url), token)
    except KeyringUnusableError:
        return str(write_profile(profile, {"url": url, "token": token, "token_in": ""}))
    write_profile(profile, {"url": url, "token": "", "token_in": IN_KEYRING})
    return "the keyring"


def forget_token(profile: str) -> None:
    """Delete the token of a profile, in the configuration file and in the keyring."""
    section = read_config().get("profiles", {}).get(profile, {})
    if section.get("token_in") == IN_KEYRING:
        try:
            remove_from_keyring(_keyring_name(profile, section.get("url", DEFAULT_URL)))
        except KeyringUnusableError as error:
            raise TocsinError(f"The token is still in the keyring, which cannot be used: {error}.") from error
    write_profile(profile, {"token": "", "token_in": ""})


def _keyring_name(profile: str, url: str) -> str:
    return f"{profile} at {url.rstrip('/')}"


def _stored_token(profile: str, section: Mapping[str, Any], url: str) -> str:
    """The token of a profile, for the server that it was stored for and no other."""
    own = section.get("url")
    if own and _origin(str(own)) != _origin(url):
        return ""
    return str(section.get("token") or "") or _token_in_keyring(profile, section)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url.lower())
    return parts.scheme, parts.netloc


def _token_in_keyring(profile: str, section: Mapping[str, Any]) -> str:
    if section.get("token_in") != IN_KEYRING:
        return ""
    try:
        return read_from_keyring(_keyring_name(profile, str(section.get("url", DEFAULT_URL))))
    except KeyringUnusableError as error:
        words = f"The token of the profile {profile} is in the keyring, which cannot be used: {error}."
        raise BadUsageError(f"{words} Unlock it, set TOCSIN_TOKEN, or sign in again: tocsin login") from error


def write_private(path: Path, text: str) -> Path:
    """Write a file with mode 0600, atomically."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return path


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _folder(variable: str, unix: str, mac: str, windows: str) -> Path:
    if own := os.environ.get(variable):
        return Path(own) / "tocsin"
    if sys.platform == "win32":
        return Path(os.environ.get(windows, Path.home())) / "tocsin"
    return Path.home() / (mac if sys.platform == "darwin" else unix) / "tocsin"


def _token_file() -> str:
    path = os.environ.get("TOCSIN_TOKEN_FILE")
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadUsageError(f"TOCSIN_TOKEN_FILE: {path} cannot be read: {error.strerror}") from error


def _check_address(url: str, *, insecure: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadUsageError(f"{url!r} is not an address. Example: --url https://tocsin.example")
    if parts.scheme == "http" and not insecure and not _is_loopback(parts.hostname):
        raise BadUsageError(
            f"{url} is not encrypted, and would show the token to others. Use https, or --insecure-http."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
