/**
 * Where frames come from: the socket, else server-sent events, else a cached file that is asked for again. It steps down by itself when
 * a level fails twice, and tries the socket again later. The world is passed in, so that tests step through an hour in a millisecond.
 */

import type { LineFrame } from "./frame";

export type Level = 0 | 1 | 2;
export const SOCKET = 0;
export const EVENTS = 1;
export const POLL = 2;

/** What the gateway tells one visitor beside the frames. */
export interface Waiting {
  t: "waiting";
  index: number | null;
  position: number | null;
  called: boolean;
  reconnect_ms: number;
}

export interface Hears {
  frame(frame: LineFrame): void;
  /** Our own place changed, or our turn came. */
  own(waiting: Waiting | null): void;
}

export interface World {
  socket(url: string): WebSocket;
  events(url: string): EventSource;
  /** The cached state; rejects when it can't be had. */
  ask(url: string): Promise<LineFrame>;
  now(): number;
  random(): number;
  later(ms: number, then: () => void): number;
  cancel(timer: number): void;
  hidden(): boolean;
}

/** Twice the slowest pace of the gateway: then the line is dead, whatever the browser believes. */
const SILENCE_MS = 25_000;
const FAILURES = 2;
const CLIMB_MS = 60_000;
const FLOOR_MS = 2_000;
const LOOK_LEAST_MS = 60_000;

export interface Room {
  room: number;
  liveUrl: string;
  api: string;
}

/** How often to ask, whether to listen closely, and how long at least until the turn may come. */
export type PaceNow = () => { pollMs: number; pushed: boolean; turnMs: number | null; position: number | null };

export interface LineSource {
  start(): void;
  stop(): void;
  /** The tab came to the front, or the network came back: find out now, but not more often than the floor allows. A tab that went to
   * the back stops asking. */
  wake(): void;
  level(): Level;
}

export function lineSource({ room, liveUrl, api }: Room, pace: PaceNow, hears: Hears, world: World): LineSource {
  let level: Level = SOCKET;
  let running = false;
  let socket: WebSocket | null = null;
  let stream: EventSource | null = null;
  let failures = 0;
  let timer = 0;
  let silence = 0;
  let askedAt = -Infinity;
  let reconnectMs = 15_000;
  let byeMs: number | null = null;
  let climbAt = 0;

  const plan = (ms: number, then: () => void) => {
    world.cancel(timer);
    timer = world.later(ms, then);
  };

  const drop = () => {
    world.cancel(timer);
    world.cancel(silence);
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
    stream?.close();
    socket = stream = null;
  };

  const expect = () => {
    world.cancel(silence);
    silence = world.later(SILENCE_MS, () => failed(false));
  };

  const connect = () => {
    drop();
    if (!running) return;
    if (level === POLL) poll();
    else {
      if (level === SOCKET) openSocket();
      else openStream();
      expect();
    }
  };

  const openSocket = () => {
    const opened = world.socket(liveUrl);
    socket = opened;
    opened.onopen = () => opened.send(JSON.stringify({ t: "wait", room }));
    opened.onmessage = (event: MessageEvent<string>) => {
      expect();
      const message = JSON.parse(event.data) as LineFrame | Waiting | { t: "turn" } | { t: "bye"; retry_after_ms: number };
      if (message.t === "bye") byeMs = message.retry_after_ms;
      else if (message.t === "turn") hears.own(null);
      else if (message.t === "line") heard(message);
      else if (message.t === "waiting") {
        reconnectMs = message.reconnect_ms;
        hears.own(message);
      }
    };
    opened.onclose = (event) => failed(event.code >= 4100 && event.code < 4200);
  };

  const openStream = () => {
    const { position } = pace();
    stream = world.events(`${api}/events${position === null ? "" : `?position=${position}`}`);
    stream.onmessage = (event: MessageEvent<string>) => {
      expect();
      heard(JSON.parse(event.data) as LineFrame);
    };
    stream.onerror = () => failed(false);
  };

  const heard = (frame: LineFrame) => {
    failures = 0;
    askedAt = world.now();
    hears.frame(frame);
    if (level !== POLL && !pace().pushed) {
      level = POLL;
      drop();
      again();
    }
  };

  /** The level broke. Everybody may have lost it at once, so nobody comes back at once; meanwhile the cached file tells. */
  const failed = (forGood: boolean) => {
    drop();
    failures += forGood ? FAILURES : 1;
    let wait = byeMs ?? world.random() * reconnectMs;
    byeMs = null;
    if (failures >= FAILURES) {
      failures = 0;
      level = level === SOCKET ? EVENTS : POLL;
      climbAt = world.now() + CLIMB_MS;
      wait = world.random() * FLOOR_MS;
    } else void look();
    plan(wait, connect);
  };

  const poll = () => void look().then(again);

  const look = async () => {
    askedAt = world.now();
    try {
      hears.frame(await world.ask(`${api}/state.json`));
    } catch {
      // the next one may come through; what we know stays on the screen
    }
  };

  /** Plan the next look. A hidden tab does not poll: it looks once, when the turn may be near. */
  const again = () => {
    if (!running || socket || stream) return;
    const { pollMs, pushed, turnMs } = pace();
    if (world.hidden()) {
      world.cancel(timer);
      if (turnMs !== null) plan(Math.max(LOOK_LEAST_MS, turnMs), poll);
    } else if (pushed && world.now() >= climbAt) {
      level = SOCKET;
      connect();
    } else plan(pollMs * (0.85 + 0.3 * world.random()), poll);
  };

  return {
    start() {
      if (running) return;
      running = true;
      level = pace().pushed ? SOCKET : POLL;
      connect();
    },
    stop() {
      running = false;
      drop();
    },
    wake() {
      if (world.hidden()) again();
      else if (running && !socket && !stream) plan(Math.max(0, FLOOR_MS - (world.now() - askedAt)), poll);
    },
    level: () => level,
  };
}
