"""Who is support staff: two groups with the permissions that Django admin and the services ask for."""

from django.contrib.auth.models import Group, Permission

from members.models import User

SEEN = {
    "members": ("workspace", "membership", "user", "auditevent"),
    "billing_seats": ("product", "productkey", "subscription", "seatpool"),
    "invitations": ("invitation", "delivery"),
}
VIEWING = frozenset(f"{app}.view_{model}" for app, models in SEEN.items() for model in models)
ACTING = VIEWING | {
    "billing_seats.add_product",
    "billing_seats.change_product",
    "billing_seats.add_productkey",
    "billing_seats.change_productkey",
    "billing_seats.change_subscription",
    "invitations.change_invitation",
    "members.delete_user",
}
GROUPS = {"Support": ACTING, "Support, view only": VIEWING}


def make_staff(user: User, group: str = "Support") -> None:
    """Let the user into Django admin, with the rights of that group of GROUPS and of no other."""
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    user.groups.set([_group(group)])


def no_longer_staff(user: User) -> None:
    """Shut Django admin to the user, from the next request on."""
    user.is_staff = user.is_superuser = False
    user.save(update_fields=["is_staff", "is_superuser"])
    user.groups.clear()
    user.user_permissions.clear()


def _group(name: str) -> Group:
    group, _created = Group.objects.get_or_create(name=name)
    wanted = [label.split(".") for label in GROUPS[name]]
    known = Permission.objects.filter(content_type__app_label__in=SEEN).select_related("content_type")
    group.permissions.set(row for row in known if [row.content_type.app_label, row.codename] in wanted)
    return group
