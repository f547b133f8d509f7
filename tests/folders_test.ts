// A checkout may lie in a folder with any name, and so may Deno.
import { assertEquals } from "@std/assert";
import { MECHANISMS } from "./mechanisms.ts";
import { Running } from "./scripts.ts";

const FOLDERS = [
  "it's with space, a comma",
  'quo"te 100%25',
  "ünïcødé 中 $HOME;#",
  "long".repeat(60), // a socket's name has 108 bytes at the most
];

/** The tasks to run in the folder, as a user types them. */
const LINES = [
  ...MECHANISMS.filter(({ available }) => available() === true).map((
    { name },
  ) =>
    `${
      name === "workers" ? "shared-memory" : `lab --via=${name}`
    } --count=3 --pause=0 --retry=20ms --quiet`
  ),
  "race --via=shm --times=1000 --lock=atomic",
  "race --times=1000 --lock=atomic",
  "mechanisms",
  "remove",
  "soak --via=pipe --kills=1",
  "bench --via=pipe,workers --size=8 --seconds=0.01 --json=run/b.json --plot=run/b.svg",
];

for (const folder of FOLDERS) {
  Deno.test(`every task runs in a folder called ${folder.slice(0, 20)}`, async () => {
    const parent = await Deno.makeTempDir();
    const place = `${parent}/${folder}`;
    try {
      await new Deno.Command("sh", {
        args: [
          "-c",
          'mkdir -p "$0" && cp -r lib scripts deno.json deno.lock "$0"',
          place,
        ],
      }).output();
      const results = await Promise.all(LINES.map(async (line) => {
        const name = crypto.randomUUID().slice(0, 8);
        const named = /^(lab|remove)/.test(line) ? [`--name=${name}`] : [];
        await using script = new Running(
          Deno.execPath(),
          ["task", "-q", ...line.split(" "), ...named],
          { cwd: place },
        );
        const { code, log } = await script.ended();
        return code === 0 ? [] : [`${line}: ${code}\n${log}`];
      }));
      assertEquals(results.flat(), []);
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });
}

Deno.test("a checkout reached through a symbolic link runs", async () => {
  const parent = await Deno.makeTempDir();
  try {
    await Deno.symlink(Deno.cwd(), `${parent}/link`);
    for (const via of ["fifo", "pipe", "socket"]) {
      const name = `link-${crypto.randomUUID().slice(0, 8)}`;
      await using lab = new Running(
        Deno.execPath(),
        `task -q lab --via=${via} --name=${name} --pause=0 --quiet`.split(" "),
        { cwd: `${parent}/link` },
      );
      const { code, log } = await lab.ended();
      assertEquals(code, 0, log);
    }
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("LD_LIBRARY_PATH, as conda, CUDA and ROS set it, changes nothing", async () => {
  for (const line of LINES) {
    if (line.startsWith("bench")) continue;
    const name = crypto.randomUUID().slice(0, 8);
    const named = /^(lab|remove)/.test(line) ? [`--name=${name}`] : [];
    await using script = new Running(
      Deno.execPath(),
      ["task", "-q", ...line.split(" "), ...named],
      { env: { LD_LIBRARY_PATH: "/tmp" } },
    );
    const { code, log } = await script.ended();
    assertEquals(code, 0, log);
  }
});
