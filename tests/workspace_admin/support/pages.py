"""Where things are in the admin."""

from django.urls import reverse

ZOE = "zoe@new.example"
REASON, SAM = "Ticket 812", "Sam Support <support@example.com>"


def page(model: str, *args) -> str:
    return reverse(f"admin:{model}_{'change' if args else 'changelist'}", args=args)


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]
