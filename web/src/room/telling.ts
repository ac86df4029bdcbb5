/**
 * What the page says at a moment: the names of what shows, and the texts that are filled in. The markup is web/templates/room.html; the
 * twin for readers without scripts is server/rooms/page_texts.py. Pure: the clock is a number, and nothing here touches the document.
 */

import { countdown } from "../i18n/format";
import type { Words } from "../i18n/words";
import { eta, peopleAhead, type Band, type Unsaid } from "./eta";
import type { Mine, RoomFacts } from "./facts";
import type { LineFrame } from "./frame";
import { stageOf, type Stage } from "./stage";
import { banded, chances, steady, type Told } from "./told";

export interface State {
  facts: RoomFacts;
  frame: LineFrame | null;
  mine: Mine | null;
  /** The server's clock. */
  nowMs: number;
  /** The locale the viewer's clock speaks. */
  clock: string;
  /** What is being done at the moment. */
  busy: string | null;
  /** Code of a refusal to say. */
  refused: string | null;
  /** A code was sent by mail: the form asks for it. */
  coded: boolean;
  /** The seats are full although we are called: we go on asking. */
  full: boolean;
  /** Nothing was heard for a while. */
  lost: boolean;
  ringing: boolean;
}

export type Texts = Record<string, string>;

export type Tells = (frame: LineFrame, position: number | null) => (Told & { band: Band; reason: string }) | "called" | Unsaid;

/** Remember what was told, so that the next number follows from it. A reason for growing stays long enough to be read. */
export function teller(): Tells {
  let told: Told | null = null;
  let epoch = 0;
  let grewUntil = 0;
  let reason = "";
  return (frame, position) => {
    const band = eta(frame, position);
    if (frame.epoch !== epoch) told = null;
    epoch = frame.epoch;
    if (typeof band === "string") return band;
    told = steady(band, told);
    if (told.grew) {
      grewUntil = frame.now_ms + 60_000;
      reason = `grew.${frame.reason ?? "line"}`;
    }
    return { ...told, band, reason: frame.now_ms < grewUntil ? reason : "" };
  };
}

export interface Place {
  /** 1 is the next to be called. */
  place: number;
  /** People before, those who gave up left out. */
  ahead: number;
  /** Share of the way that is done, 0 to 1. */
  share: number;
}

/** Where we stand; null without a place that counts. */
export function placeOf(frame: LineFrame | null, mine: Mine | null): Place | null {
  if (!frame || mine?.position == null) return null;
  const place = Math.max(1, mine.position - frame.served + 1);
  return { place, ahead: Math.min(place - 1, Math.round(peopleAhead(frame, mine.position))), share: Math.min(1, frame.served / (mine.position + 1)) };
}

export function stage(state: State): Stage {
  return stageOf(state.frame, state.mine, state.nowMs);
}

/** The names of what shows. */
export function shows(state: State, texts: Texts): Set<string> {
  const { frame, mine } = state;
  const now = stage(state);
  const on = new Set<string>([now]);
  const add = (when: unknown, ...names: string[]) => when && names.forEach((name) => on.add(name));
  const draining = frame?.phase === "draining";
  const waits = now === "lobby" || (!!mine && (now === "drawing" || now === "waiting" || now === "sold_out"));
  add(texts.message, "message");
  add(waits, "waits");
  add(waits && frame?.paused, "paused");
  add(waits && draining, "draining");
  add(waits && now !== "lobby", "line");
  if (now === "left") add(true, frame?.phase === "lobby" ? "left_lobby" : draining ? "full_house_lead" : "left_lead");
  else if (now === "sold_out" && !mine) add(true, "sold_out_none");
  else if (now === "called") add(mine?.claim_until_ms, "called_lead");
  else if (now === "claimed") add(mine?.visit_until_ms, "claimed_lead");
  else add(true, `${now}_lead`);
  const again = now === "lapsed" && mine?.reentry;
  add(again, "lapsed_again");
  add((now === "done" || (now === "lapsed" && !again)) && !draining, "lapsed_end");
  add(mine?.bought, "bought");
  add(again || now === "called", "claims");
  add(now === "lobby_join" || now === "join" || now === "straight_in" || (now === "left" && !draining) || on.has("lapsed_end"), "joins", "join_device");
  add(state.coded, "coded");
  add(!state.coded, "uncoded");
  add(now === "called" && state.full, "full");
  add(state.lost, "lost");
  add(texts.place, "placed");
  add(texts.ahead, "facts");
  for (const name of ["ahead", "left", "pace"]) add(texts[name], `n_${name}`);
  if (now === "waiting" && frame?.left != null) add(true, chances(frame.left, placeOf(frame, mine)!.ahead));
  add(mine?.review, `review_${mine?.review}`);
  add(waits && !mine?.review, "contestable");
  add(mine?.drawn, "drawn");
  add(state.busy === "join", "checking");
  add(true, state.ringing ? "ringing" : "quiet");
  add(mine, mine?.notify ? "notified" : "not_notified");
  return on;
}

