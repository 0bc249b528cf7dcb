import { z } from 'zod';

/**
 * The shape of the configuration. What each key means, its unit and its default are written in `config/default.yaml`, which
 * has every key; only the entries of `freeswitch`, of which there is none by default, have their defaults here.
 */
const seconds = z.number().positive().max(31_536_000);
/** 0 has a meaning of its own, said with the key. */
const secondsOrZero = z.number().min(0).max(31_536_000);
/** 0: for ever. Ten years. */
const kept = z.int().min(0).max(315_360_000);
const port = z.int().min(1).max(65_535);
const portOrFree = z.int().min(0).max(65_535);
const text = z.string().min(1).max(1_024);
const count = z.int().min(1).max(1_000_000);
const isAddress = (value: string): boolean => z.union([z.ipv4(), z.ipv6()]).safeParse(value).success;
const network = z.string().refine((value) => z.union([z.cidrv4(), z.cidrv6()]).safeParse(value).success, 'must be a network such as 10.0.0.0/8 or 2001:db8::/32');
const code = z
  .string()
  .regex(/^\*[0-9]{1,4}$/, 'must be a * and one to four digits')
  .nullable();

export const freeswitchSchema = z.strictObject({
  host: text,
  port: port.default(8021),
  secret: text.default('ClueCon'),
  profile: text.default('drachtio_mrf'),
  listenHost: text.default('0.0.0.0'),
  advertisedHost: text.nullable().default(null),
  listenPort: portOrFree.default(0),
  promptDir: text.nullable().default(null),
  recordingDir: text.nullable().default(null),
  announceDir: text.nullable().default(null),
});

