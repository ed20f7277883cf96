"""Settings: read once from the environment, typed, with errors that name the variable."""

import logging
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.csp import CSP
from environs import Env

from workspace_admin.configuration import (
    allowed_hosts,
    anymail,
    base_url,
    broker,
    database,
    mailers,
    metrics_token,
    networks,
    number,
    require_strong,
    sender,
    webhook_secret,
)

env = Env()
MANY = 1_000_000_000
"""More than anyone needs of anything that is counted."""
BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG: bool = env.bool("DEBUG", False)
PORT: int = number("PORT", 8000, least=1, most=65_535)
BASE_URL: str = (env.str("BASE_URL", "") or (f"http://localhost:{PORT}" if DEBUG else "")).rstrip("/")
DATA_DIR: Path = Path(env.str("DATA_DIR", "") or BASE_DIR / "var").resolve()
_parts = base_url(BASE_URL, debug=DEBUG)
_host = _parts.hostname or ""
HTTPS = _parts.scheme == "https"

SECRET_KEY: str = require_strong("SECRET_KEY", env.str("SECRET_KEY", ""), debug=DEBUG)
INVITATION_KEYS: list[str] = [
    require_strong("INVITATION_KEYS", key, debug=DEBUG) for key in env.list("INVITATION_KEYS", []) or [""]
]
ALLOWED_HOSTS: list[str] = allowed_hosts(env.list("ALLOWED_HOSTS", []), _host, debug=DEBUG)
TRUSTED_PROXIES: list[str] = networks(env.list("TRUSTED_PROXIES", []))
SELF_SERVICE_SEATS: bool = env.bool("SELF_SERVICE_SEATS", False)
EMAIL_WEBHOOK_SECRET: str = webhook_secret(env.str("EMAIL_WEBHOOK_SECRET", ""))
# The web server's own variable; 0 where it is not set, as in workers: then nothing is shared by threads.
WEB_THREADS: int = number("GRANIAN_BLOCKING_THREADS", 0, least=0, most=MANY)
API_CALLS_PER_MINUTE: int = number("API_CALLS_PER_MINUTE", 600, least=1, most=MANY)
MAILS_PER_ADDRESS: int = number("MAILS_PER_ADDRESS", 10, least=1, most=MANY)
MAILS_PER_INVITER: int = number("MAILS_PER_INVITER", 2_000, least=1, most=MANY)
MAILS_PER_WORKSPACE: int = number("MAILS_PER_WORKSPACE", 5_000, least=1, most=MANY)
UNKNOWN_DELIVERY_POLICY: str = env.str("UNKNOWN_DELIVERY_POLICY", "") or "resend"
if UNKNOWN_DELIVERY_POLICY not in {"resend", "wait"}:
    raise ImproperlyConfigured("UNKNOWN_DELIVERY_POLICY: use resend or wait.")
METRICS_TOKEN: str = metrics_token(env.str("METRICS_TOKEN", ""), debug=DEBUG)
OUTBOX_LEASE_SECONDS: float = number("OUTBOX_LEASE_SECONDS", 20.0, least=1.0, most=3_600.0)

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "workspace_admin.support.admin_config.SupportConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "anymail",
    "django_structlog",
    "members",
    "billing_seats",
    "invitations",
    "workspace_admin",
]
MIDDLEWARE = [
    "workspace_admin.middleware.TrustedProxies",
    # Before what may answer by itself, so that no answer lacks their headers.
    "workspace_admin.middleware.SecurityHeaders",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "workspace_admin.health.HealthChecks",
    "workspace_admin.middleware.RedirectToBaseUrl",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "workspace_admin.error_responses.DomainErrors",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "workspace_admin.authentication.PreferredLanguage",
    "workspace_admin.authentication.SessionInUse",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "workspace_admin.authentication.SignInAgain",
    "allauth.account.middleware.AccountMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "workspace_admin.middleware.RequestId",
    "workspace_admin.middleware.BoundedRequests",
]
ROOT_URLCONF = "workspace_admin.urls"
WSGI_APPLICATION = "workspace_admin.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "workspace_admin.pages.shell",
            ],
            "libraries": {"lucide": "workspace_admin.pages", "cached_include": "workspace_admin.pages"},
        },
    }
]

DATABASES = {"default": database(env.str("DATABASE_URL", ""))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"},
}
SESSION_ENGINE = "members.session_store"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14

