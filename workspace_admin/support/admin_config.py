"""Django's admin application with the console's site; apart from the site, which needs the models loaded first."""

from django.contrib.admin.apps import AdminConfig


class SupportConfig(AdminConfig):
    """In INSTALLED_APPS instead of django.contrib.admin."""

    default_site = "workspace_admin.support.admin_site.SupportSite"
