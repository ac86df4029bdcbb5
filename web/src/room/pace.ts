/** How closely to listen: sockets are for those whose turn is near and for small rooms; everybody else asks a cache. */

import type { Band, Unsaid } from "./eta";
import type { LineFrame } from "./frame";

/** As many sockets one gateway carries easily (20,000 are measured). */
const SMALL = 20_000;
const NEAR_MS = 5 * 60_000;

export interface Pace {
  pollMs: number;
  pushed: boolean;
  turnMs: number | null;
}

export function paceOf(frame: LineFrame | null, told: Band | "called" | Unsaid | null): Pace {
  if (!frame) return { pollMs: 5_000, pushed: true, turnMs: null };
  const band = typeof told === "object" ? told : null;
  const people = frame.phase === "lobby" || frame.phase === "drawing" ? frame.next : frame.waiting;
  const nextMs = frame.opens_ms === null ? null : Math.max(0, frame.opens_ms - frame.now_ms);
  const turnMs = told === "called" ? 0 : (band?.p10 ?? (frame.phase === "lobby" ? nextMs : null));
  const pollMs = Math.max(frame.poll_ms, Math.min(30_000, Math.max(2_000, (band?.p50 ?? 0) / 20)));
  const near = turnMs !== null && turnMs <= NEAR_MS && frame.phase !== "lobby";
  return { pollMs, pushed: frame.phase !== "planned" && frame.phase !== "closed" && (people <= SMALL || near), turnMs };
}
