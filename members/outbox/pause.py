"""A pause that the mail provider asked for: every outbox and every worker observes it, for all mail.

Messages aren't rescheduled: after the pause they leave in the same order as they would have.
"""

from typing import ClassVar, Self

from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext

from members.outbox import failures
from members.outbox.failures import Failure

_BEGIN = """
INSERT INTO members_providerpause (id, until, error, error_code)
VALUES (1, statement_timestamp() + make_interval(secs => %s), %s, %s)
ON CONFLICT (id) DO UPDATE SET until = greatest(members_providerpause.until, excluded.until),
    error = excluded.error, error_code = excluded.error_code
"""


class PauseQuerySet(models.QuerySet["ProviderPause"]):
    """The pause, if there is one."""

    def in_force(self) -> Self:
        """Return the pause unless it is over."""
        return self.filter(until__gt=Now())


class ProviderPause(models.Model):
    """The one row that says until when nothing is sent, and why."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    until = models.DateTimeField()
    error = models.CharField(max_length=200)
    error_code = models.CharField(max_length=40)

    objects = PauseQuerySet.as_manager()

    class Meta:
        app_label = "members"
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="provider_pause_is_one")]

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d %H:%M}"

    @property
    def trouble(self) -> str:
        """Why nothing is sent, in the reader's language."""
        return gettext(self.error)


def begin(failure: Failure) -> None:
    """Pause all mail for as long as the provider asked; a longer pause stays."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [failure.wait, failures.untranslated(failure.error), failure.code[:40]])
