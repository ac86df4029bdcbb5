import { describe, expect, it } from "vitest";
import type { Surroundings } from "../../src/live/socket";
import type { WatchState } from "../../src/organiser/watch_socket";
import { WatchSocket } from "../../src/organiser/watch_socket";

class FakeSocket {
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
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  break(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

class World implements Surroundings {
  sockets: FakeSocket[] = [];
  time = 0;
  private timers = new Map<number, { at: number; then: () => void }>();
  private next = 1;
  open = (): WebSocket => {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  };
  now = () => this.time;
  random = () => 0.5;
  online = () => true;
  later = (ms: number, then: () => void): number => {
    this.timers.set(this.next, { at: this.time + ms, then });
    return this.next++;
  };
  cancel = (timer: number): void => void this.timers.delete(timer);
  pass(ms: number): void {
    const until = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(([, timer]) => timer.at <= until).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.time = due[1].at;
      due[1].then();
    }
    this.time = until;
  }
}

function watching() {
  const world = new World();
  const states: [WatchState, string | null][] = [];
  const figures: number[] = [];
  const socket = new WatchSocket("ws://x/live", 7, {
    figures: (dashboard) => figures.push(dashboard.sold),
    state: (state, code) => states.push([state, code]),
  }, world);
  socket.start();
  return { world, states, figures, socket };
}

const dashboard = (sold: number) => ({ t: "dashboard", show: 7, sold });

describe("the war room's socket", () => {
  it("asks for the figures once open and passes them on", () => {
    const { world, states, figures } = watching();
    world.sockets[0]!.open();
    expect(world.sockets[0]!.sent.map((text) => JSON.parse(text))).toEqual([{ t: "watch", show: 7 }]);
    world.sockets[0]!.say(dashboard(3));
    expect(figures).toEqual([3]);
    expect(states.at(-1)).toEqual(["live", null]);
  });

  it("comes back after a break and asks again, each time later, until figures arrive", () => {
    const { world, states } = watching();
    world.sockets[0]!.open();
    world.sockets[0]!.say(dashboard(1));
    world.sockets[0]!.break(1006);
    expect(states.at(-1)).toEqual(["reconnecting", null]);
    world.pass(399);
    expect(world.sockets).toHaveLength(2);
    world.sockets[1]!.break(1006);
    world.pass(399);
    expect(world.sockets).toHaveLength(2);
    world.pass(400);
    expect(world.sockets).toHaveLength(3);
    world.sockets[2]!.open();
    expect(world.sockets[2]!.sent).toHaveLength(1);
  });

  it("waits as long as a gateway that goes away asks", () => {
    const { world } = watching();
    world.sockets[0]!.open();
    world.sockets[0]!.say({ t: "bye", retry_after_ms: 3000 });
    world.sockets[0]!.break(4000);
    world.pass(2999);
    expect(world.sockets).toHaveLength(1);
    world.pass(1);
    expect(world.sockets).toHaveLength(2);
  });

  it("does not come back when told not to", () => {
    const { world, states } = watching();
    world.sockets[0]!.open();
    world.sockets[0]!.break(4100);
    world.pass(600_000);
    expect(world.sockets).toHaveLength(1);
    expect(states.at(-1)![0]).toBe("refused");
  });

  it("asks again for a show that may open later, but not when it may never be told", () => {
    const { world, states } = watching();
    const socket = world.sockets[0]!;
    socket.open();
    socket.say({ t: "watch_refused", show: 7, code: "show_unknown" });
    expect(states.at(-1)).toEqual(["refused", "show_unknown"]);
    world.pass(5000);
    expect(socket.sent).toHaveLength(2);
    socket.say({ t: "watch_refused", show: 7, code: "not_allowed" });
    world.pass(20_000);
    expect(socket.sent).toHaveLength(2);
  });

  it("notices a dead line by its silence", () => {
    const { world } = watching();
    world.sockets[0]!.open();
    world.sockets[0]!.say(dashboard(1));
    world.pass(25_000);
    expect(JSON.parse(world.sockets[0]!.sent.at(-1)!)).toEqual({ t: "ping" });
    world.pass(10_000 + 400);
    expect(world.sockets).toHaveLength(2);
  });
});
