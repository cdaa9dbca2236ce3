# mcp-sidecar in a container. Stages to build (docker build --target NAME):
#   runtime   Debian 12, Node and the sidecar; the default
#   alpine    the same for musl: a program built on Debian does not start there
# Your own image can copy /opt/mcp-sidecar from either; see docs/packaging.md.
ARG NODE_VERSION=22
ARG ALPINE_VERSION=3.22

FROM node:${NODE_VERSION}-bookworm-slim AS pages
WORKDIR /src
COPY src/web .
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev && node build.mjs /built && node embed.mjs /built /pages

FROM debian:bookworm AS build
WORKDIR /src
# Packages first: this layer stays cached while only the sources change.
COPY scripts/lib.sh scripts/setup scripts/
RUN SIDECAR_PAGES=OFF scripts/setup run && apt-get install -y --no-install-recommends ccache
COPY . .
COPY --from=pages /pages /pages
ARG CMAKE_OPTIONS=
RUN --mount=type=cache,target=/root/.cache/ccache \
    scripts/bundle /opt/mcp-sidecar -DSIDECAR_PAGES=/pages $CMAKE_OPTIONS

FROM node:${NODE_VERSION}-bookworm-slim AS runtime
COPY --from=build /opt/mcp-sidecar /opt/mcp-sidecar
# Mount or copy your server here: by default the sidecar runs `node dist/index.js`.
WORKDIR /app
ENV PATH=/opt/mcp-sidecar/bin:$PATH
ENV MCP_HOST=0.0.0.0
# Mount a volume there, so that sessions outlive the container.
ENV MCP_STATE_DIR=/var/lib/mcp-sidecar
RUN install -d -o node -g node -m 0700 /var/lib/mcp-sidecar
USER node
EXPOSE 3001
# The sidecar can be PID 1: it reaps orphans and ends its child with all descendants. Neither tini
# nor --init is needed.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s --retries=3 CMD ["mcp-sidecar", "healthcheck"]
ENTRYPOINT ["mcp-sidecar"]

# The Alpine stages have not been run; docs/packaging.md says what was tested. Libraries that Alpine
# does not package come from Debian: two header-only libraries as packages, three as sources.
FROM debian:bookworm AS sources
WORKDIR /sources
RUN sed -i 's/^Types: deb$/Types: deb deb-src/' /etc/apt/sources.list.d/debian.sources && apt-get update && \
    apt-get install -y --no-install-recommends dpkg-dev libcli11-dev libexpected-dev
RUN apt-get source cpp-httplib prometheus-cpp sqlitecpp && mv cpp-httplib-*/ cpp-httplib && \
    mv prometheus-cpp-*/ prometheus-cpp && mv sqlitecpp-*/ sqlitecpp

FROM alpine:${ALPINE_VERSION} AS build-alpine
RUN apk add --no-cache bash g++ cmake meson samurai pkgconf python3 linux-headers \
    boost1.84-dev nlohmann-json simdjson-dev fmt-dev spdlog-dev openssl-dev cjose-dev jansson-dev zlib-dev brotli-dev \
    sqlite-dev libpq-dev
COPY --from=sources /usr/include/CLI /usr/include/CLI
COPY --from=sources /usr/include/tl /usr/include/tl
COPY --from=sources /usr/share/cmake/CLI11 /usr/share/cmake/CLI11
COPY --from=sources /usr/share/cmake/tl-expected /usr/share/cmake/tl-expected
COPY --from=sources /sources /sources
RUN meson setup /tmp/cpp-httplib /sources/cpp-httplib --prefix=/usr --buildtype=release \
      -Dcpp-httplib_compile=true && meson install -C /tmp/cpp-httplib
RUN cmake -S /sources/prometheus-cpp -B /tmp/prometheus-cpp -G Ninja -DCMAKE_BUILD_TYPE=Release \
      -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_SHARED_LIBS=ON -DENABLE_PUSH=OFF -DENABLE_PULL=OFF \
      -DENABLE_TESTING=OFF -DENABLE_COMPRESSION=OFF && \
    cmake --build /tmp/prometheus-cpp && cmake --install /tmp/prometheus-cpp
RUN cmake -S /sources/sqlitecpp -B /tmp/sqlitecpp -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr \
      -DSQLITECPP_INTERNAL_SQLITE=OFF -DSQLITECPP_RUN_CPPLINT=OFF -DSQLITECPP_USE_STACK_PROTECTION=OFF && \
    cmake --build /tmp/sqlitecpp && cmake --install /tmp/sqlitecpp
WORKDIR /src
COPY . .
COPY --from=pages /pages /pages
RUN scripts/bundle /opt/mcp-sidecar -DSIDECAR_PAGES=/pages

FROM node:${NODE_VERSION}-alpine${ALPINE_VERSION} AS alpine
COPY --from=build-alpine /opt/mcp-sidecar /opt/mcp-sidecar
WORKDIR /app
ENV PATH=/opt/mcp-sidecar/bin:$PATH
ENV MCP_HOST=0.0.0.0
# Mount a volume there, so that sessions outlive the container.
ENV MCP_STATE_DIR=/var/lib/mcp-sidecar
RUN install -d -o node -g node -m 0700 /var/lib/mcp-sidecar
USER node
EXPOSE 3001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s --retries=3 CMD ["mcp-sidecar", "healthcheck"]
ENTRYPOINT ["mcp-sidecar"]
