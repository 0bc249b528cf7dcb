import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { listedChannels, listedMembers, numberIn } from '../../../../src/adapters/freeswitch/api-reply.ts';
import { argument, conferenceName, quotedFile, word } from '../../../../src/adapters/freeswitch/esl-text.ts';

describe('D-33: nothing put into a command begins another', () => {
  it('no line end and no expansion survives, whatever it was', () =>
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[\r\n\0]/.test(argument(text)) && !/[\r\n]/.test(quotedFile(text)))));

  it('${...} is not expanded by FreeSWITCH', () => assert.equal(argument('a${system(reboot)}b\napi reload'), 'asystem(reboot)}bapi reload'));

  it('a conference is one word, with no profile, PIN or flags in it', () => {
    assert.equal(conferenceName('3f2a-1'), 'vestibule-3f2a-1');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => /^[A-Za-z0-9._-]*$/.test(word(text))));
  });

  it('a file with a space stays one word', () => {
    assert.equal(quotedFile('/srv/the prompts/en/full.wav'), "'/srv/the prompts/en/full.wav'");
    assert.equal(quotedFile('/srv/en/full.wav'), '/srv/en/full.wav');
  });
});

describe('answers of FreeSWITCH', () => {
  it('members of all conferences, without recordings', () => {
    const body = JSON.stringify([
      { conference_name: 'vestibule-1', members: [{ type: 'caller', id: 5, uuid: 'u5' }, { type: 'recording_node', record_path: '/x' }] },
      { conference_name: 'other', members: [{ id: 6, uuid: 'u6' }] },
    ]);
    assert.deepEqual(listedMembers(body), [
      { conference: 'vestibule-1', id: 5, uuid: 'u5' },
      { conference: 'other', id: 6, uuid: 'u6' },
    ]);
    assert.deepEqual(listedMembers('+OK No active conferences.\n'), []);
  });

  it('channels; `rows` is absent when there are none', () => {
    const body = JSON.stringify({ row_count: 1, rows: [{ uuid: 'u1', name: 'sofia/p/x', application: 'socket', application_data: '127.0.0.1:8085 async full' }] });
    assert.deepEqual(listedChannels(body), [{ uuid: 'u1', name: 'sofia/p/x', application: 'socket', data: '127.0.0.1:8085 async full' }]);
    assert.deepEqual(listedChannels('{"row_count":0}'), []);
  });

  it('packets received, as the text FreeSWITCH gives for numbers', () => {
    assert.equal(numberIn('512'), 512);
    assert.equal(numberIn('2.50'), 2.5);
    assert.equal(numberIn('_undef_'), undefined);
    assert.equal(numberIn('-ERR No such channel!\n'), undefined);
  });

  it('never throws, whatever it is given', () =>
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        listedMembers(body);
        listedChannels(body);
        numberIn(body);
      }),
    ));
});
