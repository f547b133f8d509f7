// Names of channels: long ones, and clients that have the same Pid.
import { assertEquals, assertMatch } from "@std/assert";
import { freshName, range, Running, taskArguments } from "../scripts.ts";
import { assertCode, numbersOf, Service, VIAS } from "./service.ts";
import { mechanismNamed } from "../mechanisms.ts";

for (const via of VIAS) {
  Deno.test({
    name: `${via}: server and client talk at a name of 64 characters`,
    ignore: mechanismNamed(via).available() !== true,
    async fn() {
      await using service = new Service(via, freshName().padEnd(64, "x"));
      await using server = await service.server("--requests=2");
      await using client = service.client("--requests=2");
      await assertCode(client, 0);
      assertEquals(numbersOf(client), [1, 2]);
      await assertCode(server, 0);
      await service.assertNothingLeft();
    },
  });
}

/** Runs a command as process 1 of a new pid namespace: the superuser may. */
const CONTAINER = ["--pid", "--fork", "--kill-child"];

/** May we make one? */
const { success } = await new Deno.Command("unshare", {
  args: [...CONTAINER, "true"],
  stderr: "null",
}).output().catch(() => ({ success: false }));

for (const via of VIAS) {
  Deno.test({
    name:
      `${via}: clients that are both process 1, each in its container, get their own answers`,
    ignore: !success || mechanismNamed(via).available() !== true,
    async fn() {
      await using service = new Service(via);
      await using server = await service.server();
      await using stack = new AsyncDisposableStack();
      const clients = range(1, 3).map(() =>
        stack.use(
          new Running("unshare", [
            ...CONTAINER,
            Deno.execPath(),
            ...taskArguments("client"),
            `--via=${via}`,
            `--name=${service.name}`,
            "--requests=20",
            "--timeout=30s",
          ]),
        )
      );
      for (const client of clients) {
        assertMatch(await assertCode(client, 0), /INFO:client:Pid:1\n/);
      }
      const numbers = clients.flatMap(numbersOf);
      assertEquals(numbers.toSorted((a, b) => a - b), range(1, 60));
      server.kill("SIGINT");
      await assertCode(server, 130);
      await service.assertNothingLeft();
    },
  });
}
