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
  currency: string;
}

function boot(): void {
  const root = document.getElementById("room-board");
  if (!root) return;
  const data = dataBlock<RoomData>("room");
  const words = pageWords();
  const board: Board = {
    words,
    formats: new Formats(flavour(words.locale, navigator.languages), data.currency),
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
  const badge = document.getElementById("room-condition")!;
  new FiguresStream(data.events_url, {
    figures: (figures: RoomFigures) => {
      board.figures.value = figures;
      controls.follow(figures);
      const now = condition(figures);
      badge.textContent = words.t(`rooms.condition.${now}`);
      badge.className = `badge${TONES[now] ? ` badge--${TONES[now]}` : ""}`;
    },
    state: (state) => (board.state.value = state),
  }).start();
}

boot();