AUTH_USER_MODEL = "members.User"
AUTHENTICATION_BACKENDS = ["workspace_admin.authentication.Backend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Django admin in the console's own colours, by its tokens. Unfold's numbers run from light to dark: a low one is a
# surface in the light scheme and text in the dark one, a high one the reverse.
UNFOLD = {
    "STYLES": [lambda _request: static("css/tokens.css"), lambda _request: static("css/admin.css")],
    "SCRIPTS": [lambda _request: static("js/admin.js")],
    "BORDER_RADIUS": "var(--r)",
    # Django's own history is empty: what was done stands in the audit log.
    "SHOW_HISTORY": False,
    "COLORS": {
        "base": {
            "50": "var(--bg2)",
            "100": "light-dark(var(--hover), var(--ink))",
            "200": "light-dark(var(--line), var(--ink))",
            "300": "light-dark(var(--line2), var(--ink))",
            "400": "var(--ink2)",
            "500": "var(--ink2)",
            "600": "var(--ink)",
            "700": "light-dark(var(--ink), var(--line2))",
            "800": "light-dark(var(--ink), var(--line))",
            "900": "light-dark(var(--ink), var(--bg))",
            "950": "light-dark(var(--ink), var(--bg2))",
        },
        "primary": {
            **dict.fromkeys(("50", "100", "200", "300"), "var(--accent-soft)"),
            "400": "var(--accent-txt)",
            "500": "light-dark(var(--accent), var(--accent-txt))",
            "600": "var(--accent)",
            **dict.fromkeys(("700", "800", "900", "950"), "var(--accent-txt)"),
        },
        "font": {
            **dict.fromkeys(("subtle-light", "subtle-dark"), "var(--ink2)"),
            **dict.fromkeys(("default-light", "default-dark", "important-light", "important-dark"), "var(--ink)"),
        },
    },
}

AUTH_PASSWORD_VALIDATORS = [{"NAME": "members.account.passwords.PasswordPolicy"}]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "members.account.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "members.account.forms.SignUpForm"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_RATE_LIMITS = {
    "change_address": "10/h/user,3/h/key",
    # allauth's, and so many a day: nobody's mailbox is filled by who only knows its address.
    "reset_password": "20/m/ip,5/m/key,20/d/key",
    "confirm_email": "1/180s/key,10/d/key",
}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "workspace_admin" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static" if DEBUG else BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

MAIL_PATIENCE = OUTBOX_LEASE_SECONDS / 2
"""Seconds that a provider may take: a lease in force means that someone may still be sending."""
MAILERS = mailers(
    env.str("EMAIL_PROVIDER", ""), env.str("SMTP_URL", ""), DATA_DIR / "mailbox", patience=MAIL_PATIENCE, debug=DEBUG
)
ANYMAIL = anymail(patience=MAIL_PATIENCE)
DEFAULT_FROM_EMAIL: str = sender(env.str("DEFAULT_FROM_EMAIL", ""), _host)

CELERY_BROKER_URL = broker(env.str("REDIS_URL", ""))

SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz/", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else f"session-{PORT}"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "workspace_admin.pages.MessageStorage"
MESSAGE_COOKIE_NAME = "__Host-messages" if HTTPS else f"messages-{PORT}"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else f"csrf-{PORT}"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "workspace_admin.error_responses.csrf_failure"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "billing_seats.keys.authentication.Bearer",
        "workspace_admin.authentication.Session",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["billing_seats.keys.authentication.Known"],
    "DEFAULT_SCHEMA_CLASS": "workspace_admin.reference.schema.Schema",
    "EXCEPTION_HANDLER": "workspace_admin.error_responses.problem",
    "DEFAULT_PARSER_CLASSES": ["members.rest.json.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["members.rest.json.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "members.rest.json.OnlyJSON",
    "DEFAULT_METADATA_CLASS": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Workspace console API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_NAME_OVERRIDES": {
        "ActorTypeEnum": ["user", "key", "staff", "system"],
        "ApiKeyStatusEnum": ["working", "expired", "stopped"],
        "DeliveryStatusEnum": [
            *("queued", "sending", "sent", "failed", "cancelled", "unknown"),
            *("delivered", "bounced", "complained"),
        ],
        "JobStatusEnum": ["queued", "working", "done", "stopped"],
        "MemberAccessEnum": ["active", "deactivated"],
        "MemberStatusEnum": ["invited", "expired", "active", "lapsed", "deactivated"],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "workspace_admin.reference.document.complete",
    ],
}

# One line for each request, at its end. RequestId adds the caller's address, as TrustedProxies found it.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
LOGGING_CONFIG = "workspace_admin.logs.configure"
LOGGING = {"debug": DEBUG}
