# The one door: asks for a name and a password, and tells pincite who it is. As a user of its own, which may not use the
# capability that the original's program file asks for, so that is taken off the file.

FROM caddy:2.11.7-alpine
LABEL org.opencontainers.image.title="pincite proxy" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN setcap -r /usr/bin/caddy && chown -R 10001:10001 /data /config
COPY docker/Caddyfile /etc/caddy/Caddyfile
ENV PINCITE_SITE=http://:7860 \
    PINCITE_UPSTREAM=app:7860
USER 10001:10001
EXPOSE 7860
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:7861/"]
