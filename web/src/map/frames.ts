/** Read the binary forms of seat state: snapshot (kind 2), changes (kind 1), ranges (kind 3). Layouts in docs/messages.md. */

import { FrameKind } from "../live/messages";

export interface Position {
  epoch: number;
  seq: number;
}

export interface Snapshot extends Position {
  states: Uint8Array; // one byte a seat
  remaining: Uint32Array; // by area
}

export interface Delta {
  kind: "delta";
  epoch: number;
  fromSeq: number;
  toSeq: number;
  /** Start, length and state of each stretch, flat: [k, run, state, …]. */
  runs: number[];
}

export interface RangeStates extends Position {
  kind: "ranges";
  ranges: { k0: number; states: Uint8Array }[];
}

export class CorruptFrame extends Error {}

export function decodeSnapshot(bytes: ArrayBuffer): Snapshot {
  if (bytes.byteLength < 18) throw new CorruptFrame("snapshot shorter than its header");
  const view = new DataView(bytes);
  const [n, areas] = [view.getUint32(10), view.getUint32(14)];
  const end = 18 + ((n + 3) >> 2);
  if (view.getUint8(0) !== FrameKind.state || view.getUint8(1) !== 2 || bytes.byteLength !== end + 4 * areas) {
    throw new CorruptFrame("not a snapshot");
  }
  const remaining = new Uint32Array(areas);
  for (let a = 0; a < areas; a++) remaining[a] = view.getUint32(end + 4 * a);
  return { epoch: view.getUint32(2), seq: view.getUint32(6), states: unpack(new Uint8Array(bytes, 18, end - 18), n), remaining };
}

export function decodeFrame(bytes: ArrayBuffer): Delta | RangeStates | Snapshot {
  const kind = bytes.byteLength ? new Uint8Array(bytes)[0] : 0;
  if (kind === FrameKind.delta) return decodeDelta(bytes);
  if (kind === FrameKind.ranges) return decodeRanges(bytes);
  if (kind === FrameKind.state) return decodeSnapshot(bytes);
  throw new CorruptFrame(`a frame of kind ${kind}`);
}

function decodeDelta(buffer: ArrayBuffer): Delta {
  if (buffer.byteLength < 14) throw new CorruptFrame("change frame shorter than its header");
  const [view, bytes] = [new DataView(buffer), new Uint8Array(buffer)];
  const runs: number[] = [];
  let [end, value, scale] = [0, 0, 1];
  for (let i = 14; i < bytes.length; i++) {
    // Multiplied, not shifted: a gap of more than 2^26 seats would overflow 32 bits.
    value += (bytes[i]! & 0x7f) * scale;
    if (bytes[i]! & 0x80) {
      scale *= 128;
      if (scale > 2 ** 42) throw new CorruptFrame("varint too long");
      continue;
    }
    const low = value % 32;
    const start = end + (value - low) / 32;
    const run = (low >> 2) + 1;
    runs.push(start, run, low & 3);
    end = start + run;
    [value, scale] = [0, 1];
  }
  if (scale !== 1) throw new CorruptFrame("change frame ends inside a number");
  return { kind: "delta", epoch: view.getUint32(2), fromSeq: view.getUint32(6), toSeq: view.getUint32(10), runs };
}

function decodeRanges(buffer: ArrayBuffer): RangeStates {
  if (buffer.byteLength < 12) throw new CorruptFrame("range frame shorter than its header");
  const view = new DataView(buffer);
  const ranges: RangeStates["ranges"] = [];
  let offset = 12;
  for (let count = view.getUint16(10); count > 0; count--) {
    if (offset + 8 > buffer.byteLength) throw new CorruptFrame("range frame shorter than it says");
    const [k0, k1] = [view.getUint32(offset), view.getUint32(offset + 4)];
    const size = (k1 - k0 + 3) >> 2;
    offset += 8;
    if (k1 < k0 || offset + size > buffer.byteLength) throw new CorruptFrame("range frame shorter than it says");
    ranges.push({ k0, states: unpack(new Uint8Array(buffer, offset, size), k1 - k0) });
    offset += size;
  }
  return { kind: "ranges", epoch: view.getUint32(2), seq: view.getUint32(6), ranges };
}

/** The four bytes that each packed byte stands for, in the machine's own order. */
const SPREAD = new Uint32Array(256);
for (let byte = 0, four = new Uint8Array(SPREAD.buffer); byte < 256; byte++) {
  for (let i = 0; i < 4; i++) four[4 * byte + i] = (byte >> (6 - 2 * i)) & 3;
}

/** Two bits a seat, the first in the highest bits, to one byte a seat. */
export function unpack(packed: Uint8Array, n: number): Uint8Array {
  const states = new Uint32Array((n + 3) >> 2);
  for (let i = 0; i < states.length; i++) states[i] = SPREAD[packed[i]!]!;
  return new Uint8Array(states.buffer, 0, n);
}
