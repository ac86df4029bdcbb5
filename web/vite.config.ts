import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import type { Plugin, Rollup } from "vite";
import { build } from "vite";
import { defineConfig } from "vitest/config";

const root = import.meta.dirname;

/** Pages that come whole in one request: their script and style are built alone, share no chunk, and are laid into the HTML by the server. */
const INLINED = Object.fromEntries(
  Object.entries({ room: "src/room/page.ts", "room-proof": "src/room/proof_page.ts" }).filter(([, path]) => existsSync(resolve(root, path))),
);

/** Every folder of src/ with a main.ts(x) is an entry named after the folder; with an sw.ts it also gets an unhashed worker. */
function entries(): Record<string, string> {
  const found: Record<string, string> = { site: resolve(root, "src/styles/site.css"), mark: resolve(root, "src/assets/mark.svg") };
  for (const folder of readdirSync(resolve(root, "src"), { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    for (const [file, name] of [["main.ts", folder.name], ["main.tsx", folder.name], ["sw.ts", `${folder.name}-sw`]] as const) {
      const path = resolve(root, "src", folder.name, file);
      if (existsSync(path)) found[name] = path;
    }
  }
  return found;
}

/** All chunks that these import, and theirs. */
function reached(bundle: Rollup.OutputBundle, imports: string[]): string[] {
  const found = new Set<string>();
  const visit = (name: string) => {
    const item = bundle[name];
    if (item?.type !== "chunk" || found.has(name)) return;
    found.add(name);
    item.imports.forEach(visit);
  };
  imports.forEach(visit);
  return [...found];
}

/** Write dist/manifest.json: logical name ("buyer.js") -> path below the web root ("/assets/buyer-1a2b.js"). */
function flatManifest(): Plugin {
  return {
    name: "frontrow:flat-manifest",
    generateBundle(_options, bundle) {
      const names: Record<string, string> = {};
      const preload: Record<string, string[]> = {};
      for (const [file, item] of Object.entries(bundle)) {
        if (item.type === "chunk" && item.isEntry && /\.tsx?$/.test(item.facadeModuleId ?? "")) {
          names[`${item.name}.js`] = `/${file}`;
          preload[`${item.name}.js`] = reached(bundle, item.imports).map((name) => `/${name}`);
          for (const css of item.viteMetadata?.importedCss ?? []) names[`${item.name}.css`] = `/${css}`;
        } else if (item.type === "asset") {
          const name = item.names[0] ?? file;
          if (!(name in names)) names[name] = `/${file}`;
        }
      }
      const sorted = Object.fromEntries(Object.entries(names).sort());
      this.emitFile({ type: "asset", fileName: "manifest.json", source: JSON.stringify({ files: sorted, preload }, null, 1) });
    },
  };
}

/**
 * Lay a .br file beside each text asset, so the server never compresses the same bytes twice. Done when the files are written:
 * before that, Vite has not yet filled the placeholders of dynamic imports.
 */
function precompress(): Plugin {
  return {
    name: "frontrow:precompress",
    writeBundle(options, bundle) {
      for (const file of Object.keys(bundle)) {
        if (!/\.(js|css|svg|json|wasm)$/.test(file) || file === "manifest.json") continue;
        const path = resolve(options.dir ?? "dist", file);
        const packed = brotliCompressSync(readFileSync(path), { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
        writeFileSync(`${path}.br`, packed);
      }
    },
  };
}

/** The tokens that *css* uses, and theirs, for both themes: tokens.css stays the only file that names a colour. */
function usedTokens(css: string): string {
  const tokens = readFileSync(resolve(root, "src/styles/tokens.css"), "utf8");
  const block = (selector: string) => {
    const from = tokens.indexOf(`${selector} {`);
    return [...tokens.slice(from, tokens.indexOf("}", from)).matchAll(/--([\w-]+):\s*([^;]+);/g)].map((m) => [m[1]!, m[2]!] as const);
  };
  const light = block(":root");
  const wanted = new Set<string>();
  const want = (text: string): void => {
    for (const [, name] of text.matchAll(/var\(--([\w-]+)\)/g)) {
      if (wanted.has(name!)) continue;
      wanted.add(name!);
      for (const [one, value] of light) if (one === name) want(value);
    }
  };
  want(css);
  const written = (pairs: readonly (readonly [string, string])[]) =>
    pairs.filter(([name]) => wanted.has(name)).map(([name, value]) => `--${name}:${value}`).join(";");
  const dark = written(block(':root[data-theme="dark"]'));
  return (
    `:root{color-scheme:light;${written(light)}}` +
    `@media(prefers-color-scheme:dark){:root{color-scheme:dark;${dark}}}`
  );
}

/** Write dist/inline/<name>.js and .css for each page of INLINED. */
function inlined(): Plugin {
  return {
    name: "frontrow:inlined",
    apply: "build",
    async generateBundle() {
      for (const [name, source] of Object.entries(INLINED)) {
        const built = (await build({
          root,
          configFile: false,
          logLevel: "warn",
          publicDir: false,
          build: {
            write: false,
            target: ["es2022", "chrome111", "safari16.4", "firefox114"],
            modulePreload: false,
            rollupOptions: { input: resolve(root, source), output: { codeSplitting: false, entryFileNames: "page.js" } },
          },
        })) as Rollup.RollupOutput;
        for (const item of built.output) {
          if (item.type === "chunk") this.emitFile({ type: "asset", fileName: `inline/${name}.js`, source: item.code.trim() });
          else if (item.fileName.endsWith(".css")) {
            const css = String(item.source).trim();
            this.emitFile({ type: "asset", fileName: `inline/${name}.css`, source: usedTokens(css) + css });
          }
        }
      }
    },
  };
}

export default defineConfig({
  root,
  base: "/",
  publicDir: existsSync(join(root, "public")) ? "public" : false,
  define: { __VERSION__: JSON.stringify(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version) },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: ["es2022", "chrome111", "safari16.4", "firefox114"],
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: true,
    reportCompressedSize: false,
    rollupOptions: {
      input: entries(),
      output: {
        entryFileNames: (chunk) => (chunk.name.endsWith("-sw") ? "[name].js" : "assets/[name]-[hash].js"),
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  plugins: [inlined(), flatManifest(), precompress()],
  test: { include: ["test/**/*.test.ts", "test/**/*.test.tsx"], environment: "node", restoreMocks: true },
});
