# docker build -t kube-lifeline:0.1.0 .
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24-slim
LABEL org.opencontainers.image.title="kube-lifeline" \
      org.opencontainers.image.description="Watches any Kubernetes resources and tells their life story over OTLP" \
      org.opencontainers.image.licenses="Apache-2.0"
# The state directory belongs to whom the program runs as, also where a volume is mounted over it for the first time.
RUN mkdir /var/lib/kube-lifeline && chown node:node /var/lib/kube-lifeline
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
ENV NODE_ENV=production \
    LIFELINE_STATE_DIR=/var/lib/kube-lifeline
VOLUME /var/lib/kube-lifeline
EXPOSE 8686
# 1000 is "node"; as a number, so that Kubernetes can see that it is not root.
USER 1000:1000
# A small young generation halves the peak of memory. The experimental thing is node:sqlite. Nothing but the state directory is written.
ENTRYPOINT ["node", "--max-semi-space-size=16", "--disable-warning=ExperimentalWarning", "dist/main.js"]
