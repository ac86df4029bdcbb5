/**
 * Seats as WebGL2 points. Measured on a software rasteriser at 60,000 seats: points 33 ms a frame, instanced quads 1,017
 * (research/seatmap.md §5.1). Two buffers: places (int16, once) and states (a texture of 4 bytes a seat, patched by rows).
 */

import type { Camera, Detail } from "./camera";
import type { Chart } from "./chart";
import type { Palette } from "./palette";
import { rgb } from "./palette";
import type { SeatPainter } from "./renderer";
import { FADE_MS, fitting, stylesOf, visible } from "./renderer";
import { FRAGMENT, TEXTURE_WIDTH, VERTEX } from "./shaders";
import type { MapState } from "./state";

const STEP_MS = 8; // unit of the fade stamps; 256 of them are two seconds
const UNIFORMS = ["view", "size", "seats", "tiers", "held", "sold", "yours", "lit", "halo", "now", "glyphs", "only", "opacity"] as const;
type Uniform = (typeof UNIFORMS)[number];

/** Seats are drawn a little smaller than their distance, so that neighbours stay apart. */
export const SEAT_FILL = 0.86;

/** A canvas with WebGL2 and a program being linked: opened while the network is still busy, because it takes as long. */
export interface Surface {
  canvas: HTMLCanvasElement;
  gl: WebGL2RenderingContext;
  program: WebGLProgram | null;
}

export function openSurface(): Surface | null {
  const canvas = document.createElement("canvas");
  const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, depth: false, premultipliedAlpha: true, powerPreference: "low-power" });
  return gl && { canvas, gl, program: link(gl) };
}

/** Start compiling and linking. Nobody asks how it went before the program is needed: an answer waits for the compiler. */
function link(gl: WebGL2RenderingContext): WebGLProgram | null {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(type);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return program;
}

export class WebGlPainter implements SeatPainter {
  readonly kind = "webgl";
  readonly pointMax: number;
  private readonly texels: Uint8Array;
  private readonly lines: number;
  private readonly quantum: { x: number; y: number; scale: number };
  private readonly places: Int16Array;
  private where = new Map<Uniform, WebGLUniformLocation | null>();
  private fading: { k: number; at: number }[] = [];
  private ratio = 1;

  /** Null when the surface is not good enough for this chart. */
  static create(surface: Surface, chart: Chart): WebGlPainter | null {
    const { gl, program } = surface;
    if (!program || !gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
    if (gl.getParameter(gl.MAX_TEXTURE_SIZE) < Math.ceil(chart.n / TEXTURE_WIDTH)) return null;
    const most = (gl.getParameter(gl.ALIASED_POINT_SIZE_RANGE) as Float32Array)[1] ?? 1;
    return most < 40 ? null : new WebGlPainter(surface, chart, most);
  }

  private readonly canvas: HTMLCanvasElement;
  private readonly gl: WebGL2RenderingContext;

  private constructor(
    private readonly surface: Surface,
    private readonly chart: Chart,
    most: number,
  ) {
    this.canvas = surface.canvas;
    this.gl = surface.gl;
    this.pointMax = most / Math.min(2, devicePixelRatio || 1) / 1.16;
    this.lines = Math.max(1, Math.ceil(chart.n / TEXTURE_WIDTH));
    this.texels = new Uint8Array(this.lines * TEXTURE_WIDTH * 4);
    const styles = stylesOf(chart);
    for (let k = 0; k < chart.n; k++) this.texels[4 * k + 3] = styles[k]!;
    const [x0, y0, x1, y1] = chart.bounds;
    this.quantum = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale: Math.max(x1 - x0, y1 - y0, 1) / 65000 };
    this.places = new Int16Array(chart.n * 2);
    for (let k = 0; k < chart.n; k++) {
      this.places[2 * k] = Math.round((chart.x[k]! - this.quantum.x) / this.quantum.scale);
      this.places[2 * k + 1] = Math.round((chart.y[k]! - this.quantum.y) / this.quantum.scale);
    }
    this.prepare();
  }

