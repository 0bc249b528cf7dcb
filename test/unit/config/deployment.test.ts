import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { shippedConfig } from '../../../src/config/load.ts';
import { loaded } from './fixture.ts';

const top = dirname(shippedConfig);
const read = (path: string): string => readFileSync(join(top, path), 'utf8');

interface Service {
  readonly image?: string;
  readonly build?: string | { readonly context: string; readonly dockerfile: string };
  readonly network_mode: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
}

const services = (parse(read('docker-compose.yml')) as { services: Record<'vestibule' | 'drachtio' | 'freeswitch', Service> }).services;
/** As Compose does it without a file .env: `${NAME:-default}` is the default. */
const environment = (service: Service): Record<string, string> => Object.fromEntries(Object.entries(service.environment).map(([name, value]) => [name, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')]));

/** Names of the elements in order, after checking that every tag is closed by its own name and attributes are quoted. */
function elements(xml: string): string[] {
  const open: string[] = [];
  const all: string[] = [];
  const rest = xml.replaceAll(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g, '').replaceAll(/<(\/?)([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>/g, (_, close: string, name: string, _attributes: string, single: string) => {
    if (close !== '') assert.equal(open.pop(), name, 'closes what is open');
    else {
      all.push(name);
      if (single === '') open.push(name);
    }
    return '';
  });
  assert.deepEqual(open, [], 'everything is closed');
  assert.doesNotMatch(rest, /[<>]|&(?!amp;|lt;|gt;|quot;|apos;)/, 'nothing is left over');
  return all;
}

describe('docker-compose.yml', () => {
  it('names published images by release, never by "latest"', () => {
    const images = [services.drachtio.image ?? '', ...[...`${read('Dockerfile')}\n${read('config/freeswitch/Dockerfile')}`.matchAll(/^FROM (\S+:\S+)/gm)].map(([, image]) => image ?? '')];
    assert.equal(images.length, 4);
    for (const image of images) assert.match(image, /^[\w./-]+:\d[\w.-]*$/);
  });

  it('configures the controller with keys it knows, for the ports and secrets of the servers beside it', () => {
    const config = loaded(environment(services.vestibule));
    const drachtio = read('config/drachtio/drachtio.conf.xml');
    assert.match(drachtio, new RegExp(`<admin port="${config.drachtio.port}" secret="${config.drachtio.secret}">${String(config.drachtio.host)}</admin>`));
    assert.equal(environment(services.drachtio)['DRACHTIO_SECRET'], config.drachtio.secret);
    const freeswitch = read('config/freeswitch/freeswitch.xml');
    const [media] = config.freeswitch;
    assert.ok(media !== undefined);
    assert.match(freeswitch, new RegExp(`<param name="listen-ip" value="${media.host}"/>\\s*<param name="listen-port" value="${media.port}"/>`));
    assert.match(freeswitch, new RegExp(`<profile name="${media.profile}">`));
    assert.equal(environment(services.freeswitch)['FREESWITCH_SECRET'], media.secret);
    assert.ok(services.freeswitch.volumes.includes(`./config/prompts:${String(media.promptDir)}:ro`));
    // What the one writes and the other reads is one volume in both.
    const dataDir = /VESTIBULE_DATA_DIR=(\S+)/.exec(read('Dockerfile'))?.[1] ?? '';
    for (const [name, there, rights] of [['recordings', media.recordingDir, ''], ['announcements', media.announceDir, ':ro']] as const) {
      assert.ok(services.vestibule.volumes.includes(`${name}:${dataDir}/${name}`), name);
      assert.ok(services.freeswitch.volumes.includes(`${name}:${String(there)}${rights}`), name);
    }
  });

  it('opens no API to the network by itself, and takes the first password from outside', () => {
    const config = loaded(environment(services.vestibule));
    assert.deepEqual([config.http.host, config.http.port, config.http.publicUrl, config.admin.initialPassword], ['127.0.0.1', 8080, null, null]);
    assert.match(services.vestibule.environment['VESTIBULE_ADMIN_INITIAL_PASSWORD'] ?? '', /^\$\{ADMIN_PASSWORD:-\}$/);
    assert.match(read('Dockerfile'), new RegExp(`^EXPOSE .*\\b${config.http.port}/tcp$`, 'm'));
  });

  it('mounts and builds what exists, on the network of the host', () => {
    for (const service of Object.values(services)) {
      assert.equal(service.network_mode, 'host');
      for (const volume of service.volumes.filter((one) => one.startsWith('./'))) assert.ok(existsSync(join(top, volume.split(':')[0] ?? '')), volume);
    }
    for (const path of ['Dockerfile', 'config/freeswitch/Dockerfile', 'config/freeswitch/freeswitch.xml']) assert.ok(existsSync(join(top, path)), path);
  });
});

describe('configuration of the servers', () => {
  it('drachtio.conf.xml is well-formed', () => assert.deepEqual(elements(read('config/drachtio/drachtio.conf.xml')), ['drachtio', 'admin', 'sip', 'contacts', 'contact', 'logging', 'console', 'sofia-loglevel', 'loglevel']));

  it('freeswitch.xml is well-formed and has what the controller needs (F-1, T-04, T-08)', () => {
    const xml = read('config/freeswitch/freeswitch.xml');
    assert.ok(elements(xml).includes('dialplan') || elements(xml).includes('section'));
    for (const module of ['mod_conference', 'mod_av', 'mod_opus', 'mod_sofia', 'mod_event_socket', 'mod_sndfile']) assert.match(xml, new RegExp(`<load module="${module}"/>`));
    assert.match(xml, /cmd="set" data="rtp_secure_media=false"/);
    assert.match(xml, /name="caller-controls" value="none"/);
    assert.match(xml, /name="enable-3pcc" value="true"/);
    assert.match(xml, /application="socket" data="\$\{sip_h_X-esl-outbound\} async full"/);
    assert.doesNotMatch(xml, /name="(pin|moh-sound|enter-sound|alone-sound)"/, 'prompts and PINs are ours');
  });

  it('the check notices what is not well-formed', () => {
    for (const broken of ['<a><b></a></b>', '<a>', '<a b=c/>', '<a/></a>', '<a>&</a>']) assert.throws(() => elements(broken), broken);
  });
});
