/** Where the buyer looks. Immutable; all functions pure. World is centimetres (y down), screen is CSS pixels. */

import type { Box } from "./chart";

export interface Camera {
  x: number; // world centre
  y: number;
  scale: number; // CSS pixels per centimetre
  width: number; // screen
  height: number;
}

export interface Limits {
  bounds: Box;
  least: number;
  most: number;
}

/** What is kept free at the window's edges, pixels: controls float above and below the picture. */
export interface Air {
  top: number;
  bottom: number;
  side: number;
}

const AIR: Air = { top: 20, bottom: 20, side: 20 };

export function fit(box: Box, width: number, height: number, air: Air = AIR): Camera {
  const [w, h] = [Math.max(1, box[2] - box[0]), Math.max(1, box[3] - box[1])];
  const scale = Math.min(Math.max(1, width - 2 * air.side) / w, Math.max(1, height - air.top - air.bottom) / h);
  return { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2 - (air.top - air.bottom) / 2 / scale, scale, width, height };
}

/** From the whole venue to a seat of 48 px, or as large as one point may be drawn. */
export function limits(bounds: Box, pitch: number, width: number, height: number, pointMax: number, air: Air = AIR): Limits {
  const whole = fit(bounds, width, height, air).scale;
  return { bounds, least: Math.min(whole, 24 / pitch) * 0.9, most: Math.max(whole, Math.min(48, pointMax) / pitch) };
}

/** Keep the scale within its limits and at least the middle of the screen over the venue. */
export function clamp(camera: Camera, { bounds, least, most }: Limits): Camera {
  const scale = Math.min(most, Math.max(least, camera.scale));
  const within = (value: number, from: number, to: number, half: number) => {
    const reach = Math.max(0, (to - from) / 2 - half * 0.5);
    const middle = (from + to) / 2;
    return Math.min(middle + reach, Math.max(middle - reach, value));
  };
  return {
    ...camera,
    scale,
    x: within(camera.x, bounds[0], bounds[2], camera.width / scale / 2),
    y: within(camera.y, bounds[1], bounds[3], camera.height / scale / 2),
  };
}

export function toScreen(camera: Camera, x: number, y: number): [number, number] {
  return [(x - camera.x) * camera.scale + camera.width / 2, (y - camera.y) * camera.scale + camera.height / 2];
}

export function toWorld(camera: Camera, px: number, py: number): [number, number] {
  return [(px - camera.width / 2) / camera.scale + camera.x, (py - camera.height / 2) / camera.scale + camera.y];
}

/** Move the picture by so many pixels. */
export function pan(camera: Camera, dx: number, dy: number): Camera {
  return { ...camera, x: camera.x - dx / camera.scale, y: camera.y - dy / camera.scale };
}

/** Zoom by a factor so that the world under a pixel stays under it. */
export function zoomAt(camera: Camera, factor: number, px: number, py: number, { least, most }: Limits): Camera {
  const scale = Math.min(most, Math.max(least, camera.scale * factor));
  const [wx, wy] = toWorld(camera, px, py);
  return { ...camera, scale, x: wx - (px - camera.width / 2) / scale, y: wy - (py - camera.height / 2) / scale };
}

/** The same middle on a screen of another size. */
export function resize(camera: Camera, width: number, height: number): Camera {
  return { ...camera, width, height };
}

/** Between two views at t of 0 … 1: the scale moves evenly in its logarithm, the centre with it, so that it never swings away. */
export function between(a: Camera, b: Camera, t: number): Camera {
  const scale = a.scale * (b.scale / a.scale) ** t;
  const near = Math.abs(b.scale - a.scale) < 1e-9 * a.scale;
  const u = near ? t : (1 / a.scale - 1 / scale) / (1 / a.scale - 1 / b.scale);
  return { ...b, scale, x: a.x + (b.x - a.x) * u, y: a.y + (b.y - a.y) * u };
}

/** The world that is on the screen, with a margin in pixels. */
export function view(camera: Camera, margin = 0): Box {
  const [w, h] = [(camera.width / 2 + margin) / camera.scale, (camera.height / 2 + margin) / camera.scale];
  return [camera.x - w, camera.y - h, camera.x + w, camera.y + h];
}

export function meets(a: Box, b: Box): boolean {
  return a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
}

/** How much of each drawing a zoom shows. `seat` is the seat distance in CSS pixels. */
export interface Detail {
  seat: number;
  /** 0 … 1: seats fade in between 2.4 and 3.6 px. */
  seats: number;
  glyphs: boolean;
  numbers: boolean;
}

export function detail(camera: Camera, pitch: number): Detail {
  const seat = pitch * camera.scale;
  return { seat, seats: Math.min(1, Math.max(0, (seat - 2.4) / 1.2)), glyphs: seat >= 9, numbers: seat >= 18 };
}
