import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isMap, isScalar, isSeq, parseDocument, type Pair } from 'yaml';
import { keys, type Key } from '../../../src/config/keys.ts';
import { shippedConfig } from '../../../src/config/load.ts';
import { policyOf } from '../../../src/config/policy.ts';
import { configView } from '../../../src/config/view.ts';
import { loaded, refused } from './fixture.ts';

const at = (value: unknown, path: string): unknown => path.split('.').reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], value);

describe('configuration: where a value comes from', () => {
  it('takes the defaults when nothing is set', () => {
    const config = loaded({});
    assert.equal(config.sip.port, 5060);
    assert.deepEqual([config.rtp.portMin, config.rtp.portMax], [16384, 32767]);
    assert.equal(config.drachtio.host, null);
    assert.deepEqual(config.freeswitch, []);
    assert.equal(config.data.secretFile, join(config.data.dir, 'secret.key'));
    assert.equal(config.prompts.dir, join(shippedConfig, 'prompts'));
  });

  it('lays vestibule.yaml over the defaults, and the environment over both', () => {
    const files = { 'vestibule.yaml': 'sip:\n  port: 5070\n  host: 192.0.2.1\n' };
    const config = loaded({ VESTIBULE_SIP_PORT: '5080' }, files);
    assert.deepEqual([config.sip.host, config.sip.port], ['192.0.2.1', 5080]);
    assert.equal(config.http.port, 8080);
  });

  it('reads the file named by VESTIBULE_CONFIG instead of vestibule.yaml', () => {
    const files = { 'vestibule.yaml': 'sip: {port: 1}', 'other.yaml': 'sip: {port: 2}' };
    assert.equal(loaded({ VESTIBULE_CONFIG: 'other.yaml' }, files).sip.port, 2);
  });

  it('sets the first FreeSWITCH by environment, and completes it with defaults', () => {
    const [server, ...more] = loaded({ VESTIBULE_FREESWITCH_HOST: '192.0.2.2', VESTIBULE_FREESWITCH_PROMPT_DIR: '/prompts' }).freeswitch;
    assert.deepEqual(server, { host: '192.0.2.2', port: 8021, secret: 'ClueCon', profile: 'drachtio_mrf', listenHost: '0.0.0.0', advertisedHost: null, listenPort: 0, promptDir: '/prompts', recordingDir: null, announceDir: null });
    assert.equal(more.length, 0);
  });

  it('changes only the first of the FreeSWITCH servers of a file', () => {
    const files = { 'vestibule.yaml': 'freeswitch:\n  - host: a\n  - host: b\n' };
    assert.deepEqual(loaded({ VESTIBULE_FREESWITCH_SECRET: 'x' }, files).freeswitch.map(({ host, secret }) => [host, secret]), [['a', 'x'], ['b', 'ClueCon']]);
  });

  it('takes an empty file, and an empty variable as "none" where none is allowed', () => {
    const config = loaded({ VESTIBULE_DRACHTIO_HOST: '', VESTIBULE_ATTENDANT_ALIASES: '' }, { 'vestibule.yaml': '# nothing yet\n' });
    assert.equal(config.drachtio.host, null);
    assert.deepEqual(config.attendant.aliases, []);
  });
});

