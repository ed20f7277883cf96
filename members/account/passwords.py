"""The password policy, in one sentence, and its errors in plain words."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    NumericPasswordValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

LEAST = 8


class PasswordPolicy:
    """Django's four validators, with our own messages."""

    def __init__(self) -> None:
        # The common ones are read from a file: once a process.
        self._rules: Sequence[tuple[Any, Any]] = (
            (MinimumLengthValidator(LEAST), _("Use at least 8 characters.")),
            (NumericPasswordValidator(), _("Don’t use only digits.")),
            (CommonPasswordValidator(), _("This password is too common. Choose one that is harder to guess.")),
            (UserAttributeSimilarityValidator(), _("Don’t use your name or email address as your password.")),
        )

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError with everything that is wrong with the password."""
        errors = []
        for validator, message in self._rules:
            try:
                validator.validate(password, user)
            except ValidationError as error:
                errors.append(ValidationError(message, code=error.error_list[0].code))
        if errors:
            raise ValidationError(errors)

    def get_help_text(self) -> str:
        """Return the rules in one sentence."""
        return gettext("At least 8 characters, not only digits, and not easy to guess.")