  /** Build everything that lives on the graphics card; called again after a lost context. */
  prepare(): void {
    const { gl } = this;
    const program = this.surface.program ?? link(gl);
    this.surface.program = null;
    if (!program) return;
    gl.useProgram(program);
    this.where = new Map(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]));

    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, this.places, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.SHORT, false, 0, 0);

    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8UI, TEXTURE_WIDTH, this.lines, 0, gl.RGBA_INTEGER, gl.UNSIGNED_BYTE, this.texels);

    gl.uniform1i(this.at("seats"), 0);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.clearColor(0, 0, 0, 0);
  }

  private at(name: Uniform): WebGLUniformLocation | null {
    return this.where.get(name) ?? null;
  }

  resize(width: number, height: number, ratio: number): void {
    this.ratio = ratio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.gl.viewport(0, 0, this.canvas.width, this.canvas.height);
  }

  colours(palette: Palette, state: MapState): void {
    const { gl } = this;
    const tiers = new Float32Array(32 * 4);
    const fits = fitting(state);
    for (let c = 0; c < Math.min(32, palette.category.length); c++) tiers.set([...rgb(palette.category[c]!), fits[c] ? 1 : 0], 4 * c);
    gl.uniform4fv(this.at("tiers"), tiers);
    gl.uniform3fv(this.at("held"), rgb(palette.held));
    gl.uniform3fv(this.at("sold"), rgb(palette.sold));
    gl.uniform3fv(this.at("yours"), rgb(palette.yours));
    gl.uniform3fv(this.at("lit"), rgb(palette.yoursFill));
    gl.uniform3fv(this.at("halo"), rgb(palette.halo));
    gl.uniform1f(this.at("only"), state.filter.accessible ? 1 : 0);
  }

  update(state: MapState, range: [number, number], changed: readonly number[], now: number, fade: boolean): void {
    const [k0, k1] = range;
    if (k1 <= k0) return;
    const fading = fade && changed.length > 0;
    const stamp = Math.floor(now / STEP_MS) & 255;
    const { texels } = this;
    for (let k = k0; k < k1; k++) {
      const shown = state.shown[k]!;
      if (texels[4 * k] === shown) continue;
      texels[4 * k + 1] = fading ? texels[4 * k]! : shown;
      texels[4 * k] = shown;
      texels[4 * k + 2] = stamp;
    }
    if (fading) for (const k of changed) this.fading.push({ k, at: now });
    this.upload(k0, k1);
  }

  private upload(k0: number, k1: number): void {
    const { gl } = this;
    const [first, end] = [Math.floor(k0 / TEXTURE_WIDTH), Math.ceil(k1 / TEXTURE_WIDTH)];
    const bytes = this.texels.subarray(first * TEXTURE_WIDTH * 4, end * TEXTURE_WIDTH * 4);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, first, TEXTURE_WIDTH, end - first, gl.RGBA_INTEGER, gl.UNSIGNED_BYTE, bytes);
  }

  /** Fades that are over lose their "before": their stamp would come round again after two seconds. */
  private settle(now: number): boolean {
    if (this.fading.length === 0) return false;
    let [k0, k1, kept] = [this.chart.n, 0, 0];
    for (const one of this.fading) {
      if (now - one.at < FADE_MS) this.fading[kept++] = one;
      else {
        this.texels[4 * one.k + 1] = this.texels[4 * one.k]!;
        k0 = Math.min(k0, one.k);
        k1 = Math.max(k1, one.k + 1);
      }
    }
    this.fading.length = kept;
    if (k1 > k0) this.upload(k0, k1);
    return kept > 0;
  }

  paint(camera: Camera, detail: Detail, now: number): boolean {
    const { gl, quantum } = this;
    const fading = this.settle(now);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (detail.seats <= 0) return false;
    const [sx, sy] = [(2 * camera.scale) / camera.width, (-2 * camera.scale) / camera.height];
    gl.uniform4f(this.at("view"), quantum.scale * sx, quantum.scale * sy, (quantum.x - camera.x) * sx, (quantum.y - camera.y) * sy);
    gl.uniform1f(this.at("size"), detail.seat * SEAT_FILL * this.ratio);
    gl.uniform1f(this.at("now"), Math.floor(now / STEP_MS) & 255);
    gl.uniform1f(this.at("glyphs"), detail.glyphs ? 1 : 0);
    gl.uniform1f(this.at("opacity"), detail.seats);
    let [from, to] = [0, 0];
    for (const section of visible(this.chart, camera)) {
      for (const [k0, k1] of section.ranges) {
        if (k0 === to) to = k1;
        else {
          if (to > from) gl.drawArrays(gl.POINTS, from, to - from);
          [from, to] = [k0, k1];
        }
      }
    }
    if (to > from) gl.drawArrays(gl.POINTS, from, to - from);
    return fading;
  }

  dispose(): void {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
