/** The two programs of the WebGL painter. One point a seat; its state comes from a texture, its shape from arithmetic. */

/** Seats a row of the state texture. A power of two, so that k splits by shift and mask. */
export const TEXTURE_WIDTH = 256;

export const VERTEX = `#version 300 es
layout(location=0) in vec2 place;
uniform vec4 view;          // xy: scale, zw: offset, from quantised place to clip space
uniform float size;         // device pixels
uniform highp usampler2D seats;
flat out uvec4 seat;
flat out float pixel;
void main() {
  int k = gl_VertexID;
  seat = texelFetch(seats, ivec2(k & 255, k >> 8), 0);
  bool mine = seat.r >= 4u || seat.g >= 4u;
  float points = max(size * (mine ? 1.16 : 1.0), 1.5);
  gl_Position = vec4(place * view.xy + view.zw, 0.0, 1.0);
  gl_PointSize = points;
  pixel = 2.0 / points;
}`;

/**
 * Shapes, in a square of -1 … 1 (\`p\`), \`px\` the size of a device pixel in it:
 * free a solid disc (wheelchair space: a rounded square, with the wheel when large enough), held a ring, sold a dot,
 * off sale a fainter dot, yours a ringed disc with a check, asked the ring with a small disc in it.
 */
export const FRAGMENT = `#version 300 es
precision highp float;
flat in uvec4 seat;         // r: shown, g: shown before, b: when it changed (8 ms steps), a: style
flat in float pixel;
uniform vec4 tiers[32];     // rgb and whether the filter lets the category pass
uniform vec3 held;
uniform vec3 sold;
uniform vec3 yours;
uniform vec3 lit;
uniform vec3 halo;
uniform float now;          // 8 ms steps, modulo 256
uniform float glyphs;
uniform float only;         // 1: accessible only
uniform float opacity;
out vec4 colour;

float cover(float d, float px) { return clamp(0.5 - d / px, 0.0, 1.0); }
float segment(vec2 p, vec2 a, vec2 b) { vec2 q = p - a, r = b - a; return length(q - r * clamp(dot(q, r) / dot(r, r), 0.0, 1.0)); }
float square(vec2 p, float r, float corner) { vec2 q = abs(p) - r + corner; return length(max(q, 0.0)) + min(max(q.x, q.y), 0.0) - corner; }
float check(vec2 p) { return min(segment(p, vec2(-0.42, 0.02), vec2(-0.1, 0.34)), segment(p, vec2(-0.1, 0.34), vec2(0.42, -0.3))); }
float wheel(vec2 p) {
  float body = min(segment(p, vec2(-0.12, -0.26), vec2(-0.12, 0.1)), segment(p, vec2(-0.12, 0.1), vec2(0.24, 0.1)));
  body = min(body, segment(p, vec2(0.24, 0.1), vec2(0.38, 0.48))) - 0.07;
  vec2 c = p - vec2(-0.1, 0.24);
  float arc = max(abs(length(c) - 0.36) - 0.06, dot(c, normalize(vec2(0.55, -0.83))) - 0.12);
  return min(min(length(p - vec2(-0.14, -0.52)) - 0.13, body), arc);
}

vec4 over(vec4 base, vec3 ink, float a) { return vec4(mix(base.rgb, ink, a), base.a + a * (1.0 - base.a)); }

vec4 shape(uint shown, vec2 p, float px) {
  uint style = seat.a;
  vec4 tier = tiers[style & 31u];
  bool accessible = (style & 32u) != 0u;
  bool fits = tier.a > 0.5 && (only < 0.5 || (style & 96u) != 0u);
  float r = length(p);
  if (shown == 0u) {
    float body = accessible ? square(p, 0.86, 0.34) : r - 0.92;
    if (!fits) return vec4(tier.rgb, cover(abs(body + 0.2) - max(0.09, px * 0.6), px) * 0.45);
    vec4 c = vec4(tier.rgb, cover(body, px));
    if (accessible && glyphs > 0.5) c = over(c, halo, cover(wheel(p * 1.05), px) * c.a);
    return c;
  }
  if (shown == 1u) return vec4(held, cover(abs(r - 0.66) - max(0.1, px * 0.55), px));
  if (shown == 2u) return vec4(sold, cover(r - max(0.34, px), px));
  if (shown == 3u) return vec4(sold, cover(r - max(0.22, px * 0.8), px) * 0.6);
  vec4 c = vec4(halo, cover(r - 0.98, px));
  c = over(c, yours, cover(abs(r - 0.8) - max(0.1, px * 0.7), px));
  if (shown == 4u) {
    c = over(c, lit, cover(r - 0.66, px));
    if (glyphs > 0.5) c = over(c, vec3(0.13, 0.08, 0.0), cover(check(p) - 0.11, px));
  } else c = over(c, lit, cover(r - 0.4, px));
  return c;
}

void main() {
  vec2 p = gl_PointCoord * 2.0 - 1.0;
  vec4 c = shape(seat.r, p, pixel);
  if (seat.r != seat.g) {
    float t = clamp(mod(now - float(seat.b) + 256.0, 256.0) / 22.0, 0.0, 1.0);
    vec4 b = shape(seat.g, p, pixel);
    float a = mix(b.a, c.a, t);
    c = vec4(a > 0.0 ? mix(b.rgb * b.a, c.rgb * c.a, t) / a : c.rgb, a);
  }
  if (c.a < 0.004) discard;
  c.a *= opacity;
  colour = vec4(c.rgb * c.a, c.a);
}`;
