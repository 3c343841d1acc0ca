from __future__ import annotations

from ipaddress import ip_network
from typing import Any
from urllib.parse import unquote, urlsplit

from config.apps_list import APPS
from config.environment import Environment
from config.installation.connections import database_parameters
from config.paths import ROOT
from config.production_faults import words
from config.runtime.logging import logging_settings, own_secrets
from core.redaction import use_rules

ENVIRONMENT = Environment()  # reports every missing or invalid variable at once
TOCSIN_ENV = ENVIRONMENT.tocsin_env
TOCSIN_OPEN_LOOPBACK = ENVIRONMENT.tocsin_open_loopback
IS_PRODUCTION = TOCSIN_ENV == "production"

BASE_DIR = ROOT
DATA_DIR = ENVIRONMENT.tocsin_data_dir
SECRET_KEY = ENVIRONMENT.signing_key()
SECRET_KEY_FALLBACKS = words(ENVIRONMENT.secret_key_fallbacks.get_secret_value())
DEBUG = False
ALLOWED_HOSTS = words(ENVIRONMENT.allowed_hosts)
CSRF_TRUSTED_ORIGINS = words(ENVIRONMENT.csrf_trusted_origins)
TRUSTED_PROXIES = [ip_network(word, strict=False) for word in words(ENVIRONMENT.trusted_proxies)]
HTTP_ALLOWED_NETWORKS = tuple(
    ip_network(word, strict=False) for word in words(ENVIRONMENT.http_allowed_networks)
)
SLACK_API_URL = f"{ENVIRONMENT.slack_api_url.rstrip('/')}/"
BASE_URL = ENVIRONMENT.base_url.rstrip("/")
EVENT_LIMIT_PER_TOKEN = ENVIRONMENT.event_limit_per_token
EVENT_LIMIT_PER_WORKSPACE = ENVIRONMENT.event_limit_per_workspace
API_LIMIT_PER_CALLER = ENVIRONMENT.api_limit_per_caller
LIVE_STREAMS_PER_SESSION = ENVIRONMENT.live_streams_per_session
EVENT_RETENTION_DAYS = ENVIRONMENT.event_retention_days
INCIDENT_ARCHIVE_DAYS = ENVIRONMENT.incident_archive_days
QUARANTINE_DAYS = ENVIRONMENT.quarantine_days
BUNDLE_RETENTION_DAYS = ENVIRONMENT.bundle_retention_days
BUNDLE_QUOTA_MB = ENVIRONMENT.bundle_quota_mb
BUNDLES_UNREDACTED = ENVIRONMENT.bundles_unredacted
REDACTION_RULES = ENVIRONMENT.redaction_rules
use_rules(REDACTION_RULES)
METRICS_TOKEN = ENVIRONMENT.metrics_token.get_secret_value()
S3_ENDPOINT_URL = ENVIRONMENT.s3_endpoint_url
S3_ACCESS_KEY = ENVIRONMENT.s3_access_key
S3_SECRET_KEY = ENVIRONMENT.s3_secret_key.get_secret_value()
S3_BUCKET = ENVIRONMENT.s3_bucket
S3_PUBLIC_ENDPOINT_URL = ENVIRONMENT.s3_public_endpoint_url
S3_REGION = ENVIRONMENT.s3_region
REMEDIATION_COMMANDS = ENVIRONMENT.remediation_commands
LANGUAGE_MODEL_URL = ENVIRONMENT.language_model_url or ""
LANGUAGE_MODEL_NAME = ENVIRONMENT.language_model_name
LANGUAGE_MODEL_KEY = ENVIRONMENT.language_model_key.get_secret_value()
LANGUAGE_MODEL_DAILY_TOKENS = ENVIRONMENT.language_model_daily_tokens
WEB_WORKERS = ENVIRONMENT.web_workers
REDIS_URL = str(ENVIRONMENT.redis_url or "redis://127.0.0.1:6379/0")

MAIL_FROM = ENVIRONMENT.mail_from
APPRISE_SCHEMES = frozenset(words(ENVIRONMENT.apprise_schemes))
EMAIL_BACKEND = "core.mail.backend.TimedBackend"
_MAIL = urlsplit(ENVIRONMENT.smtp_url.get_secret_value())
if _MAIL.hostname:
    EMAIL_HOST, EMAIL_PORT = _MAIL.hostname, _MAIL.port or (465 if _MAIL.scheme == "smtps" else 587)
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_MAIL.username or ""), unquote(_MAIL.password or "")
    EMAIL_USE_SSL = _MAIL.scheme == "smtps"
    # TLS is optional for a server on this machine and for one without a password.
    EMAIL_USE_TLS = _MAIL.scheme == "smtp" and bool(EMAIL_HOST_USER)

