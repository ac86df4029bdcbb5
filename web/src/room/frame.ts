/** The one message a whole room shares (queue/waitingroom/frame.py). Absolute values only: the newest frame is enough. */

export type Phase = "planned" | "lobby" | "drawing" | "open" | "draining" | "closed";

export interface LineFrame {
  t: "line";
  room: number;
  epoch: number;
  tick: number;
  now_ms: number;
  phase: Phase;
  paused: boolean;
  passthrough: boolean;
  /** When the next phase begins, if it is known. */
  opens_ms: number | null;
  lobby: number;
  next: number;
  served: number;
  /** People called a minute: cautious, likely, hopeful. */
  rate: [number, number, number] | null;
  /** Share of the waiting who give up, a minute. */
  hazard: number;
  density: string;
  waiting: number;
  left: number | null;
  sold_out: boolean;
  reason: "organiser" | "payments_down" | "checkout_slow" | "no_signal" | "full" | "measuring" | null;
  message: { id: string; text: string } | null;
  poll_ms: number;
}

/** The frame that the page came with: what is left out is nothing, or no. */
export function whole(frame: Partial<LineFrame>): LineFrame {
  return { served: 0, lobby: 0, next: 0, waiting: 0, tick: 0, rate: null, left: null, opens_ms: null, density: "", hazard: 0, ...frame } as LineFrame;
}

/** Whether *frame* supersedes the one we have: in a new epoch every place was given anew. */
export function newer(frame: LineFrame, than: LineFrame | null): boolean {
  return !than || frame.epoch > than.epoch || (frame.epoch === than.epoch && frame.tick > than.tick);
}
