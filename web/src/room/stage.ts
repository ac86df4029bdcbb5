/** Where a person stands: one name for what the page shows. Pure; the twin for readers without scripts is server/rooms/stage.py. */

import type { LineFrame } from "./frame";
import type { Mine } from "./facts";

export type Stage =
  | "planned"
  | "lobby_join"
  | "lobby"
  | "drawing"
  | "join"
  | "straight_in"
  | "waiting"
  | "called"
  | "claimed"
  | "done"
  | "lapsed"
  | "left"
  | "full_house"
  | "sold_out"
  | "closed";

/** The stage of somebody with *mine* (null: no place) under *frame* (null: the usher has not spoken yet) at *nowMs*. */
export function stageOf(frame: LineFrame | null, mine: Mine | null, nowMs: number): Stage {
  const phase = frame?.phase ?? "planned";
  // A visit outlives everything but its own end: whoever is in, is in.
  if (mine?.state === "claimed" && (mine.visit_until_ms ?? nowMs + 1) > nowMs) return "claimed";
  if (phase === "closed") return "closed";
  if (!frame || phase === "planned") return "planned";
  if (mine?.state === "left") return "left";
  if (mine?.state === "claimed") return "done";
  if (phase === "lobby") return mine ? "lobby" : "lobby_join";
  if (!mine) {
    if (frame.sold_out) return "sold_out";
    if (phase === "drawing") return "drawing";
    if (phase === "draining") return "full_house";
    return frame.passthrough ? "straight_in" : "join";
  }
  if (mine.state === "lapsed") return "lapsed";
  if (phase === "drawing" || mine.position === null) return "drawing";
  if (mine.state === "called" || mine.position < frame.served) return "called";
  return frame.sold_out ? "sold_out" : "waiting";
}
