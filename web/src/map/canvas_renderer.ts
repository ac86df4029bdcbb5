/** Seats on a 2D canvas, for browsers without WebGL2: far away plain squares by colour, near by stamped pictures of each state. */

import type { Camera, Detail } from "./camera";
import { toScreen, view } from "./camera";
import type { Chart } from "./chart";
import { ACCESSIBLE, Attribute } from "./chart";
import type { SeatGrid } from "./picking";
import { SEAT_FILL } from "./gl_renderer";
import type { Palette } from "./palette";
import type { SeatPainter } from "./renderer";
import { fitting } from "./renderer";
import type { MapState } from "./state";
import { Shown } from "./state";

const WHEEL = "M-.14-.65a.13.13 0 1 0 .01 0M-.12-.26V.1H.24L.38.48M-.28-.08A.36.36 0 1 0 .2.42";

export class CanvasPainter implements SeatPainter {
  readonly kind = "canvas";
  readonly pointMax = 64;
  private readonly context: CanvasRenderingContext2D;
  private ratio = 1;
  private palette: Palette | null = null;
  private state: MapState | null = null;
  private fits: boolean[] = [];
  private stamps = new Map<string, HTMLCanvasElement>();

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly chart: Chart,
    private readonly grid: () => SeatGrid,
  ) {
    const context = canvas.getContext("2d");
    if (!context) throw new Error("this browser draws nothing");
    this.context = context;
  }

  resize(width: number, height: number, ratio: number): void {
    this.ratio = ratio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.stamps.clear();
  }

  colours(palette: Palette, state: MapState): void {
    this.palette = palette;
    this.state = state;
    this.fits = fitting(state);
    this.stamps.clear();
  }

  update(state: MapState): void {
    this.state = state;
  }

  paint(camera: Camera, detail: Detail): boolean {
    const { context } = this;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, camera.width, camera.height);
    if (detail.seats <= 0 || !this.state || !this.palette) return false;
    context.globalAlpha = detail.seats;
    if (detail.seat < 7) this.squares(camera, detail, this.state, this.palette);
    else this.pictures(camera, detail, this.state, this.palette);
    context.globalAlpha = 1;
    return false;
  }

  private squares(camera: Camera, detail: Detail, state: MapState, palette: Palette): void {
    const size = detail.seat * 0.7;
    const byColour = new Map<string, number[]>();
    this.eachVisible(camera, (k) => {
      const shown = state.shown[k]!;
      const colour =
        shown >= Shown.yours ? palette.yoursFill
        : shown === Shown.free ? (this.fits[this.chart.category[k]!] ? palette.category[this.chart.category[k]!]! : palette.sold)
        : shown === Shown.held ? palette.held
        : palette.sold;
      const list = byColour.get(colour);
      if (list) list.push(k);
      else byColour.set(colour, [k]);
    });
    for (const [colour, seats] of byColour) {
      this.context.fillStyle = colour;
      for (const k of seats) {
        const [x, y] = toScreen(camera, this.chart.x[k]!, this.chart.y[k]!);
        const s = state.shown[k] === Shown.sold || state.shown[k] === Shown.offSale ? size * 0.45 : size;
        this.context.fillRect(x - s / 2, y - s / 2, s, s);
      }
    }
  }

  private pictures(camera: Camera, detail: Detail, state: MapState, palette: Palette): void {
    // Stamps are made for sizes in steps of a quarter pixel: a pinch would make hundreds otherwise.
    const size = Math.round(detail.seat * SEAT_FILL * 4) / 4;
    this.eachVisible(camera, (k) => {
      const [x, y] = toScreen(camera, this.chart.x[k]!, this.chart.y[k]!);
      const stamp = this.stamp(state, palette, k, size, detail.glyphs);
      const side = stamp.width / this.ratio;
      this.context.drawImage(stamp, x - side / 2, y - side / 2, side, side);
    });
  }

  private eachVisible(camera: Camera, visit: (k: number) => void): void {
    const [x0, y0, x1, y1] = view(camera, 8);
    this.grid().each(x0, y0, x1, y1, visit);
  }

  private stamp(state: MapState, palette: Palette, k: number, size: number, glyphs: boolean): HTMLCanvasElement {
    const [shown, category] = [state.shown[k]!, this.chart.category[k]!];
    const accessible = (this.chart.attributes[k]! & ACCESSIBLE) !== 0;
    const companion = (this.chart.attributes[k]! & Attribute.companion) !== 0;
    const fits = this.fits[category]! && (!state.filter.accessible || accessible || companion);
    const key = `${shown}:${shown === Shown.free ? category : ""}:${accessible}:${fits}:${size}:${glyphs}`;
    let stamp = this.stamps.get(key);
    if (!stamp) {
      if (this.stamps.size > 400) this.stamps.clear();
      stamp = draw(shown, palette.category[category]!, accessible, fits, size * this.ratio * (shown >= Shown.yours ? 1.16 : 1), glyphs, palette);
      this.stamps.set(key, stamp);
    }
    return stamp;
  }

  dispose(): void {
    this.stamps.clear();
  }
}

/** The same shapes as the fragment shader's, in a unit circle scaled to *size* device pixels. */
function draw(shown: number, colour: string, accessible: boolean, fits: boolean, size: number, glyphs: boolean, palette: Palette): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.max(3, Math.ceil(size) + 2);
  const context = canvas.getContext("2d")!;
  context.translate(canvas.width / 2, canvas.height / 2);
  context.scale(size / 2, size / 2);
  context.lineCap = context.lineJoin = "round";
  const disc = (r: number, fill: string) => {
    context.beginPath();
    context.arc(0, 0, r, 0, 7);
    context.fillStyle = fill;
    context.fill();
  };
  const ring = (r: number, width: number, stroke: string) => {
    context.beginPath();
    context.arc(0, 0, r, 0, 7);
    context.lineWidth = width;
    context.strokeStyle = stroke;
    context.stroke();
  };
  if (shown === Shown.free && !fits) {
    context.globalAlpha = 0.45;
    ring(0.72, 0.18, colour);
  } else if (shown === Shown.free && accessible) {
    context.beginPath();
    context.roundRect(-0.86, -0.86, 1.72, 1.72, 0.34);
    context.fillStyle = colour;
    context.fill();
    if (glyphs) {
      context.lineWidth = 0.14;
      context.strokeStyle = palette.halo;
      context.stroke(new Path2D(WHEEL));
    }
  } else if (shown === Shown.free) disc(0.92, colour);
  else if (shown === Shown.held) ring(0.66, 0.2, palette.held);
  else if (shown === Shown.sold) disc(0.34, palette.sold);
  else if (shown === Shown.offSale) disc(0.22, palette.sold);
  else {
    disc(0.98, palette.halo);
    ring(0.8, 0.2, palette.yours);
    disc(shown === Shown.yours ? 0.66 : 0.4, palette.yoursFill);
    if (shown === Shown.yours && glyphs) {
      context.lineWidth = 0.22;
      context.strokeStyle = "#211400";
      context.stroke(new Path2D("M-.42 .02L-.1 .34L.42-.3"));
    }
  }
  return canvas;
}