describe('configuration: every key', () => {
  /** A valid value other than the default, as text. */
  const samples: Readonly<Record<string, string>> = {
    'log.level': 'debug',
    'room.language': 'de',
    'room.autoHostPin': 'true',
    'room.encryption': 'required',
    'invitation.phoneNumber': '+4930123456',
    'attendant.aliases': '200,201',
    'attendant.pin': '2468',
    'pin.maxLength': '12',
    'pin.minLength': '5',
    'pin.attempts': '4',
    'rtp.portMin': '20000',
    'rtp.portMax': '30000',
    'ending.guestsOnlyWarnings': '30,20.5',
    'limits.sipMessageBytes': '4096',
    'limits.exempt': '192.0.2.0/24,2001:db8::/32',
    'sip.tls.verifyPeers': 'all',
    'sip.externalAddress': '192.0.2.9',
    'sip.localNetworks': '10.0.0.0/8',
    'sip.trustedPeers': '192.0.2.10/32',
    'abuse.exempt': '192.0.2.10/32',
    'http.publicUrl': 'https://meet.example.com',
    'http.trustedProxies': '127.0.0.1/32',
    'api.bodyBytes': '65536',
    'api.hashingAtOnce': '4',
    'events.stream': '60',
    'webhooks.privateAddresses': 'true',
    'webhooks.timeout': '5',
    'webhooks.firstRetry': '2',
    'webhooks.longestRetry': '30',
    'webhooks.attempts': '10',
    'metrics.networks': '10.0.0.0/8',
    'pin.screen': '99.5',
    'media.workers': '3',
    'registrar.algorithms': 'MD5',
    'registrar.callsFrom': 'anyone',
    'softswitch.keepCalls': 'true',
    'retention.undeliveredEventCount': '900000',
  };
  const sample = (key: Key): string => samples[key.path] ?? (key.path.startsWith('keypad.codes.') ? '*22' : key.kind === 'number' ? '77' : 'something');

  for (const key of keys) {
    it(`${key.path} is set by ${key.variable}`, () => {
      const text = sample(key);
      const config = loaded({ VESTIBULE_FREESWITCH_HOST: 'h', VESTIBULE_SIP_TLS_CERT_FILE: 'c', VESTIBULE_SIP_TLS_KEY_FILE: 'k', VESTIBULE_HTTP_CERT_FILE: 'c', VESTIBULE_HTTP_KEY_FILE: 'k', [key.variable]: text });
      const set = at(config, key.path);
      const expected = key.kind === 'number' ? Number(text) : key.kind === 'boolean' ? text === 'true' : key.kind === 'text' ? text : text.split(',').map((word) => (key.kind === 'numberList' ? Number(word) : word));
      if (/\.dir$|File$/.test(key.path)) assert.ok(String(set).endsWith(`/${text}`));
      else assert.deepEqual(set, expected);
      assert.notDeepEqual(set, at(loaded({}), key.path), 'the sample differs from the default');
    });
  }

  it('has a variable of its own', () => assert.equal(new Set(keys.map(({ variable }) => variable)).size, keys.length));

  it('uses the names others script against', () => {
    const fixed = ['VESTIBULE_DATA_DIR', 'VESTIBULE_SIP_HOST', 'VESTIBULE_SIP_PORT', 'VESTIBULE_RTP_PORT_MIN', 'VESTIBULE_RTP_PORT_MAX', 'VESTIBULE_HTTP_HOST', 'VESTIBULE_HTTP_PORT', 'VESTIBULE_H323_PORT',
      'VESTIBULE_DRACHTIO_HOST', 'VESTIBULE_DRACHTIO_PORT', 'VESTIBULE_DRACHTIO_SECRET', 'VESTIBULE_FREESWITCH_HOST', 'VESTIBULE_FREESWITCH_PORT', 'VESTIBULE_FREESWITCH_SECRET', 'VESTIBULE_FREESWITCH_PROFILE',
      'VESTIBULE_FREESWITCH_LISTEN_HOST', 'VESTIBULE_FREESWITCH_ADVERTISED_HOST', 'VESTIBULE_FREESWITCH_LISTEN_PORT', 'VESTIBULE_FREESWITCH_PROMPT_DIR', 'VESTIBULE_DATA_SECRET_FILE'];
    const variables = new Set(keys.map(({ variable }) => variable));
    assert.deepEqual(fixed.filter((name) => !variables.has(name)), []);
  });

  it('stands in config/default.yaml with a sentence, and nothing else does', () => {
    const text = readFileSync(join(shippedConfig, 'default.yaml'), 'utf8');
    const found: string[] = [];
    const bare: string[] = [];
    const walk = (node: unknown, path: string): void => {
      if (!isMap(node)) return;
      node.items.forEach((pair: Pair, index) => {
        const below = `${path}${isScalar(pair.key) ? String(pair.key.value) : ''}`;
        if (isMap(pair.value)) {
          walk(pair.value, `${below}.`);
          return;
        }
        found.push(below);
        // The comment above the first key of a section belongs to the section's map.
        const comment = (isScalar(pair.key) ? pair.key.commentBefore : undefined) ?? (index === 0 ? node.commentBefore : undefined);
        if (comment == null || !/[.]$/.test(comment.trim()) && !isSeq(pair.value)) bare.push(below);
      });
    };
    walk(parseDocument(text).contents, '');
    assert.deepEqual(bare, []);
    const own = keys.map(({ path }) => path).filter((path) => !path.startsWith('freeswitch.0.'));
    assert.deepEqual(found.filter((path) => path !== 'freeswitch').sort(), own.sort());
    for (const { path } of keys.filter((key) => key.path.startsWith('freeswitch.0.'))) assert.match(text, new RegExp(`^#   ${path.slice('freeswitch.0.'.length)}  `, 'm'));
  });
});

