/** What the map knows, without a screen: the chart, the server's truth about each seat, and what the buyer makes of it. */

import type { Chart } from "./chart";
import { ACCESSIBLE, Attribute } from "./chart";
import type { Position } from "./frames";

/** The server's two bits. */
export const Seat = { free: 0, held: 1, sold: 2, offSale: 3 } as const;

/** What is drawn for a seat: the server's four, and the buyer's own. */
export const Shown = { free: 0, held: 1, sold: 2, offSale: 3, yours: 4, asked: 5 } as const;

/** One way to buy a seat of a category. */
export interface Price {
  type: number;
  amount: number;
}

export interface TicketType {
  id: number;
  name: string;
  description: string;
}

export interface Filter {
  /** Dearest acceptable price tag, minor units; null: any. */
  amountMax: number | null;
  /** Categories wanted; null: all. */
  categories: ReadonlySet<number> | null;
  /** Only wheelchair spaces and their companion seats. */
  accessible: boolean;
}

export interface MapState {
  readonly chart: Chart;
  readonly truth: Uint8Array;
  readonly shown: Uint8Array;
  readonly remaining: Uint32Array;
  position: Position | null;
  /** By category, in the order of the event's ticket types: the first is the one a price tag shows. Without prices it is not sold here. */
  prices: Price[][];
  filter: Filter;
  /** Free seats by section and category: [section * categories + category]. */
  readonly free: Int32Array;
  /** The same, of wheelchair spaces and companion seats alone. */
  readonly kept: Int32Array;
  readonly freeOf: Int32Array; // by section
  readonly freeIn: Int32Array; // by category
  /** Seats whose drawing must be uploaded again: k0 ≤ k < k1, and a version that counts changes. */
  dirty: [number, number];
  /** Seats that changed since the last picture, to fade. */
  changed: number[];
  version: number;
}

export const NO_FILTER: Filter = { amountMax: null, categories: null, accessible: false };

/** Places kept for people who need them: wheelchair spaces, seats to transfer to, and the seats beside. */
export const KEPT = ACCESSIBLE | Attribute.companion;

export function createState(chart: Chart): MapState {
  return {
    chart,
    truth: new Uint8Array(chart.n).fill(Seat.offSale),
    shown: new Uint8Array(chart.n).fill(Shown.offSale),
    remaining: new Uint32Array(chart.areas.length),
    position: null,
    prices: chart.categories.map(() => []),
    filter: NO_FILTER,
    free: new Int32Array(chart.sections.length * chart.categories.length),
    kept: new Int32Array(chart.sections.length * chart.categories.length),
    freeOf: new Int32Array(chart.sections.length),
    freeIn: new Int32Array(chart.categories.length),
    dirty: [0, chart.n],
    changed: [],
    version: 0,
  };
}

/** Whether a category passes the filter: it is sold, wanted, and has a price tag within the limit. */
export function categoryFits(state: MapState, category: number): boolean {
  const { filter, prices } = state;
  const tag = prices[category]?.[0];
  if (!tag || (filter.categories && !filter.categories.has(category))) return false;
  return filter.amountMax === null || tag.amount <= filter.amountMax;
}

/** Whether a seat passes the filter, whoever has it. */
export function seatFits(state: MapState, k: number): boolean {
  return categoryFits(state, state.chart.category[k]!) && (!state.filter.accessible || (state.chart.attributes[k]! & KEPT) !== 0);
}

/** Whether a standing area passes: nobody drew which of its places a wheelchair gets to. */
export function areaFits(state: MapState, area: number): boolean {
  return categoryFits(state, state.chart.areas[area]!.category) && !state.filter.accessible;
}

export function isFiltered({ filter }: MapState): boolean {
  return filter.accessible || filter.categories !== null || filter.amountMax !== null;
}

/** Free seats of a section that pass the filter. */
export function fittingIn(state: MapState, section: number): number {
  const count = state.chart.categories.length;
  const free = state.filter.accessible ? state.kept : state.free;
  let sum = 0;
  for (let c = 0; c < count; c++) if (categoryFits(state, c)) sum += free[section * count + c]!;
  return sum;
}

/** Free seats and places of the whole house that pass the filter. */
export function fittingPlaces(state: MapState): number {
  let sum = 0;
  for (let section = 0; section < state.chart.sections.length; section++) sum += fittingIn(state, section);
  for (const [a, left] of state.remaining.entries()) if (areaFits(state, a)) sum += left;
  return sum;
}

/** Cheapest amount among a section's free seats that pass the filter, or null. */
export function cheapestIn(state: MapState, section: number): number | null {
  const count = state.chart.categories.length;
  const free = state.filter.accessible ? state.kept : state.free;
  let least: number | null = null;
  for (let c = 0; c < count; c++) {
    if (free[section * count + c]! <= 0 || !categoryFits(state, c)) continue;
    const amount = state.prices[c]![0]!.amount;
    if (least === null || amount < least) least = amount;
  }
  return least;
}

/** The category that has most of a section's free seats: the colour a closed section is tinted with. −1 when none is free. */
export function leadingCategory(state: MapState, section: number): number {
  const count = state.chart.categories.length;
  const counts = state.filter.accessible ? state.kept : state.free;
  let [best, most] = [-1, 0];
  for (let c = 0; c < count; c++) {
    const free = counts[section * count + c]!;
    if (free > most && categoryFits(state, c)) [best, most] = [c, free];
  }
  return best;
}
