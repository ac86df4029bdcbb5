/**
 * The maths of a draw, done again: the twin of queue/waitingroom/draw.py, merkle.py and roll.py, whose vectors are
 * tests/contract/waitingroom/draw_cases.json. What takes long is a generator that yields the share done, so that a page stays alive.
 *
 * The hashes are @noble/hashes: a browser's own cryptography is missing on plain http, and knows no SHAKE; asked three million times
 * it is slower, too, because it answers by promise only.
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { shake256 } from "@noble/hashes/sha3.js";

export const VERSION = 1;
/** One entry of the list: the tier, then the keyed digest of who it is. */
export const ENTRY_BYTES = 9;
/** An index that nobody holds any more: they left before the draw. */
export const NOBODY_TIER = 255;
const PLACE_BYTES = 4;
/** The rate of SHAKE-256 times eight numbers of eight bytes: whole numbers, whole blocks. */
const CHUNK = 136 * 64;
const STEP = 512;

export type Slow<T> = Generator<number, T, void>;

const utf8 = new TextEncoder();
const COMMITMENT = utf8.encode("frontrow draw commitment 1\0");
const SEED = utf8.encode("frontrow draw seed 1\0");
const IDENTITY = utf8.encode("frontrow line identity commitment 1\0");

export function bytesOf(hex: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new Error("not hex");
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** What is published of *secret* before the lobby opens. */
export function commitmentOf(secret: Uint8Array): Uint8Array {
  return sha256(joined(COMMITMENT, secret));
}

/** The seed of the draw: nobody can choose it who does not choose the secret, everybody in the lobby and the beacon. */
export function seedOf(secret: Uint8Array, root: Uint8Array, beacon: Uint8Array): Uint8Array {
  return sha256(joined(SEED, secret, root, Uint8Array.of(beacon.length), beacon));
}

/** The leaf of one entry. *digest* is what the list has of who it is. */
export function leafOf(index: number, tier: number, digest: Uint8Array): Uint8Array {
  const own = new Uint8Array(38);
  new DataView(own.buffer).setUint32(1, index);
  own[5] = tier;
  own.set(sha256(joined(IDENTITY, digest)), 6);
  return sha256(own);
}

function parentOf(left: Uint8Array, right: Uint8Array): Uint8Array {
  const pair = new Uint8Array(65);
  pair[0] = 1;
  pair.set(left, 1);
  pair.set(right, 33);
  return sha256(pair);
}

/** Whether *path* leads from leaf *own* at *index* of *count* to *root* (RFC 6962 §2.1). */
export function proves(root: Uint8Array, count: number, index: number, own: Uint8Array, path: readonly Uint8Array[]): boolean {
  if (!(Number.isInteger(index) && index >= 0 && index < count)) return false;
  let node = own;
  let used = 0;
  for (let at = index, last = count - 1; last > 0; at = Math.floor(at / 2), last = Math.floor(last / 2)) {
    const neighbour = at % 2 ? at - 1 : at + 1;
    if (neighbour > last) continue; // carried up unchanged
    const step = path[used++];
    if (step?.length !== 32) return false;
    node = at % 2 ? parentOf(step, node) : parentOf(node, step);
  }
  return used === path.length && same(node, root);
}

export function countOf(list: Uint8Array): number {
  return list.length / ENTRY_BYTES;
}

export function tierOf(list: Uint8Array, index: number): number {
  return list[index * ENTRY_BYTES]!;
}

export function digestOf(list: Uint8Array, index: number): Uint8Array {
  return list.subarray(index * ENTRY_BYTES + 1, (index + 1) * ENTRY_BYTES);
}

/** The Merkle root of a whole list. A million people take some seconds. */
export function* rootOf(list: Uint8Array): Slow<Uint8Array> {
  const count = countOf(list);
  // Whole subtrees from the left, each smaller than the one before: the digits of a binary counter.
  const stack: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    let node = leafOf(index, tierOf(list, index), digestOf(list, index));
    for (let left = index; left % 2; left = (left - 1) / 2) node = parentOf(stack.pop()!, node);
    stack.push(node);
    if (index % STEP === 0) yield index / count;
  }
  let root = stack.pop();
  while (root && stack.length) root = parentOf(stack.pop()!, root);
  return root ?? sha256(new Uint8Array());
}

