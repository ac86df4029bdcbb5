// Where and what: the show, the gate, in or out. Asked once an evening.

import { useState } from "preact/hooks";
import type { Words } from "../i18n/words";
import type { DoorApi, DoorShow } from "./api";
import type { Post } from "./gatehouse";

interface Props {
  shows: DoorShow[];
  chosen: Post | null;
  words: Words;
  api: DoorApi;
  day: (show: DoorShow) => string;
  onReady: (post: Post) => void;
  onGate: () => Promise<void>;
}

export function PostForm({ shows, chosen, words: { t }, api, day, onReady, onGate }: Props) {
  const first = shows.find((show) => show.id === chosen?.show) ?? shows[0];
  const [showId, setShow] = useState(first?.id ?? 0);
  const [gateId, setGate] = useState(chosen?.gate ?? 0);
  const [direction, setDirection] = useState<Post["direction"]>(chosen?.direction ?? "entry");
  const [name, setName] = useState(t("door.gate_default"));
  const [trouble, setTrouble] = useState<string | null>(null);
  const show = shows.find((one) => one.id === showId);
  if (!show) {
    return (
      <div class="empty">
        <p>{t("door.no_shows")}</p>
      </div>
    );
  }
  const gate = show.gates.find((one) => one.id === gateId) ?? show.gates[0];

  async function start(event: Event): Promise<void> {
    event.preventDefault();
    if (gate) {
      onReady({ show: show!.id, gate: gate.id, direction });
      return;
    }
    const reply = await api.addGate(show!.venue_id, name.trim() || t("door.gate_default"));
    if ("value" in reply) {
      await onGate();
      onReady({ show: show!.id, gate: reply.value.id, direction });
    } else setTrouble("refused" in reply ? reply.refused : "unavailable");
  }

  return (
    <form class="form door__setup" onSubmit={(event) => void start(event)}>
      <h1>{t("door.title")}</h1>
      <label class="field">
        <span class="field__label">{t("door.show")}</span>
        <select class="select" value={showId} onChange={(event) => setShow(Number(event.currentTarget.value))}>
          {shows.map((one) => (
            <option key={one.id} value={one.id}>{`${day(one)} · ${one.title}${one.label ? `, ${one.label}` : ""} · ${one.venue}`}</option>
          ))}
        </select>
      </label>
      {gate ? (
        <label class="field">
          <span class="field__label">{t("door.gate")}</span>
          <select class="select" value={gate.id} onChange={(event) => setGate(Number(event.currentTarget.value))}>
            {show.gates.map((one) => (
              <option key={one.id} value={one.id}>{one.name}</option>
            ))}
          </select>
        </label>
      ) : (
        <label class="field">
          <span class="field__label">{t("door.gate_new")}</span>
          <span class="field__hint">{t("door.gate_none", { venue: show.venue })}</span>
          <input class="input" value={name} maxLength={80} required onInput={(event) => setName(event.currentTarget.value)} />
          {trouble && <span class="field__error">{t("door.refused.other", { code: trouble })}</span>}
        </label>
      )}
      <div class="field">
        <span class="field__label" id="direction">{t("door.direction")}</span>
        <div class="segmented" role="group" aria-labelledby="direction">
          {(["entry", "exit"] as const).map((way) => (
            <button key={way} type="button" aria-pressed={direction === way} onClick={() => setDirection(way)}>{t(`door.direction.${way}`)}</button>
          ))}
        </div>
      </div>
      <button type="submit" class="btn btn--primary btn--block">{t("door.start")}</button>
    </form>
  );
}
