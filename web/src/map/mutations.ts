/** Everything that changes the map's state. Plain functions of (state, facts): no clock, no screen, no network. */

import type { Delta, Position, RangeStates, Snapshot } from "./frames";
import { REMOVED } from "./chart";
import type { Filter, MapState, Price } from "./state";
import { KEPT, Seat, Shown } from "./state";

/** Take a whole snapshot as the truth and count again. */
export function applySnapshot(state: MapState, snapshot: Snapshot, own: ReadonlyMap<number, number>): void {
  state.truth.set(snapshot.states.subarray(0, state.chart.n));
  state.remaining.set(snapshot.remaining.subarray(0, state.remaining.length));
  state.position = { epoch: snapshot.epoch, seq: snapshot.seq };
  recount(state);
  state.shown.set(state.truth);
  for (const [k, shown] of own) if (k < state.chart.n) state.shown[k] = shown;
  state.dirty = [0, state.chart.n];
  state.changed.length = 0;
  state.version++;
}

export type Join = "applied" | "stale" | "gap";

/** Apply a change frame: `stale` when it is from before our state or of another life of it, `gap` when something is missing before it. */
export function applyDelta(state: MapState, delta: Delta, own: ReadonlyMap<number, number>): Join {
  const at = state.position;
  if (!at || delta.epoch !== at.epoch || delta.toSeq <= at.seq) return "stale";
  if (delta.fromSeq > at.seq + 1) return "gap";
  const { runs } = delta;
  for (let i = 0; i < runs.length; i += 3) {
    const end = Math.min(runs[i]! + runs[i + 1]!, state.chart.n);
    for (let k = runs[i]!; k < end; k++) setTruth(state, k, runs[i + 2]!, own);
  }
  state.position = { epoch: delta.epoch, seq: delta.toSeq };
  state.version++;
  return "applied";
}

export function applyRanges(state: MapState, frame: RangeStates, own: ReadonlyMap<number, number>): Join {
  const at = state.position;
  if (at && (frame.epoch < at.epoch || (frame.epoch === at.epoch && frame.seq < at.seq))) return "stale";
  for (const { k0, states } of frame.ranges) {
    for (let i = 0; i < states.length && k0 + i < state.chart.n; i++) setTruth(state, k0 + i, states[i]!, own);
  }
  state.position = { epoch: frame.epoch, seq: frame.seq };
  state.version++;
  return "applied";
}

/** Area figures carry their own position; older ones than ours are ignored. */
export function applyAreas(state: MapState, at: Position, areas: readonly [number, number][]): boolean {
  const here = state.position;
  if (here && (at.epoch < here.epoch || (at.epoch === here.epoch && at.seq < here.seq))) return false;
  for (const [a, remaining] of areas) if (a < state.remaining.length) state.remaining[a] = remaining;
  state.version++;
  return true;
}

/** The buyer's own seats changed: show those that were and those that are. */
export function showOwn(state: MapState, before: ReadonlyMap<number, number>, own: ReadonlyMap<number, number>): void {
  for (const k of before.keys()) if (!own.has(k)) show(state, k, state.truth[k]!);
  for (const [k, shown] of own) show(state, k, shown);
  state.version++;
}

/** Prices as (category, type, amount); *types* is the order in which ticket types are offered. */
export function setPrices(state: MapState, prices: readonly (readonly [number, number, number])[], types: readonly number[]): void {
  const byCategory: Price[][] = state.chart.categories.map(() => []);
  for (const [category, type, amount] of prices) byCategory[category]?.push({ type, amount });
  for (const list of byCategory) list.sort((a, b) => types.indexOf(a.type) - types.indexOf(b.type));
  state.prices = byCategory;
  state.version++;
}

export function setFilter(state: MapState, filter: Filter): void {
  state.filter = filter;
  state.version++;
}

function setTruth(state: MapState, k: number, truth: number, own: ReadonlyMap<number, number>): void {
  const before = state.truth[k]!;
  if (before === truth) return;
  state.truth[k] = truth;
  const step = (truth === Seat.free ? 1 : 0) - (before === Seat.free ? 1 : 0);
  const section = state.chart.section[k]!;
  if (step !== 0 && section !== REMOVED) {
    const category = state.chart.category[k]!;
    const at = section * state.chart.categories.length + category;
    state.free[at]! += step;
    if (state.chart.attributes[k]! & KEPT) state.kept[at]! += step;
    state.freeOf[section]! += step;
    state.freeIn[category]! += step;
  }
  show(state, k, own.get(k) ?? truth);
}

function show(state: MapState, k: number, shown: number): void {
  if (k >= state.chart.n || state.shown[k] === shown) return;
  state.shown[k] = shown;
  state.changed.push(k);
  state.dirty[0] = Math.min(state.dirty[0], k);
  state.dirty[1] = Math.max(state.dirty[1], k + 1);
}

function recount(state: MapState): void {
  const { chart, truth, free, kept, freeOf, freeIn } = state;
  const categories = chart.categories.length;
  free.fill(0);
  kept.fill(0);
  freeOf.fill(0);
  freeIn.fill(0);
  for (let k = 0; k < chart.n; k++) {
    if (truth[k] !== Seat.free) continue;
    const section = chart.section[k]!;
    if (section === REMOVED) continue;
    const category = chart.category[k]!;
    free[section * categories + category]!++;
    if (chart.attributes[k]! & KEPT) kept[section * categories + category]!++;
    freeOf[section]!++;
    freeIn[category]!++;
  }
}

/** Hand over what must be drawn anew and start collecting again. */
export function takeDirty(state: MapState): { range: [number, number]; changed: number[] } {
  const taken = { range: state.dirty, changed: state.changed };
  state.dirty = [state.chart.n, 0];
  state.changed = [];
  return taken;
}

/** What the buyer's hold and pending commands make of seats: `yours` when held, `asked` while a command is under way. */
export function ownSeats(held: Iterable<number>, asked: Iterable<number>, leaving: ReadonlySet<number>): Map<number, number> {
  const own = new Map<number, number>();
  for (const k of held) own.set(k, leaving.has(k) ? Shown.free : Shown.yours);
  for (const k of asked) if (!own.has(k)) own.set(k, Shown.asked);
  return own;
}
