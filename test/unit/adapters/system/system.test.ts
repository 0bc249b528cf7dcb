import assert from 'node:assert/strict';
import { describe, it, mock, type TestContext } from 'node:test';
import { createLogger } from '../../../../src/adapters/system/log.ts';
import { createScheduler } from '../../../../src/adapters/system/scheduler.ts';
import { Pin } from '../../../../src/domain/pin-format.ts';

describe('the scheduler', () => {
  const clock = (t: TestContext): void => {
    mock.timers.enable({ apis: ['setTimeout'] });
    t.after(() => mock.timers.reset());
  };

  it('fires once, after its time', (t) => {
    clock(t);
    let fired = 0;
    createScheduler().after(100, () => (fired += 1));
    mock.timers.tick(99);
    assert.equal(fired, 0);
    mock.timers.tick(1);
    mock.timers.tick(1_000);
    assert.equal(fired, 1);
  });

  it('waits longer than setTimeout can (2^31 ms), and is cancelled in every part of it', (t) => {
    clock(t);
    const month = 31 * 86_400_000;
    let fired = 0;
    const scheduler = createScheduler();
    scheduler.after(month, () => (fired += 1));
    const cancel = scheduler.after(month, () => (fired += 10));
    mock.timers.tick(2 ** 31 - 1);
    assert.equal(fired, 0);
    cancel();
    mock.timers.tick(month - 2 ** 31);
    assert.equal(fired, 0);
    mock.timers.tick(1);
    assert.equal(fired, 1);
    mock.timers.tick(month);
    assert.equal(fired, 1);
  });
});

describe('the log', () => {
  const logged = (write: (log: ReturnType<typeof createLogger>) => void, level = 'info'): string => {
    let text = '';
    write(createLogger(level, { write: (line) => void (text += line) }));
    return text;
  };

  it('is one JSON object a line, with time and level in words', () => {
    const line = JSON.parse(logged((log) => log.warn({ call: 'c1' }, 'hello'))) as Record<string, unknown>;
    assert.deepEqual([line['level'], line['call'], line['msg']], ['warn', 'c1', 'hello']);
    assert.match(String(line['time']), /^\d{4}-\d\d-\d\dT/);
    assert.equal(logged((log) => log.debug('quiet')), '');
  });

  it('N-05 never holds a PIN, digits or a secret, at any depth, in fields or bindings', () => {
    const text = logged((log) => {
      const child = log.child({ call: 'c1', digits: '135792' });
      child.info({ pin: '135792', hostPin: 135792, host_pin: '135792', Password: '135792', a: { b: [{ secret: '135792' }] } }, 'x');
      child.info({ event: { type: 'digit', digit: '135792' }, value: new Pin('135792'), deep: { value: [new Pin('135792')] } });
      child.info({ a: { b: { c: { d: { e: { f: { g: '135792' } } } } } } });
    });
    assert.doesNotMatch(text, /135792/);
    assert.match(text, /"call":"c1"/);
  });

  it('RFC 4568 §6.1: never holds a key of SRTP, in fields, errors or messages', () => {
    const line = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0+/c2VjcmV0|2^31';
    const text = logged((log) => log.child({ offer: line }).error({ sdp: line, err: new Error(line) }, line));
    assert.doesNotMatch(text, /c2VjcmV0/);
    assert.match(text, /inline:\[hidden\]\|2\^31/);
  });

  it('keeps errors readable', () => {
    assert.match(logged((log) => log.error({ err: new Error('what happened') }, 'x')), /what happened/);
  });
});
