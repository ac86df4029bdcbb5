/** How full each part of the house is, as shapes to colour. Pure: the chart once, the figures each time. */

import type { Dashboard } from "../live/messages";
import type { Box, Chart } from "../map/chart";

/** Colour steps from empty to sold out. Sold out is its own step: the last free place must not look like none. */
export const STEPS = 7;

export interface Part {
  key: string;
  name: string;
  /** Corner points "x,y x,y …" in centimetres. */
  points: string;
  x: number;
  y: number;
  /** Text height that fits, centimetres. */
  size: number;
}

export interface Fill {
  sold: number;
  held: number;
  capacity: number;
}

/** The parts of the house that can be sold: sections with seats, and standing areas. */
export function partsOf(chart: Chart): Part[] {
  const seated = chart.sections
    .filter((section) => section.seats > 0)
    .map((section) => part(`s${section.index}`, section.name, section.outline, section.box));
  const standing = chart.areas.map((area) => part(`a${area.index}`, area.name, area.outline, area.box));
  return [...seated, ...standing];
}

function part(key: string, name: string, outline: Float32Array, box: Box): Part {
  const [x0, y0, x1, y1] = box;
  const corners = outline.length >= 6 ? outline : Float32Array.of(x0, y0, x1, y0, x1, y1, x0, y1);
  const points: string[] = [];
  let sumX = 0;
  let sumY = 0;
  for (let i = 0; i < corners.length; i += 2) {
    points.push(`${Math.round(corners[i]!)},${Math.round(corners[i + 1]!)}`);
    sumX += corners[i]!;
    sumY += corners[i + 1]!;
  }
  const count = corners.length / 2;
  const size = Math.min((x1 - x0) / 3.2, (y1 - y0) / 1.8);
  return { key, name, points: points.join(" "), x: Math.round(sumX / count), y: Math.round(sumY / count), size };
}

/** What is taken of each part, by its key. Seats that are off sale are no part of the house tonight. */
export function fills(dashboard: Pick<Dashboard, "sections" | "areas">): Map<string, Fill> {
  const found = new Map<string, Fill>();
  for (const [index, free, held, sold] of dashboard.sections) found.set(`s${index}`, { sold, held, capacity: free + held + sold });
  for (const [index, capacity, held, sold] of dashboard.areas) found.set(`a${index}`, { sold, held, capacity });
  return found;
}

/** Share of the part that is gone, held places included, 0 … 1. A part with nothing on sale counts as empty. */
export function share(fill: Fill | undefined): number {
  return fill && fill.capacity > 0 ? (fill.sold + fill.held) / fill.capacity : 0;
}

/** Colour step of a share: 0 only when nothing is gone, the last only when everything is. */
export function step(gone: number): number {
  if (gone <= 0) return 0;
  if (gone >= 1) return STEPS - 1;
  return 1 + Math.min(STEPS - 3, Math.floor(gone * (STEPS - 2)));
}

/** Share as a number to print: 100 only when sold out, 0 only when untouched. */
export function percent(gone: number): number {
  if (gone <= 0 || gone >= 1) return gone <= 0 ? 0 : 100;
  return Math.min(99, Math.max(1, Math.round(gone * 100)));
}
