/** The floor of the map: sections, areas, stage, tables. Redrawn with every camera move from ready-made paths, so it stays crisp. */

import type { Camera, Detail } from "./camera";
import { meets, view } from "./camera";
import type { Chart } from "./chart";
import type { Palette } from "./palette";
import { mix } from "./palette";
import type { MapState } from "./state";
import { areaFits, leadingCategory } from "./state";

/** Free share shows in this many steps: eyes do not tell more apart, and few fills are few calls. */
const STEPS = 5;

interface Fill {
  path: Path2D;
  colour: string;
}

export class Ground {
  private readonly context: CanvasRenderingContext2D;
  private readonly outlines: Path2D[];
  private readonly edges = new Path2D();
  private readonly tables = new Path2D();
  private readonly stage = new Path2D();
  private readonly lines = new Path2D();
  private readonly shapes = new Path2D();
  private readonly areas: Path2D[];
  private fills: Fill[] = [];
  private areaFills: string[] = [];
  private neutral = new Path2D();
  private ratio = 1;
  private palette: Palette | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly chart: Chart,
  ) {
    this.context = canvas.getContext("2d", { alpha: false })!;
    this.outlines = chart.sections.map((section) => rounded(section.outline));
    this.areas = chart.areas.map((area) => rounded(area.outline));
    for (const path of [...this.outlines, ...this.areas]) this.edges.addPath(path);
    for (const focal of chart.focal) this.stage.addPath(polygon(focal.outline, true));
    for (const shape of chart.decor) {
      if (shape.kind === "line") this.lines.addPath(polygon(shape.outline, false));
      else if (shape.kind === "shape") this.shapes.addPath(polygon(shape.outline, true));
    }
    for (const table of chart.tables) this.tables.addPath(tableShape(table));
  }

  resize(width: number, height: number, ratio: number): void {
    this.ratio = ratio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
  }

  /** Sort the sections into few fills by category and free share. Called when figures, prices, filter or theme changed. */
  colours(palette: Palette, state: MapState): void {
    this.palette = palette;
    const fills = new Map<string, Path2D>();
    this.neutral = new Path2D();
    for (const section of this.chart.sections) {
      const path = this.outlines[section.index]!;
      this.neutral.addPath(path);
      const lead = section.seats ? leadingCategory(state, section.index) : -1;
      const share = lead < 0 ? 0 : Math.max(1, Math.ceil((STEPS * state.freeOf[section.index]!) / section.seats));
      const colour = share === 0 ? palette.section : mix(palette.section, palette.category[lead]!, 0.14 + (0.5 * share) / STEPS);
      const fill = fills.get(colour) ?? new Path2D();
      fill.addPath(path);
      fills.set(colour, fill);
    }
    this.fills = [...fills].map(([colour, path]) => ({ colour, path }));
    this.areaFills = this.chart.areas.map((area, a) => {
      const left = state.remaining[a]!;
      if (left === 0 || !areaFits(state, a)) return palette.section;
      const share = Math.max(1, Math.ceil((STEPS * left) / Math.max(1, area.capacity)));
      return mix(palette.section, palette.category[area.category]!, 0.14 + (0.5 * share) / STEPS);
    });
  }

  paint(camera: Camera, detail: Detail): void {
    const { context, palette } = this;
    if (!palette) return;
    const scale = camera.scale * this.ratio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = palette.ground;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(scale, 0, 0, scale, (camera.width / 2) * this.ratio - camera.x * scale, (camera.height / 2) * this.ratio - camera.y * scale);
    context.lineJoin = "round";

    context.fillStyle = palette.section;
    context.fill(this.shapes);
    this.sections(camera, detail, palette);
    for (const [a, area] of this.chart.areas.entries()) {
      if (!meets(area.box, view(camera))) continue;
      context.fillStyle = this.areaFills[a]!;
      context.fill(this.areas[a]!);
    }
    context.lineWidth = 1 / camera.scale;
    context.strokeStyle = palette.sectionLine;
    context.stroke(this.edges);
    context.stroke(this.lines);
    context.fillStyle = mix(palette.section, palette.ink, 0.12);
    context.fill(this.tables);
    context.fillStyle = palette.stage;
    context.fill(this.stage);
    context.lineWidth = 2 / camera.scale;
    context.strokeStyle = palette.lip;
    context.stroke(this.stage);
  }

  private sections(camera: Camera, detail: Detail, palette: Palette): void {
    const { context } = this;
    if (detail.seats < 1) {
      for (const { colour, path } of this.fills) {
        context.fillStyle = colour;
        context.fill(path);
      }
    }
    if (detail.seats > 0) {
      context.globalAlpha = detail.seats;
      context.fillStyle = palette.section;
      if (detail.seats < 1) context.fill(this.neutral);
      else {
        const window = view(camera);
        for (const section of this.chart.sections) if (meets(section.box, window)) context.fill(this.outlines[section.index]!);
      }
      context.globalAlpha = 1;
    }
  }
}

function polygon(outline: Float32Array, closed: boolean): Path2D {
  const path = new Path2D();
  for (let i = 0; i + 1 < outline.length; i += 2) {
    if (i === 0) path.moveTo(outline[0]!, outline[1]!);
    else path.lineTo(outline[i]!, outline[i + 1]!);
  }
  if (closed) path.closePath();
  return path;
}

/** A closed polygon with corners eased by up to 60 cm; curves made of many short edges stay as they are. */
function rounded(outline: Float32Array): Path2D {
  const n = outline.length / 2;
  if (n < 3) return new Path2D();
  const path = new Path2D();
  let ax = outline[2 * n - 2]!, ay = outline[2 * n - 1]!, bx = outline[0]!, by = outline[1]!;
  let before = Math.hypot(ax - bx, ay - by);
  for (let i = 0; i < n; i++) {
    const next = i + 1 < n ? 2 * i + 2 : 0;
    const cx = outline[next]!, cy = outline[next + 1]!;
    const after = Math.hypot(cx - bx, cy - by);
    const r = Math.min(60, before / 3, after / 3);
    const x = bx + ((ax - bx) * r) / (before || 1), y = by + ((ay - by) * r) / (before || 1);
    if (i === 0) path.moveTo(x, y);
    else path.lineTo(x, y);
    path.quadraticCurveTo(bx, by, bx + ((cx - bx) * r) / (after || 1), by + ((cy - by) * r) / (after || 1));
    ax = bx, ay = by, bx = cx, by = cy, before = after;
  }
  path.closePath();
  return path;
}

function tableShape(table: Chart["tables"][number]): Path2D {
  const shape = new Path2D();
  if (table.shape === "circle") shape.ellipse(0, 0, table.w / 2, table.h / 2, 0, 0, 7);
  else shape.roundRect(-table.w / 2, -table.h / 2, table.w, table.h, 10);
  const placed = new Path2D();
  placed.addPath(shape, new DOMMatrix().translate(table.x, table.y).rotate(table.turn));
  return placed;
}
