/** What both seat painters can do. The map asks for one picture at a time; nothing here keeps a loop. */

import type { Camera, Detail } from "./camera";
import { meets, view } from "./camera";
import type { Chart, Section } from "./chart";
import { ACCESSIBLE, Attribute } from "./chart";
import type { Palette } from "./palette";
import type { MapState } from "./state";
import { categoryFits } from "./state";

export interface SeatPainter {
  readonly kind: "webgl" | "canvas";
  /** Largest seat it can draw, CSS pixels. */
  readonly pointMax: number;
  resize(width: number, height: number, ratio: number): void;
  colours(palette: Palette, state: MapState): void;
  /** Take the changed seats; with *fade* they cross over in FADE_MS. */
  update(state: MapState, range: [number, number], changed: readonly number[], now: number, fade: boolean): void;
  /** Draw; true while something is still fading. */
  paint(camera: Camera, detail: Detail, now: number): boolean;
  dispose(): void;
}

export const FADE_MS = 180;
export const STYLE = { category: 31, accessible: 32, companion: 64 } as const;

/** Per seat what never changes while on sale: category (5 bits), wheelchair space, companion. */
export function stylesOf(chart: Chart): Uint8Array {
  const styles = new Uint8Array(chart.n);
  for (let k = 0; k < chart.n; k++) {
    const bits = chart.attributes[k]!;
    styles[k] =
      Math.min(31, chart.category[k]!) |
      (bits & ACCESSIBLE ? STYLE.accessible : 0) |
      (bits & Attribute.companion ? STYLE.companion : 0);
  }
  return styles;
}

/** Sections that can be seen. */
export function visible(chart: Chart, camera: Camera): Section[] {
  const window = view(camera, 8);
  return chart.sections.filter((section) => section.seats > 0 && meets(section.box, window));
}

/** Which categories pass the filter, for a shader or a sprite. */
export function fitting(state: MapState): boolean[] {
  return state.chart.categories.map((_, c) => categoryFits(state, c));
}
