import { beforeEach, describe, expect, it } from "vitest";
import { whole, type LineFrame } from "../../src/room/frame";
import { EVENTS, lineSource, POLL, SOCKET, type LineSource } from "../../src/room/line_source";
import { mayLead } from "../../src/room/leader";
import { paceOf } from "../../src/room/pace";

const FRAME = whole({ t: "line", room: 7, epoch: 1, tick: 1, now_ms: 0, phase: "open", served: 0, waiting: 500, rate: [80, 100, 120], poll_ms: 2_000 });

class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: string[] = [];
  send(text: string) {
    this.sent.push(text);
  }
  close() {}
  says(message: unknown) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

class FakeStream {
  onmessage: ((event: { data: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  constructor(readonly url: string) {}
  close() {
    this.closed = true;
  }
}

/** A world whose clock is stepped by hand. */
class World {
  nowMs = 0;
  isHidden = false;
  down = false;
  chance = 0.5;
  sockets: FakeSocket[] = [];
  streams: FakeStream[] = [];
  asked: number[] = [];
  private timers: { id: number; at: number; then: () => void }[] = [];
  private ids = 0;

  socket = () => this.sockets[this.sockets.push(new FakeSocket()) - 1] as unknown as WebSocket;
  events = (url: string) => this.streams[this.streams.push(new FakeStream(url)) - 1] as unknown as EventSource;
  ask = async (): Promise<LineFrame> => {
    this.asked.push(this.nowMs);
    if (this.down) throw new Error("down");
    return FRAME;
  };
  now = () => this.nowMs;
  random = () => this.chance;
  later = (ms: number, then: () => void) => this.timers.push({ id: ++this.ids, at: this.nowMs + ms, then }) && this.ids;
  cancel = (id: number) => void (this.timers = this.timers.filter((timer) => timer.id !== id));
  hidden = () => this.isHidden;

  async pass(ms: number): Promise<void> {
    await settle();
    const end = this.nowMs + ms;
    for (;;) {
      const due = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.nowMs = due.at;
      this.cancel(due.id);
      due.then();
      await settle();
    }
    this.nowMs = end;
    await settle();
  }
}

const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

let world: World;
let source: LineSource;
let heard: LineFrame[];
let own: unknown[];
let pace: { pollMs: number; pushed: boolean; turnMs: number | null; position: number | null };

beforeEach(() => {
  world = new World();
  heard = [];
  own = [];
  pace = { pollMs: 4_000, pushed: true, turnMs: 10 * 60_000, position: 42 };
  source = lineSource({ room: 7, liveUrl: "ws://x/live", api: "/api" }, () => pace, { frame: (one) => heard.push(one), own: (one) => own.push(one) }, world);
});

describe("where frames come from", () => {
  it("is the socket: it waits in the room, hears frames, its own place and its turn", () => {
    source.start();
    const [socket] = world.sockets;
    socket!.onopen?.();
    expect(JSON.parse(socket!.sent[0]!)).toEqual({ t: "wait", room: 7 });
    socket!.says({ t: "waiting", index: 5, position: 9, called: false, reconnect_ms: 15_000 });
    socket!.says(FRAME);
    socket!.says({ t: "turn", room: 7, position: 9 });
    expect(heard).toEqual([FRAME]);
    expect(own).toEqual([expect.objectContaining({ position: 9 }), null]);
  });

  it("comes back spread over time, asking the cache meanwhile, as long as a bye says", async () => {
    source.start();
    world.sockets[0]!.says(FRAME);
    world.sockets[0]!.says({ t: "bye", retry_after_ms: 9_000 });
    world.sockets[0]!.onclose?.({ code: 4001 });
    await settle();
    expect(world.asked).toHaveLength(1);
    await world.pass(8_900);
    expect(world.sockets).toHaveLength(1);
    await world.pass(200);
    expect(world.sockets).toHaveLength(2);
  });

  it("steps down to the stream and then to the cache, and climbs up again", async () => {
    source.start();
    world.sockets[0]!.onclose?.({ code: 1006 });
    await world.pass(15_000);
    world.sockets[1]!.onclose?.({ code: 1006 });
    await world.pass(2_000);
    expect(source.level()).toBe(EVENTS);
    expect(world.streams[0]!.url).toBe("/api/events?position=42");
    world.streams[0]!.onerror?.();
    await world.pass(15_000);
    world.streams[1]!.onerror?.();
    await world.pass(5_000);
    expect(source.level()).toBe(POLL);
    expect(heard.length).toBeGreaterThan(0);
    await world.pass(70_000);
    expect(source.level()).toBe(SOCKET);
  });

  it("gives up a socket at once that says not to come back", async () => {
    source.start();
    world.sockets[0]!.onclose?.({ code: 4101 });
    await world.pass(2_000);
    expect(source.level()).toBe(EVENTS);
  });

  it("takes a silent line for dead", async () => {
    source.start();
    world.sockets[0]!.says(FRAME);
    await world.pass(26_000);
    expect(world.asked).toHaveLength(1);
  });

  it("asks the cache only, when the turn is far in a large crowd, with jitter in proportion", async () => {
    pace.pushed = false;
    source.start();
    await settle();
    world.chance = 0;
    await world.pass(20_000);
    expect(world.sockets).toHaveLength(0);
    const gaps = world.asked.slice(2).map((at, i) => at - world.asked[i + 1]!);
    expect(gaps.every((gap) => gap === 3_400)).toBe(true);
  });

  it("keeps what it knows when the cache is away, and goes on asking", async () => {
    pace.pushed = false;
    world.down = true;
    source.start();
    await world.pass(20_000);
    expect(world.asked.length).toBeGreaterThan(3);
    expect(heard).toEqual([]);
  });
});

describe("a hidden tab (T35)", () => {
  it("stops polling, and looks once when its turn may be near", async () => {
    pace.pushed = false;
    source.start();
    await settle();
    world.isHidden = true;
    await world.pass(5_000);
    const before = world.asked.length;
    await world.pass(9 * 60_000);
    expect(world.asked.length).toBe(before);
    await world.pass(60_000);
    expect(world.asked.length).toBe(before + 1);
  });

  it("fetches once on return, and not again within the floor", async () => {
    pace.pushed = false;
    source.start();
    await settle();
    world.isHidden = true;
    await world.pass(5 * 60_000);
    const before = world.asked.length;
    world.isHidden = false;
    source.wake();
    await world.pass(0);
    expect(world.asked.length).toBe(before + 1);
    source.wake();
    source.wake();
    await world.pass(1_900);
    expect(world.asked.length).toBe(before + 1);
  });
});

describe("how closely to listen", () => {
  it("is a socket in small rooms and near the turn, the cache otherwise", () => {
    const far = { p10: 20 * 60_000, p50: 30 * 60_000, p90: 40 * 60_000 };
    const near = { p10: 2 * 60_000, p50: 3 * 60_000, p90: 4 * 60_000 };
    expect(paceOf(FRAME, far).pushed).toBe(true);
    expect(paceOf({ ...FRAME, waiting: 300_000 }, far)).toMatchObject({ pushed: false, pollMs: 30_000 });
    expect(paceOf({ ...FRAME, waiting: 300_000 }, near)).toMatchObject({ pushed: true, pollMs: 9_000 });
    expect(paceOf({ ...FRAME, phase: "planned" }, "not_drawn").pushed).toBe(false);
    expect(paceOf({ ...FRAME, waiting: 300_000 }, "called").pushed).toBe(true);
  });
});

describe("the leader tab", () => {
  const lease = { tab: "a", hidden: false, untilMs: 5_000 };

  it("keeps the lead while its lease runs, and yields to a tab that is looked at", () => {
    expect(mayLead(null, "b", true, 0)).toBe(true);
    expect(mayLead(lease, "a", true, 4_000)).toBe(true);
    expect(mayLead(lease, "b", false, 4_000)).toBe(false);
    expect(mayLead({ ...lease, hidden: true }, "b", false, 4_000)).toBe(true);
    expect(mayLead({ ...lease, hidden: true }, "b", true, 4_000)).toBe(false);
    expect(mayLead(lease, "b", false, 5_000)).toBe(true);
  });

  it("does not believe a lease from a clock that was set back", () => {
    expect(mayLead({ ...lease, untilMs: 10_000_000 }, "b", false, 0)).toBe(true);
  });
});
