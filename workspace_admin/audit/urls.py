"""Addresses of the pages about the audit log."""

from django.urls import path

from workspace_admin.audit import pages

urlpatterns = [
    path("w/<slug:slug>/audit/", pages.listing, name="audit"),
    path("w/<slug:slug>/audit/export.csv", pages.export, {"form": "csv"}, name="audit-csv"),
    path("w/<slug:slug>/audit/export.jsonl", pages.export, {"form": "jsonl"}, name="audit-jsonl"),
]
