/** The socket of the war room: asks for a show's figures and comes back after every interruption. Never polls. */

import type { ClientMessage, Dashboard, ServerMessage } from "../live/messages";
import type { Surroundings } from "../live/socket";
import { BROWSER } from "../live/socket";

export type WatchState = "connecting" | "live" | "reconnecting" | "refused";

export interface WatchEvents {
  figures(dashboard: Dashboard): void;
  state(state: WatchState, code: string | null): void;
}

const PING_MS = 25_000;
const SILENCE_MS = 10_000;
const BACKOFF_LEAST_MS = 400;
const BACKOFF_MOST_MS = 15_000;
/** What the gateway may not be able to do now but later: a show that opens, a store that comes back. */
const ASK_AGAIN_MS = 5_000;
const FOR_NOW = new Set(["show_unknown", "unavailable"]);

export class WatchSocket {
  private socket: WebSocket | null = null;
  private attempts = 0;
  private seen = false;
  private stopped = false;
  private retryMs: number | null = null;
  private retryTimer = 0;
  private pingTimer = 0;
  private silenceTimer = 0;

  constructor(
    private readonly url: string,
    private readonly show: number,
    private readonly events: WatchEvents,
    private readonly world: Surroundings = BROWSER,
  ) {}

  start(): void {
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.clearTimers();
    this.socket?.close(1000);
  }

  private connect(): void {
    const socket = this.world.open(this.url);
    this.socket = socket;
    this.retryMs = null;
    socket.onopen = () => {
      if (socket !== this.socket) return;
      this.send({ t: "watch", show: this.show });
      this.pingLater();
    };
    socket.onmessage = (event: MessageEvent) => {
      if (socket === this.socket && typeof event.data === "string") this.heard(JSON.parse(event.data) as ServerMessage);
    };
    socket.onclose = (event: CloseEvent) => {
      if (socket === this.socket) this.lost(event.code);
    };
  }

  private heard(message: ServerMessage): void {
    this.world.cancel(this.silenceTimer);
    this.pingLater();
    if (message.t === "dashboard" && message.show === this.show) {
      this.attempts = 0;
      this.seen = true;
      this.events.state("live", null);
      this.events.figures(message);
    } else if (message.t === "watch_refused") {
      this.events.state("refused", message.code);
      if (FOR_NOW.has(message.code)) this.retryTimer = this.world.later(ASK_AGAIN_MS, () => this.send({ t: "watch", show: this.show }));
    } else if (message.t === "bye") {
      this.retryMs = message.retry_after_ms;
    }
  }

  private lost(code: number): void {
    this.clearTimers();
    this.socket = null;
    if (this.stopped) return;
    if (code >= 4100 && code < 4200) {
      this.events.state("refused", "unavailable");
      return;
    }
    this.events.state(this.seen ? "reconnecting" : "connecting", null);
    const ceiling = Math.min(BACKOFF_MOST_MS, BACKOFF_LEAST_MS * 2 ** this.attempts);
    this.attempts += 1;
    const wait = this.retryMs ?? ceiling / 2 + (ceiling / 2) * this.world.random();
    this.retryTimer = this.world.later(wait, () => this.connect());
  }

  private pingLater(): void {
    this.world.cancel(this.pingTimer);
    this.pingTimer = this.world.later(PING_MS, () => {
      this.send({ t: "ping" });
      // A dead line does not close by itself for minutes; silence after a question is the sign.
      this.silenceTimer = this.world.later(SILENCE_MS, () => {
        const dead = this.socket;
        this.lost(4001);
        dead?.close();
      });
    });
  }

  private send(message: ClientMessage): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message));
  }

  private clearTimers(): void {
    for (const timer of [this.retryTimer, this.pingTimer, this.silenceTimer]) this.world.cancel(timer);
  }
}
