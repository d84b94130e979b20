# Watchpost as a container: one binary, one folder for its data, no root, no shell needed.
#
#   docker build -t watchpost .
#   docker run -p 8000:8000 -v watchpost-data:/data --read-only watchpost
#
# Plain Dockerfile syntax on purpose: it builds with Docker with or without BuildKit, with
# Podman and with Buildah.

FROM rust:1.95-bookworm AS build
WORKDIR /src

# Dependencies first, against empty sources: a layer that lives until a manifest changes.
# Should the workspace outgrow the list below, only this cache is lost, never the build.
COPY Cargo.toml Cargo.lock ./
COPY crates/base/Cargo.toml crates/base/
COPY crates/store/Cargo.toml crates/store/
RUN mkdir -p src crates/base/src crates/store/src \
    && echo 'fn main() {}' >src/main.rs \
    && touch src/lib.rs crates/base/src/lib.rs crates/store/src/lib.rs \
    && { cargo build --release --locked \
         || echo 'DEPENDENCIES NOT CACHED: bring the COPY lines of the Dockerfile up to date'; } \
    && rm -rf src crates

COPY . .
# The copied files may be older than the empty ones just compiled, and cargo goes by time.
RUN find . -path ./target -prune -o -type f -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --bin watchpost


FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="Watchpost" \
      org.opencontainers.image.description="Self-hosted threat monitor: security events in, alerts out" \
      org.opencontainers.image.licenses="Apache-2.0"

# A number, not a name, so that orchestrators can see that it is not root.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin \
        watchpost \
    && install -d -o 10001 -g 10001 -m 0700 /data

# The certificate authorities that TLS to PostgreSQL is checked against.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/watchpost /usr/local/bin/watchpost
COPY LICENSE /usr/share/doc/watchpost/LICENSE

# PORT, where a platform sets it, takes the place of the port in BIND.
ENV BIND=0.0.0.0:8000 \
    DATA_DIR=/data \
    DATABASE_URL=sqlite:///data/watchpost.db

USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
# The image has no curl; the binary asks itself.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["watchpost", "healthcheck"]
ENTRYPOINT ["watchpost"]
CMD ["serve"]