INSTALLED_APPS = [
    "core.admin.site.TocsinAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "pgtrigger",
    "django_htmx",
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "django.contrib.humanize",  # used by allauth's list of second factors
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "ninja",
    *APPS,
]
MIDDLEWARE = [
    "core.http.middleware.ClientAddress",
    "core.http.middleware.RequestId",
    "core.http.machine_addresses.trailing_slash_middleware",
    "core.http.middleware.SecurityHeaders",
    # First, so that errors of the ones below, such as an unknown host, get an error page as well.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.http.middleware.SecurityLog",
    "core.http.middleware.ApiProblems",
    "core.http.middleware.EncryptedOnly",
    "django.middleware.security.SecurityMiddleware",
    "core.http.static_files.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sign_in.session_expiry.SessionExpiry",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.people.middleware.ViewerTimeZone",
    "core.ui.error_pages.ErrorPages",
    "accounts.sign_in.second_factor.SecondFactorMiddleware",
    "accounts.identity.required.IdentityProviderMiddleware",
    "accounts.identity.bound_session.BoundSessionMiddleware",
    "core.request_cache.RequestCache",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_loaders = [
    (
        "template_partials.loader.Loader",
        [
            (
                "django.template.loaders.cached.Loader",
                [
                    "core.ui.template_loader.Loader",
                    "django.template.loaders.filesystem.Loader",
                    "django.template.loaders.app_directories.Loader",
                ],
            )
        ],
    )
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": _loaders,
            "builtins": ["django_cotton.templatetags.cotton", "template_partials.templatetags.partials"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.pages.context_processors.page_frame",
            ],
        },
    }
]
COTTON_DIR = "components"


# A connection dropped by a network is detected within half a minute, not within hours.
NOTICED = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
POOL = {"pool": {"min_size": 0, "max_size": 16, "timeout": 10}}


def _database(url: str) -> dict[str, Any]:
    given = database_parameters(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given.pop("dbname", "tocsin"),
        "USER": given.pop("user", ""),
        "PASSWORD": given.pop("password", ""),
        "HOST": given.pop("host", ""),
        "PORT": given.pop("port", ""),
        # A restarted PostgreSQL leaves a pool of dead connections: each is checked before use.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**NOTICED, **given, **POOL},
    }


DATABASES = {
    "default": _database(str(ENVIRONMENT.database_url or "postgresql://postgres@127.0.0.1:5432/tocsin"))
}
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL},
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
ACCOUNT_ADAPTER = "accounts.sign_in.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = False  # accounts.sign_in.limits counts in the database instead
SOCIALACCOUNT_ADAPTER = "accounts.identity.adapter.IdentityAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
MFA_ADAPTER = "accounts.sign_in.second_factor.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Tocsin"
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_PRODUCTION  # http://localhost
MFA_FORMS = {
    "authenticate": "accounts.sign_in.second_factor.LimitedAuthenticateForm",
    "reauthenticate": "accounts.sign_in.second_factor.LimitedReauthenticateForm",
}
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
] + [{"NAME": "accounts.sign_in.common_passwords.CommonPasswordWords"}]

STATIC_URL = "/static/"
WHITENOISE_ALLOW_ALL_ORIGINS = False  # no other site needs our files
STATICFILES_DIRS = [BASE_DIR / "static"]
TOCSIN_VIEWER = "accounts.sign_in.page_authentication.current_actor"
TOCSIN_API_VIEWER = "accounts.tokens.authentication.live_viewer"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Tests render pages without the manifest of hashed file names.
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TOCSIN_ENV == "test"
        else "core.http.static_files.HashedFiles"
    },
}

_OWN_SECRETS = own_secrets({
    "SECRET_KEY": SECRET_KEY,
    "SECRET_KEY_FALLBACKS": ENVIRONMENT.secret_key_fallbacks.get_secret_value(),
    "S3_SECRET_KEY": S3_SECRET_KEY,
    "METRICS_TOKEN": METRICS_TOKEN,
    "DATABASE_URL": str(ENVIRONMENT.database_url or ""),
    "REDIS_URL": REDIS_URL,
    "S3_ENDPOINT_URL": S3_ENDPOINT_URL or "",
})  # fmt: skip
LOGGING = logging_settings(ENVIRONMENT.log_level, json=IS_PRODUCTION, own=_OWN_SECRETS)
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# The __Host- prefix: set by this host over TLS only, so that no other subdomain can plant it.
COOKIE_PREFIX = "__Host-" if IS_PRODUCTION else ""
# One sign-in per site: cookies of several checkouts on localhost must not overwrite each other. Named by the
# public port: hosts behind one load balancer may listen on different ones and share their sessions.
_SITE = urlsplit(BASE_URL).port or 443
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}tocsin_session_{_SITE}"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}tocsin_csrf_{_SITE}"
MESSAGE_COOKIE_NAME = f"{COOKIE_PREFIX}tocsin_messages_{_SITE}"
MESSAGE_STORAGE = "core.ui.messages.Messages"
SESSION_ENGINE = "accounts.sign_in.session_store"
SESSION_IDLE_S = ENVIRONMENT.session_idle_hours * 3600
SESSION_LASTS_S = SESSION_COOKIE_AGE = ENVIRONMENT.session_hours * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "core.ui.error_pages.form_expired"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_PRODUCTION
SECURE_HSTS_SECONDS = 31_536_000 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_PRODUCTION else None
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
