// The door's counters, pushed by the server as events. The browser reconnects by itself; the screen says how old the numbers are.

import { signal } from "@preact/signals";
import type { Counters } from "./api";

export const counters = signal<Counters | null>(null);
export const connected = signal(true);

let source: EventSource | null = null;

/** Follow the counters of a show. */
export function follow(show: number): void {
  source?.close();
  counters.value = null;
  const opened = new EventSource(`/api/v1/shows/${show}/checkin/live`);
  source = opened;
  opened.onmessage = (event: MessageEvent<string>) => {
    counters.value = JSON.parse(event.data) as Counters;
    connected.value = true;
  };
  opened.onopen = () => (connected.value = true);
  opened.onerror = () => {
    connected.value = false;
    // A refused stream (signed out, server restarting) is closed for good by the browser: ask again later.
    if (opened.readyState === EventSource.CLOSED && source === opened) setTimeout(() => source === opened && follow(show), 3000);
  };
}
