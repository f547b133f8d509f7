// docs/reliability.md: a segment that another process shortens.
import { assert, assertEquals } from "@std/assert";
import { available } from "../../lib/posix/available.ts";
import { freshName, leftovers, objectName, shell, start } from "../scripts.ts";

Deno.test({
  name:
    "lab --via=shm says that SIGBUS ended a process whose segment was shortened",
  ignore: available() !== true,
  async fn() {
    const name = freshName();
    const flags = ["--via=shm", `--name=${name}`, "--pause=30s"];
    await using lab = start("lab", [...flags, "--retry=50ms"]);
    await lab.saw("Data not available");
    await shell(`truncate -s 0 /dev/shm${objectName(name)}`).ended();
    const { code, log } = await lab.ended();
    assert(code !== 0);
    assert(log.includes("was ended by SIGBUS"), log);
    assertEquals(leftovers(name), []);
  },
});
