// Who scans: a number from the server, and a count of our own. Together they name every scan for ever.

const KEY = "frontrow.door.device";
// After a number was used twice (two tabs, a restored profile) jump far enough to meet nobody again.
const JUMP = 1000;

export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

interface Identity {
  device: number;
  seq: number;
}

export class Device {
  constructor(private readonly store: Store) {}

  /** The device's number, or null before it is enrolled. */
  get id(): number | null {
    return this.read()?.device ?? null;
  }

  /** Start over under a new number. */
  enrolled(device: number): void {
    this.write({ device, seq: 0 });
  }

  /** Take the next number. It is written down before anybody uses it, so a crash wastes one and repeats none. */
  next(): number {
    const identity = this.read();
    if (!identity) throw new Error("the device is not enrolled");
    identity.seq += 1;
    this.write(identity);
    return identity.seq;
  }

  /** Leave numbers behind that somebody else used. */
  jump(): void {
    const identity = this.read();
    if (identity) this.write({ ...identity, seq: identity.seq + JUMP });
  }

  private read(): Identity | null {
    try {
      const found = JSON.parse(this.store.getItem(KEY) ?? "null") as Identity | null;
      return found && Number.isSafeInteger(found.device) && Number.isSafeInteger(found.seq) ? found : null;
    } catch {
      return null;
    }
  }

  private write(identity: Identity): void {
    this.store.setItem(KEY, JSON.stringify(identity));
  }
}