/** Everybody's draw number, in halves: JavaScript's own numbers hold 53 bits, these are 64. */
export interface Numbers {
  high: Uint32Array;
  low: Uint32Array;
}

/** Draw the numbers of indices 0 … *count* - 1: the eight bytes at 8·i of SHAKE-256(seed ‖ room ‖ 0 ‖ version). */
export function* numbersOf(seed: Uint8Array, room: string, count: number): Slow<Numbers> {
  const stream = shake256.create().update(joined(seed, utf8.encode(`${room}\0`), Uint8Array.of(VERSION)));
  const numbers = { high: new Uint32Array(count), low: new Uint32Array(count) };
  for (let first = 0; first < count; first += CHUNK / 8) {
    const bytes = stream.xof(CHUNK);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const end = Math.min(count, first + CHUNK / 8);
    for (let index = first; index < end; index++) {
      numbers.high[index] = view.getUint32(8 * (index - first));
      numbers.low[index] = view.getUint32(8 * (index - first) + 4);
    }
    yield end / count;
  }
  return numbers;
}

/** A draw number as the proof writes it. */
export function numberAt(numbers: Numbers, index: number): string {
  return ((BigInt(numbers.high[index]!) << 32n) | BigInt(numbers.low[index]!)).toString();
}

/** Whether *a* is served before *b*: by tier, then by draw number, then by index. */
export function precedes(list: Uint8Array, { high, low }: Numbers, a: number, b: number): boolean {
  const order = tierOf(list, a) - tierOf(list, b) || high[a]! - high[b]! || low[a]! - low[b]! || a - b;
  return order < 0;
}

/** Count who is served before *index*: that is its place, the first being 0. */
export function* placeOf(list: Uint8Array, numbers: Numbers, index: number): Slow<number> {
  const count = countOf(list);
  let before = 0;
  for (let other = 0; other < count; other++) {
    if (precedes(list, numbers, other, index)) before++;
    if (other % (STEP * 64) === 0) yield other / count;
  }
  return before;
}

/** The place of *index* as the line serves by it. */
export function servedAt(places: Uint8Array, index: number): number | null {
  const at = index * PLACE_BYTES;
  return at + PLACE_BYTES <= places.length ? new DataView(places.buffer, places.byteOffset).getUint32(at) : null;
}

/**
 * Return the first place that is not served as it was drawn, else null. Nothing is sorted: *places* are right when every place is given
 * once and each is before the next.
 */
export function* misplaced(list: Uint8Array, numbers: Numbers, places: Uint8Array): Slow<number | null> {
  const count = countOf(list);
  if (places.length !== count * PLACE_BYTES) return Math.min(count, Math.floor(places.length / PLACE_BYTES));
  const view = new DataView(places.buffer, places.byteOffset, places.length);
  const at = new Int32Array(count).fill(-1);
  for (let index = 0; index < count; index++) {
    const place = view.getUint32(index * PLACE_BYTES);
    if (place >= count || at[place] !== -1) return Math.min(place, count);
    at[place] = index;
  }
  for (let place = 1; place < count; place++) {
    if (!precedes(list, numbers, at[place - 1]!, at[place]!)) return place;
    if (place % (STEP * 64) === 0) yield place / count;
  }
  return null;
}

/** Run *slow* in slices between frames. *tell* hears the share done. */
export async function inSlices<T>(slow: Slow<T>, tell: (share: number) => void, sliceMs = 12): Promise<T> {
  for (let began = performance.now(); ; ) {
    const step = slow.next();
    if (step.done) return step.value;
    if (performance.now() - began < sliceMs) continue;
    tell(step.value);
    await new Promise((next) => setTimeout(next));
    began = performance.now();
  }
}
