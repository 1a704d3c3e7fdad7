# The service. scripts/build-image builds it; so does: docker build -t IMAGE .
# With podman, say --format docker: without it, HEALTHCHECK is lost.
ARG PYTHON_VERSION=3.13

# The locked dependencies, in an environment without pip.
FROM docker.io/library/python:${PYTHON_VERSION}-slim AS dependencies
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements/runtime.txt requirements/
# What is removed is never imported: tests, sources of compiled modules, and stubs for type checkers.
RUN python -m venv --without-pip /opt/venv && \
    pip --python /opt/venv/bin/python install --no-compile --no-deps --require-hashes \
        --only-binary :all: -r requirements/runtime.txt && \
    find /opt/venv -depth -type d -name tests -exec rm -r '{}' ';' && \
    find /opt/venv -type f '(' -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.[ach]' \
        -o -name '*.cpp' ')' -delete && \
    python -m compileall -qq --invalidation-mode unchecked-hash /opt/venv/lib

# The service itself as a wheel, installed below /app so that it becomes a layer of its own.
FROM dependencies AS app
COPY requirements/build.txt requirements/
RUN python -m venv wheel && \
    wheel/bin/pip install --no-deps --require-hashes --only-binary :all: \
        -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY turi_recommender turi_recommender
COPY app app
RUN wheel/bin/pip wheel --no-build-isolation --no-deps --wheel-dir dist . && \
    pip --python /opt/venv/bin/python install --no-compile --no-deps --no-index \
        --prefix /app/opt/venv dist/*.whl && \
    python -m compileall -qq --invalidation-mode unchecked-hash -s /app /app && \
    mkdir /models

FROM docker.io/library/python:${PYTHON_VERSION}-slim
ARG PYTHON_VERSION
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    RECOMMENDER_HOST=0.0.0.0
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=app /app /
# A new named volume here belongs to the user, so that `register` can write to it.
COPY --from=app --chown=10001:10001 /models /models
# The base comes without bytecode, and the root file system is read-only later: compile now what the
# service imports of the standard library. Nothing is installed here any more: pip goes.
RUN python -c "import turi_recommender.cli, turi_recommender.service.__main__" && \
    /usr/local/bin/python -m pip uninstall --yes --root-user-action=ignore pip
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["turi-recommender", "probe"]
ENTRYPOINT ["turi-recommender"]

ARG VERSION=0.2.0
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="turi-recommender" \
      org.opencontainers.image.description="Serve Turi Create recommenders over HTTP, without Turi Create" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/python:${PYTHON_VERSION}-slim"
