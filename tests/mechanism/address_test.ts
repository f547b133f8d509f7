// A channel at a path, or with a name, that the caller has chosen.
import { assertEquals, assertRejects } from "@std/assert";
import type { Address, Operations } from "../../lib/channel/mod.ts";
import { CUT, END, PENDING } from "../../lib/channel/mod.ts";
import { LabError } from "../../lib/error.ts";
import { waitFor } from "../../lib/wait/wait_for.ts";
import { mechanismNamed, MECHANISMS } from "../mechanisms.ts";

/** A folder that belongs to our user, for one test. */
class OwnFolder implements Disposable {
  readonly path = Deno.makeTempDirSync();

  [Symbol.dispose]() {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** The same folder, as a path from the working directory. */
function fromHere(path: string): string {
  return Deno.cwd().replaceAll(/\/[^/]+/g, "../") + path.slice(1);
}

/** Sends one byte, reads it, and closes both ends. */
async function passOne({ openReceiver, openSender }: Operations, addresses: {
  sender: Address;
  receiver: Address;
}) {
  await using receiver = await openReceiver(addresses.receiver);
  {
    await using sender = await openSender(addresses.sender);
    assertEquals(sender.offer(new Uint8Array([7])), true);
    assertEquals(receiver.poll(), new Uint8Array([7]));
  }
  // Not at once: while another test starts a process, that process has our
  // descriptors too, until its execve(2) closes them. A socket first gives CUT.
  const end = () => {
    const found = receiver.poll();
    return found === CUT ? PENDING : found;
  };
  const ready = (signal: AbortSignal) => receiver.readable(signal);
  assertEquals(
    await waitFor(end, ready, { way: "block", timeout: 10_000 }),
    END,
  );
}

for (const via of ["fifo", "socket"]) {
  Deno.test(`${via}: a path is the same channel however it is written`, async () => {
    using folder = new OwnFolder();
    const operations = await mechanismNamed(via).load();
    const path = `${folder.path}/channel`;
    await passOne(operations, {
      receiver: { path },
      sender: { path: fromHere(path) },
    });
    assertEquals([...Deno.readDirSync(folder.path)], []);
  });

  Deno.test(`${via}: the folder must exist, and no other user may write to it`, async () => {
    using folder = new OwnFolder();
    const { openReceiver } = await mechanismNamed(via).load();
    const open = (path: string) => async () => await openReceiver({ path });
    await assertRejects(
      open(`${folder.path}/none/channel`),
      LabError,
      "is not there: make it first",
    );
    Deno.chmodSync(folder.path, 0o777);
    await assertRejects(
      open(`${folder.path}/channel`),
      LabError,
      "others may write to it",
    );
  });
}

for (const via of ["queue", "shm"]) {
  Deno.test(`${via}: a name that the caller has chosen is the kernel's name`, async () => {
    const operations = await mechanismNamed(via).load();
    const path = `/test.${crypto.randomUUID()}`;
    {
      await using _receiver = await operations.openReceiver({ path });
      const there = await operations.inspect?.({ path });
      assertEquals(there?.object, path);
    }
    await passOne(operations, { receiver: { path }, sender: { path } });
    assertEquals(await operations.inspect?.({ path }), undefined);
  });
}

for (const { name: via, properties, load } of MECHANISMS) {
  if (properties.openedBy !== "name") continue;
  Deno.test(`${via}: an address that could lead elsewhere is refused`, async () => {
    const { openReceiver } = await load();
    const bad: Address[] = [
      {},
      { name: "" },
      { name: "../up" },
      { name: ".." },
      { path: "" },
      { path: "/" },
      { path: "/.." },
      { path: "/a\0b" },
    ];
    for (const address of bad) {
      await assertRejects(
        async () => await openReceiver(address),
        TypeError,
        "Cannot ",
      );
    }
  });
}
