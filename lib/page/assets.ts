/**
 * The files that a browser loads, as text: nothing is built, and nothing comes
 * from anywhere else.
 *
 * @module
 */
import htm from "htm" with { type: "text" };
import preact from "preact" with { type: "text" };
import css from "./client/page.css" with { type: "text" };
import controls from "./client/controls.js" with { type: "text" };
import draw from "./client/draw.js" with { type: "text" };
import kept from "./client/kept.js" with { type: "text" };
import lanes from "./client/lanes.js" with { type: "text" };
import model from "./client/model.js" with { type: "text" };
import moves from "./client/moves.js" with { type: "text" };
import transit from "./client/transit.js" with { type: "text" };
import objects from "./client/objects.js" with { type: "text" };
import page from "./client/page.js" with { type: "text" };

/** The modules, by the names under which they import each other. */
const MODULES: Record<string, string> = {
  preact: preact.replace(/\n\/\/# sourceMappingURL=.*/, ""),
  htm: htm.replace(/\n\/\/# sourceMappingURL=.*/, ""),
  "page/kept": kept,
  "page/model": model,
  "page/moves": moves,
  "page/transit": transit,
  "page/objects": objects,
  "page/lanes": lanes,
  "page/draw": draw,
  "page/controls": controls,
  "page/page": page,
};

const JAVASCRIPT = "text/javascript; charset=utf-8";

/** A file that the server gives. */
export interface Asset {
  body: string;
  type: string;
}

/** All files but the page itself, by their paths. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map([
  ["/page.css", { body: css, type: "text/css; charset=utf-8" }],
  ...Object.entries(MODULES).map(([name, body]): [string, Asset] => [
    `/${name}.js`,
    { body, type: JAVASCRIPT },
  ]),
]);

const importMap = (address: (name: string) => string): string =>
  JSON.stringify({
    imports: Object.fromEntries(
      Object.keys(MODULES).map((name) => [name, address(name)]),
    ),
  });

const SERVED_MAP = importMap((name) => `/${name}.js`);

/** The hash of the one inline script, for the Content-Security-Policy. */
export async function scriptHash(): Promise<string> {
  const bytes = new TextEncoder().encode(SERVED_MAP);
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}

/** The page as it is served. */
export const PAGE_HTML: string = html(
  '<link rel="stylesheet" href="/page.css">',
  SERVED_MAP,
  '<script type="module" src="/page/page.js"></script>',
);

/** The page with a recording in it: one file, which needs no server. */
export function standalone(entries: readonly unknown[]): string {
  const map = importMap((name) =>
    `data:text/javascript;base64,${
      new TextEncoder().encode(MODULES[name]).toBase64()
    }`
  );
  const policy = "default-src 'none'; script-src 'unsafe-inline' data:; " +
    "style-src 'unsafe-inline'; img-src data:";
  return html(
    `<meta http-equiv="content-security-policy" content="${policy}">` +
      `<style>${css}</style>`,
    map,
    // A value may hold "</script>", which would end the script.
    `<script type="application/json" id="recording">${
      JSON.stringify(entries).replaceAll("<", "\\u003c")
    }</script><script type="module">import "page/page";</script>`,
  );
}

function html(head: string, map: string, scripts: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>ipc-lab</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">${head}
<script type="importmap">${map}</script></head>
<body><main id="app"></main>${scripts}</body></html>
`;
}
