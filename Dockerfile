# docker build -t kube-lifeline:0.1.0 .
# docker buildx build --platform linux/amd64,linux/arm64,linux/ppc64le,linux/s390x \
#   --build-arg REVISION="$(git rev-parse HEAD)" --build-arg CREATED="$(date -u +%FT%TZ)" -t REGISTRY/kube-lifeline:0.1.0 --push .

# Both can be pinned further, by digest: --build-arg RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13@sha256:…
ARG BUILD_IMAGE=docker.io/library/node:24.21.0-slim
# Node 24 and what it links to: no shell, no package manager. Its tags name the user, not the version.
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot

# The bundle is the same for every processor, so it is built on the builder's own, and nothing is emulated.
FROM --platform=$BUILDPLATFORM $BUILD_IMAGE AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY rolldown.config.ts tsconfig.json ./
COPY src ./src
# The final stage has no shell that could make a directory.
RUN npm run build && mkdir state

FROM $RUNTIME_IMAGE
ARG VERSION=0.1.0
ARG REVISION=""
ARG CREATED=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="kube-lifeline" \
      org.opencontainers.image.description="Watches any Kubernetes resources and tells their life story over OTLP" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.source="$SOURCE"
WORKDIR /app
# package.json says that main.js is a module.
COPY package.json LICENSE ./
COPY --from=build /app/dist/main.js /app/dist/main.js.map /app/dist/LICENCES.txt ./dist/
# Belongs to whom the program runs as, also where a volume is mounted over it for the first time.
COPY --from=build --chown=65532:65532 /app/state /var/lib/kube-lifeline
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    LIFELINE_STATE_DIR=/var/lib/kube-lifeline
# All else may be read-only.
VOLUME /var/lib/kube-lifeline
EXPOSE 8686
# "nonroot"; as a number, so that Kubernetes can see that it is not root.
USER 65532:65532
# A small young generation, collections before the heap has doubled, and one arena of malloc halve the peak of memory.
# The experimental thing is node:sqlite.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=16", "--heap-growing-percent=80", "--disable-warning=ExperimentalWarning", "/app/dist/main.js"]
