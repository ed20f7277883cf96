# One image for web, worker, beat and migrations; docker-compose.yml says which command runs.
FROM python:3.13.14-slim-trixie AS build
WORKDIR /app
COPY .ci/uv.txt ./
RUN pip install --no-cache-dir --requirement uv.txt
COPY pyproject.toml uv.lock .python-version ./
RUN UV_PYTHON_DOWNLOADS=never uv sync --frozen --no-dev --extra amazon-ses
COPY . .
# Static files get their hashes here, so that the image can run read-only. The values only satisfy the start-up checks.
RUN SECRET_KEY=build-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789 \
    INVITATION_KEYS=build-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789 \
    BASE_URL=https://build.invalid DATABASE_URL=postgres:///build SMTP_URL=smtp://build.invalid \
    .venv/bin/python manage.py collectstatic --no-input

FROM python:3.13.14-slim-trixie
RUN useradd --system --uid 10001 --no-create-home console
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=workspace_admin.settings GRANIAN_BLOCKING_THREADS=4
USER console
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--no-ws", "workspace_admin.wsgi:application"]
