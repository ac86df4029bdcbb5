// The browser's decoder of charts, against the vectors it shares with the server.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeChart, REMOVED, seatLabel } from "../../src/map/chart";
import type { ChartDocument } from "../../src/map/wire";

interface Seat {
  k: number;
  x: number;
  y: number;
  section: number;
  row: number;
  pos: number;
  run: number;
  category: number;
  attributes: number;
  place: [section: string, row: string, seat: string];
}

const vectors = JSON.parse(readFileSync(new URL("../../../tests/vectors/chart.json", import.meta.url), "utf8")) as {
  cases: { name: string; document: ChartDocument; seats: Seat[] }[];
};

describe.each(vectors.cases)("the chart “$name”", ({ document, seats }) => {
  const chart = decodeChart(document);

  it("has every seat where the server has it", () => {
    for (const seat of seats) {
      expect(Math.hypot(chart.x[seat.k]! / 100 - seat.x, chart.y[seat.k]! / 100 - seat.y)).toBeLessThan(0.001);
      expect([chart.section[seat.k], chart.row[seat.k], chart.pos[seat.k], chart.run[seat.k]]).toEqual([
        seat.section,
        seat.row,
        seat.pos,
        seat.run,
      ]);
    }
  });

  it("says the same of every seat", () => {
    for (const seat of seats) {
      expect([chart.category[seat.k], chart.attributes[seat.k]]).toEqual([seat.category, seat.attributes]);
      const place = [chart.sections[seat.section]!.name, chart.rows[seat.row]!.label, seatLabel(chart, seat.k)];
      expect(place).toEqual(seat.place);
    }
  });

  it("knows which numbers are gone", () => {
    const alive = new Set(seats.map((seat) => seat.k));
    for (let k = 0; k < chart.n; k++) expect(chart.section[k] === REMOVED).toBe(!alive.has(k));
  });
});
