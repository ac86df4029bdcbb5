/** Money and times as the buyer reads them. */

/** The reader's own flavour of the page's language (en-GB for en): money and clocks differ more than words do. */
export function flavour(locale: string, preferred: readonly string[]): string {
  return preferred.find((one) => one === locale || one.startsWith(`${locale}-`)) ?? locale;
}

export class Formats {
  private readonly moneyFormat: Intl.NumberFormat;
  private readonly digits: number;
  private readonly clockFormat: Intl.DateTimeFormat;
  private readonly numberFormat: Intl.NumberFormat;

  /** *timeZone*: whose clock; the viewer's own when left out. */
  constructor(locale: string, currency: string, timeZone?: string) {
    this.moneyFormat = new Intl.NumberFormat(locale, { style: "currency", currency: currency.toUpperCase() });
    this.digits = this.moneyFormat.resolvedOptions().maximumFractionDigits ?? 2;
    this.clockFormat = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", second: "2-digit", timeZone });
    this.numberFormat = new Intl.NumberFormat(locale);
  }

  /** Minor units as money. */
  readonly money = (amount: number): string => this.moneyFormat.format(amount / 10 ** this.digits);

  /** By default the viewer's own clock: a hold ends on the watch at their wrist. */
  readonly clock = (unixMs: number): string => this.clockFormat.format(unixMs);

  readonly number = (n: number): string => this.numberFormat.format(n);
}

/** Whole minutes and seconds: 7:05. Never negative. */
export function countdown(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