export const configSchema = z.strictObject({
  data: z.strictObject({ dir: text, secretFile: text.nullable() }),
  sip: z.strictObject({
    host: text,
    port: portOrFree,
    hosts: z.array(text).max(16),
    tls: z.strictObject({ port: portOrFree.nullable(), certFile: text.nullable(), keyFile: text.nullable(), caFile: text.nullable(), verifyPeers: z.enum(['none', 'servers', 'all']) }),
    ws: z.strictObject({ port: portOrFree.nullable() }),
    wss: z.strictObject({ port: portOrFree.nullable() }),
    externalAddress: z.string().refine(isAddress, 'must be an IP address').nullable(),
    localNetworks: z.array(network).max(64),
    trustedPeers: z.array(network).max(64),
  }),
  abuse: z.strictObject({ exempt: z.array(network).max(64) }),
  rtp: z.strictObject({ portMin: z.int().min(1024).max(65_534), portMax: z.int().min(1025).max(65_535) }),
  media: z.strictObject({ workers: z.int().min(1).max(8).nullable() }),
  http: z.strictObject({
    host: text,
    port: portOrFree,
    publicUrl: z.url({ protocol: /^https?$/ }).max(1_024).nullable(),
    certFile: text.nullable(),
    keyFile: text.nullable(),
    trustedProxies: z.array(network).max(64),
    connections: z.int().min(1).max(100_000),
    deadline: seconds,
  }),
  admin: z.strictObject({ initialPassword: z.string().min(8).max(128).nullable() }),
  api: z.strictObject({
    accessToken: seconds,
    refreshToken: seconds,
    memberToken: seconds,
    idempotencyKey: seconds,
    bodyBytes: z.int().min(1_024).max(1_048_576),
    pageSize: z.int().min(1).max(1_000),
    hashingAtOnce: z.int().min(1).max(16),
  }),
  events: z.strictObject({ stream: seconds }),
  webhooks: z.strictObject({
    privateAddresses: z.boolean(),
    timeout: z.int().min(1).max(60),
    firstRetry: seconds,
    longestRetry: seconds,
    attempts: z.int().min(1).max(10_000),
  }),
  metrics: z.strictObject({ networks: z.array(network).max(64) }),
  h323: z.strictObject({ port: portOrFree }),
  drachtio: z.strictObject({ host: text.nullable(), port, secret: text }),
  freeswitch: z.array(freeswitchSchema).max(16),
  softswitch: z.strictObject({ host: text, drachtioPort: portOrFree, drachtioSecret: text.nullable(), eslPort: portOrFree, eslSecret: text.nullable(), mediaSipPort: portOrFree, keepCalls: z.boolean() }),
  prompts: z.strictObject({ dir: text.nullable() }),
  room: z.strictObject({ language: z.string().regex(/^[a-z]{2,3}(-[A-Z]{2})?$/, 'must be a language tag such as en or pt-BR'), autoHostPin: z.boolean(), encryption: z.enum(['optional', 'required']) }),
  invitation: z.strictObject({
    sipHost: z
      .string()
      .regex(/^[A-Za-z0-9.:[\]-]{1,255}$/, 'must be a host name or address, with a port if it needs one')
      .nullable(),
    phoneNumber: z
      .string()
      .regex(/^\+?[0-9]{2,20}$/, 'must be the digits to dial, in quotes')
      .nullable(),
  }),
  attendant: z.strictObject({
    aliases: z.array(text).max(32),
    pin: z
      .string()
      .regex(/^[0-9]{4,20}$/, 'must be 4 to 20 digits, in quotes')
      .nullable(),
  }),
  pin: z.strictObject({
    minLength: z.int().min(4).max(20),
    maxLength: z.int().min(4).max(20),
    attempts: z.int().min(1).max(10),
    firstDigit: seconds,
    interDigit: seconds,
    screen: seconds,
  }),
  lobby: z.strictObject({ firstPrompt: seconds, repeat: seconds }),
  ending: z.strictObject({
    guestsOnly: secondsOrZero,
    guestsOnlyWarnings: z.array(seconds).max(10),
    loneParticipant: secondsOrZero,
    noMedia: secondsOrZero,
    longestConnection: secondsOrZero,
    longestConnectionWarning: seconds,
    waitingForHost: seconds,
    lockedOut: seconds,
    lockRelease: secondsOrZero,
  }),
  keypad: z.strictObject({
    codeTimeout: seconds,
    codes: z.strictObject({
      help: code,
      claimHost: code,
      toggleHand: code,
      count: code,
      toggleMuteGuests: code,
      toggleMuteSelf: code,
      toggleLock: code,
      nextLayout: code,
      admitNext: code,
      refuseNext: code,
      endForAll: code,
    }),
  }),
  registrar: z.strictObject({
    realm: z.string().regex(/^[\x20-\x7e]{1,128}$/, 'must be 1 to 128 printable ASCII characters'),
    algorithms: z.array(z.enum(['SHA-256', 'MD5'])).min(1).max(2),
    // RFC 3261 §10.2.8: an hour is never too brief.
    minExpires: z.int().min(1).max(3_600),
    maxExpires: z.int().min(1).max(604_800),
    defaultExpires: z.int().min(1).max(604_800),
    contactsPerUser: z.int().min(1).max(100),
    callsFrom: z.enum(['users', 'anyone']),
    ringing: seconds,
  }),
  recording: z.strictObject({ maxBytes: z.int().min(0).max(1_000_000_000_000_000), retention: secondsOrZero }),
  speech: z.strictObject({ command: z.array(text).max(32), timeout: seconds }),
  retention: z.strictObject({ events: kept, eventCount: count, undeliveredEventCount: count, audit: kept, decisions: kept, callRecords: kept }),
  drain: z.strictObject({ timeout: secondsOrZero }),
  limits: z.strictObject({
    calls: z.int().min(1).max(100_000),
    recordings: z.int().min(1).max(10_000),
    sipMessageBytes: z.int().min(1_500).max(1_048_576),
    sipConnections: z.int().min(1).max(100_000),
    sipHalfOpen: z.int().min(1).max(100_000),
    sipTransactions: z.int().min(1).max(1_000_000),
    loopLag: seconds,
    perSource: z.strictObject({ connections: count, messages: count, invites: count, registers: count, options: count }),
    exempt: z.array(network).max(256),
  }),
  log: z.strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']) }),
});

type DeepReadonly<T> = T extends (infer Item)[] ? readonly DeepReadonly<Item>[] : T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** As validated, frozen, with `secretFile` and `prompts.dir` filled in. `attendant.pin` and the secrets are in clear: never log it whole. */
export type Config = DeepReadonly<z.infer<typeof configSchema>> & {
  readonly data: { readonly secretFile: string };
  readonly prompts: { readonly dir: string };
};
