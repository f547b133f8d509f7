// The library as another program uses it: from a folder outside the project,
// with a deno.json, channels and names of its own.
import { assert, assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url).pathname;

const PRODUCER = `
import { mechanismNamed } from "ipc-lab/mechanism";
import { send } from "ipc-lab/wait";

const [via, path] = Deno.args;
const { openSender } = await mechanismNamed(via).load();
await using sender = await openSender({ path });
const wait = { way: "retry", delay: 20, timeout: 30_000 } as const;
for (let value = 1; value <= 3; value++) {
  await send(sender, new TextEncoder().encode(\`\${value}\\n\`), wait);
}
`;

const CONSUMER = `
import { CUT, END, mechanismNamed, receive } from "ipc-lab";

const [via, path] = Deno.args;
const { openReceiver } = await mechanismNamed(via).load();
await using receiver = await openReceiver({ path });
let text = "";
for (;;) {
  const bytes = await receive(receiver, { way: "block", timeout: 30_000 });
  if (bytes === END) break;
  if (bytes !== CUT) text += new TextDecoder().decode(bytes);
}
console.log(text);
`;

/** Imports every entry, and uses what the two other programs do not. */
const EVERYTHING = `
${
  Object.keys(config.exports)
    .map((entry, i) => `import * as entry${i} from "ipc-lab${entry.slice(1)}";`)
    .join("\n")
}
import { header, Message, Mutex, Ring, ringBytes } from "ipc-lab";
import { line } from "ipc-lab/message";
import { ProcessLog, startLog } from "ipc-lab/log";

const entries = [${
  Object.keys(config.exports).map((_, i) => `entry${i}`).join(", ")
}];
startLog({ write: (text) => console.log(text) });
const log = new ProcessLog("other");
log.info(\`\${entries.length} entries\`);
const ring = Ring.format(new SharedArrayBuffer(ringBytes(1, 8)), 1, 8);
ring.put(line.encode(Message.of("7")));
const decoder = line.decoder();
decoder.push(ring.take() as Uint8Array);
const message = decoder.next();
if (message instanceof Message) log.read(message.text, 1);
new Mutex(new Int32Array(new SharedArrayBuffer(4)), 0).lock();
log.info(header.name);
`;

/** The project of another program. */
class Project implements Disposable {
  readonly folder = Deno.makeTempDirSync();

  constructor(programs: Record<string, string>) {
    const project = "../".repeat(this.folder.split("/").length - 1) +
      ROOT.slice(1);
    const imports = Object.fromEntries(
      Object.entries(config.exports).map((
        [entry, file],
      ) => [`ipc-lab${entry.slice(1)}`, project + file.slice(2)]),
    );
    this.#write("deno.json", JSON.stringify({ imports }));
    for (const [file, code] of Object.entries(programs)) {
      this.#write(file, code);
    }
  }

  #write(file: string, text: string) {
    Deno.writeTextFileSync(`${this.folder}/${file}`, text);
  }

  /** Runs deno in its folder. @returns Its standard output. */
  async deno(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: this.folder,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const [out, error] = [stdout, stderr].map((bytes) =>
      new TextDecoder().decode(bytes)
    );
    assertEquals(code, 0, error);
    return out;
  }

  [Symbol.dispose]() {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** The permissions that an ordinary program needs. */
const RUN = ["run", "--no-prompt", "--allow-ffi"];

for (const via of ["fifo", "queue"]) {
  Deno.test(`another program's producer and consumer meet over a ${via} of its own`, async () => {
    using project = new Project({
      "producer.ts": PRODUCER,
      "consumer.ts": CONSUMER,
    });
    // The same folder, written in two ways; a queue has only its name.
    const name = `/test.${crypto.randomUUID()}`;
    const [here, there] = via === "fifo"
      ? ["orders.fifo", `${project.folder}/orders.fifo`]
      : [name, name];
    const [, read] = await Promise.all([
      project.deno(...RUN, "producer.ts", via, here),
      project.deno(...RUN, "consumer.ts", via, there),
    ]);
    assertEquals(read, "1\n2\n3\n\n");
    const left = [...Deno.readDirSync(project.folder)].map(({ name }) => name);
    assert(!left.some((file) => file.endsWith(".fifo") || file === "run"));
  });
}

Deno.test("every entry of the library can be imported, and its types are right", async () => {
  using project = new Project({
    "everything.ts": EVERYTHING,
    "producer.ts": PRODUCER,
    "consumer.ts": CONSUMER,
  });
  const [said] = await Promise.all([
    project.deno("run", "--no-prompt", "everything.ts"),
    project.deno("check", "everything.ts", "producer.ts", "consumer.ts"),
  ]);
  assertEquals(said.split("\n"), [
    `INFO:other:${Object.keys(config.exports).length} entries`,
    "INFO:other:Read: 7",
    "INFO:other:header",
    "",
  ]);
});

Deno.test("the library's main entry loads nothing slow", async () => {
  using project = new Project({ "main.ts": 'import "ipc-lab";' });
  interface Module {
    specifier: string;
    dependencies?: { isDynamic?: boolean; code?: { specifier: string } }[];
  }
  const { modules, roots }: { modules: Module[]; roots: string[] } = JSON.parse(
    await project.deno("info", "--json", "main.ts"),
  );
  const all = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set<string>();
  const load = (specifier: string) => {
    if (loaded.has(specifier)) return;
    loaded.add(specifier);
    for (const { isDynamic, code } of all.get(specifier)?.dependencies ?? []) {
      if (!isDynamic && code) load(code.specifier);
    }
  };
  roots.forEach(load);
  assert(loaded.size > 10, "the imports are followed");
  const slow = [...loaded].filter((specifier) =>
    /logtape|node:|\/lib\/posix\/(?!available)|process_parking/.test(specifier)
  );
  assertEquals(slow, []);
});

/** What `deno doc --json` says of a symbol. */
interface Declared {
  kind: string;
  jsDoc?: { tags?: { kind: string }[] };
}

Deno.test("every function, class and value that is exported has an example", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...Object.values(config.exports)],
    stderr: "null",
  }).output();
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  const symbols = Object.values(nodes).flatMap((file) =>
    (file as { symbols: { name: string; declarations: Declared[] }[] }).symbols
  );
  const lacking = symbols.flatMap(({ name, declarations }) =>
    declarations
      .filter(({ kind }) => ["function", "class", "variable"].includes(kind))
      .filter(({ jsDoc }) =>
        !jsDoc?.tags?.some(({ kind }) => kind === "example")
      )
      .map(() => name)
  );
  assertEquals(lacking, []);
  assert(symbols.length > 50, `${symbols.length} symbols`);
});
