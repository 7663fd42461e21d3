# The suite's images: login (the API), ui (the pages), createdb (the operator's command), balancer (what stands in front).
# `docker compose build` makes them all; one alone: docker build --target login .
#
# Bases are pinned by tag, so that rebuilding brings Debian's security fixes; pin them by digest in your own registry:
#   --build-arg PYTHON_IMAGE=python:3.13-slim-trixie@sha256:...
ARG PYTHON_IMAGE=python:3.13-slim-trixie
ARG DEBIAN_IMAGE=debian:trixie-slim


FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# python3-dev only where the base is Debian's own Python, whose headers are a package.
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev libmariadb-dev \
 && { [ -e "$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] \
      || apt-get install -y --no-install-recommends python3-dev; } \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY deploy/requirements/build.lock .
RUN pip install --require-hashes -r build.lock


# Argon2 twice: the stock wheel stays as the base line, and start.py takes the fastest build that the CPU can run.
FROM build AS argon2
COPY deploy/requirements/login.lock .
RUN sed -n '/^argon2-cffi-bindings==/,/[^\\]$/p' login.lock > argon2.lock \
 && mkdir -p /opt/argon2 \
 && if [ "$(uname -m)" = x86_64 ]; then for level in x86-64-v2 x86-64-v3; do \
      CFLAGS="-O3 -march=$level" pip install --no-deps --no-build-isolation --no-binary :all: --no-compile \
        --require-hashes --target "/opt/argon2/$level" -r argon2.lock || exit 1; \
    done; fi


# The driver, once, from source against the system's Connector/C. The archive is fetched by hand, and must have the
# hash of the lock: it names a folder that it does not hold, so no installer takes it as it is. What should be in
# that folder comes with the package `mariadb` itself (docs/decisions/0008-images.md).
FROM build AS driver
ARG DRIVER_SOURCE=https://files.pythonhosted.org/packages/ad/25/cde2d66f38246ef3aaf916c8b779cf47211fae896e1b857cd12d666cb9f6/mariadb_c-2.0.0rc2.tar.gz
COPY deploy/requirements/login.lock .
RUN python -c 'import sys, urllib.request; urllib.request.urlretrieve(sys.argv[1], "driver.tar.gz")' "$DRIVER_SOURCE" \
 && sed -n '/^mariadb-c==/,/[^\\]$/p' login.lock | grep -q "sha256:$(sha256sum driver.tar.gz | cut -c1-64)" \
 && mkdir driver && tar -xzf driver.tar.gz -C driver --strip-components=1 \
 && sed -i -e 's/^packages = .*/packages = ["mariadb_c"]/' -e '/^mariadb_shared = /d' driver/pyproject.toml \
 && pip wheel --no-deps --no-build-isolation --wheel-dir /wheels ./driver


FROM driver AS login-packages
RUN sed '/^mariadb-c==/,/[^\\]$/d' login.lock > rest.lock \
 && python -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --no-deps --require-hashes --only-binary :all: -r rest.lock \
 && pip --python /opt/venv/bin/python install --no-deps --no-index /wheels/*.whl


FROM driver AS createdb-packages
COPY deploy/requirements/createdb.lock .
RUN sed '/^mariadb-c==/,/[^\\]$/d' createdb.lock > rest.lock \
 && python -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --no-deps --require-hashes --only-binary :all: -r rest.lock \
 && pip --python /opt/venv/bin/python install --no-deps --no-index /wheels/*.whl


FROM build AS ui-packages
COPY deploy/requirements/ui.lock .
RUN python -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --no-deps --require-hashes --only-binary :all: -r ui.lock


# The parts' own code, compiled once, because a read-only file system keeps no bytecode.
FROM ${PYTHON_IMAGE} AS code
WORKDIR /srv/pupero
COPY . .
RUN python -m compileall -q --invalidation-mode unchecked-hash .


FROM ${PYTHON_IMAGE} AS base
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/pupero
COPY --from=code /srv/pupero/deploy deploy
ENTRYPOINT ["python", "-m", "deploy.start"]


# What the API and the operator's command share, which mails for it and measures its password hashes. Connector/C of
# the system: TLS 1.3, and the authentication plugins (ed25519 among them) that wheels leave out.
FROM base AS database-client
RUN apt-get update \
 && apt-get install -y --no-install-recommends libmariadb3 \
 && rm -rf /var/lib/apt/lists/*
# A driver that fell back to pure Python would be found out by its speed only; this makes it an error.
ENV MARIADB_PYTHON_CONNECTOR=c
# Huge pages make Argon2 a quarter cheaper; where the kernel grants none, nothing changes.
ENV GLIBC_TUNABLES=glibc.malloc.hugetlb=1
# Mails of a trial without SMTP_HOST; the file system is read-only but for /tmp.
ENV MAIL_DIR=/tmp/mail
COPY --from=argon2 /opt/argon2 /opt/argon2


FROM database-client AS login
COPY --from=login-packages /opt/venv /opt/venv
COPY --from=code /srv/pupero/Login Login
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s --retries=3 \
  CMD ["python", "-m", "deploy.healthy", "http://127.0.0.1:8000/readyz"]
CMD ["login"]


FROM base AS ui
COPY --from=ui-packages /opt/venv /opt/venv
COPY --from=code /srv/pupero/FlaskProject FlaskProject
USER 10002:10002
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 \
  CMD ["python", "-m", "deploy.healthy", "http://127.0.0.1:5000/readyz"]
CMD ["ui"]


FROM database-client AS createdb
COPY --from=createdb-packages /opt/venv /opt/venv
COPY --from=code /srv/pupero/Login Login
COPY --from=code /srv/pupero/CreateDB CreateDB
USER 10003:10003
CMD ["createdb", "--help"]


FROM ${DEBIAN_IMAGE} AS balancer
RUN apt-get update \
 && apt-get install -y --no-install-recommends haproxy \
 && rm -rf /var/lib/apt/lists/*
COPY deploy/balancer /etc/pupero
USER 10004:10004
EXPOSE 5000 8000 8443
ENTRYPOINT ["haproxy", "-W", "-db", "-f"]
CMD ["/etc/pupero/plain.cfg"]


# Writes what is missing of the secrets, then ends; runs as root, because each file belongs to its one reader.
FROM createdb AS secrets
USER 0:0
CMD ["secrets", "/run/pupero"]
