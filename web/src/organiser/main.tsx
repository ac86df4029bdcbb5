/** The organiser's live page: figures come over the socket, the drawing once over HTTP. */

import "./organiser.css";
import { signal } from "@preact/signals";
import { render } from "preact";
import { flavour, Formats } from "../i18n/format";
import { dataBlock, pageWords } from "../i18n/words";
import type { Dashboard } from "../live/messages";
import { liveUrl } from "../live/socket";
import type { Chart } from "../map/chart";
import { decodeChart } from "../map/chart";
import type { ChartDocument } from "../map/wire";
import type { Room, ShowData } from "./war_room";
import { WarRoom } from "./war_room";
import type { WatchState } from "./watch_socket";
import { WatchSocket } from "./watch_socket";

const RETRY_CHART_MS = 5_000;

function boot(): void {
  const root = document.getElementById("war-room")!;
  const data = dataBlock<ShowData>("show");
  const words = pageWords();
  const locale = flavour(words.locale, navigator.languages);
  const minutes = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
  const room: Room = {
    data,
    words,
    formats: new Formats(locale, data.currency),
    chart: signal<Chart | null>(null),
    figures: signal<Dashboard | null>(null),
    state: signal<WatchState>("connecting"),
    refusal: signal<string | null>(null),
    clock: (unixMs) => minutes.format(unixMs),
  };
  root.replaceChildren();
  root.removeAttribute("aria-busy");
  render(<WarRoom room={room} />, root);
  void fetchChart(room);
  new WatchSocket(liveUrl(data.live_url, location), data.show, {
    figures: (dashboard) => (room.figures.value = dashboard),
    state: (state, code) => {
      room.state.value = state;
      room.refusal.value = code;
    },
  }).start();
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-confirm]")) {
    button.addEventListener("click", (event) => {
      if (!window.confirm(button.dataset.confirm)) event.preventDefault();
    });
  }
}

async function fetchChart(room: Room): Promise<void> {
  try {
    const response = await fetch(room.data.chart_url);
    if (!response.ok) throw new Error(String(response.status));
    room.chart.value = decodeChart((await response.json()) as ChartDocument);
  } catch {
    // The figures matter more than the picture: they are shown without it meanwhile.
    window.setTimeout(() => void fetchChart(room), RETRY_CHART_MS);
  }
}

boot();
