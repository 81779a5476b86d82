# Makes the served model from its two originals: `build RECIPE OUT` and `verify DIR`. Build from the repository's root.

FROM python:3.11.14-slim-bookworm AS build
# As in webapp.Dockerfile; the merge computes on the CPU.
ARG TORCH=torch==2.13.0
ARG TORCH_INDEX
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$TORCH"
COPY docker/merge.txt /tmp/merge.txt
RUN python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --require-hashes -r /tmp/merge.txt
COPY merge/ /opt/pincite/merge/
RUN python -m compileall -q /opt/pincite

FROM python:3.11.14-slim-bookworm
LABEL org.opencontainers.image.title="pincite merge" \
      org.opencontainers.image.description="Merges two checkpoints into one verified FP8 checkpoint." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# Volumes take over whose these folders are. Engines that run as other users read /models.
RUN groupadd --gid 10001 pincite \
    && useradd --uid 10001 --gid pincite --no-create-home --home-dir /tmp --shell /usr/sbin/nologin pincite \
    && install -d -o pincite -g pincite -m 755 /models /checkpoints \
    && rm -rf /usr/local/bin/pip* /usr/local/lib/python3.11/site-packages/pip*
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/pincite /opt/pincite
COPY LICENSE NOTICE /opt/pincite/
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/pincite \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    HF_HOME=/checkpoints \
    HF_HUB_DISABLE_TELEMETRY=1
WORKDIR /models
USER 10001:10001
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "merge"]
CMD ["--help"]
