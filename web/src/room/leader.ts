/**
 * One tab listens for all tabs of this browser. A lease in localStorage names it; a tab that is looked at takes it from one that is not.
 * Not the Web Locks API: that one is missing on plain http, where a room must work too.
 */

export interface Lease {
  tab: string;
  hidden: boolean;
  untilMs: number;
}

export const LEASE_MS = 6_000;

/** Whether *tab* may lead now, given the lease that is written. */
export function mayLead(lease: Lease | null, tab: string, hidden: boolean, nowMs: number): boolean {
  if (!lease || lease.tab === tab || lease.untilMs <= nowMs || lease.untilMs > nowMs + 10 * LEASE_MS) return true;
  return lease.hidden && !hidden;
}

/** Compete for the lead: *changed* says when it is won or lost, *heard* what other tabs tell. Returns how to tell them. */
export function compete(name: string, changed: (leads: boolean) => void, heard: (message: unknown) => void): (message: unknown) => void {
  const tab = Math.random().toString(36).slice(2);
  const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(name) : null;
  if (channel) channel.onmessage = (event) => heard(event.data);
  let leads = false;

  const check = () => {
    const { hidden } = document;
    const now = Date.now();
    const leadsNow = !channel || mayLead(JSON.parse(kept(name) ?? "null") as Lease | null, tab, hidden, now);
    if (leadsNow) keep(name, JSON.stringify({ tab, hidden, untilMs: now + LEASE_MS }));
    if (leadsNow !== leads) changed((leads = leadsNow));
  };

  setInterval(check, LEASE_MS / 3);
  document.addEventListener("visibilitychange", check);
  addEventListener("pagehide", () => leads && keep(name, "null"));
  addEventListener("pageshow", check);
  check();
  return (message) => channel?.postMessage(message);
}

/** What this browser keeps; null where storage is refused: then every tab leads itself. */
export function kept(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // as above
  }
}
