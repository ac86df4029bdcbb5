// Codes through the camera, and out of photos. The decoder (1 MB of WebAssembly) is loaded when the camera is first wanted.

import wasmUrl from "zxing-wasm/reader/zxing_reader.wasm?url";

export type CameraTrouble = "insecure" | "missing" | "denied" | "busy";

// Eight looks a second: a ticket is read within a blink, and a phone lasts the evening.
const PAUSE_MS = 125;
const SIDE_MAX = 960;

type Reader = (picture: ImageData | Blob) => Promise<string | null>;
let reader: Promise<Reader> | null = null;

/** Why there can be no camera here, known before asking for it; null when there may be one. */
export function cameraImpossible(): CameraTrouble | null {
  if (!window.isSecureContext) return "insecure";
  return typeof navigator.mediaDevices?.getUserMedia === "function" ? null : "missing";
}

export class Camera {
  private stream: MediaStream | null = null;
  private running = false;
  private readonly canvas = document.createElement("canvas");

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly onCode: (code: string) => void,
  ) {}

  /** Start looking. Resolves to what stands in the way, or to null once the picture moves. */
  async start(): Promise<CameraTrouble | null> {
    const impossible = cameraImpossible();
    if (impossible) return impossible;
    this.running = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } },
      });
      if (!this.running) {
        stopTracks(stream);
        return null;
      }
      this.stream = stream;
      this.video.srcObject = stream;
      await this.video.play();
    } catch (cause) {
      this.stop();
      return trouble(cause);
    }
    void this.look(await zxing());
    return null;
  }

  stop(): void {
    this.running = false;
    if (this.stream) stopTracks(this.stream);
    this.stream = null;
    this.video.srcObject = null;
  }

  private async look(read: Reader): Promise<void> {
    while (this.running) {
      const picture = this.frame();
      const code = picture && (await read(picture));
      if (code && this.running) this.onCode(code);
      await new Promise((resume) => setTimeout(resume, PAUSE_MS));
    }
  }

  private frame(): ImageData | null {
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth || document.hidden) return null;
    const scale = Math.min(1, SIDE_MAX / Math.max(videoWidth, videoHeight));
    this.canvas.width = Math.round(videoWidth * scale);
    this.canvas.height = Math.round(videoHeight * scale);
    const drawing = this.canvas.getContext("2d", { willReadFrequently: true });
    if (!drawing) return null;
    drawing.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    return drawing.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }
}

/** Read the code in a photo; null when there is none. */
export async function readPhoto(photo: Blob): Promise<string | null> {
  return (await zxing())(photo);
}

function zxing(): Promise<Reader> {
  reader ??= import("zxing-wasm/reader").then(({ prepareZXingModule, readBarcodes }) => {
    prepareZXingModule({ overrides: { locateFile: (path: string, prefix: string) => (path.endsWith(".wasm") ? wasmUrl : prefix + path) } });
    return async (picture) => {
      const found = await readBarcodes(picture, { formats: ["QRCode"], tryHarder: true, tryInvert: false, maxNumberOfSymbols: 1 });
      return found[0]?.isValid ? found[0].text : null;
    };
  });
  // A decoder that could not be loaded (no network) is asked for again the next time.
  reader.catch(() => (reader = null));
  return reader;
}

function trouble(cause: unknown): CameraTrouble {
  const name = cause instanceof DOMException ? cause.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotReadableError" || name === "AbortError" ? "busy" : "missing";
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
