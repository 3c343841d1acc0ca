"""Generates `.env.example` and the settings reference from the typed environment.

Run `python -m config.installation.settings_reference` after changing a setting; a test holds the files to it.
"""

from __future__ import annotations

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.environment import Environment
from config.paths import ROOT

ENV_EXAMPLE = ROOT / ".env.example"
SETTINGS_PAGE = ROOT / "docs" / "reference" / "settings.md"


def _default(name: str, field: FieldInfo) -> str:
    if name == "tocsin_data_dir":
        return ".tocsin in the checkout"
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def env_example() -> str:
    """Return every setting as a commented line with its description and default."""
    lines = [
        "# Copy to .env and uncomment what you change. Real environment variables win over this file.",
        "",
    ]
    for name, field in Environment.model_fields.items():
        lines += [f"# {field.description}", f"# {name.upper()}={_default(name, field)}", ""]
    return "\n".join(lines)


def settings_page() -> str:
    """Return the same as a Markdown page, one heading per setting."""
    lines = [
        "# Settings",
        "",
        "Each setting is read from the environment, else from `.env` in the checkout, else from the file",
        "that a running `make run` wrote. Invalid settings are all reported at start.",
        "",
    ]
    for name, field in Environment.model_fields.items():
        default = _default(name, field)
        lines += [f"## {name.upper()}", "", str(field.description), ""]
        lines += [f"Default: `{default}`" if default else "Default: unset", ""]
    return "\n".join(lines)


def main() -> None:
    ENV_EXAMPLE.write_text(env_example())
    SETTINGS_PAGE.parent.mkdir(parents=True, exist_ok=True)
    SETTINGS_PAGE.write_text(settings_page())


if __name__ == "__main__":
    main()
