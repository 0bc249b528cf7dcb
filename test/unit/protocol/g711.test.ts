import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aLaw, decodeG711, encodeG711, muLaw } from '../../../src/protocol/g711/g711.ts';

/** G.711 tables 1a and 2a written out: the upper decision value of each of the 128 intervals of one sign, and its output value. */
function alawTable(): { upper: number; value: number }[] {
  const rows: { upper: number; value: number }[] = [];
  let lower = 0;
  // Segments of the 12 bit magnitude: 32 steps of 2, then 16 each of 4, 8, 16, 32, 64, 128 (table 1a).
  for (const [steps, size] of [[32, 2], [16, 4], [16, 8], [16, 16], [16, 32], [16, 64], [16, 128]] as const) {
    for (let i = 0; i < steps; i++) {
      rows.push({ upper: lower + size, value: lower + size / 2 });
      lower += size;
    }
  }
  return rows;
}

function mulawTable(): { upper: number; value: number }[] {
  const rows: { upper: number; value: number }[] = [{ upper: 1, value: 0 }];
  let lower = 1;
  // Segments of the 13 bit magnitude: 15 steps of 2 after the half step at zero, then 16 each of 4 ... 256 (table 2a).
  for (const [steps, size] of [[15, 2], [16, 4], [16, 8], [16, 16], [16, 32], [16, 64], [16, 128], [16, 256]] as const) {
    for (let i = 0; i < steps; i++) {
      rows.push({ upper: lower + size, value: lower + size / 2 });
      lower += size;
    }
  }
  return rows;
}

/** The interval a magnitude falls in; beyond the last decision value the last interval (the virtual decision value). */
const interval = (rows: { upper: number }[], magnitude: number): number => {
  const found = rows.findIndex((row) => magnitude < row.upper);
  return found < 0 ? rows.length - 1 : found;
};

const laws = [
  // 16 bit linear is 4 times the table's mu-law units and 8 times its A-law units.
  { name: 'mu-law', law: muLaw, rows: mulawTable(), scale: 4, code: (row: number, negative: boolean) => (negative ? 0x7f : 0xff) - row },
  { name: 'A-law', law: aLaw, rows: alawTable(), scale: 8, code: (row: number, negative: boolean) => (row | (negative ? 0 : 0x80)) ^ 0x55 },
];

describe('G.711', () => {
  for (const { name, law, rows, scale, code } of laws) {
    it(`${name}: the table has 128 intervals and all 256 codes decode to its output values`, () => {
      assert.equal(rows.length, 128);
      for (const [row, { value }] of rows.entries()) {
        assert.equal(law.decode[code(row, false)], value * scale, `positive ${row}`);
        assert.equal(law.decode[code(row, true)], 0 - value * scale, `negative ${row}`);
      }
    });

    it(`${name}: all 65536 samples encode to the interval their decision values say`, () => {
      for (let sample = -32768; sample <= 32767; sample++) {
        // One's complement for negatives (G.191), and the bits below the table's unit do not count.
        const magnitude = Math.floor((sample < 0 ? -sample - 1 : sample) / scale);
        const expected = code(interval(rows, magnitude), sample < 0);
        if (law.encode[sample & 0xffff] !== expected) assert.fail(`${sample}: ${law.encode[sample & 0xffff] ?? -1} is not ${expected}`);
      }
    });

    it(`${name}: every code comes back from its own sample`, () => {
      for (let byte = 0; byte < 256; byte++) {
        const sample = law.decode[byte] ?? 0;
        // mu-law has a negative zero, which is the sample 0 and so the positive code.
        const expected = name === 'mu-law' && byte === 0x7f ? 0xff : byte;
        assert.equal(law.encode[sample & 0xffff], expected, `code ${byte}`);
      }
    });
  }

  it('known codes', () => {
    assert.deepEqual([0x00, 0x80, 0x7f, 0xff].map((code) => muLaw.decode[code] ?? NaN), [-32124, 32124, 0, 0]);
    assert.deepEqual([0x2a, 0xaa, 0x55, 0xd5].map((code) => aLaw.decode[code] ?? NaN), [-32256, 32256, -8, 8]);
    assert.equal(muLaw.silence, 0xff);
    assert.equal(aLaw.silence, 0xd5);
  });

  it('buffers: what does not fit is left out', () => {
    const samples = new Int16Array(2);
    assert.equal(decodeG711(muLaw, Uint8Array.of(1, 0x80, 0xff, 0x00), 1, 4, samples), 2);
    assert.deepEqual([...samples], [32124, 0]);
    const codes = new Uint8Array(1);
    encodeG711(muLaw, samples, codes);
    assert.deepEqual([...codes], [0x80]);
  });
});
