/** The three moments that need an answer: a seat was lost to somebody else, the time ran out, how many places in an area. */

import { useState } from "preact/hooks";
import { Dialog } from "../ui/dialog";
import { Stepper } from "../ui/stepper";
import { places } from "../live/reconcile";
import type { Offer } from "../live/messages";
import type { Desk } from "./desk";
import { seatNotes } from "./seat_card";
import { seatLabel } from "../map/chart";

export function Dialogs({ desk, area, onAreaDone }: { desk: Desk; area: number | null; onAreaDone: () => void }) {
  if (desk.conflict.value) return <ConflictDialog desk={desk} />;
  if (desk.kept.value) return <KeptDialog desk={desk} />;
  if (desk.lapsed.value) return <LapsedDialog desk={desk} />;
  if (area !== null) return <AreaDialog key={area} desk={desk} area={area} onClose={onAreaDone} />;
  return null;
}

function ConflictDialog({ desk }: { desk: Desk }) {
  const { t } = desk.words;
  const conflict = desk.conflict.value!;
  const close = () => (desk.conflict.value = null);
  const name = conflict.seats[0] === undefined ? "" : desk.seatName(conflict.seats[0]);
  const n = Math.max(1, conflict.seats.length);
  const title =
    conflict.code === "no_seats_together" ? t("conflict.no_run")
    : conflict.code === "accessible_full" ? t("conflict.no_space")
    : conflict.code === "stranded_single" ? t("conflict.single")
    : conflict.code === "seat_taken" ? t("conflict.taken", { n, seat: name })
    : t("conflict.generic");
  const body =
    conflict.code === "no_seats_together" ? t("conflict.no_run_body")
    : conflict.code === "accessible_full" ? t("conflict.no_space_body")
    : conflict.code === "stranded_single" ? t("conflict.single_body", { seat: name })
    : conflict.code === "seat_taken" ? t("conflict.taken_body")
    : t("conflict.generic_body");
  return (
    <Dialog title={title} onClose={close}>
      <p class="muted">{conflict.offers.length ? body : t("conflict.nothing")}</p>
      <Offers desk={desk} offers={conflict.offers} />
      <div class="dialog__foot">
        <button type="button" class="btn btn--quiet" onClick={close}>{t("conflict.choose_myself")}</button>
      </div>
    </Dialog>
  );
}

