# Vestibule alone is a whole conference bridge: docker run --network host -v vestibule:/var/lib/vestibule <image>
FROM node:20-bookworm-slim AS build
# better-sqlite3 is compiled where no prebuilt binary can be had.
RUN apt-get update && apt-get install -y --no-install-recommends g++ make python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
ENV NODE_ENV=production VESTIBULE_DATA_DIR=/var/lib/vestibule
RUN install -d -o node -g node -m 0700 /var/lib/vestibule
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/build/src ./build/src
COPY --from=build /app/native ./native
COPY --from=build /app/config ./config
RUN printf '#!/bin/sh\nexec node --enable-source-maps /app/build/src/main.js "$@"\n' > /usr/local/bin/vestibule && chmod 0755 /usr/local/bin/vestibule
USER node
VOLUME /var/lib/vestibule
# `status` asks the running process itself; it fails when nobody answers.
HEALTHCHECK --interval=15s --timeout=12s --start-period=15s CMD ["vestibule", "status"]
ENTRYPOINT ["vestibule"]
CMD ["serve"]
