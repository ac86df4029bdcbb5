/**
 * Words over the map: names and prices of sections and areas, row letters, seat numbers, and the rings of pointer and keyboard.
 * Text is the dear part of a frame, so while the picture moves this canvas is only shifted; it is wider than the window by MARGIN.
 */

import type { Camera, Detail } from "./camera";
import { meets, toScreen, view } from "./camera";
import type { Chart } from "./chart";
import { ACCESSIBLE, seatLabel } from "./chart";
import type { SeatGrid } from "./picking";
import { SEAT_FILL } from "./gl_renderer";
import type { Palette } from "./palette";
import type { MapState } from "./state";
import { areaFits, cheapestIn, seatFits, Shown } from "./state";

export const MARGIN = 128;
const NUMBERS_MAX = 900;
const MEASURED_PX = 16;

export interface Speech {
  money(amount: number): string;
  number(n: number): string;
  from(price: string): string;
  soldOut: string;
  left(n: number): string;
  stage: string;
}

export class Labels {
  private readonly context: CanvasRenderingContext2D;
  private drawn: Camera | null = null;
  private ratio = 1;
  private family = "sans-serif";
  private current = "";
  private taken: [number, number, number, number][] = [];
  private readonly advances = new Map<number, Map<string, number>>();

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly chart: Chart,
    private readonly grid: () => SeatGrid,
    private readonly speech: Speech,
  ) {
    this.context = canvas.getContext("2d")!;
  }

  resize(width: number, height: number, ratio: number): void {
    this.ratio = ratio;
    this.canvas.width = Math.round((width + 2 * MARGIN) * ratio);
    this.canvas.height = Math.round((height + 2 * MARGIN) * ratio);
    this.canvas.style.width = `${width + 2 * MARGIN}px`;
    this.canvas.style.height = `${height + 2 * MARGIN}px`;
    this.drawn = null;
  }

  stale(): void {
    this.drawn = null;
  }

  /** Move what is drawn to where the camera is now. False when it no longer covers the window and must be painted. */
  shift(camera: Camera): boolean {
    const { drawn } = this;
    if (!drawn) return false;
    const k = camera.scale / drawn.scale;
    const [x, y] = [(drawn.x - camera.x) * camera.scale, (drawn.y - camera.y) * camera.scale];
    this.canvas.style.transform = k === 1 ? `translate(${x}px,${y}px)` : `translate(${x}px,${y}px) scale(${k})`;
    return k > 0.8 && k < 1.35 && Math.abs(x) < MARGIN && Math.abs(y) < MARGIN;
  }

  /** Whether the words are stretched. */
  scaled(camera: Camera): boolean {
    return this.drawn !== null && this.drawn.scale !== camera.scale;
  }

  paint(camera: Camera, detail: Detail, state: MapState, palette: Palette): void {
    const { context } = this;
    this.drawn = camera;
    this.current = "";
    if (this.family !== palette.font) {
      this.family = palette.font;
      this.advances.clear();
    }
    this.canvas.style.transform = "none";
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(this.ratio, 0, 0, this.ratio, MARGIN * this.ratio, MARGIN * this.ratio);
    context.textAlign = "center";
    context.textBaseline = "middle";
    this.taken = [];
    this.stageNames(camera, palette);
    this.sectionNames(camera, detail, state, palette);
    this.areaNames(camera, state, palette);
    if (detail.seat >= 8) this.rowNames(camera, detail, palette);
    if (detail.numbers) this.numbers(camera, detail, state, palette);
  }

  /** Setting a canvas font parses it, so it is set only when it changes. */
  private font(size: number, weight: number): void {
    const font = `${weight} ${size}px ${this.family}`;
    if (font === this.current) return;
    this.current = font;
    this.context.font = font;
  }

  /** The sum of its letters: hundreds of names are made of a few dozen, and measuring is the dear part of a first picture. */
  private width(text: string, size: number, weight: number): number {
    const known = this.advances.get(weight) ?? new Map<string, number>();
    this.advances.set(weight, known);
    let width = 0;
    for (const letter of text) {
      let advance = known.get(letter);
      if (advance === undefined) {
        this.font(MEASURED_PX, weight);
        advance = this.context.measureText(letter).width / MEASURED_PX;
        known.set(letter, advance);
      }
      width += advance;
    }
    return width * size;
  }

  private write(text: string, x: number, y: number, size: number, weight: number): void {
    this.font(size, weight);
    this.context.fillText(text, x, y);
  }

  private stageNames(camera: Camera, palette: Palette): void {
    for (const { text, box, spot } of this.chart.focal) {
      const size = Math.round(Math.min(22, Math.max(10, (box[3] - box[1]) * camera.scale * 0.3)));
      const name = text || this.speech.stage;
      if (this.width(name, size, 600) > spot.width * camera.scale * 0.92 || size > (box[3] - box[1]) * camera.scale * 0.9) continue;
      const [x, y] = toScreen(camera, spot.x, spot.y);
      this.context.fillStyle = palette.stageOn;
      this.write(name, x, y, size, 600);
    }
  }

  /** While seats are not drawn yet: name, cheapest price, and "sold out" in words. Nearer, only the name stays, faint, above its block. */
  private sectionNames(camera: Camera, detail: Detail, state: MapState, palette: Palette): void {
    const window = view(camera, MARGIN);
    for (const section of this.chart.sections) {
      if (!meets(section.box, window)) continue;
      const [w, h] = [(section.box[2] - section.box[0]) * camera.scale, (section.box[3] - section.box[1]) * camera.scale];
      if (detail.seats > 0.5) {
        this.blockName(camera, section, w, palette);
        continue;
      }
      if (section.seats === 0) continue;
      const [x, y] = toScreen(camera, section.spot.x, section.spot.y);
      const room = section.spot.width * camera.scale - 4;
      const size = Math.min(15, Math.floor(h * 0.5), Math.floor(room * 0.44));
      if (size < 8) continue;
      const cheapest = cheapestIn(state, section.index);
      // What the filter leaves out is not sold out: it goes without a word.
      const none = state.freeOf[section.index]! > 0 ? "" : this.speech.soldOut;
      const under = cheapest === null ? none : this.speech.from(this.speech.money(cheapest));
      const small = Math.max(9, size - 3);
      const underWidth = this.width(under, small, 450);
      const two = under !== "" && size >= 10 && h > size + small + 12 && underWidth < room;
      const [halfW, halfH] = [Math.max(this.width(section.name, size, 650), two ? underWidth : 0) / 2 + 1, (two ? size + small + 3 : size) / 2];
      if (halfW * 2 > room + 4 || !this.claim(x - halfW, y - halfH, x + halfW, y + halfH)) continue;
      this.context.fillStyle = cheapest === null ? palette.ink3 : palette.ink;
      this.write(section.name, x, two ? y - small * 0.6 : y, size, 650);
      if (two) this.write(under, x, y + size * 0.62, small, 450);
    }
  }

  /** Reserve a place on the picture; false when other words are there already. */
  private claim(x0: number, y0: number, x1: number, y1: number): boolean {
    for (const [a, b, c, d] of this.taken) if (x0 < c && a < x1 && y0 < d && b < y1) return false;
    this.taken.push([x0, y0, x1, y1]);
    return true;
  }

  private claimed(x: number, y: number): boolean {
    return this.taken.some(([x0, y0, x1, y1]) => x > x0 && x < x1 && y > y0 && y < y1);
  }

  private blockName(camera: Camera, { name, box, outline }: Chart["sections"][number], w: number, palette: Palette): void {
    if (this.width(name, 13, 600) > w) return;
    this.font(13, 600);
    const middle = (box[0] + box[2]) / 2;
    const [x, y] = toScreen(camera, middle, topAt(outline, middle) ?? box[1]);
    const half = this.width(name, 13, 600) / 2 + 11;
    this.claim(x - half, y - 20, x + half, y + 2);
    this.context.lineWidth = 4;
    this.context.strokeStyle = palette.halo;
    this.context.strokeText(name, x, y - 9);
    this.context.fillStyle = palette.ink2;
    this.context.fillText(name, x, y - 9);
  }

  private areaNames(camera: Camera, state: MapState, palette: Palette): void {
    for (const [a, area] of this.chart.areas.entries()) {
      const w = area.spot.width * camera.scale;
      const h = (area.box[3] - area.box[1]) * camera.scale;
      const [x, y] = toScreen(camera, area.spot.x, area.spot.y);
      const size = Math.round(Math.min(20, 10 + w / 24, h * 0.3));
      if (size < 9) continue;
      const left = state.remaining[a]!;
      const price = state.prices[area.category]?.[0];
      const sold = left === 0 || !price;
      const under = sold ? this.speech.soldOut : `${this.speech.from(this.speech.money(price.amount))} · ${this.speech.left(left)}`;
      const small = Math.round(size * 0.75);
      if (this.width(area.name, size, 650) > w * 0.95) continue;
      this.context.fillStyle = sold || !areaFits(state, a) ? palette.ink3 : palette.ink;
      const two = h > size * 2.6 && this.width(under, small, 450) < w * 0.95;
      if (two) this.write(under, x, y + size * 0.7, small, 450);
      this.write(area.name, x, two ? y - size * 0.5 : y, size, 650);
    }
  }

  /** A row's letter at both its ends. */
  private rowNames(camera: Camera, detail: Detail, palette: Palette): void {
    const { chart } = this;
    const window = view(camera, MARGIN);
    this.font(Math.min(13, Math.max(8.5, detail.seat * 0.55)), 500);
    this.context.fillStyle = palette.ink3;
    for (const section of chart.sections) {
      if (!meets(section.box, window) || section.kind === 2) continue;
      for (let r = section.rows[0]; r < section.rows[1]; r++) {
        const row = chart.rows[r]!;
        if (!row.label || row.n < 2) continue;
        const [a, b, y, z] = [row.first, row.first + 1, row.first + row.n - 1, row.first + row.n - 2].map((i) => chart.drawn[i]!) as [number, number, number, number];
        for (const [end, next] of row.n > 12 ? ([[a, b], [y, z]] as const) : ([[a, b]] as const)) {
          const [px, py] = toScreen(camera, chart.x[end]! + 0.85 * (chart.x[end]! - chart.x[next]!), chart.y[end]! + 0.85 * (chart.y[end]! - chart.y[next]!));
          if (this.claimed(px, py)) continue; // the name of its own block, or of the one below
          if (px > -MARGIN && py > -MARGIN && px < camera.width + MARGIN && py < camera.height + MARGIN) this.context.fillText(row.label, px, py);
        }
      }
    }
  }

  private numbers(camera: Camera, detail: Detail, state: MapState, palette: Palette): void {
    const { chart } = this;
    const [x0, y0, x1, y1] = view(camera, MARGIN);
    this.font(Math.min(16, detail.seat * SEAT_FILL * 0.44), 600);
    let drawn = 0;
    this.grid().each(x0, y0, x1, y1, (k) => {
      if (state.shown[k] !== Shown.free || (detail.glyphs && chart.attributes[k]! & ACCESSIBLE) || drawn >= NUMBERS_MAX) return;
      if (!seatFits(state, k)) return;
      drawn++;
      const [px, py] = toScreen(camera, chart.x[k]!, chart.y[k]!);
      this.context.fillStyle = palette.onCategory[chart.category[k]!]!;
      this.context.fillText(seatLabel(chart, k), px, py + 0.5);
    });
  }
}

/** Where an outline begins at *x*, seen from above: a curved block sags below the top of its box. Null when nothing is there. */
export function topAt(outline: Float32Array, x: number): number | null {
  let top: number | null = null;
  for (let i = 0, j = outline.length - 2; i < outline.length; j = i, i += 2) {
    const [x0, y0, x1, y1] = [outline[j]!, outline[j + 1]!, outline[i]!, outline[i + 1]!];
    if (x0 < x === x1 < x) continue;
    const y = y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
    if (top === null || y < top) top = y;
  }
  return top;
}