function Offers({ desk, offers }: { desk: Desk; offers: readonly Offer[] }) {
  return (
    <ul class="offers">
      {offers.map((offer, i) => (
        <li key={i}>
          <button type="button" class={`offer${i === 0 ? " offer--first" : ""}`} onClick={() => desk.take(offer)}>
            <span class="offer__seats">{offerName(desk, offer)}</span>
            <span class="offer__price num">{desk.formats.money(offerTotal(desk, offer))}</span>
            <span class="muted small">{offerNotes(desk, offer)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** "Stalls, row D, seats 14 to 16": one row in one breath, more rows one after the other. */
function offerName(desk: Desk, offer: Offer): string {
  const { chart, words } = desk;
  const rows = new Map<string, number[]>();
  for (const [k] of offer.seats) {
    // A box has rows in its drawing and none in its words.
    const row = `${chart.section[k]}:${chart.rows[chart.row[k]!]!.label}`;
    rows.set(row, [...(rows.get(row) ?? []), k]);
  }
  return new Intl.ListFormat(words.locale).format([...rows.values()].map((seats) => seatsName(desk, seats)));
}

/** Seats of one row by the numbers on them, which may run against the drawing. */
function seatsName(desk: Desk, seats: number[]): string {
  const { chart, words } = desk;
  if (seats.length === 1) return desk.seatName(seats[0]!);
  const section = chart.sections[chart.section[seats[0]!]!]!.name;
  const row = chart.rows[chart.row[seats[0]!]!]!.label;
  const labels = seats.map((k) => seatLabel(chart, k)).sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  const adjoining = labels.every((label, i) => i === 0 || Number(label) === Number(labels[i - 1]) + 1);
  const numbers = adjoining ? words.t("seat.from_to", { first: labels[0]!, last: labels.at(-1)! }) : new Intl.ListFormat(words.locale).format(labels);
  return words.t(row ? "seat.span" : "seat.span_no_row", { section, row, seats: numbers });
}

function offerTotal(desk: Desk, offer: Offer): number {
  const amounts = offer.seats.map(([k, type]) => desk.state.prices[desk.chart.category[k]!]?.find((price) => price.type === type)?.amount);
  if (amounts.some((amount) => amount === undefined)) return offer.total;
  return amounts.reduce<number>((sum, amount) => sum + desk.price(amount!), 0);
}

function offerNotes(desk: Desk, offer: Offer): string {
  const { t } = desk.words;
  const together = offer.seats.length > 1 ? t(offer.pieces === 1 ? "conflict.together" : "conflict.pieces", { n: offer.pieces }) : "";
  const category = desk.chart.categories[desk.chart.category[offer.seats[0]![0]]!]?.name ?? "";
  const notes = new Set(offer.seats.flatMap(([k]) => seatNotes(desk, k)).filter((note) => note !== t("seat.aisle")));
  return [category, together, ...notes].filter(Boolean).join(" · ");
}

function KeptDialog({ desk }: { desk: Desk }) {
  const { t } = desk.words;
  const { offers } = desk.kept.value!;
  const close = () => (desk.kept.value = null);
  return (
    <Dialog title={t("kept.title")} onClose={close}>
      <p class="muted">{t("kept.body")}</p>
      <button type="button" class="btn btn--block" onClick={() => desk.needIt()}>{t("kept.yes")}</button>
      {offers.length > 0 && <p class="muted">{t("kept.instead")}</p>}
      {offers.length > 0 && <Offers desk={desk} offers={offers} />}
      <div class="dialog__foot">
        <button type="button" class="btn btn--quiet" onClick={close}>{t("kept.no")}</button>
      </div>
    </Dialog>
  );
}

function LapsedDialog({ desk }: { desk: Desk }) {
  const { t } = desk.words;
  const hold = desk.lapsed.value!;
  const close = () => (desk.lapsed.value = null);
  return (
    <Dialog title={t("hold.lapsed_title")} onClose={close}>
      <p class="muted">{t("hold.lapsed_body")}</p>
      <div class="dialog__foot">
        <button type="button" class="btn btn--quiet" onClick={close}>{t("hold.lapsed_choose")}</button>
        <button type="button" class="btn btn--primary" onClick={() => desk.holdAgain(hold)}>{t("hold.lapsed_again")}</button>
      </div>
    </Dialog>
  );
}

function AreaDialog({ desk, area, onClose }: { desk: Desk; area: number; onClose: () => void }) {
  const { t } = desk.words;
  desk.tick.value;
  const one = desk.chart.areas[area]!;
  const prices = desk.state.prices[one.category] ?? [];
  const [wanted, setWanted] = useState<ReadonlyMap<number, number>>(() => new Map(prices[0] ? [[prices[0].type, 1]] : []));
  const count = [...wanted.values()].reduce((a, b) => a + b, 0);
  const room = Math.min(desk.facts.limit - places(desk.basket.value), desk.state.remaining[area]!) - count;
  const total = prices.reduce((sum, price) => sum + (wanted.get(price.type) ?? 0) * desk.price(price.amount), 0);
  return (
    <Dialog title={one.name} onClose={onClose}>
      <p class="muted num">{t("map.left", { n: desk.state.remaining[area]! })} · {t("list.standing")}</p>
      <ul class="quantities">
        {prices.map((price) => {
          const n = wanted.get(price.type) ?? 0;
          const name = desk.typeName(price.type);
          return (
            <li key={price.type}>
              <span>{name}<span class="muted small num"> {desk.formats.money(desk.price(price.amount))}</span></span>
              <Stepper
                label={name}
                value={n}
                least={0}
                most={n + Math.max(0, room)}
                fewer={t("best.fewer")}
                more={t("best.more")}
                onChange={(value) => setWanted(new Map([...wanted, [price.type, value]]))}
              />
            </li>
          );
        })}
      </ul>
      <div class="dialog__foot">
        <button type="button" class="btn btn--quiet" onClick={onClose}>{t("common.cancel")}</button>
        <button
          type="button"
          class="btn btn--primary"
          disabled={count === 0 || room < 0}
          onClick={() => {
            desk.takeArea(area, wanted);
            onClose();
          }}
        >
          {t("area.take", { n: count, price: desk.formats.money(total) })}
        </button>
      </div>
    </Dialog>
  );
}
