"""JSON logs by structlog, for Django, Celery and libraries alike, without secrets or whole mail addresses."""

import logging.config
import re
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_SECRET_NAMES = re.compile(
    r"pass(word|wd)|secret|token|authorization|cookie|csrf|api_?key|sessionid",
    re.IGNORECASE,
)
_AT, _CHAR, _SLASH = "(@|%40)", r"(?:[\w.+-]|%2[Bb])", "(?:/|%2[Ff])"
"""Also as a query has them: that of a search, or of the sign-in page, which leads back to a link."""
# From the beginning of a word only, and possessive: anyone may send words of any length, and this runs for each line.
_ADDRESS = re.compile(rf"(?<![\w.+-])(?!(?<=%)2[Bb])({_CHAR}){_CHAR}*+{_AT}([\w-]++(?:\.[\w-]++)+)")
_PIECE = r"(?:[^/\s\"'?&%]|%(?!2[Ff]))++"
_JOIN_LINK = re.compile(rf"({_SLASH}join{_SLASH})(?!(?:decline|new-link|switch){_SLASH}){_PIECE}")
_ACCOUNT_PAGES = ("accounts/confirm-email", "accounts/password/reset/key", "profile/address")
_ACCOUNT_LINK = re.compile(rf"({_SLASH}(?:{'|'.join(_ACCOUNT_PAGES).replace('/', _SLASH)}){_SLASH}){_PIECE}")
_KEY = re.compile(r"\b([wp]sk_[0-9a-f]{32}_)[0-9a-fA-F]+")
_HIDDEN = "[hidden]"
_CHATTY = ("celery.beat", "celery.worker.strategy", "celery.app.trace")
"""Each relay, every three seconds, would write six lines to say that nothing was due."""


def mask(text: str) -> str:
    """Mask email addresses, links' tokens and API keys in the text."""
    text = _ADDRESS.sub(r"\1***\2\3", text)
    text = _JOIN_LINK.sub(rf"\1{_HIDDEN}", text)
    text = _KEY.sub(rf"\1{_HIDDEN}", text)
    return _ACCOUNT_LINK.sub(rf"\1{_HIDDEN}", text)


def _clean(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name):
        return _HIDDEN
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(str(value))


def without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Clean every value of a log entry; a structlog processor."""
    return {name: _clean(name, value) for name, value in event.items()}


_BEFORE: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]

_JSON: dict[str, Any] = {
    "()": structlog.stdlib.ProcessorFormatter,
    "foreign_pre_chain": [*_BEFORE, structlog.stdlib.ExtraAdder()],
    "processors": [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        without_secrets,
        structlog.processors.JSONRenderer(),
    ],
}


def configure(config: Mapping[str, Any]) -> None:
    """Set logging up, once per process: Django's LOGGING_CONFIG.

    Args:
        config: `debug`, whether anything below INFO is wanted from our own code.
    """
    ours = {
        "handlers": ["out"],
        "level": "DEBUG" if config.get("debug") else "INFO",
        "propagate": False,
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": _JSON},
            "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["out"], "level": "INFO"},
            "loggers": {
                **dict.fromkeys(("workspace_admin", "invitations", "billing_seats", "members"), ours),
                **{name: {"level": "WARNING"} for name in _CHATTY},
                # Django's own handler prints paths as they are, tokens of links included: root's is enough.
                "django": {"level": "INFO"},
            },
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_BEFORE,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
