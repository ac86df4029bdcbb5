/** What becomes of the seats being bought while a checkout or order page is open: another tab pays, or the bank's word comes by itself. */

import type { HoldView } from "../live/messages";
import { BROWSER, LiveSocket, liveUrl } from "../live/socket";
import type { CheckoutFacts } from "./facts";

/** What order pages look like, by what an order says of itself. */
export type PageKind = "pay" | "checking" | "done";

export function pageKind(message: string): PageKind {
  if (message === "pay_now" || message === "declined") return "pay";
  return message === "checking" ? "checking" : "done";
}

/** A form without an order is out of date once its seats are being paid, or were. Seats that are given back it finds out by itself. */
export function takenOver(hold: HoldView | null, cause: string | null): boolean {
  return hold?.state === "paying" || cause === "sold";
}

/** An order that waits for its money has its hold frozen. Once it is not, or there is no word of it, the order has news. */
export function hasNews(hold: HoldView | null): boolean {
  return hold?.state !== "paying";
}

/** Call *heard* with the visitor's hold at every join (what was missed before it counts too) and whenever it changes, with the cause then. */
export function watchHold(facts: CheckoutFacts, heard: (hold: HoldView | null, cause: string | null) => void): void {
  const socket: LiveSocket = new LiveSocket(
    liveUrl(facts.live_url, location),
    facts.show,
    () => null,
    {
      message: (message) => {
        if (message.t === "joined") heard(message.hold, null);
        else if (message.t === "hold") heard(message.hold, message.cause);
      },
      frame: () => {},
      status: () => {},
      resync: () => socket.joinFrom(),
    },
    BROWSER,
    [],
  );
  socket.joinFrom();
  socket.start();
  addEventListener("online", () => socket.wake());
  addEventListener("pageshow", (event) => event.persisted && socket.wake());
  document.addEventListener("visibilitychange", () => !document.hidden && socket.wake());
}
