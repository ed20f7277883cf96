"""The ``lucide`` template tag, with each drawing cached: drawing one costs more than a database query."""

from functools import cache

from django import template
from lucide.templatetags.lucide import lucide

register = template.Library()
register.simple_tag(cache(lucide), name="lucide")