describe('configuration: refused', () => {
  const cases: readonly (readonly [string, Record<string, string>, Record<string, string>, RegExp])[] = [
    ['an unknown key, with its path, line and the near miss', {}, { 'vestibule.yaml': 'data: {dir: x}\nsip:\n  prot: 5061\n' }, /^config_unknown_key: vestibule\.yaml line 3: there is no key sip\.prot: did you mean sip\.port\?$/],
    ['an unknown section', {}, { 'vestibule.yaml': 'siip:\n  port: 1\n' }, /^config_unknown_key: vestibule\.yaml line 1: there is no key siip: did you mean sip\?$/],
    ['an unknown key in a list', {}, { 'vestibule.yaml': 'freeswitch:\n  - host: a\n  - host: b\n    prt: 1\n' }, /vestibule\.yaml line 4: there is no key freeswitch\[1\]\.prt/],
    ['an unknown variable, with the near miss', { VESTIBULE_SIP_PROT: '1' }, {}, /^config_unknown_variable: the environment variable VESTIBULE_SIP_PROT sets nothing: did you mean VESTIBULE_SIP_PORT\?$/],
    ['a value of the wrong kind in a file', {}, { 'vestibule.yaml': 'sip:\n  port: many\n' }, /^config_invalid: vestibule\.yaml line 2: sip\.port is not right: .*number/],
    ['a value of the wrong kind in a variable', { VESTIBULE_SIP_PORT: 'many' }, {}, /^config_invalid: VESTIBULE_SIP_PORT: sip\.port is not right/],
    ['a value out of range', { VESTIBULE_SIP_PORT: '65536' }, {}, /^config_invalid: VESTIBULE_SIP_PORT: sip\.port is not right: Too big/],
    ['TLS without a certificate', { VESTIBULE_SIP_TLS_PORT: '5061' }, {}, /^config_contradiction: VESTIBULE_SIP_TLS_PORT: sip\.tls\.port needs a certificate and its key/],
    ['two listeners on one port', { VESTIBULE_SIP_WS_PORT: '5060' }, {}, /^config_contradiction: .*sip\.port and sip\.ws\.port are the same/],
    ['a network that is none', { VESTIBULE_LIMITS_EXEMPT: '10.0.0.0/8,10.0.0.0/33' }, {}, /VESTIBULE_LIMITS_EXEMPT: limits\.exempt\[1\] is not right: must be a network/],
    ['a truth value that is none', { VESTIBULE_ROOM_AUTO_HOST_PIN: 'maybe' }, {}, /VESTIBULE_ROOM_AUTO_HOST_PIN: room\.autoHostPin is not right/],
    ['a list with a wrong member, by its variable', { VESTIBULE_ENDING_GUESTS_ONLY_WARNINGS: '60,soon' }, {}, /VESTIBULE_ENDING_GUESTS_ONLY_WARNINGS: ending\.guestsOnlyWarnings\[1\] is not right/],
    ['a section without keys', {}, { 'vestibule.yaml': 'sip:\n' }, /vestibule\.yaml line 1: sip is not right/],
    ['a FreeSWITCH without a host', { VESTIBULE_FREESWITCH_PORT: '8022' }, {}, /^config_invalid: VESTIBULE_FREESWITCH_PORT: freeswitch\[0\]\.host is missing/],
    ['YAML that does not parse, with the line', {}, { 'vestibule.yaml': 'sip:\n  port: 1\n port: 2\n' }, /^config_syntax: vestibule\.yaml line 3: /],
    ['a key given twice', {}, { 'vestibule.yaml': 'sip: {port: 1}\nsip: {port: 2}\n' }, /^config_syntax: vestibule\.yaml line 2: /],
    ['a file that holds no keys', {}, { 'vestibule.yaml': 'just words\n' }, /^config_syntax: vestibule\.yaml line 1: the file holds no keys/],
    ['aliases that unfold without end', {}, { 'vestibule.yaml': `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcde'[index]}`).join(',')}]`).join('\n')}\n` }, /^config_syntax: vestibule\.yaml: an alias/],
    ['a file that is too large', {}, { 'vestibule.yaml': `# ${'x'.repeat(1_048_576)}\n` }, /^config_syntax: vestibule\.yaml is larger/],
    ['a named file that is not there', { VESTIBULE_CONFIG: 'gone.yaml' }, {}, /^config_unreadable: gone\.yaml cannot be read \[ENOENT\]: correct VESTIBULE_CONFIG/],
    ['an RTP range upside down, with both places', { VESTIBULE_RTP_PORT_MIN: '30000' }, { 'vestibule.yaml': 'rtp:\n  portMax: 20000\n' }, /^config_contradiction: VESTIBULE_RTP_PORT_MIN, vestibule\.yaml line 2: rtp\.portMin is not below rtp\.portMax/],
    ['a certificate for HTTP without its key', { VESTIBULE_HTTP_CERT_FILE: 'cert.pem' }, {}, /VESTIBULE_HTTP_CERT_FILE, config\/default\.yaml line \d+: http\.certFile and http\.keyFile go together/],
    ['one port for two listeners', { VESTIBULE_SIP_PORT: '8080' }, {}, /VESTIBULE_SIP_PORT, config\/default\.yaml line \d+: sip\.port and http\.port are the same/],
    ['PIN lengths upside down', { VESTIBULE_PIN_MIN_LENGTH: '10' }, {}, /pin\.minLength is above pin\.maxLength/],
    ['a PIN screen shorter than its first digit', { VESTIBULE_PIN_SCREEN: '9' }, {}, /pin\.screen ends before pin\.firstDigit/],
    ['guest warnings that somebody set beyond guestsOnly', { VESTIBULE_ENDING_GUESTS_ONLY: '60', VESTIBULE_ENDING_GUESTS_ONLY_WARNINGS: '90' }, {}, /would come before the time of ending\.guestsOnly begins/],
    ['guest warnings out of order', { VESTIBULE_ENDING_GUESTS_ONLY_WARNINGS: '60,120' }, {}, /are not in order/],
    ['a last warning longer than the connection', { VESTIBULE_ENDING_LONGEST_CONNECTION: '60', VESTIBULE_ENDING_LONGEST_CONNECTION_WARNING: '60' }, {}, /longestConnectionWarning is not below/],
    ['one code for two actions', { VESTIBULE_KEYPAD_CODES_HELP: '*1' }, {}, /claimHost and help have the same code/],
    ['an attendant PIN outside the lengths', { VESTIBULE_ATTENDANT_PIN: '1234567890' }, {}, /attendant\.pin is not as long/],
  ];
  for (const [name, environment, files, expected] of cases) it(name, () => assert.match(refused(environment, files), expected));

  it('a keypad the domain refuses (N-13), with its place', () => {
    // A lost 1 of `*91` (let in) would end the conference for all.
    assert.match(refused({ VESTIBULE_KEYPAD_CODES_END_FOR_ALL: '*9' }), /^config_contradiction: VESTIBULE_KEYPAD_CODES_END_FOR_ALL: keypad\.codes: /);
  });

  it('tells all problems at once', () => assert.equal(refused({ VESTIBULE_SIP_PORT: 'x', VESTIBULE_HTTP_PORT: 'y' }).split('\n').length, 2));

  it('never repeats a value: it may be a secret', () => {
    const said = refused({ VESTIBULE_ATTENDANT_PIN: '98x76', VESTIBULE_DRACHTIO_PORT: 'hunter2', VESTIBULE_LOG_LEVEL: 'hunter2' });
    assert.doesNotMatch(said, /98x76|hunter2/);
  });
});

