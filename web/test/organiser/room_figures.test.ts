import { describe, expect, it } from "vitest";
import type { RoomFigures } from "../../src/organiser-room/figures";
import { arrivalsPerMinute, condition, conversion, lineMinutes, noShowShare } from "../../src/organiser-room/figures";
import { undoOf } from "../../src/organiser-room/controls";
import { FiguresStream } from "../../src/organiser-room/figures_stream";

const figures: RoomFigures = {
  at_ms: 0, phase: "open", paused: false, held: false, passthrough: false, next_ms: null, arrivals: 900, waiting: 601, called: 20, admitted: 200,
  shopping: 80, cap: 250, no_shows: 50, left: 29, rate_per_min: 60, limit_per_min: null, reason: null, orders: 90, seats_left: 400, sold_out: false,
  called_min: 60, admitted_min: 40, flow: [], flow_ms: 10_000, health: [], abuse: [], contests: 0, message: "Hello", actions: [], trail: [],
};

describe("the figures of a room", () => {
  it("gives no share of nothing", () => {
    expect(conversion({ admitted: 0, orders: 3 })).toBeNull();
    expect(noShowShare({ admitted: 0, no_shows: 0 })).toBeNull();
  });

  it("never says that more bought than came", () => expect(conversion({ admitted: 2, orders: 3 })).toBe(1));

  it("counts those who missed their turn among those whose turn is over", () => expect(noShowShare(figures)).toBeCloseTo(0.2));

  it("counts a minute from whole steps, and leaves the running one out", () => {
    const flow = Array.from({ length: 8 }, (_, index) => [index * 10_000, 5, 0, index === 7 ? 1000 : 1] as const);
    expect(arrivalsPerMinute({ flow, flow_ms: 10_000 })).toBe(30);
    expect(arrivalsPerMinute({ flow: flow.slice(0, 3), flow_ms: 10_000 })).toBe(30);
    expect(arrivalsPerMinute({ flow: flow.slice(0, 1), flow_ms: 10_000 })).toBeNull();
  });

  it("rounds the line's minutes up, by whichever rate is lower, and says nothing while it stands", () => {
    expect(lineMinutes(figures)).toBe(11);
    expect(lineMinutes({ ...figures, limit_per_min: 30 })).toBe(21);
    expect(lineMinutes({ ...figures, paused: true })).toBeNull();
    expect(lineMinutes({ ...figures, limit_per_min: 0 })).toBeNull();
  });

  it("lets the flag that rules name the room", () => {
    expect(condition(figures)).toBe("open");
    expect(condition({ ...figures, paused: true, passthrough: true })).toBe("paused");
    expect(condition({ ...figures, held: true })).toBe("held");
    expect(condition({ ...figures, held: true, sold_out: true })).toBe("sold_out");
    expect(condition({ ...figures, passthrough: true })).toBe("passthrough");
    expect(condition({ ...figures, passthrough: true, phase: "lobby" })).toBe("lobby");
    expect(condition({ ...figures, paused: true, phase: "closed" })).toBe("closed");
  });
});

describe("undo", () => {
  it("takes an action back to how it was before", () => {
    expect(undoOf("pause", figures)).toEqual({ action: "resume" });
    expect(undoOf("pace", figures)).toEqual({ action: "pace", rate_per_min: "60", cap: "250" });
    expect(undoOf("message", figures)).toEqual({ action: "message", text: "Hello" });
    expect(undoOf("queue", figures)).toEqual({ action: "passthrough" });
    expect(undoOf("drain", figures)).toEqual({ action: "reopen" });
  });

  it("offers none where there is none", () => {
    expect(undoOf("close", figures)).toBeNull();
    expect(undoOf("pause", null)).toBeNull();
  });
});

describe("the stream of figures", () => {
  class Source extends EventTarget {
    readyState = 1;
    onerror: (() => void) | null = null;
    closed = false;
    close() {
      this.closed = true;
    }
    tell(name: string, data: unknown) {
      this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
    }
  }

  function followed() {
    const sources: Source[] = [];
    const timers: { ms: number; then: () => void }[] = [];
    const states: string[] = [];
    const heard: unknown[] = [];
    const stream = new FiguresStream(
      "/events",
      { figures: (one) => heard.push(one), state: (state) => states.push(state) },
      {
        open: () => {
          sources.push(new Source());
          return sources.at(-1) as unknown as EventSource;
        },
        later: (ms, then) => timers.push({ ms, then }) - 1,
        cancel: (timer) => timers[timer] && (timers[timer] = { ms: 0, then: () => undefined }),
      },
    );
    stream.start();
    return { sources, timers, states, heard };
  }

  it("says that figures are old when no more come", () => {
    const { sources, timers, states, heard } = followed();
    sources[0]!.tell("figures", figures);
    expect(heard).toEqual([figures]);
    expect(states).toEqual(["live"]);
    timers.at(-1)!.then();
    expect(states).toEqual(["live", "stale"]);
    sources[0]!.tell("figures", figures);
    expect(states.at(-1)).toBe("live");
  });

  it("asks again after the browser has given up", () => {
    const { sources, timers, states } = followed();
    sources[0]!.readyState = 2;
    sources[0]!.onerror!();
    expect(states).toEqual(["connecting"]);
    timers.at(-1)!.then();
    expect(sources).toHaveLength(2);
  });

  it("stops when it may not look any more, and when the rehearsal is over", () => {
    for (const end of ["refused", "over"]) {
      const { sources, states } = followed();
      sources[0]!.tell(end, {});
      expect(states).toEqual([end]);
      expect(sources[0]!.closed).toBe(true);
    }
  });
});
