"""How a person likes the list: kept with their account, whatever workspace they look at."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from members.access import actor_for
from members.models import User
from members.requests import SignedInRequest
from workspace_admin.people.list import refreshed

SWITCHES = ("compact_rows", "shortcuts")


@login_required
@require_POST
def preferences(request: SignedInRequest, slug: str) -> HttpResponse:
    """Keep the switches of the form: a box that is not ticked sends nothing."""
    actor_for(request.user, slug)
    chosen = {name: request.POST.get(name) == "on" for name in SWITCHES}
    User.objects.filter(pk=request.user.pk).update(**chosen)
    for name, value in chosen.items():
        setattr(request.user, name, value)
    return refreshed(request, slug)
