import { describe, expect, it } from "vitest";
import { fills, percent, share, step, STEPS } from "../../src/organiser/heat";

describe("the heat picture", () => {
  it("counts seats and standing places, and leaves out what is off sale", () => {
    const found = fills({ sections: [[4, 10, 5, 85, 50]], areas: [[0, 400, 20, 80]] });
    expect(found.get("s4")).toEqual({ sold: 85, held: 5, capacity: 100 });
    expect(share(found.get("s4"))).toBe(0.9);
    expect(share(found.get("a0"))).toBe(0.25);
  });

  it("keeps untouched and sold out apart from everything between", () => {
    expect(step(0)).toBe(0);
    expect(step(1)).toBe(STEPS - 1);
    for (const gone of [1e-9, 0.2, 0.5, 0.999_999]) {
      expect(step(gone)).toBeGreaterThan(0);
      expect(step(gone)).toBeLessThan(STEPS - 1);
    }
    expect([percent(0), percent(0.0001), percent(0.9999), percent(1)]).toEqual([0, 1, 99, 100]);
  });

  it("never takes a fuller part for an emptier one", () => {
    const steps = Array.from({ length: 1001 }, (_, i) => step(i / 1000));
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  it("shows a part with nothing on sale as empty", () => {
    expect(share({ sold: 0, held: 0, capacity: 0 })).toBe(0);
    expect(share(undefined)).toBe(0);
  });
});
