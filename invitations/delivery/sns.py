"""Amazon's notifications (SNS): verifying signatures, and confirming a topic's subscription."""

import base64
import binascii
import re
from functools import lru_cache
from typing import Any

import requests
from anymail.exceptions import AnymailWebhookValidationFailure
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509.oid import NameOID
from django.utils import timezone
from urllib3.exceptions import HTTPError

PATIENCE = 3, 5
"""Seconds to connect to Amazon, and for it to answer."""
LONGEST = 100_000
"""Bytes of an answer; a certificate has some two thousand."""
ADDRESS = re.compile(
    r"https://sns\.(?P<region>[a-z]{2,}(-[a-z0-9]+)+)\.(?P<domain>amazonaws\.com(\.cn)?)"
    r"/(?P<path>[A-Za-z0-9_./-]*)(?P<query>\?[A-Za-z0-9_.:=&%+-]*)?"
)
"""Of whatever is opened here. Matched as a whole: nothing is left that two readers could read differently."""
HASHES: dict[Any, HashAlgorithm] = {"1": SHA1(), "2": SHA256()}  # noqa: S303 -- a topic's version 1, Amazon's default
_CONFIRMATION = "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
"""What of a message is signed, in the order in which it is written down. A subject may be missing."""


class Unreachable(Exception):
    """Amazon did not respond; the message can't be judged and should be sent again."""


def verify(message: dict[str, Any]) -> None:
    """Raise unless Amazon signed the message: Unreachable if its certificate can't be fetched."""
    url = _amazons(message.get("SigningCertURL"))
    if not url["path"].endswith(".pem") or url["query"]:
        raise AnymailWebhookValidationFailure("No certificate's address.")
    key = _key(_certificate(url.string), _signers(url["region"], url["domain"]))
    try:
        signature = base64.b64decode(message["Signature"], validate=True)
        key.verify(signature, _signed(message), PKCS1v15(), HASHES[message.get("SignatureVersion")])
    except (KeyError, TypeError, ValueError, binascii.Error, InvalidSignature) as error:
        raise AnymailWebhookValidationFailure("Not signed by Amazon.") from error


def confirm(message: dict[str, Any]) -> None:
    """Confirm the subscription of a topic; the message must have been verified. Raise unless the URL is Amazon's."""
    _open(_amazons(message.get("SubscribeURL")).string)


def _amazons(url: Any) -> re.Match[str]:
    """Return the URL's parts, or raise unless it is Amazon's."""
    found = ADDRESS.fullmatch(url) if isinstance(url, str) else None
    if found is None:
        raise AnymailWebhookValidationFailure("An address that is not Amazon's.")
    return found


def _signed(message: dict[str, Any]) -> bytes:
    names = [name for name in SIGNED[message["Type"]] if name != "Subject" or message.get(name) is not None]
    return "".join(name + "\n" + message[name] + "\n" for name in names).encode()


@lru_cache(maxsize=32)
def _certificate(url: str) -> x509.Certificate:
    """Return the certificate at the URL. Amazon never changes one; a new certificate has a new URL."""
    try:
        return x509.load_pem_x509_certificate(_open(url))
    except ValueError as error:
        raise Unreachable("No certificate.") from error


def _key(certificate: x509.Certificate, signers: set[str]) -> RSAPublicKey:
    """Return the public key of a valid certificate issued to one of the signers."""
    key = certificate.public_key()
    in_force = certificate.not_valid_before_utc <= timezone.now() <= certificate.not_valid_after_utc
    if not in_force or not _names(certificate) & signers or not isinstance(key, RSAPublicKey):
        raise AnymailWebhookValidationFailure("The certificate is not one of Amazon's for signing.")
    return key


def _signers(region: str, domain: str) -> set[str]:
    """Return the names Amazon signs under: one for the old regions, others for newer ones."""
    if region.startswith("us-gov-"):
        return {f"sns-us-gov-west-1.{domain}", f"sns.{region}.{domain}"}
    return {"sns.amazonaws.com", *(f"sns{mark}{region}.{domain}" for mark in (".", "-", "-signing."))}


def _names(certificate: x509.Certificate) -> set[str]:
    common = {str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
    try:
        others = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return common
    return common | set(others.get_values_for_type(x509.DNSName))


def _open(url: str) -> bytes:
    try:
        with requests.get(url, timeout=PATIENCE, allow_redirects=False, stream=True) as answer:
            text: bytes = answer.raw.read(LONGEST, decode_content=True)
    except (requests.RequestException, HTTPError, OSError) as error:
        raise Unreachable(type(error).__name__) from error
    if answer.status_code != requests.codes.ok:
        raise Unreachable(f"It answered {answer.status_code}.")
    return text
