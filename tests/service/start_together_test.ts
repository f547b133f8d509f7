// Server and client started together: whatever is half made is waited for.
import { assertEquals, assertMatch } from "@std/assert";
import { mechanismNamed } from "../mechanisms.ts";
import { objectName, range, run, shell } from "../scripts.ts";
import { assertCode, numbersOf, Service, VIAS } from "./service.ts";

for (const via of VIAS) {
  Deno.test({
    name: `${via}: server and client started together, six times`,
    ignore: mechanismNamed(via).available() !== true,
    async fn() {
      for (const _ of range(1, 6)) {
        await using service = new Service(via);
        await using server = service.start("server", ["--requests=1"]);
        await using client = service.client();
        await assertCode(client, 0);
        assertEquals(numbersOf(client), [1]);
        await assertCode(server, 0);
        await service.assertNothingLeft();
      }
    },
  });
}

/** Makes a segment without a size, as one that is killed in between leaves it. */
async function makeEmptySegment(name: string) {
  await using made = shell(`umask 077; : > /dev/shm${objectName(name)}`);
  await assertCode(made, 0);
}

const ignore = mechanismNamed("shm").available() !== true;

Deno.test({
  name: "shm: a segment without a size blocks neither server nor client",
  ignore,
  async fn() {
    await using service = new Service("shm");
    await makeEmptySegment(service.name);
    await using client = service.client();
    await client.saw("Pid:");
    await using server = service.start("server", ["--requests=1"]);
    await assertCode(client, 0);
    await assertCode(server, 0);
    await service.assertNothingLeft();
  },
});

Deno.test({
  name: "shm: remove says that a segment has no size, and removes it",
  ignore,
  async fn() {
    await using service = new Service("shm");
    await makeEmptySegment(service.name);
    const flags = ["--via=shm", `--name=${service.name}`];
    const { code, log } = await run("remove", flags);
    assertEquals(code, 0, log);
    assertMatch(log, /^INFO:remove:Removed \S+ \(Cannot .* it has no size: /);
    await service.assertNothingLeft();
  },
});
