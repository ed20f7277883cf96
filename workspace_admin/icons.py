"""Icons in templates: django-lucide's tag, with each drawing kept, since drawing one costs more than a statement."""

from functools import cache

from django import template
from lucide.templatetags.lucide import lucide

register = template.Library()
register.simple_tag(cache(lucide), name="lucide")
