/** Find seats by place: a uniform grid, built once by counting, no objects per seat. */

import type { Chart } from "./chart";
import { inside } from "./chart";

export class SeatGrid {
  private readonly columns: number;
  private readonly rows: number;
  private readonly cell: number;
  private readonly starts: Uint32Array;
  private readonly seats: Uint32Array;
  private readonly x0: number;
  private readonly y0: number;

  constructor(private readonly chart: Chart) {
    const [x0, y0, x1, y1] = chart.bounds;
    this.cell = Math.max(chart.pitch * 2.5, Math.max(x1 - x0, y1 - y0) / 1000);
    [this.x0, this.y0] = [x0, y0];
    this.columns = Math.max(1, Math.ceil((x1 - x0) / this.cell) + 1);
    this.rows = Math.max(1, Math.ceil((y1 - y0) / this.cell) + 1);
    this.starts = new Uint32Array(this.columns * this.rows + 1);
    this.seats = new Uint32Array(chart.drawn.length);
    for (const k of chart.drawn) this.starts[this.cellOf(chart.x[k]!, chart.y[k]!) + 1]!++;
    for (let i = 1; i < this.starts.length; i++) this.starts[i]! += this.starts[i - 1]!;
    const next = this.starts.slice();
    for (const k of chart.drawn) this.seats[next[this.cellOf(chart.x[k]!, chart.y[k]!)]!++] = k;
  }

  private column(x: number): number {
    return Math.min(this.columns - 1, Math.max(0, Math.floor((x - this.x0) / this.cell)));
  }

  private line(y: number): number {
    return Math.min(this.rows - 1, Math.max(0, Math.floor((y - this.y0) / this.cell)));
  }

  private cellOf(x: number, y: number): number {
    return this.line(y) * this.columns + this.column(x);
  }

  /** Call *visit* for each seat in a rectangle's cells (a few outside it come along). */
  each(x0: number, y0: number, x1: number, y1: number, visit: (k: number) => void): void {
    for (let row = this.line(y0); row <= this.line(y1); row++) {
      const from = this.starts[row * this.columns + this.column(x0)]!;
      const to = this.starts[row * this.columns + this.column(x1) + 1]!;
      for (let i = from; i < to; i++) visit(this.seats[i]!);
    }
  }

  /** The nearest seat within *reach* centimetres that *accept* allows, or −1. */
  nearest(x: number, y: number, reach: number, accept?: (k: number) => boolean): number {
    let [best, least] = [-1, reach * reach];
    this.each(x - reach, y - reach, x + reach, y + reach, (k) => {
      const [dx, dy] = [this.chart.x[k]! - x, this.chart.y[k]! - y];
      const d = dx * dx + dy * dy;
      if (d <= least && (!accept || accept(k))) [best, least] = [k, d];
    });
    return best;
  }

  /** The next seat from *k* towards a direction: near, and more ahead than aside. −1 at the edge. */
  towards(k: number, dx: number, dy: number): number {
    const { x, y, pitch } = this.chart;
    let best = -1;
    for (const reach of [pitch * 3, pitch * 12, pitch * 60]) {
      let least = Infinity;
      this.each(x[k]! - reach, y[k]! - reach, x[k]! + reach, y[k]! + reach, (other) => {
        const [ox, oy] = [x[other]! - x[k]!, y[other]! - y[k]!];
        const ahead = ox * dx + oy * dy;
        const aside = Math.abs(ox * dy - oy * dx);
        if (other === k || ahead <= pitch * 0.25 || aside > ahead * 1.2) return;
        const cost = ahead + aside * 2;
        if (cost < least) [best, least] = [other, cost];
      });
      if (best >= 0) return best;
    }
    return best;
  }
}

/** The section under a point, the last drawn first; −1 for none. */
export function sectionAt(chart: Chart, x: number, y: number): number {
  for (let s = chart.sections.length - 1; s >= 0; s--) {
    const { box, outline } = chart.sections[s]!;
    if (x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3] && inside(outline, x, y)) return s;
  }
  return -1;
}

/** The general admission area under a point; −1 for none. */
export function areaAt(chart: Chart, x: number, y: number): number {
  for (let a = chart.areas.length - 1; a >= 0; a--) {
    const { box, outline } = chart.areas[a]!;
    if (x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3] && inside(outline, x, y)) return a;
  }
  return -1;
}
