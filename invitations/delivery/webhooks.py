"""The mail providers' webhooks, behind a secret."""

import json
from datetime import UTC, datetime
from typing import Any

import structlog
from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.urls import urlpatterns as anymails
from anymail.utils import get_anymail_setting, get_request_basic_auth
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from anymail.webhooks.base import AnymailBaseWebhookView, AnymailCoreWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from invitations.delivery import provider_events, sns
from invitations.delivery.anymail_events import told
from invitations.models import TOKEN_LIFE, WebhookToken
from members.errors import NotFound

log = structlog.get_logger(__name__)
PATH = "/webhooks/email/"
LIMIT = 10_000_000
"""Bytes of one post, which may tell of ten thousand emails."""
MOST_OBJECTS = 100_000
"""JSON objects in one post: more than that are no events, and would only fill the memory."""


class AmazonSES(AmazonSESTrackingWebhookView):  # type: ignore[misc]  # -- anymail ships no types
    """Amazon's notifications, verified by us, without Amazon's library, which checks no signature."""

    def __init__(self, **kwargs: Any) -> None:
        named = get_anymail_setting("sns_topics", esp_name=self.esp_name, default="")
        self.topics = {name.strip() for name in named.split(",") if name.strip()}
        AnymailBaseWebhookView.__init__(self, **kwargs)

    def validate_request(self, request: HttpRequest) -> None:
        """Accept what Amazon signed, from the topics named in the settings, or from any topic if none is named."""
        message = self._parse_sns_message(request)
        if self.topics and message.get("TopicArn") not in self.topics:
            raise AnymailWebhookValidationFailure("Another topic than AMAZON_SES_SNS_TOPICS names.")
        sns.verify(message)

    def auto_confirm_sns_subscription(self, sns_message: dict[str, Any]) -> None:
        """Confirm the subscription of a topic in the settings; for any other, log where to confirm it."""
        if self.topics:
            sns.confirm(sns_message)
        else:
            log.warning("sns_subscription_waits", topic=sns_message["TopicArn"], open=sns_message["SubscribeURL"])


class Mailgun(MailgunTrackingWebhookView):  # type: ignore[misc]  # -- as above
    """Mailgun's events. It signs a timestamp and a token, not the body: each token is good for one body only."""

    def validate_request(self, request: HttpRequest) -> None:
        """Accept what Mailgun signed within the last day, with a token that came with no other body.

        Mailgun repeats an unanswered post for eight hours, with the same token.
        """
        super().validate_request(request)
        if request.content_type != "application/json":
            raise AnymailWebhookValidationFailure("Mailgun's legacy webhooks are not supported.")
        signed = json.loads(request.body)["signature"]
        signed_at = datetime.fromtimestamp(float(signed["timestamp"]), tz=UTC)
        if abs(timezone.now() - signed_at) > TOKEN_LIFE:
            raise AnymailWebhookValidationFailure("The signature is older than a day.")
        if not WebhookToken.objects.claim(f"mailgun:{signed['token']}", request.body):
            raise AnymailWebhookValidationFailure("The signature was used for another body.")


VIEWS: dict[str, type[AnymailCoreWebhookView]] = {
    pattern.name.removesuffix("_webhook").removesuffix("_tracking"): pattern.callback.view_class
    for pattern in anymails
    if "_inbound_" not in pattern.name
} | {"amazon_ses": AmazonSES, "mailgun": Mailgun}
"""anymail's readers by the provider's name, as EMAIL_PROVIDER has it."""


def knows_secret(request: HttpRequest) -> bool:
    """Return whether the request carries the webhook's user name and password."""
    secret = settings.EMAIL_WEBHOOK_SECRET
    if not secret or not request.path_info.startswith(PATH):
        return False
    return bool(constant_time_compare(get_request_basic_auth(request) or "", secret))


@csrf_exempt
@require_http_methods(["HEAD", "POST"])
def tracking(request: HttpRequest, provider: str) -> HttpResponse:
    """Record a provider's events; skip those of emails that aren't ours.

    anymail's own view would send a signal, and so cost statements, for each of ten thousand events.
    """
    view = VIEWS.get(provider)
    if not settings.EMAIL_WEBHOOK_SECRET or view is None:
        raise NotFound
    if not knows_secret(request):
        # Amazon sends the password only when asked for it.
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="webhooks"'})
    if request.method == "HEAD":
        return HttpResponse()
    try:
        found = _read(request, view)
    except ImproperlyConfigured as error:
        log.error("webhook_not_set_up", provider=provider, error=str(error))  # noqa: TRY400 -- no mistake of ours to trace
        raise NotFound from None
    except sns.Unreachable as error:
        log.error("webhook_unverified", provider=provider, error=str(error))  # noqa: TRY400 -- as above
        return HttpResponse(status=503)
    except Exception as error:  # noqa: BLE001 -- anymail raises whatever it stumbles over in a payload of another shape
        log.warning("webhook_refused", provider=provider, error=type(error).__name__)
        return HttpResponseBadRequest()
    provider_events.record(found)
    return HttpResponse()


def _read(request: HttpRequest, view: type[AnymailCoreWebhookView]) -> list[provider_events.ProviderEvent]:
    """Return the events of a request, after verifying the provider's signature if it has one."""
    body = request.read(LIMIT + 1)
    if len(body) > LIMIT or body.count(b"{") > MOST_OBJECTS:
        raise AnymailWebhookValidationFailure
    # Django would refuse a body above the limit of all other requests.
    request._body = body  # noqa: SLF001 -- as above
    reader = view(webhook_secret=settings.EMAIL_WEBHOOK_SECRET)
    reader.setup(request)
    reader.run_validators(request)
    return [one for event in reader.parse_events(request) if (one := told(event)) is not None]
