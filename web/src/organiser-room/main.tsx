/** The organiser's live room: figures are pushed, the controls are the page's own forms. */

import "./organiser-room.css";
import { signal } from "@preact/signals";
import { render } from "preact";
import { flavour, Formats } from "../i18n/format";
import { dataBlock, pageWords } from "../i18n/words";
import type { Board } from "./board";
import { RoomBoard } from "./board";
import { Controls } from "./controls";
import { condition, TONES } from "./figures";
import type { RoomFigures } from "./figures";
import { FiguresStream } from "./figures_stream";

interface RoomData {
  events_url: string;
  time_zone: string;
  draws_ms: number;
}

/** Moments on the venue's clock, which is named to whoever is elsewhere. */
function momentFormat(locale: string, timeZone: string): Intl.DateTimeFormat {
  const here = new Intl.DateTimeFormat().resolvedOptions().timeZone === timeZone;
  const shape = { year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" } as const;
  return new Intl.DateTimeFormat(locale, { ...shape, timeZone, ...(here ? {} : { timeZoneName: "short" }) });
}

function boot(): void {
  const root = document.getElementById("room-board");
  if (!root) return;
  const data = dataBlock<RoomData>("room");
  const words = pageWords();
  const locale = flavour(words.locale, navigator.languages);
  const moment = momentFormat(locale, data.time_zone);
  const board: Board = {
    words,
    formats: new Formats(locale, "eur", data.time_zone), // no money is shown here; the room lives by the venue's clock
    figures: signal(null),
    state: signal("connecting"),
  };
  root.replaceChildren();
  root.removeAttribute("aria-busy");
  render(<RoomBoard board={board} />, root);
  const controls = new Controls(
    words,
    document.getElementById("room-controls")!,
    document.querySelector<HTMLDialogElement>("#room-confirm")!,
    document.getElementById("room-toasts")!,
  );
  const when = document.getElementById("room-when")!;
  const badge = document.getElementById("room-condition")!;
  new FiguresStream(data.events_url, {
    figures: (figures: RoomFigures) => {
      board.figures.value = figures;
      controls.follow(figures);
      const now = condition(figures);
      const at = figures.phase === "open" ? data.draws_ms : figures.next_ms;
      when.textContent = words.t(`rooms.when.${figures.phase}`, { when: at === null ? "" : moment.format(at) });
      badge.textContent = words.t(`rooms.condition.${now}`);
      badge.className = `badge${TONES[now] ? ` badge--${TONES[now]}` : ""}`;
    },
    state: (state) => (board.state.value = state),
  }).start();
}

boot();
