/** "Find the best seats": the quickest way to good seats, and the first thing in the tab order. */

import { useState } from "preact/hooks";
import { Icon } from "../ui/icon";
import { Stepper } from "../ui/stepper";
import type { Desk } from "./desk";

/** Values of the price select that are no category. */
const ANY = -1;
const SEVERAL = -2;

export function BestForm({ desk }: { desk: Desk }) {
  const { t } = desk.words;
  const [party, setParty] = useState(2);
  const filter = desk.filter.value;
  const category = filter.amountMax === null && filter.categories?.size === 1 ? [...filter.categories][0]! : filter.categories || filter.amountMax !== null ? SEVERAL : ANY;
  const accessible = desk.needs.value;
  const [more, setMore] = useState(false);
  desk.tick.value;
  const holding = desk.hold.value !== null;
  const left = Math.max(1, desk.facts.limit);
  const types = desk.facts.types.filter((type) => desk.facts.prices.some(([, id]) => id === type.id));
  const sold = desk.chart.categories.map((one, c) => ({ c, name: one.name, price: desk.state.prices[c]?.[0] })).filter(({ price }) => price);
  const open = desk.phase.value === "open" && desk.status.value !== "offline";

  return (
    <form
      class="best"
      aria-labelledby="best-title"
      onSubmit={(event) => {
        event.preventDefault();
        desk.best(party);
      }}
    >
      <h2 id="best-title" class="best__title">{t("best.title")}</h2>
      <div class="best__fields">
        <div class="best__party">
          <Stepper
            label={t("best.party")}
            value={party}
            least={1}
            most={left}
            fewer={t("best.fewer")}
            more={t("best.more")}
            onChange={setParty}
          />
        </div>
        <button class={`btn best__go${holding ? "" : " btn--primary"}`} disabled={!open} aria-busy={desk.basket.value.pending.some((command) => command.t === "best")}>
          {t("best.go")}
        </button>
        <button type="button" class="btn btn--icon best__more" aria-expanded={more} aria-controls="best-more" aria-label={t("best.options")} onClick={() => setMore(!more)}>
          <Icon name={more ? "up" : "down"} />
        </button>
      </div>
      <div class={`best__options${more ? " best__options--open" : ""}`} id="best-more">
        {types.length > 1 && (
          <label class="best__type">
            <span class="field__label">{t("best.type")}</span>
            <select class="select" value={desk.type.value} onChange={(event) => (desk.type.value = Number(event.currentTarget.value))}>
              {types.map((type) => (
                <option key={type.id} value={type.id}>{type.name}</option>
              ))}
            </select>
          </label>
        )}
        <label class="best__category">
          <span class="field__label">{t("best.category")}</span>
          <select
            class="select"
            value={category}
            onChange={(event) => {
              const c = Number(event.currentTarget.value);
              if (c !== SEVERAL) desk.narrow({ ...filter, amountMax: null, categories: c === ANY ? null : new Set([c]) });
            }}
          >
            <option value={ANY}>{t("best.any")}</option>
            {category === SEVERAL && <option value={SEVERAL}>{t("best.several")}</option>}
            {sold.map(({ c, name, price }) => (
              <option key={c} value={c}>
                {t("best.category_from", { name, price: desk.formats.money(desk.price(price!.amount)) })}
              </option>
            ))}
          </select>
        </label>
      {desk.chart.spaces && (
        <label class="choice best__need">
          <input type="checkbox" checked={accessible} onChange={(event) => desk.setNeed(event.currentTarget.checked)} />
          <span>
            {t("best.accessible")}
            {accessible && party > 1 && <span class="field__hint best__hint">{t("best.accessible_hint", { n: party - 1 })}</span>}
          </span>
        </label>
      )}
      </div>
    </form>
  );
}
