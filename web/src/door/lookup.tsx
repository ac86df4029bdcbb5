// Somebody without a code: found by name, order or seat, and let in by hand. The scan says that it was a lookup.

import { useEffect, useState } from "preact/hooks";
import type { Words } from "../i18n/words";
import { Dialog } from "../ui/dialog";
import type { DoorApi, FoundTicket } from "./api";
import { seatWords, type Times } from "./verdict";

interface Props {
  api: DoorApi;
  show: number;
  words: Words;
  time: Times;
  onChoose: (number: string) => void;
  onClose: () => void;
}

type State = { kind: "waiting" } | { kind: "found"; tickets: FoundTicket[]; more: boolean } | { kind: "trouble" };

const PAUSE_MS = 250;

export function Lookup({ api, show, words, time, onChoose, onClose }: Props) {
  const { t } = words;
  const [asked, setAsked] = useState("");
  const [state, setState] = useState<State>({ kind: "waiting" });
  useEffect(() => {
    if (asked.trim().length < 2) {
      setState({ kind: "waiting" });
      return;
    }
    let current = true;
    const timer = setTimeout(async () => {
      const reply = await api.find(show, asked.trim());
      if (current) setState("value" in reply ? { kind: "found", ...reply.value } : { kind: "trouble" });
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [asked]);
  return (
    <Dialog title={t("door.lookup")} onClose={onClose}>
      <label class="field">
        <span class="field__label">{t("door.lookup_label")}</span>
        <span class="field__hint">{t("door.lookup_hint")}</span>
        <input class="input" type="search" autocomplete="off" value={asked} onInput={(event) => setAsked(event.currentTarget.value)} autofocus />
      </label>
      <ul class="door__found" aria-live="polite">
        {state.kind === "trouble" && <li class="muted">{t("door.silent")}</li>}
        {state.kind === "found" && state.tickets.length === 0 && <li class="muted">{t("door.lookup_none")}</li>}
        {state.kind === "found" && state.tickets.map((ticket) => (
          <li key={ticket.number}>
            <div>
              <strong>{ticket.holder || ticket.buyer}</strong>
              <span class="small muted">
                {seatWords(ticket, t)} · {ticket.type} · {ticket.order}
                {ticket.first_ms !== null && ` · ${t("door.entered_at", { time: time(ticket.first_ms), gate: ticket.first_gate ?? "" })}`}
              </span>
            </div>
            {ticket.state === "void" ? (
              <span class="badge badge--danger">{t("ticket.void")}</span>
            ) : (
              <button type="button" class="btn btn--small" onClick={() => onChoose(ticket.number)}>{t("door.let_in")}</button>
            )}
          </li>
        ))}
        {state.kind === "found" && state.more && <li class="muted">{t("door.lookup_more")}</li>}
      </ul>
      <button type="button" class="btn" onClick={onClose}>{t("common.close")}</button>
    </Dialog>
  );
}
