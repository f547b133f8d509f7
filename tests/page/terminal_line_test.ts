// The parser of anybody's lines.
import { assertEquals } from "@std/assert";
import { TerminalLines } from "../../lib/page/terminal_line.ts";

Deno.test("TerminalLines reads the sheet's lines, and others as they are", () => {
  const lines = new TerminalLines(7);
  const read = (line: string) => {
    const { pid, logger, event, value } = lines.read(line);
    return [pid, logger, event, value];
  };
  assertEquals(read("INFO:process1:Pid:2796\r"), [
    2796,
    "process1",
    "start",
    "2796",
  ]);
  assertEquals(read("INFO:process1:Writing 1"), [
    2796,
    "process1",
    "write",
    "1",
  ]);
  assertEquals(read("INFO:process2:Read: 10"), [7, "process2", "read", "10"]);
  assertEquals(
    read(
      "INFO:process2:Data not available sleeping for 1 second before retrying",
    )[2],
    "retry",
  );
  assertEquals(read("INFO:p:Buffer full sleeping for 1 second")[2], "full");
  assertEquals(read("INFO:p:Intentionally sleeping for 5 seconds")[2], "pause");
  assertEquals(read("\x1b[31mreceived 4\x1b[0m"), [7, "", "read", "4"]);
  assertEquals(read("hello <script>"), [7, "", "text", undefined]);
});
