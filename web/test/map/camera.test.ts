import { describe, expect, it } from "vitest";
import type { Box } from "../../src/map/chart";
import { between, clamp, detail, fit, limits, pan, toScreen, toWorld, view, zoomAt } from "../../src/map/camera";

const VENUE: Box = [-1000, 0, 3000, 2000];
const bounds = limits(VENUE, 50, 800, 600, 64);

describe("the camera", () => {
  it("fits the whole venue into the window, with air above for the controls", () => {
    const camera = fit(VENUE, 800, 600, { top: 100, bottom: 20, side: 20 });
    const [x0, y0, x1, y1] = [...toScreen(camera, VENUE[0], VENUE[1]), ...toScreen(camera, VENUE[2], VENUE[3])];
    expect(x0).toBeGreaterThanOrEqual(20 - 1e-6);
    expect(x1).toBeLessThanOrEqual(780 + 1e-6);
    expect(y0).toBeGreaterThanOrEqual(100 - 1e-6);
    expect(y1).toBeLessThanOrEqual(580 + 1e-6);
  });

  it("keeps the world under the pointer while zooming", () => {
    const camera = fit(VENUE, 800, 600);
    for (const factor of [0.97, 1.3, 4]) {
      const [wx, wy] = toWorld(camera, 130, 470);
      const [x, y] = toScreen(zoomAt(camera, factor, 130, 470, bounds), wx, wy);
      expect(x).toBeCloseTo(130);
      expect(y).toBeCloseTo(470);
    }
  });

  it("pans by exactly the pixels of the hand", () => {
    const camera = { ...fit(VENUE, 800, 600), scale: 0.5 };
    const [wx, wy] = toWorld(camera, 400, 300);
    expect(toScreen(pan(camera, 30, -12), wx, wy)).toEqual([430, 288]);
  });

  it("never loses the venue and never zooms beyond a point's size", () => {
    const far = clamp({ x: 1e6, y: -1e6, scale: 99, width: 800, height: 600 }, bounds);
    expect(far.scale * 50).toBeLessThanOrEqual(64);
    expect(far.x).toBeLessThanOrEqual(3000);
    expect(far.y).toBeGreaterThanOrEqual(0);
    expect(clamp({ ...far, scale: 1e-9 }, bounds).scale).toBeGreaterThan(0.1);
  });

  it("glides from view to view without swinging away, and arrives", () => {
    const a = fit(VENUE, 800, 600);
    const b = { ...a, x: 2500, y: 1500, scale: 0.9 };
    expect(between(a, b, 0)).toMatchObject({ x: a.x, y: a.y });
    const end = between(a, b, 1);
    expect([end.x, end.y, end.scale]).toEqual([expect.closeTo(2500), expect.closeTo(1500), expect.closeTo(0.9)]);
    let before = Infinity;
    for (let t = 0; t <= 1; t += 0.05) {
      const left = Math.hypot(2500 - between(a, b, t).x, 1500 - between(a, b, t).y);
      expect(left).toBeLessThanOrEqual(before + 1e-6);
      before = left;
    }
  });

  it("shows more the nearer it is: sections, dots, glyphs, numbers", () => {
    const at = (seatPx: number) => detail({ x: 0, y: 0, width: 800, height: 600, scale: seatPx / 50 }, 50);
    expect(at(2)).toMatchObject({ seats: 0, glyphs: false, numbers: false });
    expect(at(3).seats).toBeGreaterThan(0);
    expect(at(5)).toMatchObject({ seats: 1, glyphs: false });
    expect(at(10)).toMatchObject({ glyphs: true, numbers: false });
    expect(at(20)).toMatchObject({ glyphs: true, numbers: true });
  });

  it("knows what is in the window", () => {
    expect(view({ x: 100, y: 50, scale: 2, width: 400, height: 200 })).toEqual([0, 0, 200, 100]);
  });
});
