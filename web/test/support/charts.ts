/** Small charts in wire form, for tests that need seats and not a venue. */

import type { Chart } from "../../src/map/chart";
import { decodeChart } from "../../src/map/chart";
import type { ChartDocument } from "../../src/map/wire";

/** *sections* blocks side by side, each of *rows* straight rows of *n* seats half a metre apart; row r is of category r mod 2. */
export function blocks(sections: number, rows: number, n: number): Chart {
  const each = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  const width = n * 50 + 100;
  const doc: ChartDocument = {
    format: "frontrow-chart/1",
    name: "Blocks",
    venue: "",
    n: sections * rows * n,
    order: [],
    bounds: [0, 0, sections * width, rows * 90 + 100],
    floors: [{ id: "f", name: "Ground" }],
    categories: [{ id: "a", name: "A", color: "" }, { id: "b", name: "B", color: "" }],
    sections: {
      id: each(sections, (s) => `s${s}`),
      name: each(sections, (s) => `Block ${s + 1}`),
      floor: 0,
      kind: 0,
      entrance: "",
      x: each(sections, (s) => (s === 0 ? 50 : width)),
      y: each(sections, (s) => (s === 0 ? 50 : 0)),
      rows,
      outline: each(sections, () => []),
    },
    rows: {
      label: each(sections * rows, (r) => String.fromCharCode(65 + (r % rows))),
      n,
      ax: 0,
      ay: each(sections * rows, (r) => (r % rows === 1 ? 90 : 0)),
      bx: each(sections * rows, (r) => (r % rows === 0 ? (n - 1) * 50 : 0)),
      by: each(sections * rows, (r) => (r % rows === 1 ? 90 : 0)),
      s: 0,
      category: each(sections * rows, (r) => (r % rows) % 2),
      breaks: 0,
      numbering: 0,
      ends: 0,
    },
    breaks: [[]],
    numberings: [["int", 1, 1]],
    quads: { row: [], cx: [], cy: [] },
    points: { row: [], dx: [], dy: [] },
    attributes: [[1, [0]]],
    recategorised: [],
    relabelled: { k: [], label: [] },
    moved: { k: [], dx: [], dy: [] },
    companions: [[0, 1]],
    areas: [{ id: "pit", name: "Pit", floor: 0, section: -1, capacity: 100, category: 1, outline: [0, 20, 10, 0, 0, 10, -10, 0] }],
    tables: [],
    focal: [],
    decor: [],
    entrances: [],
  };
  return decodeChart(doc);
}

/** A change frame as realtime/frames.py writes it. */
export function delta(epoch: number, fromSeq: number, toSeq: number, changes: [k: number, state: number][]): ArrayBuffer {
  const bytes: number[] = [1, 0];
  const u32 = (value: number) => bytes.push(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  u32(epoch);
  u32(fromSeq);
  u32(toSeq);
  let end = 0;
  for (let i = 0; i < changes.length; ) {
    const [start, state] = changes[i]!;
    let run = 1;
    while (run < 8 && changes[i + run]?.[0] === start + run && changes[i + run]![1] === state) run++;
    let value = (start - end) * 32 + ((run - 1) << 2) + state;
    while (value > 127) {
      bytes.push((value % 128) | 128);
      value = Math.floor(value / 128);
    }
    bytes.push(value);
    end = start + run;
    i += run;
  }
  return Uint8Array.from(bytes).buffer;
}

export function snapshot(epoch: number, seq: number, states: readonly number[], remaining: readonly number[]): ArrayBuffer {
  const bytes: number[] = [2, 2];
  const u32 = (value: number) => bytes.push(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  for (const value of [epoch, seq, states.length, remaining.length]) u32(value);
  for (let k = 0; k < states.length; k += 4) {
    bytes.push((states[k]! << 6) | ((states[k + 1] ?? 0) << 4) | ((states[k + 2] ?? 0) << 2) | (states[k + 3] ?? 0));
  }
  remaining.forEach(u32);
  return Uint8Array.from(bytes).buffer;
}

/** A generator of repeatable chance (mulberry32). */
export function chance(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
