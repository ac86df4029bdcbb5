/**
 * Marks for the bench, and a driver it can call. `map:data-ready` is set when chart and state have arrived, `map:interactive`
 * after the first painted frame that answers the pointer. With `?bench` in the address `window.frontrowBench` pans and zooms.
 */

import { pan } from "../map/camera";
import type { SeatMap } from "../map/map";
import type { Desk } from "./desk";

declare global {
  interface Window {
    frontrowBench?: {
      readonly renderer: string;
      seats: number;
      /** Pan *frames* frames at a given seat size (CSS pixels; 0: as it is); answers JavaScript milliseconds a frame. */
      pan(frames: number, seatPx: number): Promise<number[]>;
      readyMs(): number;
    };
  }
}

export function measure(map: SeatMap, desk: Desk): void {
  // After the frame that was asked for has been drawn.
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("map:interactive")));
  if (!new URLSearchParams(location.search).has("bench")) return;
  window.frontrowBench = {
    get renderer() {
      return map.rendererKind;
    },
    seats: desk.chart.n,
    readyMs: () => performance.measure("map:ready", "map:data-ready", "map:interactive").duration,
    async pan(frames, seatPx) {
      if (seatPx > 0) map.camera = { ...map.camera, scale: seatPx / desk.chart.pitch };
      const next = () => new Promise((done) => requestAnimationFrame(done));
      map.draw();
      for (let i = 0; i < 5; i++) await next();
      map.frameTimes = [];
      for (let i = 0; i < frames; i++) {
        map.camera = pan(map.camera, 6 * Math.cos(i / 20), 4 * Math.sin(i / 31));
        map.draw();
        await next();
      }
      await next();
      const times = map.frameTimes;
      map.frameTimes = null;
      return times;
    },
  };
}
