/** The promise of a draw as this browser saw it first: noted before the draw, compared after it. */

import { keep, kept } from "./leader";

export interface Promised {
  /** SHA-256 of the secret, in hex. */
  commitment: string;
  /** When it was noted, by this browser's clock. */
  at: number;
}

/** Note *commitment* unless one is noted already: the first one counts. */
export function note(room: number, commitment: string): void {
  if (!kept(nameOf(room))) keep(nameOf(room), `${commitment} ${Date.now()}`);
}

export function noted(room: number): Promised | null {
  const [commitment, at] = (kept(nameOf(room)) ?? "").split(" ");
  return commitment ? { commitment, at: Number(at) } : null;
}

const nameOf = (room: number) => `fr-draw-${room}`;
