# Both stages work in the same folder, because a virtual environment does not like to move.

FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/eleven
COPY .npmrc package.json package-lock.json ./
COPY requirements requirements
COPY scripts scripts
# The set-up installs from hashed locks and brings its own Node for the page assets.
RUN python scripts/bootstrap.py app
# The installers have done their work; the rest is compiled now, since the program's folder is read-only later.
RUN .venv/bin/python -m pip uninstall --quiet --yes uv setuptools pip \
    && .venv/bin/python -m compileall -q -j 0 .venv/lib
COPY app app
COPY exports exports
COPY migrations migrations
COPY questionnaires questionnaires
COPY templates templates
COPY alembic.ini alembic.ini
# Readable by the program's user whatever the checkout's permissions, writable by nobody but root.
RUN .venv/bin/python -m compileall -q app exports migrations \
    && chmod -R a+rX,go-w . \
    && chmod a+x scripts/eleven

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 eleven \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin eleven \
    && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/eleven/evidence
WORKDIR /srv/eleven
COPY --from=build /srv/eleven/.venv .venv
COPY --from=build /srv/eleven/app app
COPY --from=build /srv/eleven/exports exports
COPY --from=build /srv/eleven/migrations migrations
COPY --from=build /srv/eleven/questionnaires questionnaires
COPY --from=build /srv/eleven/templates templates
COPY --from=build /srv/eleven/alembic.ini alembic.ini
COPY --from=build /srv/eleven/scripts/eleven scripts/eleven
ENV PATH="/srv/eleven/scripts:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ELEVEN_MODE=production
USER 10001:10001
EXPOSE 8000
# http.client, because it takes no notice of a proxy that the surroundings may set.
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client as h, sys; c = h.HTTPConnection('127.0.0.1', 8000, timeout=5); c.request('GET', '/health/ready'); sys.exit(c.getresponse().status != 200)"]
CMD ["eleven", "serve", "--host", "0.0.0.0", "--port", "8000"]
