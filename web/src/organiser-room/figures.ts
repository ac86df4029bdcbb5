/** The figures of a room as the server pushes them (server/rooms/organiser/figures.py), and what can be said of them. Pure. */

export interface Signal {
  key: string;
  value: number | null;
  limit: number | null;
  state: "ok" | "trouble" | "silent";
}

export interface TrailEntry {
  at_ms: number;
  who: string;
  deed: string;
  details: Record<string, string | number | boolean | null>;
}

/** One tenth of a minute or so: when it began (Unix ms) and what came in it. */
export type FlowStep = readonly [at: number, arrivals: number, called: number, admitted: number];

export interface RoomFigures {
  at_ms: number;
  phase: Phase;
  /** The organiser's pause; `held` is the usher's own, and `reason` says why. */
  paused: boolean;
  held: boolean;
  passthrough: boolean;
  next_ms: number | null;
  arrivals: number;
  waiting: number;
  called: number;
  admitted: number;
  shopping: number;
  cap: number;
  no_shows: number;
  left: number;
  rate_per_min: number;
  limit_per_min: number | null;
  reason: string | null;
  orders: number;
  seats_left: number | null;
  sold_out: boolean;
  /** In the last 60 s, as the line itself counts them for the rate. */
  called_min: number;
  admitted_min: number;
  flow: readonly FlowStep[];
  flow_ms: number;
  health: readonly Signal[];
  abuse: readonly (readonly [key: string, count: number])[];
  contests: number;
  message: string;
  actions: readonly string[];
  trail: readonly TrailEntry[];
}

export type Phase = "planned" | "lobby" | "drawing" | "open" | "draining" | "closed";

/** Figures older than this are not live any more, and the page says so. */
export const STALE_MS = 5_000;

/** Share of those let in who bought, 0 … 1; null while nobody was let in. */
export function conversion(figures: Pick<RoomFigures, "admitted" | "orders">): number | null {
  return figures.admitted > 0 ? Math.min(1, figures.orders / figures.admitted) : null;
}

/** Share of those called who neither came nor can come any more, 0 … 1; null while that is nobody's case yet. */
export function noShowShare(figures: Pick<RoomFigures, "admitted" | "no_shows">): number | null {
  const settled = figures.admitted + figures.no_shows;
  return settled > 0 ? figures.no_shows / settled : null;
}

/** People who came a minute, over the whole steps of the last one; null while there is none. */
export function arrivalsPerMinute(figures: Pick<RoomFigures, "flow" | "flow_ms">): number | null {
  const steps = Math.max(1, Math.round(60_000 / figures.flow_ms));
  // The running step is not over: a minute is made of the ones before it.
  const whole = figures.flow.slice(0, -1).slice(-steps);
  if (whole.length === 0) return null;
  const sum = whole.reduce((total, step) => total + step[1], 0);
  return Math.round((sum * 60_000) / (whole.length * figures.flow_ms));
}

/** One word for the head of the page: the flag that rules, else the phase. */
export function condition(figures: Pick<RoomFigures, "phase" | "paused" | "held" | "passthrough" | "sold_out">): string {
  if (figures.phase === "closed") return "closed";
  if (figures.paused) return "paused";
  if (figures.sold_out) return "sold_out";
  if (figures.held) return "held";
  if (figures.passthrough && figures.phase === "open") return "passthrough";
  return figures.phase;
}

export const TONES: Record<string, string> = {
  open: "ok",
  passthrough: "ok",
  lobby: "info",
  drawing: "info",
  paused: "warn",
  held: "warn",
  draining: "warn",
  sold_out: "danger",
};

/** How long the line still takes at the present rate, in whole minutes; null when nothing can be said. */
export function lineMinutes(figures: Pick<RoomFigures, "waiting" | "paused" | "held" | "rate_per_min" | "limit_per_min">): number | null {
  const rate = Math.min(figures.rate_per_min, figures.limit_per_min ?? Infinity);
  if (figures.paused || figures.held || rate <= 0) return null;
  return Math.ceil(figures.waiting / rate);
}
