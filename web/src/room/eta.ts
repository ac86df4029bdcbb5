/**
 * How long it still takes: an honest band from the shared frame and one's own position. Twin of queue/waitingroom/eta.py and density.py;
 * both run tests/contract/waitingroom/eta_cases.json.
 */

import type { LineFrame } from "./frame";

export interface Band {
  p10: number;
  p50: number;
  p90: number;
}

export type Unsaid = "not_drawn" | "paused" | "measuring" | "sold_out" | "closed";

const BLOCKS = 64;
const HAZARD_MIN = 1e-7;

/** How many people stand in the first *distance* places after the watermark, by the frame's density. */
export function peopleWithin(density: string, distance: number): number {
  const levels = density ? atob(density.replace(/-/g, "+").replace(/_/g, "/")) : "\xff".repeat(BLOCKS);
  let people = 0;
  let low = 0;
  // Four blocks to an octave: 0 to 3 are 64 places each, and every four blocks the width doubles.
  for (let block = 0; block < BLOCKS && distance > low; block++) {
    const high = low + (64 << Math.max(0, (block >> 2) - 1));
    const end = block === BLOCKS - 1 ? distance : Math.min(distance, high);
    people += (levels.charCodeAt(block) / 255) * (end - low);
    low = high;
  }
  return people;
}

export function peopleAhead(frame: LineFrame, position: number): number {
  return peopleWithin(frame.density, Math.max(0, position - frame.served));
}

/** How long *people* take at *rate* people a minute while a share *hazard* a minute gives up, in milliseconds. */
export function waitMs(people: number, rate: number, hazard: number): number {
  const minutes = hazard > HAZARD_MIN ? Math.log1p((hazard * people) / rate) / hazard : people / rate;
  return Math.floor(minutes * 60_000 + 0.5);
}

/** When *position* is called, in milliseconds from the frame's `now_ms`; "called", or why there is no honest number now. */
export function eta(frame: LineFrame, position: number | null): Band | "called" | Unsaid {
  if (frame.phase === "closed") return "closed";
  if (position === null || frame.phase === "planned" || frame.phase === "lobby" || frame.phase === "drawing") return "not_drawn";
  if (position < frame.served) return "called";
  if (frame.sold_out) return "sold_out";
  if (frame.paused) return "paused";
  if (!frame.rate) return "measuring";
  const people = peopleAhead(frame, position) + 1;
  const [cautious, likely, hopeful] = frame.rate.map((rate) => waitMs(people, rate, frame.hazard)) as [number, number, number];
  return { p10: hopeful, p50: likely, p90: cautious };
}