describe('configuration: what comes of it', () => {
  it('is frozen, all the way down', () => {
    const unfrozen: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      if (!Object.isFrozen(value)) unfrozen.push(path);
      for (const [name, inner] of Object.entries(value)) walk(inner, `${path}.${name}`);
    };
    walk(loaded({ VESTIBULE_FREESWITCH_HOST: 'h' }), '');
    assert.deepEqual(unfrozen, []);
  });

  it('gives the rules their times in milliseconds (policy sections 2 and 5, PX-37..42)', () => {
    const policy = policyOf(loaded({ VESTIBULE_PIN_INTER_DIGIT: '0.25' }));
    assert.deepEqual(policy.pin, { minLength: 4, maxLength: 9, attempts: 3, firstDigitMs: 10_000, interDigitMs: 250, screenMs: 120_000 });
    assert.deepEqual(policy.lobby, { firstPromptMs: 5_000, repeatPromptMs: 60_000, waitingForHostMs: 900_000, lockedOutMs: 900_000 });
    assert.deepEqual(policy.ending, {
      guestsOnlyMs: 300_000,
      guestsOnlyWarningsMs: [120_000, 60_000],
      loneParticipantMs: 14_400_000,
      noMediaMs: 120_000,
      longestConnectionMs: 43_200_000,
      longestConnectionWarningMs: 60_000,
      lockReleaseMs: 86_400_000,
    });
  });

  it('gives the keypad table of policy section 7', () => {
    assert.deepEqual(policyOf(loaded({})).keypad, {
      codeTimeoutMs: 3_000,
      table: { '0': 'help', '1': 'claimHost', '3': 'toggleHand', '4': 'count', '5': 'toggleMuteGuests', '6': 'toggleMuteSelf', '7': 'toggleLock', '8': 'nextLayout', '91': 'admitNext', '92': 'refuseNext', '94': 'endForAll' },
    });
    assert.equal(Object.hasOwn(policyOf(loaded({ VESTIBULE_KEYPAD_CODES_NEXT_LAYOUT: '' })).keypad.table, '8'), false);
  });

  it('leaves out default warnings that a shorter guestsOnly has no room for', () => {
    assert.deepEqual(policyOf(loaded({ VESTIBULE_ENDING_GUESTS_ONLY: '90' })).ending.guestsOnlyWarningsMs, [60_000]);
    assert.deepEqual(policyOf(loaded({ VESTIBULE_ENDING_GUESTS_ONLY: '0' })).ending.guestsOnlyWarningsMs, []);
  });

  it('can be shown without its secrets', () => {
    const config = loaded({ VESTIBULE_ATTENDANT_PIN: '97531', VESTIBULE_DRACHTIO_SECRET: 'hunter2', VESTIBULE_FREESWITCH_HOST: 'h', VESTIBULE_FREESWITCH_SECRET: 'hunter3' });
    assert.doesNotMatch(JSON.stringify(configView(config)), /97531|hunter/);
    assert.match(JSON.stringify(configView(config)), /"minLength":4/);
  });
});
