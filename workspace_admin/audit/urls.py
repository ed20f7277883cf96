"""Addresses of the pages about the audit log."""

from django.urls import path

from workspace_admin.audit import views

urlpatterns = [
    path("w/<slug:slug>/audit/", views.listing, name="audit"),
    path("w/<slug:slug>/audit/export.csv", views.export, {"form": "csv"}, name="audit-csv"),
    path("w/<slug:slug>/audit/export.jsonl", views.export, {"form": "jsonl"}, name="audit-jsonl"),
]
