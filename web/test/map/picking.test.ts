import { describe, expect, it } from "vitest";
import { areaAt, SeatGrid, sectionAt } from "../../src/map/picking";
import { blocks, chance } from "../support/charts";

const chart = blocks(3, 12, 20);
const grid = new SeatGrid(chart);

describe("picking", () => {
  it("finds each seat at its own place", () => {
    for (let k = 0; k < chart.n; k++) expect(grid.nearest(chart.x[k]!, chart.y[k]!, 1)).toBe(k);
  });

  it("agrees with looking at all seats, wherever the finger is", () => {
    const random = chance(3);
    for (let i = 0; i < 300; i++) {
      const [x, y, reach] = [random() * chart.bounds[2], random() * chart.bounds[3], 10 + random() * 200];
      const accept = (k: number) => k % 3 !== 0;
      let [best, least] = [-1, reach * reach];
      for (let k = 0; k < chart.n; k++) {
        const d = (chart.x[k]! - x) ** 2 + (chart.y[k]! - y) ** 2;
        if (accept(k) && d <= least) [best, least] = [k, d];
      }
      const found = grid.nearest(x, y, reach, accept);
      if (best < 0) expect(found).toBe(-1);
      else expect((chart.x[found]! - x) ** 2 + (chart.y[found]! - y) ** 2).toBeCloseTo(least, 3);
    }
  });

  it("walks by the arrows: along the row, to the row in front and behind, over the aisle to the next block", () => {
    const at = (section: number, row: number, seat: number) => (section * 12 + row) * 20 + seat;
    expect(grid.towards(at(0, 4, 7), 1, 0)).toBe(at(0, 4, 8));
    expect(grid.towards(at(0, 4, 7), -1, 0)).toBe(at(0, 4, 6));
    expect(grid.towards(at(0, 4, 7), 0, 1)).toBe(at(0, 5, 7));
    expect(grid.towards(at(0, 4, 7), 0, -1)).toBe(at(0, 3, 7));
    expect(grid.towards(at(0, 4, 19), 1, 0)).toBe(at(1, 4, 0));
    expect(grid.towards(at(0, 0, 0), -1, 0)).toBe(-1);
  });

  it("finds sections and areas under a point", () => {
    expect(sectionAt(chart, chart.x[300]!, chart.y[300]!)).toBe(chart.section[300]);
    expect(sectionAt(chart, -500, -500)).toBe(-1);
    expect(areaAt(chart, 50, 250)).toBe(0);
    expect(areaAt(chart, 5000, 250)).toBe(-1);
  });
});
