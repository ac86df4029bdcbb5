/** A card as typed: what it looks like while typing, and what is wrong with it. Pure. */

export interface Card {
  number: string;
  month: number;
  year: number;
  cvc: string;
}

export type CardErrors = Partial<Record<"number" | "expiry" | "cvc", string>>;

export function digits(text: string): string {
  return text.replace(/\D/g, "");
}

/** Groups of four, or 4-6-5 as on the cards of American Express. */
export function groupNumber(text: string): string {
  const all = digits(text).slice(0, 19);
  const groups = /^3[47]/.test(all) ? [all.slice(0, 4), all.slice(4, 10), all.slice(10, 15)] : (all.match(/.{1,4}/g) ?? []);
  return groups.filter(Boolean).join(" ");
}

/** "12 / 31" while typing; a first digit above 1 can only be a month by itself. */
export function groupExpiry(text: string, deleting: boolean): string {
  let all = digits(text).slice(0, 4);
  if (/^[2-9]/.test(all)) all = `0${all}`.slice(0, 4);
  if (all.length < 2 || (all.length === 2 && deleting)) return all;
  return `${all.slice(0, 2)} / ${all.slice(2)}`;
}

/** Read the three fields; *now* decides whether the card has expired. Error values are message keys. */
export function readCard(number: string, expiry: string, cvc: string, now: Date): Card | CardErrors {
  const errors: CardErrors = {};
  const [n, e, c] = [digits(number), digits(expiry), digits(cvc)];
  const [month, year] = [Number(e.slice(0, 2)), 2000 + Number(e.slice(2, 4))];
  if (n.length < 12 || n.length > 19) errors.number = "pay.error_number";
  if (e.length !== 4 || month < 1 || month > 12) errors.expiry = "pay.error_expiry";
  else if (year * 12 + month < now.getFullYear() * 12 + now.getMonth() + 1) errors.expiry = "pay.error_expired";
  if (c.length < 3 || c.length > 4) errors.cvc = "pay.error_cvc";
  return Object.keys(errors).length ? errors : { number: n, month, year, cvc: c };
}

export function isCard(read: Card | CardErrors): read is Card {
  return "month" in read;
}
