/** How the keyboard walks the list's grid of one section: along the row, and to the seat in front or behind by place, not by number. */

import type { Chart, Section } from "../map/chart";

export type Step = "left" | "right" | "up" | "down" | "home" | "end" | "top" | "bottom";

/** Seats of a row in order of position. */
export function seatsOf(chart: Chart, row: number): number[] {
  const { first, n } = chart.rows[row]!;
  return Array.from({ length: n }, (_, i) => chart.drawn[first + i]!);
}

/** The seat a step leads to; the same seat at an edge. */
export function walk(chart: Chart, section: Section, k: number, step: Step): number {
  const row = chart.row[k]!;
  const { first, n } = chart.rows[row]!;
  const i = chart.pos[k]!;
  switch (step) {
    case "left":
      return chart.drawn[first + Math.max(0, i - 1)]!;
    case "right":
      return chart.drawn[first + Math.min(n - 1, i + 1)]!;
    case "home":
      return chart.drawn[first]!;
    case "end":
      return chart.drawn[first + n - 1]!;
    case "up":
      return row > section.rows[0] ? nearestIn(chart, row - 1, k) : k;
    case "down":
      return row + 1 < section.rows[1] ? nearestIn(chart, row + 1, k) : k;
    case "top":
      return chart.drawn[chart.rows[section.rows[0]]!.first]!;
    case "bottom": {
      const last = chart.rows[section.rows[1] - 1]!;
      return chart.drawn[last.first + last.n - 1]!;
    }
  }
}

/** The first seat of the row whose label starts with what was typed; null when none does. */
export function rowByLetter(chart: Chart, section: Section, typed: string): number | null {
  const wanted = typed.toLowerCase();
  for (let row = section.rows[0]; row < section.rows[1]; row++) {
    if (chart.rows[row]!.label.toLowerCase().startsWith(wanted)) return chart.drawn[chart.rows[row]!.first]!;
  }
  return null;
}

function nearestIn(chart: Chart, row: number, k: number): number {
  let [best, least] = [k, Infinity];
  for (const other of seatsOf(chart, row)) {
    const d = Math.hypot(chart.x[other]! - chart.x[k]!, chart.y[other]! - chart.y[k]!);
    if (d < least) [best, least] = [other, d];
  }
  return best;
}
