/** What the server tells the page once (server/rooms/pages.py), and what it answers about one's own place. */

import type { LineFrame } from "./frame";

export interface Mine {
  index: number;
  /** None until the draw has given it. */
  position: number | null;
  state: "waiting" | "called" | "claimed" | "lapsed" | "left";
  /** End of the window to go in, by the server's clock. */
  claim_until_ms: number | null;
  /** End of the visit to the seats, and where they are. */
  visit_until_ms: number | null;
  go: string | null;
  /** Where the tickets are that were bought in a visit that is over. */
  bought: string | null;
  /** A turn that passed may still be taken once. */
  reentry: boolean;
  /** The place came out of the draw, so it can be checked. */
  drawn: boolean;
  email: string | null;
  notify: boolean;
  review: "open" | "upheld" | "restored" | null;
}

/** What everybody is told. */
export interface RoomFacts {
  room: number;
  title: string;
  live_url: string;
  /** The worker that does the door's work where the browser has no cryptography. */
  work: string;
  place: "exact" | "banded";
  /** SHA-256 of the secret that decides the draw, in hex. */
  promise: string;
  lobby_ms: number;
  draws_ms: number;
  /** The show to go to, where there are several. */
  to: number | null;
}

/** What is one reader's own; of frame and place only what is neither nothing nor no. */
export interface Own {
  frame: Partial<LineFrame> | null;
  mine: Partial<Mine> | null;
  now_ms: number;
}
