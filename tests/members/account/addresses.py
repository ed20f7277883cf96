"""What the tests about addresses look at."""

from allauth.account.models import EmailAddress

from members.models import Membership, User

NEW = "bob@new.example"


def token(link: str) -> str:
    return link.rstrip("/").rpartition("/")[2]


def addresses(user: User) -> tuple[str, set[str], list[tuple[str, bool, bool]]]:
    """Account, memberships and proved addresses of a person."""
    rows = EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary")
    places = Membership.objects.filter(user=user).values_list("email", flat=True)
    return User.objects.get(id=user.id).email, set(places), list(rows)


def moved(address: str = NEW):
    return address, {address}, [(address, True, True)]
