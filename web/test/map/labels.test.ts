import { describe, expect, it } from "vitest";
import { boxOf, inside, labelSpot } from "../../src/map/chart";
import { topAt } from "../../src/map/labels";
import { tiersOf } from "../../src/map/palette";
import { blocks } from "../support/charts";

describe("where words go", () => {
  it("stay inside a horseshoe, whose middle is outside it", () => {
    const horseshoe = Float32Array.from([0, 0, 300, 0, 300, 200, 240, 200, 240, 40, 60, 40, 60, 200, 0, 200]);
    const spot = labelSpot(horseshoe, boxOf(horseshoe));
    expect(inside(horseshoe, spot.x, spot.y)).toBe(true);
    expect(inside(horseshoe, spot.x - spot.width / 2 + 1, spot.y)).toBe(true);
    expect(inside(horseshoe, spot.x + spot.width / 2 - 1, spot.y)).toBe(true);
  });

  it("have the whole width of a rectangle", () => {
    const box = Float32Array.from([100, 100, 500, 100, 500, 200, 100, 200]);
    expect(labelSpot(box, boxOf(box))).toEqual({ x: 300, y: 150, width: 400 });
  });
});

describe("the name over a block", () => {
  it("stands above what is there in the middle, not above the box of its bend", () => {
    const bent = Float32Array.from([0, 0, 200, 60, 400, 0, 400, 100, 200, 160, 0, 100]);
    expect(topAt(bent, 200)).toBe(60);
    expect(topAt(bent, 100)).toBe(30);
    expect(topAt(bent, 500)).toBeNull();
  });
});

describe("price tiers", () => {
  it("give the dearest category the lightest tier and spread few far apart", () => {
    const chart = blocks(1, 2, 2);
    expect(tiersOf(chart, [[{ type: 1, amount: 2000 }], [{ type: 1, amount: 9000 }]])).toEqual([7, 1]);
    expect(tiersOf(chart, [[{ type: 1, amount: 9000 }], [{ type: 1, amount: 2000 }]])).toEqual([1, 7]);
  });
});
