# Builds the service and its console, then keeps only what runs. `docker run -p 8400:8400 cosell` starts the demo.
FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN node scripts/build.mjs && npm prune --omit=dev --ignore-scripts

FROM node:24-slim
ENV NODE_ENV=production \
    COSELL_SERVER_LISTEN=:8400 \
    COSELL_STORE=/var/lib/cosell
WORKDIR /app
RUN groupadd --system --gid 10001 cosell && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/cosell --create-home cosell
COPY --from=build --chown=root:root /src/package.json /src/LICENSE /src/README.md ./
COPY --from=build --chown=root:root /src/node_modules ./node_modules
COPY --from=build --chown=root:root /src/dist ./dist
COPY --from=build --chown=root:root /src/console/dist ./console/dist
USER 10001:10001
VOLUME /var/lib/cosell
EXPOSE 8400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:8400/healthz').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["demo"]