/** The texts that change with the clock and with every frame; what is missing is hidden. */
export function fillings(state: State, words: Words, tell: Tells): Texts {
  const { t } = words;
  const { facts, frame, mine, nowMs } = state;
  const now = stage(state);
  const texts: Texts = {};
  const until: Partial<Record<Stage, number | null>> = {
    planned: facts.lobby_ms,
    lobby: facts.draws_ms,
    called: mine?.claim_until_ms ?? null,
    claimed: mine?.visit_until_ms ?? null,
  };
  const endMs = until[now];
  if (endMs) {
    texts.count = clockText(endMs - nowMs);
    if (texts.count) texts.count_of = t(`${now}.left`);
  }
  if (mine?.claim_until_ms) texts.claim_until = moment(state.clock, mine.claim_until_ms);
  if (mine?.visit_until_ms) texts.visit_until = moment(state.clock, mine.visit_until_ms);
  if (state.refused) texts.refused = t(words.has(`refused.${state.refused}`) ? `refused.${state.refused}` : "refused");
  if (!frame) return texts;
  if (frame.message) texts.message = frame.message.text;
  if (now === "lobby") texts.count_of = [texts.count_of, t("lobby.people", { n: frame.next })].filter(Boolean).join(" · ");
  if (now === "join") {
    texts.count = shown(words, facts, frame.waiting);
    texts.count_of = t("join.ahead", { n: frame.waiting });
  }
  const place = placeOf(frame, mine);
  if (!place || (now !== "waiting" && now !== "sold_out")) return texts;
  if (now === "waiting") texts.place = shown(words, facts, place.place);
  const told = tell(frame, mine!.position);
  if (typeof told === "object") {
    texts.eta = etaText(words, told.low, told.high);
    if (told.high > 1) texts.clock = t("eta.clock", { from: moment(state.clock, frame.now_ms + told.band.p10), to: moment(state.clock, frame.now_ms + told.band.p90 + 59_999) });
    if (told.reason) texts.grew = t(words.has(told.reason) ? told.reason : "grew.line");
  } else if (words.has(`eta.${told}`)) texts.eta = t(`eta.${told}`);
  texts.ahead = shown(words, facts, place.ahead);
  texts.ahead_of = t("ahead", { n: place.ahead });
  if (frame.left !== null) {
    texts.left = t("n", { n: frame.left });
    texts.left_of = t("fact.left", { n: frame.left });
  }
  if (frame.rate && now === "waiting" && !frame.paused) {
    texts.pace = t("n", { n: Math.max(1, Math.round(frame.rate[1])) });
    texts.pace_of = t("fact.pace");
  }
  return texts;
}

/** A number as the organiser's policy shows it. */
export function shown(words: Words, facts: RoomFacts, n: number): string {
  return facts.place === "exact" || n < 10 ? words.t("n", { n }) : words.t("about", { n: banded(n) });
}

/** "in 8 to 12 minutes". */
export function etaText(words: Words, low: number, high: number): string {
  if (high <= 1) return words.t("eta.any");
  if (high >= 120) return words.t("eta.hours", { low: low / 60, n: high / 60 });
  return low === high ? words.t("eta.about", { n: high }) : words.t("eta.band", { low, n: high });
}

/** A time of day by the viewer's own clock. */
export function moment(clock: string, ms: number): string {
  return new Intl.DateTimeFormat(clock, { hour: "numeric", minute: "2-digit" }).format(ms);
}

/** Hours, minutes and seconds; nothing beyond a day, where the date says more. */
function clockText(leftMs: number): string {
  const hours = Math.floor(leftMs / 3_600_000);
  if (hours < 1) return countdown(leftMs);
  return hours < 24 ? `${hours}:${countdown(leftMs % 3_600_000).padStart(5, "0")}` : "";
}

/** What a screen reader hears, at most every 30 seconds. *head* is the heading that shows. */
export function spoken(words: Words, head: string, texts: Texts): string {
  const place = texts.place && `${words.t("waiting.place")}: ${texts.place}`;
  return [head, place, texts.eta, texts.grew, texts.count && `${texts.count} ${texts.count_of}`].filter(Boolean).join(". ");
}

/** What the tab says: the turn, the place or the time first, because a tab is narrow. */
export function tabTitle(state: State, words: Words, head: string, texts: Texts): string {
  const first = stage(state) === "called" ? head : (texts.place ?? texts.count);
  return first ? `${first} · ${state.facts.title}` : words.t("title", { title: state.facts.title });
}
