/** The push channel of a room's figures: an event stream that comes back by itself, and says when what it shows is old. */

import type { RoomFigures } from "./figures";
import { STALE_MS } from "./figures";

export type StreamState = "connecting" | "live" | "stale" | "refused" | "over";

export interface StreamEvents {
  figures(figures: RoomFigures): void;
  state(state: StreamState): void;
}

export interface Surroundings {
  open(url: string): EventSource;
  later(ms: number, then: () => void): number;
  cancel(timer: number): void;
}

const BROWSER: Surroundings = {
  open: (url) => new EventSource(url),
  later: (ms, then) => window.setTimeout(then, ms),
  cancel: (timer) => window.clearTimeout(timer),
};
/** The browser gives up for good after an answer that is no stream (signed out, server restarting); we ask again. */
const ASK_AGAIN_MS = 5_000;
const CLOSED = 2;

export class FiguresStream {
  private source: EventSource | null = null;
  private silence = 0;
  private retry = 0;
  private seen = false;

  constructor(
    private readonly url: string,
    private readonly events: StreamEvents,
    private readonly world: Surroundings = BROWSER,
  ) {}

  start(): void {
    const source = this.world.open(this.url);
    this.source = source;
    source.addEventListener("figures", (event) => {
      this.seen = true;
      this.events.state("live");
      this.expectMore();
      this.events.figures(JSON.parse((event as MessageEvent<string>).data) as RoomFigures);
    });
    for (const end of ["refused", "over"] as const) {
      source.addEventListener(end, () => {
        this.stop();
        this.events.state(end);
      });
    }
    source.onerror = () => {
      this.events.state(this.seen ? "stale" : "connecting");
      if (source.readyState === CLOSED) this.retry = this.world.later(ASK_AGAIN_MS, () => this.start());
    };
  }

  stop(): void {
    this.world.cancel(this.silence);
    this.world.cancel(this.retry);
    this.source?.close();
    this.source = null;
  }

  private expectMore(): void {
    this.world.cancel(this.silence);
    this.silence = this.world.later(STALE_MS, () => this.events.state("stale"));
  }
}
