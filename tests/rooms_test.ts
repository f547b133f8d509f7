// The house: rooms import only rooms below them, and no file imports itself,
// directly or through others.
import { assert, assertEquals } from "@std/assert";

/** From the bottom up; rooms on one floor do not import each other. */
const FLOORS = [
  ["error.ts", "channel"],
  ["wait"],
  ["message"],
  ["posix"],
  ["shared_memory"],
  ["mechanism"],
  ["cli"],
  ["observe"],
  ["lab"],
  ["service", "race", "check", "engine"],
  ["bench", "scale", "soak", "page"],
];

/** The library's main entry, which may import any room. */
const DOOR = "mod.ts";

const ROOT = new URL("../lib/", import.meta.url);

/** Which files each file of lib/ imports, all relative to lib/. */
const imports = new Map<string, string[]>();
for (const file of filesIn(ROOT)) {
  if (!file.pathname.endsWith(".ts") || file.pathname.endsWith(".d.ts")) {
    continue;
  }
  const code = Deno.readTextFileSync(file).replace(/\/\*\*.*?\*\//gs, "");
  const found = code.matchAll(/(?:from |import\(?)\s*"(\.[^"]*\.ts)"/g);
  imports.set(
    nameOf(file),
    Array.from(found, ([, path]) => nameOf(new URL(path, file))),
  );
}

function filesIn(folder: URL): URL[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(new URL(`${name}/`, folder)) : [new URL(name, folder)]
  );
}

function nameOf(file: URL): string {
  return file.href.slice(ROOT.href.length);
}

const roomOf = (file: string) => file.split("/")[0];
const floorOf = (file: string) =>
  FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));

Deno.test("every file lies in a room, and every room has files", () => {
  const rooms = new Set([...imports.keys()].map(roomOf));
  assertEquals([...rooms].sort(), [DOOR, ...FLOORS.flat()].sort());
});

Deno.test("no room imports a room above it or beside it", () => {
  const climbs = [...imports].flatMap(([file, paths]) =>
    paths.filter((path) =>
      file !== DOOR && roomOf(path) !== roomOf(file) &&
      floorOf(path) >= floorOf(file)
    ).map((path) => `${file} imports ${path}`)
  );
  assertEquals(climbs, []);
  assert(imports.get("lab/lab.ts")?.includes("cli/log.ts"), "imports are seen");
});

Deno.test("no file imports itself, directly or through others", () => {
  const done = new Set<string>();
  const follow = (file: string, way: string[]) => {
    assert(!way.includes(file), [...way, file].join(" imports "));
    if (done.has(file)) return;
    for (const path of imports.get(file) ?? []) follow(path, [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) follow(file, []);
});

Deno.test("README's table of the house names every room", async () => {
  const readme = await Deno.readTextFile(new URL("../README.md", ROOT));
  for (const room of FLOORS.flat()) {
    assert(readme.includes(`(lib/${room})`), `lib/${room} is not in README`);
  }
});
