/** The map's colours, read from the tokens once a theme: renderers get numbers, never names. */

import type { Chart } from "./chart";
import type { MapState } from "./state";

export const TIERS = 8;

export interface Palette {
  ground: string;
  section: string;
  sectionLine: string;
  stage: string;
  stageOn: string;
  held: string;
  sold: string;
  yours: string;
  yoursFill: string;
  halo: string;
  ink: string;
  ink2: string;
  ink3: string;
  /** The lit edge of the stage. */
  lip: string;
  font: string;
  /** By category: "#rrggbb" of its price tier. */
  category: string[];
  /** Ink that reads on the category's colour. */
  onCategory: string[];
}

/**
 * Which tier each category gets: dearest first, spread over the eight steps so that few categories lie far apart.
 * Without prices the chart's own order (best first) decides.
 */
export function tiersOf(chart: Chart, prices: MapState["prices"]): number[] {
  const count = chart.categories.length;
  const dear = (c: number) => prices[c]?.[0]?.amount ?? -1;
  const order = chart.categories.map((_, c) => c).sort((a, b) => dear(b) - dear(a) || a - b);
  const tiers = new Array<number>(count).fill(0);
  order.forEach((c, i) => {
    tiers[c] = count <= 1 ? 1 : count <= TIERS ? Math.round((i * (TIERS - 2)) / Math.max(1, count - 1)) + (count > 6 ? 0 : 1) : i % TIERS;
  });
  return tiers.map((tier) => Math.min(TIERS - 1, tier));
}

export function readPalette(element: Element, chart: Chart, prices: MapState["prices"]): Palette {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const tiers = tiersOf(chart, prices);
  return {
    ground: token("map-ground"),
    section: token("map-section"),
    sectionLine: token("map-section-line"),
    stage: token("map-stage"),
    stageOn: token("map-stage-on"),
    held: token("map-held"),
    sold: token("map-sold"),
    yours: token("map-yours"),
    yoursFill: token("map-yours-fill"),
    halo: token("map-halo"),
    ink: token("ink"),
    ink2: token("ink-2"),
    ink3: token("ink-3"),
    lip: token("accent"),
    font: style.fontFamily || "sans-serif",
    category: tiers.map((tier) => token(`tier-${tier + 1}`)),
    onCategory: tiers.map((tier) => token(`tier-${tier + 1}-on`)),
  };
}

/** "#rrggbb", or "#rgb" as minified. */
export function rgb(colour: string): [number, number, number] {
  const hex = colour.length === 4 ? colour.replace(/[0-9a-f]/gi, "$&$&") : colour;
  const value = Number.parseInt(hex.slice(1), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** A mix of two colours, t of the second. */
export function mix(a: string, b: string, t: number): string {
  const [x, y] = [rgb(a), rgb(b)];
  const part = (i: 0 | 1 | 2) => Math.round(255 * (x[i] + (y[i] - x[i]) * t));
  return `rgb(${part(0)} ${part(1)} ${part(2)})`;
}
