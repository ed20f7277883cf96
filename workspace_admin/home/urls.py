"""URLs of the home page."""

from django.urls import path

from workspace_admin.home import views

urlpatterns = [path("w/<slug:slug>/", views.home, name="home")]
