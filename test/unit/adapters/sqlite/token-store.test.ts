import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Token, TokenSubject } from '../../../../src/ports/tokens.ts';
import { codeOf, Folder, must, person, settings, untold } from './fixture.ts';

const alice: TokenSubject = { kind: 'user', name: 'alice' };
const token = (hash: string, change: Partial<Token> = {}): Token => ({ hash, use: 'access', subject: alice, family: 'login', createdAt: 1, expiresAt: 100, from: '192.0.2.1', userAgent: 'browser', ...change });
const refresh = (hash: string, change: Partial<Token> = {}): Token => token(hash, { use: 'refresh', ...change });

async function opened(t: TestContext) {
  const stores = await new Folder(t).open();
  must(await stores.users.add(person('alice'), untold));
  return stores;
}

describe('logins', () => {
  it('are found until they expire, and pruned then', async (t) => {
    const { tokens } = await opened(t);
    must(await tokens.add([token('a'), refresh('r', { expiresAt: 1_000 })]));
    assert.deepEqual([must(await tokens.find('a', 99)), must(await tokens.find('a', 100)), must(await tokens.find('x', 1))], [token('a'), undefined, undefined]);
    assert.deepEqual([must(await tokens.prune(100, 9)), must(await tokens.find('r', 100))?.hash], [1, 'r']);
  });

  it('are rotated: the used ones are worth nothing, the new ones are', async (t) => {
    const { tokens } = await opened(t);
    must(await tokens.add([token('a'), refresh('r'), token('other', { family: 'elsewhere' })]));
    assert.equal(must(await tokens.rotate('r', (used) => [token('a2', { family: used.family }), refresh('r2', { family: used.family })], 5)), 'rotated');
    assert.deepEqual(await Promise.all(['a', 'r', 'a2', 'r2', 'other'].map(async (hash) => must(await tokens.find(hash, 6)) !== undefined)), [false, false, true, true, true]);
  });

  it('are all ended when a used refresh token comes back: somebody else has it', async (t) => {
    const { tokens } = await opened(t);
    must(await tokens.add([refresh('r')]));
    must(await tokens.rotate('r', () => [refresh('r2'), token('a2')], 5));
    assert.equal(must(await tokens.rotate('r', () => assert.fail('nothing is given out'), 6)), 'reused');
    assert.deepEqual([must(await tokens.find('r2', 6)), must(await tokens.find('a2', 6))], [undefined, undefined]);
  });

  it('are not made of an access token, an old or an unknown one', async (t) => {
    const { tokens } = await opened(t);
    must(await tokens.add([token('a'), refresh('r')]));
    const tries = [await tokens.rotate('a', () => [], 5), await tokens.rotate('r', () => [], 100), await tokens.rotate('x', () => [], 5)];
    assert.deepEqual(tries.map((each) => must(each)), ['unknown', 'unknown', 'unknown']);
  });

  it('end by family', async (t) => {
    const { tokens } = await opened(t);
    must(await tokens.add([token('a'), refresh('r'), token('b', { family: 'two' })]));
    must(await tokens.endFamily('login'));
    assert.deepEqual(await Promise.all(['a', 'r', 'b'].map(async (hash) => must(await tokens.find(hash, 6)) !== undefined)), [false, false, true]);
  });

  it('are refused to who is not there', async (t) => {
    const { tokens, rooms } = await opened(t);
    const { id } = must(await rooms.add(settings, {}, untold));
    const subjects: readonly TokenSubject[] = [{ kind: 'user', name: 'x' }, { kind: 'link', room: 'x', role: 'speaker' }, { kind: 'member', room: id, member: 'x' }];
    const codes: string[] = [];
    for (const subject of subjects) codes.push(codeOf(await tokens.add([token('t', { subject })])));
    assert.deepEqual(codes, ['user_unknown', 'room_unknown', 'member_unknown']);
  });

  it('end with their user, member and room, and with the link they came by', async (t) => {
    const { tokens, rooms, members, users } = await opened(t);
    const { id: room } = must(await rooms.add(settings, {}, untold));
    for (const id of ['ext-a', 'ext-b']) must(await members.add(room, { id, kind: 'external', name: 'X', role: 'speaker', overrides: {} }, untold));
    const subjects: Readonly<Record<string, TokenSubject>> = {
      user: alice,
      memberA: { kind: 'member', room, member: 'ext-a' },
      memberB: { kind: 'member', room, member: 'ext-b' },
      moderator: { kind: 'link', room, role: 'moderator' },
      speaker: { kind: 'link', room, role: 'speaker' },
    };
    must(await tokens.add(Object.entries(subjects).map(([hash, subject]) => token(hash, { subject }))));
    const left = async () => (await Promise.all(Object.keys(subjects).map(async (hash) => must(await tokens.find(hash, 2))))).flatMap((found) => (found === undefined ? [] : [found.hash]));
    assert.deepEqual(must(await tokens.find('memberB', 2))?.subject, subjects['memberB']);
    must(await members.remove(room, ['ext-a'], untold));
    assert.deepEqual(await left(), ['user', 'memberB', 'moderator', 'speaker']);
    must(await rooms.renewLink(room, 'speaker', untold));
    assert.deepEqual(await left(), ['user', 'memberB', 'moderator']);
    must(await members.renewToken(room, 'ext-b', untold));
    assert.deepEqual(await left(), ['user', 'moderator']);
    must(await rooms.remove([room], untold));
    assert.deepEqual(await left(), ['user']);
    must(await users.remove(['alice'], untold));
    assert.deepEqual(await left(), []);
  });
});
