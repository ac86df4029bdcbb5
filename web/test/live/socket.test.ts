import { beforeEach, describe, expect, it } from "vitest";
import type { Status, Surroundings } from "../../src/live/socket";
import { backoff, LiveSocket, liveUrl } from "../../src/live/socket";

class Line {
  binaryType = "";
  readyState = 0;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.readyState = 3;
  }
  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  says(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  breaks(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

/** A world whose clock moves only when told. */
class World implements Surroundings {
  lines: Line[] = [];
  clock = 1000;
  private timers = new Map<number, { at: number; then: () => void }>();
  private ids = 0;
  open = () => {
    const line = new Line();
    this.lines.push(line);
    return line as unknown as WebSocket;
  };
  now = () => this.clock;
  random = () => 0.5;
  online = () => true;
  later = (ms: number, then: () => void) => {
    this.timers.set(++this.ids, { at: this.clock + ms, then });
    return this.ids;
  };
  cancel = (timer: number) => void this.timers.delete(timer);
  pass(ms: number): void {
    const end = this.clock + ms;
    for (;;) {
      const next = [...this.timers].filter(([, t]) => t.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!next) break;
      this.timers.delete(next[0]);
      this.clock = next[1].at;
      next[1].then();
    }
    this.clock = end;
  }
  get line(): Line {
    return this.lines.at(-1)!;
  }
}

const JOINED = { t: "joined", show: 1, scope: "all", epoch: 5, seq: 9, seats: 10, tick_ms: 100, now_ms: 51_000, phase: "open", hold: null, v: 1 };
let world: World;
let statuses: Status[];
let resyncs: number;
let position: { epoch: number; seq: number } | null;
let socket: LiveSocket;

beforeEach(() => {
  [world, statuses, resyncs, position] = [new World(), [], 0, { epoch: 5, seq: 9 }];
  socket = new LiveSocket("ws://x/live", 1, () => position, { message: () => {}, frame: () => {}, status: (s) => statuses.push(s), resync: () => resyncs++ }, world);
  socket.start();
});

describe("the live socket", () => {
  it("joins from the snapshot's position, whichever of socket and snapshot is first", () => {
    world.line.opens();
    expect(world.line.sent).toEqual([]);
    socket.joinFrom();
    expect(JSON.parse(world.line.sent[0]!)).toEqual({ t: "join", show: 1, scope: "all", from: [5, 9] });
    world.line.says(JOINED);
    expect(statuses).toEqual(["live"]);
    expect(socket.clockAhead).toBe(50_000);
  });

  it("asks for no seats where there is no map, also when it comes back", () => {
    socket.stop();
    socket = new LiveSocket("ws://x/live", 1, () => null, { message: () => {}, frame: () => {}, status: () => {}, resync: () => {} }, world, []);
    socket.joinFrom();
    socket.start();
    world.line.opens();
    world.line.says(JOINED);
    world.line.breaks(1006);
    world.pass(500);
    world.line.opens();
    expect(world.lines.slice(-2).map((line) => JSON.parse(line.sent[0]!))).toEqual(Array(2).fill({ t: "join", show: 1, scope: [], from: null }));
  });

  it("comes back after a broken line with the position it reached", () => {
    socket.joinFrom();
    world.line.opens();
    world.line.says(JOINED);
    position = { epoch: 5, seq: 12 };
    world.line.breaks(1006);
    expect(statuses.at(-1)).toBe("reconnecting");
    world.pass(500);
    world.line.opens();
    expect(JSON.parse(world.line.sent[0]!).from).toEqual([5, 12]);
  });

  it("does not come back when coming back can not help", () => {
    socket.joinFrom();
    world.line.opens();
    world.line.breaks(4102);
    world.pass(120_000);
    expect(world.lines.length).toBe(1);
    expect(statuses.at(-1)).toBe("stopped");
  });

  it("waits as long as the leaving process asked", () => {
    socket.joinFrom();
    world.line.opens();
    world.line.says(JOINED);
    world.line.says({ t: "bye", retry_after_ms: 7000 });
    world.line.breaks(4000);
    world.pass(6999);
    expect(world.lines.length).toBe(1);
    world.pass(2);
    expect(world.lines.length).toBe(2);
  });

  it("finds a silent line dead: ping after 25 s, over after ten more", () => {
    socket.joinFrom();
    world.line.opens();
    world.line.says(JOINED);
    world.pass(25_000);
    expect(world.line.sent.at(-1)).toBe('{"t":"ping"}');
    world.pass(9_999);
    expect(statuses.at(-1)).toBe("live");
    world.pass(2);
    expect(statuses.at(-1)).toBe("reconnecting");
  });

  it("spreads a resync and sends no command until it has joined again", () => {
    socket.joinFrom();
    world.line.opens();
    world.line.says(JOINED);
    world.line.says({ t: "resync", epoch: 6, seq: 0, spread_ms: 4000, reason: "rebuilt" });
    expect(socket.send({ t: "extend", id: "e" })).toBe(false);
    world.pass(1999);
    expect(resyncs).toBe(0);
    world.pass(2);
    expect(resyncs).toBe(1);
    position = { epoch: 6, seq: 3 };
    socket.joinFrom();
    expect(JSON.parse(world.line.sent.at(-1)!).from).toEqual([6, 3]);
  });

  it("repairs a gap by naming its position, at most once a second", () => {
    socket.joinFrom();
    world.line.opens();
    world.line.says(JOINED);
    socket.repair();
    socket.repair();
    expect(world.line.sent.slice(1).map((text) => JSON.parse(text))).toEqual([{ t: "scope", scope: "all", from: [5, 9] }]);
  });
});

describe("backing off", () => {
  it("doubles a bound, stays under 15 s, and never is zero", () => {
    expect(backoff(0, 0)).toBe(200);
    expect(backoff(0, 1)).toBe(600);
    expect(backoff(3, 1)).toBe(3400);
    expect(backoff(60, 1)).toBe(15_200);
  });
});

describe("the socket's address", () => {
  it.each([
    [":8001/live", "http:", "10.0.0.7:8000", "ws://10.0.0.7:8001/live"],
    [":8001/live", "https:", "tickets.example", "wss://tickets.example:8001/live"],
    ["/live", "https:", "tickets.example", "wss://tickets.example/live"],
    ["wss://live.example/live", "https:", "tickets.example", "wss://live.example/live"],
  ])("%s on a page of %s//%s", (given, protocol, host, expected) => {
    expect(liveUrl(given, { protocol, host, hostname: host.split(":")[0]! })).toBe(expected);
  });
});

describe("the proof of the holder", () => {
  const PROOF = { t: "prove", x: "x", y: "y", signature: "s" } as const;
  let asked: [number, string][];
  let answer: typeof PROOF | null;

  beforeEach(() => {
    [world, statuses, asked, answer] = [new World(), [], [], PROOF];
    const prove = async (show: number, nonce: string) => {
      asked.push([show, nonce]);
      return answer;
    };
    const events = { message: () => {}, frame: () => {}, status: (s: Status) => statuses.push(s), resync: () => {}, prove };
    socket = new LiveSocket("ws://x/live", 1, () => position, events, world);
    socket.start();
    world.line.opens();
    socket.joinFrom();
  });

  it("is given before the first command of a show with a waiting room", async () => {
    world.line.says({ ...JOINED, challenge: "n1" });
    expect(socket.send({ t: "ping" })).toBe(false);
    await new Promise((done) => setTimeout(done));
    expect(asked).toEqual([[1, "n1"]]);
    expect(JSON.parse(world.line.sent.at(-1)!)).toEqual(PROOF);
    expect(statuses).toEqual([]);
    world.line.says({ t: "proven" });
    expect(statuses).toEqual(["live"]);
    expect(socket.send({ t: "ping" })).toBe(true);
  });

  it("is not asked for where there is no room", () => {
    world.line.says({ ...JOINED, challenge: null });
    expect([asked, statuses]).toEqual([[], ["live"]]);
  });

  it("is left to the cookie when the browser has no key", async () => {
    answer = null;
    world.line.says({ ...JOINED, challenge: "n1" });
    await new Promise((done) => setTimeout(done));
    expect(statuses).toEqual(["live"]);
  });

  it("is given once more when asked for, but not again and again when it fails", async () => {
    world.line.says({ ...JOINED, challenge: null });
    world.line.says({ t: "challenge", show: 1, nonce: "n2", failed: false });
    await new Promise((done) => setTimeout(done));
    world.line.says({ t: "challenge", show: 1, nonce: "n3", failed: true });
    await new Promise((done) => setTimeout(done));
    expect(asked).toEqual([[1, "n2"]]);
  });

  it("is not sent on a line that has been replaced", async () => {
    const first = world.line;
    world.line.says({ ...JOINED, challenge: "n1" });
    first.breaks(1006);
    await new Promise((done) => setTimeout(done));
    expect(first.sent.filter((text) => text.includes("prove"))).toEqual([]);
  });
});
