"""Addresses of the pages about a person's own data."""

from django.urls import path

from workspace_admin.personal_data import views

urlpatterns = [
    path("profile/data/", views.export, name="export"),
    path("profile/data.json", views.own_data_file, name="own-data"),
    path("profile/erasure/", views.erasure, name="erasure"),
    path("erased/", views.erased, name="erased"),
]
