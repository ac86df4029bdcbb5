// The whole screen says one thing: in, not in, or look again. Colour, shape and word each suffice alone.

import type { Words } from "../i18n/words";
import type { ScanAnswer } from "./api";
import { colour, type Colour } from "./decide";
import type { Verdict } from "./gatehouse";

export type Times = (unixMs: number) => string;

interface Props {
  verdict: Verdict;
  words: Words;
  time: Times;
  showName: (show: number) => string | null;
  here: number;
  onDismiss: () => void;
  onUndo: (verdict: Verdict) => void;
}

export function colourOf(verdict: Verdict): Colour {
  if (verdict.kind !== "answer") return verdict.kind === "silent" && verdict.genuine === false ? "red" : "amber";
  return colour(verdict.answer.decision, verdict.answer.reason);
}

export function VerdictScreen({ verdict, words, time, showName, here, onDismiss, onUndo }: Props) {
  const { t } = words;
  const shade = colourOf(verdict);
  const answer = verdict.kind === "answer" ? verdict.answer : null;
  const entered = answer && (answer.decision === "admit" || answer.decision === "leave");
  return (
    <section class={`verdict verdict--${shade}`} role="alert" onClick={onDismiss}>
      <Shape colour={shade} />
      <h2 class="verdict__word">{headline(verdict, words)}</h2>
      <p class="verdict__why">{why(verdict, words, time)}</p>
      {answer?.ticket && <TicketWords answer={answer} words={words} />}
      {answer?.reason === "wrong_show" && answer.ticket && answer.ticket.show !== here && (
        <p class="verdict__why">{showName(answer.ticket.show) ?? t("door.another_date")}</p>
      )}
      <div class="verdict__actions" onClick={(event) => event.stopPropagation()}>
        <button type="button" class="btn verdict__button" onClick={onDismiss}>{t("door.next")}</button>
        {entered && <button type="button" class="btn verdict__button" onClick={() => onUndo(verdict)}>{t("door.undo")}</button>}
      </div>
    </section>
  );
}

/** One line for the list of the last scans. */
export function headline(verdict: Verdict, { t }: Words): string {
  if (verdict.kind === "refused") return t("door.not_asked");
  if (verdict.kind === "silent") return verdict.genuine === false ? t("door.word.red") : t("door.no_answer");
  const { answer } = verdict;
  if (answer.decision === "admit") return answer.again ? t("door.word.again") : t("door.word.green");
  if (answer.decision === "leave") return t("door.word.leave");
  return t(`door.word.${colour(answer.decision, answer.reason)}`);
}

/** The reason in a sentence, with the first admission where that is the reason. */
export function why(verdict: Verdict, { t }: Words, time: Times): string {
  if (verdict.kind === "refused") {
    const key = `door.refused.${verdict.refused}`;
    return t(key) === key ? t("door.refused.other", { code: verdict.refused }) : t(key);
  }
  if (verdict.kind === "silent") return verdict.genuine === null ? t("door.silent") : t(verdict.genuine ? "door.silent.genuine" : "door.reason.code_forged");
  const { answer } = verdict;
  if (answer.decision !== "deny") return "";
  if (answer.first_ms !== null) {
    return t(`door.reason.${answer.reason}`, { time: time(answer.first_ms), gate: answer.first_gate ?? "" });
  }
  return t(`door.reason.${answer.reason}`);
}

function TicketWords({ answer, words: { t } }: { answer: ScanAnswer; words: Words }) {
  const ticket = answer.ticket!;
  return (
    <div class="verdict__ticket">
      <p class="verdict__seat">{seatWords(ticket, t)}</p>
      <p>{[ticket.type, ticket.category === ticket.section ? "" : ticket.category, ticket.holder].filter(Boolean).join(" · ")}</p>
    </div>
  );
}

/** "Stalls · Row 4 · Seat 12", or the name of an area. */
export function seatWords(ticket: { section: string; row: string; seat: string; category: string }, t: Words["t"]): string {
  const place = ticket.section || ticket.category;
  if (!ticket.seat) return place;
  return [place, ticket.row ? t("ticket.row_seat", { row: ticket.row, seat: ticket.seat }) : t("ticket.seat_only", { seat: ticket.seat })].join(" · ");
}

/** A disc to pass, an octagon to stop, a triangle to look again: told apart without colour, from three metres. */
export function Shape({ colour: shade }: { colour: Colour }) {
  return (
    <svg class="verdict__shape" viewBox="0 0 96 96" aria-hidden="true">
      {shade === "green" && (
        <>
          <circle cx="48" cy="48" r="42" />
          <path d="M27 50l14 14 29-32" />
        </>
      )}
      {shade === "red" && (
        <>
          <path d="M31 6h34l25 25v34L65 90H31L6 65V31z" />
          <path d="M32 32l32 32M64 32L32 64" />
        </>
      )}
      {shade === "amber" && (
        <>
          <path d="M48 8l42 76H6z" />
          <path d="M48 36v22M48 70v.1" />
        </>
      )}
    </svg>
  );
}
