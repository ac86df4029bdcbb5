/**
 * The live socket: joins, keeps alive, comes back. Knows positions and close codes, but nothing of seats or holds.
 * The clock, chance and the socket itself are passed in, so that tests step through an hour in a millisecond.
 */

import type { ClientMessage, Join, Prove, ServerMessage } from "./messages";

export { liveUrl } from "./live_url";
export type Status = "connecting" | "live" | "reconnecting" | "offline" | "stopped";

export interface SocketEvents {
  message(message: ServerMessage): void;
  frame(bytes: ArrayBuffer): void;
  status(status: Status): void;
  /** The state can not be continued: fetch a snapshot, then call `joinFrom`. */
  resync(): void;
  /** Sign a nonce for a show that is sold through a waiting room; null when there is no key to sign with. */
  prove?(show: number, nonce: string): Promise<Prove | null>;
}

export interface Surroundings {
  open(url: string): WebSocket;
  now(): number;
  random(): number;
  later(ms: number, then: () => void): number;
  cancel(timer: number): void;
  online(): boolean;
}

export const BROWSER: Surroundings = {
  open: (url) => new WebSocket(url),
  now: () => Date.now(),
  random: () => Math.random(),
  later: (ms, then) => window.setTimeout(then, ms),
  cancel: (timer) => window.clearTimeout(timer),
  online: () => navigator.onLine,
};

/** Home routers forget idle connections after 60 s; two of these fit. */
const PING_MS = 25_000;
const SILENCE_MS = 10_000;
const BACKOFF_LEAST_MS = 400;
const BACKOFF_MOST_MS = 15_000;
/** Asking again for a gap more often than this would be a flood of our own. */
const REPAIR_MS = 1_000;

export class LiveSocket {
  status: Status = "connecting";
  /** Gateway's clock minus ours, milliseconds. */
  clockAhead = 0;
  private socket: WebSocket | null = null;
  private joined = false;
  private wantsJoin = false;
  private attempts = 0;
  private retryTimer = 0;
  private pingTimer = 0;
  private deadline = 0;
  private byeMs: number | null = null;
  private repairedAt = -Infinity;

  constructor(
    private readonly url: string,
    private readonly show: number,
    private readonly position: () => { epoch: number; seq: number } | null,
    private readonly events: SocketEvents,
    private readonly world: Surroundings = BROWSER,
    /** Which seats to be told about; a page without a map asks for none. */
    private readonly scope: NonNullable<Join["scope"]> = "all",
  ) {}

  start(): void {
    this.connect();
  }

  stop(): void {
    this.become("stopped");
    this.world.cancel(this.retryTimer);
    this.world.cancel(this.pingTimer);
    this.world.cancel(this.deadline);
    this.drop()?.close(1000);
  }

  /** Our state is ready (or renewed): continue from its position. */
  joinFrom(): void {
    this.wantsJoin = true;
    this.sendJoin();
  }

  /** Send a command; false when there is no line, and the caller keeps it for later. */
  send(message: ClientMessage): boolean {
    if (!this.joined || this.socket?.readyState !== 1) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Something is missing between our state and a frame: ask for it. */
  repair(): void {
    const position = this.position();
    if (!position || this.world.now() - this.repairedAt < REPAIR_MS) return;
    this.repairedAt = this.world.now();
    this.send({ t: "scope", scope: this.scope, from: [position.epoch, position.seq] });
  }

  /** The tab came to the front, or the network came back: find out now, not after a timer. */
  wake(): void {
    if (this.status === "stopped") return;
    if (this.socket === null) {
      this.attempts = 0;
      this.connect();
    } else if (this.joined) this.ping();
  }

  private connect(): void {
    this.world.cancel(this.retryTimer);
    this.drop()?.close();
    const socket = this.world.open(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.expect();
    socket.onopen = () => this.sendJoin();
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.heard(socket, event.data);
    socket.onclose = (event) => this.closed(socket, event.code);
  }

  private drop(): WebSocket | null {
    const socket = this.socket;
    this.socket = null;
    this.joined = false;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }

  private sendJoin(): void {
    if (!this.wantsJoin || this.socket?.readyState !== 1) return;
    const position = this.position();
    const join: ClientMessage = { t: "join", show: this.show, scope: this.scope, from: position ? [position.epoch, position.seq] : null };
    this.socket.send(JSON.stringify(join));
    this.expect();
  }

  private heard(socket: WebSocket, data: string | ArrayBuffer): void {
    if (socket !== this.socket) return;
    this.world.cancel(this.deadline);
    this.world.cancel(this.pingTimer);
    this.pingTimer = this.world.later(PING_MS, () => this.ping());
    if (typeof data !== "string") {
      this.events.frame(data);
      return;
    }
    const message = JSON.parse(data) as ServerMessage;
    if (message.t === "joined" || message.t === "pong") this.clockAhead = message.now_ms - this.world.now();
    if (message.t === "joined") {
      this.attempts = 0;
      // Commands wait for the proof: before it they would be refused.
      if (message.challenge && this.events.prove) this.prove(socket, message.show, message.challenge);
      else this.ready();
    } else if (message.t === "proven") this.ready();
    else if (message.t === "challenge") {
      if (message.failed) this.ready(); // what is held is refused in words then
      else this.prove(socket, message.show, message.nonce);
    } else if (message.t === "bye") this.byeMs = message.retry_after_ms;
    else if (message.t === "resync") {
      this.joined = false;
      this.wantsJoin = false;
      // Everybody is told at once; nobody may come back at once.
      this.world.later(this.world.random() * message.spread_ms, () => this.events.resync());
    }
    this.events.message(message);
  }

  private prove(socket: WebSocket, show: number, nonce: string): void {
    const signed = this.events.prove?.(show, nonce).catch(() => null) ?? Promise.resolve(null);
    void signed.then((proof) => {
      if (socket !== this.socket) return;
      if (proof) socket.send(JSON.stringify(proof));
      else this.ready();
    });
  }

  private ready(): void {
    if (this.joined) return;
    this.joined = true;
    this.become("live");
  }

  private ping(): void {
    if (this.socket?.readyState !== 1) return;
    this.socket.send('{"t":"ping"}');
    this.expect();
  }

  /** A message must come within SILENCE_MS, or the line is dead. */
  private expect(): void {
    this.world.cancel(this.deadline);
    this.deadline = this.world.later(SILENCE_MS, () => {
      const socket = this.drop();
      socket?.close();
      this.lost(0);
    });
  }

  private closed(socket: WebSocket, code: number): void {
    if (socket !== this.socket) return;
    this.drop();
    this.lost(code);
  }

  private lost(code: number): void {
    this.world.cancel(this.deadline);
    this.world.cancel(this.pingTimer);
    if (code >= 4100 && code < 4200) {
      this.become("stopped");
      return;
    }
    this.become(this.world.online() ? "reconnecting" : "offline");
    const wait = this.byeMs ?? backoff(this.attempts++, this.world.random());
    this.byeMs = null;
    this.retryTimer = this.world.later(wait, () => this.connect());
  }

  private become(status: Status): void {
    if (this.status === status) return;
    this.status = status;
    this.events.status(status);
  }
}

/** Full jitter: anywhere up to a bound that doubles, so that a thousand clients do not come back together. */
export function backoff(attempt: number, chance: number): number {
  const most = Math.min(BACKOFF_MOST_MS, BACKOFF_LEAST_MS * 2 ** Math.min(10, attempt));
  return BACKOFF_LEAST_MS / 2 + chance * most;
}
