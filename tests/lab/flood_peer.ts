// Sends acknowledgements that nobody asked for, without a pause, until it is
// ended. Arguments: mechanism, name.
import { mechanismNamed } from "../../lib/mechanism/mod.ts";
import { header } from "../../lib/message/header.ts";
import { Message } from "../../lib/message/message.ts";
import { send } from "../../lib/wait/send.ts";

const [via, name] = Deno.args;
const { openSender } = await mechanismNamed(via).load();
await using sender = await openSender({ name });
const fields = { type: "taken", from: "x", to: "y", seq: 99, priority: 0 };
const record = header.encode(Message.of("", fields));
for (;;) await send(sender, record, { way: "block" });
