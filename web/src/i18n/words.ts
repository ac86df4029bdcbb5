/** The page's words: a JSON data block filled by the server, plurals by key suffix as in server/templating.py. */

export type Holes = Record<string, string | number>;

export class Words {
  readonly locale: string;
  private readonly plurals: Intl.PluralRules;
  private readonly numbers: Intl.NumberFormat;

  constructor(
    locale: string,
    private readonly texts: Readonly<Record<string, string>>,
  ) {
    // The pseudo-locale that is drawn right to left (en-XB) counts like English.
    this.locale = locale.endsWith("-XB") ? locale.slice(0, 2) : locale;
    this.plurals = new Intl.PluralRules(this.locale);
    this.numbers = new Intl.NumberFormat(this.locale);
  }

  /** The text of *key* with its holes filled; the key itself when nobody wrote it, so that a gap is seen and nothing breaks. */
  readonly t = (key: string, holes?: Holes): string => {
    let text = this.texts[key];
    if (holes && typeof holes.n === "number") {
      text = this.texts[`${key}.${this.plurals.select(Math.abs(holes.n))}`] ?? this.texts[`${key}.other`] ?? text;
    }
    if (text === undefined) return key;
    return holes ? text.replace(/\{(\w+)\}/g, (hole, name: string) => this.filled(holes[name]) ?? hole) : text;
  };

  private filled(value: string | number | undefined): string | undefined {
    return typeof value === "number" ? this.numbers.format(value) : value;
  }

  has(key: string): boolean {
    return key in this.texts;
  }
}

/** Read a JSON data block of the page. */
export function dataBlock<T>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no data block ${id}`);
  return JSON.parse(element.textContent ?? "null") as T;
}

export function pageWords(): Words {
  return new Words(document.documentElement.lang || "en", dataBlock("words"));
}
