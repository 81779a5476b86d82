# The page and its command line, with the search model inside. Also the Chroma server: the same
# library serves and asks, in the same version. Build from the repository's root.

FROM python:3.11.14-slim-bookworm AS build
# Pip's own index has torch for GPUs, 3 GB larger; compose.yaml names PyTorch's index of CPU builds. Its hash depends on
# the index, so it is the one package without.
ARG TORCH=torch==2.13.0
ARG TORCH_INDEX
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$TORCH"
COPY docker/webapp.txt /tmp/webapp.txt
# llama.cpp wants a libgomp.so.1, which the slim image does not have; torch brings one.
RUN python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --require-hashes -r /tmp/webapp.txt \
    && ln -s python3.11/site-packages/torch/lib/libgomp.so.1 /opt/venv/lib/libgomp.so.1
COPY retrieval/ /opt/pincite/retrieval/
COPY webapp/ /opt/pincite/webapp/
RUN python -m compileall -q /opt/pincite

FROM python:3.11.14-slim-bookworm
LABEL org.opencontainers.image.title="pincite" \
      org.opencontainers.image.description="Questions about contracts, answered with pin cites and checked quotations." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# Volumes take over whose these folders are.
RUN groupadd --gid 10001 pincite \
    && useradd --uid 10001 --gid pincite --no-create-home --home-dir /data --shell /usr/sbin/nologin pincite \
    && install -d -o pincite -g pincite -m 700 /data /chroma \
    && install -d -o pincite -g pincite -m 755 /embeddings \
    && rm -rf /usr/local/bin/pip* /usr/local/lib/python3.11/site-packages/pip*
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/pincite /opt/pincite
COPY --chmod=755 docker/pincite /usr/local/bin/pincite
COPY LICENSE NOTICE /opt/pincite/
# The search model is inside, so nothing asks a hub. What has no place of its own goes to /tmp.
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/pincite \
    LD_LIBRARY_PATH=/opt/venv/lib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    HF_HUB_OFFLINE=1 \
    PINCITE_DATA_DIR=/data
WORKDIR /data
USER 10001:10001
EXPOSE 7860
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["pincite", "serve"]
