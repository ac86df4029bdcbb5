import { describe, expect, it } from "vitest";
import { decodeFrame, decodeSnapshot } from "../../src/map/frames";
import type { Delta } from "../../src/map/frames";
import { applyAreas, applyDelta, applySnapshot, setFilter, setPrices, showOwn, takeDirty } from "../../src/map/mutations";
import type { MapState } from "../../src/map/state";
import { areaFits, cheapestIn, createState, fittingIn, fittingPlaces, leadingCategory, NO_FILTER, seatFits, Shown } from "../../src/map/state";
import { blocks, chance, delta, snapshot } from "../support/charts";

const NOBODY = new Map<number, number>();
const change = (epoch: number, from: number, to: number, changes: [number, number][]) => decodeFrame(delta(epoch, from, to, changes)) as Delta;

function opened(): MapState {
  const state = createState(blocks(2, 3, 4));
  setPrices(state, [[0, 1, 5000], [0, 2, 2500], [1, 1, 3000]], [1, 2]);
  applySnapshot(state, decodeSnapshot(snapshot(10, 5, new Array(24).fill(0), [80])), NOBODY);
  takeDirty(state);
  return state;
}

describe("seat states", () => {
  it("drops what is older than the state, applies what joins on, and asks when something is missing", () => {
    const state = opened();
    expect(applyDelta(state, change(10, 4, 5, [[0, 2]]), NOBODY)).toBe("stale");
    expect(applyDelta(state, change(9, 6, 7, [[0, 2]]), NOBODY)).toBe("stale");
    expect(applyDelta(state, change(11, 6, 7, [[0, 2]]), NOBODY)).toBe("stale");
    expect(applyDelta(state, change(10, 8, 9, [[0, 2]]), NOBODY)).toBe("gap");
    expect(state.truth[0]).toBe(0);
    expect(applyDelta(state, change(10, 5, 7, [[0, 2]]), NOBODY)).toBe("applied");
    expect(state.truth[0]).toBe(2);
    expect(state.position).toEqual({ epoch: 10, seq: 7 });
  });

  it("makes of a snapshot and any deltas what a fresh snapshot would be, counts included", () => {
    const random = chance(11);
    const state = opened();
    const truth = new Array<number>(24).fill(0);
    for (let seq = 6; seq < 206; seq++) {
      const changes = new Map<number, number>();
      for (let i = 0; i < 1 + random() * 5; i++) changes.set(Math.floor(random() * 24), Math.floor(random() * 4));
      const sorted = [...changes].sort((a, b) => a[0] - b[0]);
      for (const [k, s] of sorted) truth[k] = s;
      expect(applyDelta(state, change(10, seq, seq, sorted), NOBODY)).toBe("applied");
    }
    const fresh = createState(state.chart);
    setPrices(fresh, [[0, 1, 5000], [1, 1, 3000]], [1]);
    applySnapshot(fresh, decodeSnapshot(snapshot(10, 205, truth, [80])), NOBODY);
    expect(state.truth).toEqual(fresh.truth);
    expect(state.shown).toEqual(fresh.shown);
    expect(state.free).toEqual(fresh.free);
    expect(state.kept).toEqual(fresh.kept);
    expect(state.freeOf).toEqual(fresh.freeOf);
    expect(state.freeIn).toEqual(fresh.freeIn);
  });

  it("collects what must be drawn anew, once", () => {
    const state = opened();
    applyDelta(state, change(10, 6, 6, [[3, 1], [9, 2]]), NOBODY);
    expect(takeDirty(state)).toEqual({ range: [3, 10], changed: [3, 9] });
    applyDelta(state, change(10, 7, 7, [[3, 1]]), NOBODY);
    expect(takeDirty(state).changed).toEqual([]);
  });

  it("shows the buyer's own seats over the truth, and the truth again when they are given back", () => {
    const state = opened();
    const own = new Map([[2, Shown.yours], [3, Shown.asked]]);
    showOwn(state, NOBODY, own);
    applyDelta(state, change(10, 6, 6, [[2, 1], [3, 1]]), own);
    expect([state.shown[2], state.shown[3]]).toEqual([Shown.yours, Shown.asked]);
    showOwn(state, own, NOBODY);
    expect([state.shown[2], state.shown[3]]).toEqual([1, 1]);
  });

  it("ignores seats beyond the chart", () => {
    const state = opened();
    expect(applyDelta(state, change(10, 6, 6, [[23, 2], [24, 2], [9999, 1]]), NOBODY)).toBe("applied");
    expect(state.truth.length).toBe(24);
    expect(state.freeOf[1]).toBe(11);
  });

  it("takes area figures only from its own position on", () => {
    const state = opened();
    expect(applyAreas(state, { epoch: 10, seq: 4 }, [[0, 1]])).toBe(false);
    expect(applyAreas(state, { epoch: 10, seq: 6 }, [[0, 79], [5, 1]])).toBe(true);
    expect([...state.remaining]).toEqual([79]);
  });
});

describe("figures", () => {
  it("names the cheapest price tag among a section's free seats that pass the filter", () => {
    const state = opened();
    expect(cheapestIn(state, 0)).toBe(3000);
    setFilter(state, { ...NO_FILTER, categories: new Set([0]) });
    expect(cheapestIn(state, 0)).toBe(5000);
    setFilter(state, { ...NO_FILTER, amountMax: 2000 });
    expect(cheapestIn(state, 0)).toBeNull();
    expect(leadingCategory(state, 0)).toBe(-1);
  });

  it("counts only kept places while those alone are looked for, and follows them as they go", () => {
    const state = opened(); // its seat 0 is a wheelchair space
    setFilter(state, { ...NO_FILTER, accessible: true });
    expect([fittingIn(state, 0), fittingIn(state, 1), fittingPlaces(state)]).toEqual([1, 0, 1]);
    expect([cheapestIn(state, 0), cheapestIn(state, 1), leadingCategory(state, 1)]).toEqual([5000, null, -1]);
    expect([seatFits(state, 0), seatFits(state, 1), areaFits(state, 0)]).toEqual([true, false, false]);
    applyDelta(state, change(10, 6, 6, [[0, 1], [1, 1]]), NOBODY);
    expect(fittingPlaces(state)).toBe(0);
    applyDelta(state, change(10, 7, 7, [[0, 0]]), NOBODY);
    expect(fittingPlaces(state)).toBe(1);
    setFilter(state, NO_FILTER);
    expect(fittingPlaces(state)).toBe(23 + 80);
  });

  it("tints a section with the category that has most of its free seats", () => {
    const state = opened();
    expect(leadingCategory(state, 0)).toBe(0);
    applyDelta(state, change(10, 6, 6, [0, 1, 2, 3, 8, 9, 10, 11].map((k): [number, number] => [k, 2])), NOBODY);
    expect(leadingCategory(state, 0)).toBe(1);
  });
});
