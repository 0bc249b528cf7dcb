import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { endCause, goodbyeOf, logLevelOf, reasonHeader, type EndReason } from '../../../src/domain/reasons.ts';
import { promptText } from './fixtures.ts';

describe('end reasons', () => {
  const rows: readonly (readonly [reason: EndReason, status: number, header: string, goodbye: string, level: 'info' | 'warn'])[] = [
    ['caller_cancelled', 487, 'Q.850;cause=16;text="caller_cancelled"', '', 'info'],
    ['unknown_alias', 404, 'Q.850;cause=1;text="unknown_alias"', '', 'info'],
    ['encryption_required', 488, 'Q.850;cause=88;text="encryption_required"', 'admission_refused', 'info'],
    ['pin_failed', 403, 'Q.850;cause=21;text="pin_failed"', 'pin_invalid_3', 'info'],
    ['full', 486, 'Q.850;cause=17;text="full"', 'full', 'info'],
    ['guests_only_timeout', 480, 'Q.850;cause=16;text="guests_only_timeout"', 'ended', 'info'],
    ['no_media', 480, 'Q.850;cause=16;text="no_media"', '', 'info'],
    ['no_common_codec', 488, 'Q.850;cause=88;text="no_common_codec"', '', 'info'],
    ['media_lost', 503, 'Q.850;cause=41;text="media_lost"', '', 'warn'],
    ['shutdown', 503, 'Q.850;cause=41;text="shutdown"', 'service_closing', 'info'],
    ['server_error', 500, 'Q.850;cause=41;text="server_error"', 'system_error', 'warn'],
  ];
  for (const [reason, status, header, goodbye, level] of rows) {
    it(reason, () => {
      assert.deepEqual([endCause(reason).status, reasonHeader(reason), promptText(goodbyeOf(reason)), logLevelOf(reason)], [status, header, goodbye, level]);
    });
  }

  it('a room removed answers as an alias nobody has', () => assert.equal(endCause('room_removed').status, endCause('unknown_alias').status));
});
