/** What is read of the text that names a conference and its profile. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { conferenceFlags, flagWords, memberFlags } from '../../../../src/softswitch/media-server/conference-flags.ts';
import { readJoinArgument } from '../../../../src/softswitch/media-server/conference-join.ts';
import { profileReader, readProfile } from '../../../../src/softswitch/media-server/conference-profile.ts';

describe('what conference is asked to join, B.5', () => {
  const table: readonly (readonly [argument: string, request: { readonly name?: string; readonly profile?: string; readonly pin?: string }, flags: readonly string[]])[] = [
    ['room1', { name: 'room1', profile: 'default', pin: '' }, ['']],
    ['room1@video', { name: 'room1', profile: 'video', pin: '' }, ['']],
    ['room1@default+1234', { name: 'room1', profile: 'default', pin: '1234' }, ['']],
    ['room1@default++flags{endconf|mute|vmute}', { name: 'room1', profile: 'default', pin: '' }, ['endconf', 'mute', 'vmute']],
    ['room1+1234+flags{deaf|mute-detect}', { name: 'room1', pin: '1234' }, ['deaf', 'mute-detect']],
    ['room1++flags{Ghost|moderator|join-only|nomoh}', { name: 'room1' }, ['ghost', 'moderator', 'join-only', 'nomoh']],
    ['', { name: '' }, ['']],
  ];
  for (const [argument, request, flags] of table) {
    it(argument, () => {
      const read = readJoinArgument(argument);
      assert.deepEqual({ ...read, ...request }, read);
      assert.deepEqual([...read.flags], flags);
    });
  }
  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (argument) => typeof readJoinArgument(argument).name === 'string'));
  });
});

describe('conference flags, C.3', () => {
  const table: readonly (readonly [word: string, set: object])[] = [
    ['mute', { mute: true }],
    ['deaf', { deaf: true }],
    ['moderator', { moderator: true }],
    ['endconf', { endconf: true }],
    ['mandatory_member_endconf', { mandatoryEndconf: true }],
    ['mandatory-member-endconf', { mandatoryEndconf: true }],
    ['mintwo', { mintwo: true }],
    ['mute-detect', { muteDetect: true }],
    ['ghost', { ghost: true }],
    ['nomoh', { nomoh: true }],
    ['dist-dtmf', { distDtmf: true }],
    ['skip-dtmf', { skipDtmf: true }],
    ['join-only', { joinOnly: true }],
    ['vmute', { vmute: true }],
    ['blind', { blind: true }],
    ['flip-video|second-screen', {}],
  ];
  const none = memberFlags(flagWords());
  for (const [word, set] of table) {
    it(`${word} sets what it says and nothing else`, () => assert.deepEqual(memberFlags(flagWords(word)), { ...none, ...set }));
  }
  it('wait-mod and audio-always are the conference\'s; several sources add up', () => {
    assert.deepEqual(conferenceFlags(flagWords('wait-mod', undefined, 'mute|audio-always')), { waitMod: true, audioAlways: true });
  });
});

describe('conference profiles, C.3', () => {
  const profile = profileReader({ loud: { rate: '16000', 'energy-level': '300', 'moh-sound': '/m.wav', 'video-mode': 'mux', 'suppress-events': 'lock,unlock' } });
  const rates: readonly (readonly [name: string, rate: number])[] = [
    ['default', 8_000],
    ['wideband', 16_000],
    ['ultrawideband', 48_000],
    ['cdquality', 48_000],
    ['loud', 16_000],
    ['nosuch', 8_000],
  ];
  for (const [name, rate] of rates) {
    it(`${name} mixes at ${rate} Hz`, () => assert.deepEqual([profile(name).name, profile(name).rate], [name, rate]));
  }
  it('parameters are read, those without meaning for audio passed over', () => {
    const { energyLevel, sounds, suppressEvents } = profile('loud');
    assert.deepEqual([energyLevel, sounds, [...suppressEvents]], [300, { 'moh-sound': '/m.wav' }, ['lock', 'unlock']]);
  });
  it('a heartbeat under 20 s is none, as in mod_conference', () => {
    assert.deepEqual([readProfile('p', { 'heartbeat-period-sec': '19' }).heartbeatPeriodSec, readProfile('p', { 'heartbeat-period-sec': '20' }).heartbeatPeriodSec], [0, 20]);
  });
  it('what is no number counts as left out', () => {
    assert.deepEqual(readProfile('p', { rate: 'fast', 'max-members': '-1', 'energy-level': '' }), readProfile('p'));
  });
});
