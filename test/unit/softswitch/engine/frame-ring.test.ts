import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { FrameReader, FrameWriter, frameRing } from '../../../../src/softswitch/engine/frame-ring.ts';

const RATE = 8000;
const LENGTH = 160;
const CAPACITY = 16;

/** Both ends of a ring; all samples of a frame are a hundred times its number. */
class Line {
  readonly #memory = frameRing(RATE);
  readonly #writer = new FrameWriter(this.#memory, RATE);
  underruns = 0;
  readonly #reader = new FrameReader(this.#memory, RATE, (ticks) => {
    this.underruns += ticks;
  });
  readonly #frame = new Int16Array(LENGTH);
  #number = 0;

  write(): void {
    this.#writer.write(this.#frame.fill(++this.#number * 100));
  }

  silence(): void {
    this.#writer.write(undefined);
  }

  /** What comes out, and of which frame its first and its last sample are. */
  read(): { readonly kind: 'audio' | 'silence'; readonly first: number; readonly last: number } {
    const frame = new Int16Array(LENGTH).fill(-1);
    const kind = this.#reader.take(frame);
    return { kind, first: (frame[0] ?? -1) / 100, last: (frame[LENGTH - 1] ?? -1) / 100 };
  }
}

const times = <T>(count: number, fn: () => T): T[] => Array.from({ length: count }, fn);

describe('frame ring', () => {
  it('clocks on time: each frame is out at the next tick of the other side', () => {
    const line = new Line();
    for (let i = 1; i <= 300; i++) {
      line.write();
      assert.deepEqual(line.read(), { kind: 'audio', first: i, last: i });
    }
  });

  it('silence is told, and costs no place in the audio', () => {
    const line = new Line();
    line.silence();
    line.write();
    assert.deepEqual([line.read(), line.read(), line.read()], [
      { kind: 'silence', first: 0, last: 0 },
      { kind: 'audio', first: 1, last: 1 },
      { kind: 'silence', first: 0, last: 0 },
    ]);
  });

  it('a writer that was late and caught up: nothing is lost', () => {
    const line = new Line();
    assert.equal(line.read().kind, 'silence');
    times(5, () => line.write());
    assert.deepEqual(times(5, () => line.read().first), [1, 2, 3, 4, 5]);
  });

  it('a reader that skipped ticks goes on with what is not older than its catch-up', () => {
    const line = new Line();
    times(10, () => line.write());
    assert.equal(line.read().first, 5);
  });

  it('a reader that has stopped costs the writer nothing, and hears the rest when it goes on', () => {
    const line = new Line();
    times(1000, () => line.write());
    assert.equal(line.read().first, CAPACITY - 5);
  });

  it('what stands too long is given up, two frames cross-faded into one', () => {
    const line = new Line();
    times(2, () => line.write());
    const heard = times(200, () => {
      const read = line.read();
      line.write();
      return read;
    });
    const faded = heard.filter(({ first, last }) => first !== last);
    assert.deepEqual(faded, [{ kind: 'audio', first: 100, last: 100.99 }], 'after two seconds');
    assert.deepEqual(heard.at(-1), { kind: 'audio', first: 201, last: 201 }, 'the frame written right before');
  });

  it('ticks without a frame are counted, but not those before the first and after the last one', () => {
    const line = new Line();
    times(3, () => line.read());
    line.write();
    line.read();
    assert.equal(line.underruns, 0, 'it begins');
    times(2, () => line.read());
    assert.equal(line.underruns, 0, 'it may be over');
    line.silence();
    line.read();
    assert.equal(line.underruns, 2, 'it was not');
    times(5, () => line.read());
    assert.equal(line.underruns, 2);
  });

  it('any lateness of both sides: frames stay in order, and what waits is bounded', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (ticks) => {
        const line = new Line();
        let written = 0;
        let latest = 0;
        for (const isWriter of ticks) {
          if (isWriter) {
            line.write();
            written++;
            continue;
          }
          const { kind, first, last } = line.read();
          if (kind === 'silence') continue;
          assert.ok(first > latest && last >= first && last <= written);
          latest = last;
        }
      }),
    );
  });
});
