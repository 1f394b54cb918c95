# The product: `covenant` and what it needs at run time, and neither engines nor tests.
# Every package is installed by hash, the build's own too.

FROM python:3.13-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements requirements
RUN python -m venv /opt/covenant \
    && /opt/covenant/bin/pip install --require-hashes --requirement requirements/runtime.txt \
    && python -m venv /opt/tools \
    && /opt/tools/bin/pip install --require-hashes --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY settings.py starter.py worker.py ./
COPY activities activities
COPY commandline commandline
COPY domain domain
COPY embedded embedded
COPY gateway gateway
COPY incoming incoming
COPY notices notices
COPY rehearsal rehearsal
COPY reports reports
COPY store store
COPY workflows workflows
RUN /opt/tools/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir wheels . \
    && /opt/covenant/bin/pip install --no-deps --no-index wheels/*.whl \
    && /opt/covenant/bin/covenant --version

FROM python:3.13-slim-trixie
RUN groupadd --system --gid 10001 covenant \
    && useradd --system --uid 10001 --gid covenant --no-create-home --home-dir /var/lib/covenant covenant \
    && install --directory --owner covenant --group covenant --mode 0750 /var/lib/covenant
COPY --from=build /opt/covenant /opt/covenant
ENV PATH=/opt/covenant/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# A new volume that is mounted here takes over the folder's owner.
WORKDIR /var/lib/covenant
USER 10001:10001
EXPOSE 9464 9466
CMD ["covenant", "--help"]
