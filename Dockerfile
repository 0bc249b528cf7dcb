# Vestibule alone is a whole conference bridge:
#   docker run --network host -v vestibule:/var/lib/vestibule -e VESTIBULE_ADMIN_INITIAL_PASSWORD=... <image>
# The REST API is on port 8080 of 127.0.0.1; VESTIBULE_HTTP_HOST=0.0.0.0 opens it, behind a proxy with TLS or with a certificate
# of its own (VESTIBULE_HTTP_CERT_FILE, VESTIBULE_HTTP_KEY_FILE). Without a password for `admin` one is made and is in the output of the first start.
FROM node:20-bookworm-slim AS build
# better-sqlite3 is compiled where no prebuilt binary can be had.
RUN apt-get update && apt-get install -y --no-install-recommends g++ make python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
ENV NODE_ENV=production VESTIBULE_DATA_DIR=/var/lib/vestibule
# It speaks the announcements that are given as text.
RUN apt-get update && apt-get install -y --no-install-recommends espeak-ng && rm -rf /var/lib/apt/lists/*
RUN install -d -o node -g node -m 0700 /var/lib/vestibule /var/lib/vestibule/recordings /var/lib/vestibule/announcements
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/build/src ./build/src
COPY --from=build /app/native ./native
COPY --from=build /app/config ./config
RUN printf '#!/bin/sh\nexec node --enable-source-maps /app/build/src/main.js "$@"\n' > /usr/local/bin/vestibule && chmod 0755 /usr/local/bin/vestibule
USER node
VOLUME /var/lib/vestibule
EXPOSE 5060/udp 5060/tcp 8080/tcp
# `status` asks the running process itself; it fails when nobody answers.
HEALTHCHECK --interval=15s --timeout=12s --start-period=15s CMD ["vestibule", "status"]
ENTRYPOINT ["vestibule"]
CMD ["serve"]
