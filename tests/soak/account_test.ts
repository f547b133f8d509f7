import { assertEquals } from "@std/assert";
import {
  account,
  type Consumed,
  type End,
  type Produced,
} from "../../lib/soak/account.ts";
import { range } from "../scripts.ts";

const NOTHING = { unsaid: 0, kernel: 0 };

function producer(
  from: number,
  to: number,
  end: End,
  consumersBefore = 0,
): Produced {
  return { values: range(from, to), end, consumersBefore };
}

function consumer(values: number[], end: End, lost = 0): Consumed {
  return { values, end, lost };
}

Deno.test("account() counts what was read once", () => {
  const producers = [
    producer(1, 3, "finished"),
    producer(11, 13, "finished", 1),
  ];
  const found = account(
    producers,
    [consumer([1, 11, 2, 12, 3, 13], "finished")],
    NOTHING,
  );
  assertEquals([found.written, found.read, found.words], [6, 6, []]);
});

Deno.test("account() does not miss the last value of a killed producer", () => {
  for (const end of ["kill -9", "signal"] as const) {
    const { written, lost, unexplained } = account(
      [producer(1, 3, end)],
      [consumer([1, 2], "finished")],
      NOTHING,
    );
    assertEquals([written, lost, unexplained], [2, 0, 0]);
  }
});

Deno.test("account() allows what lay in a killed consumer's buffer", () => {
  const producers = [producer(1, 9, "finished")];
  const consumers = [
    consumer([1, 2], "kill -9"),
    consumer([6, 7, 8, 9], "finished"),
  ];
  const lossesWith = (unsaid: number, kernel: number) => {
    const { lost, unexplained } = account(producers, consumers, {
      unsaid,
      kernel,
    });
    return [lost, unexplained];
  };
  assertEquals(lossesWith(2, 1), [3, 0]);
  assertEquals(lossesWith(2, 0), [2, 1]);
});

Deno.test("account() allows a consumer that was asked to end what it has said", () => {
  const producers = [producer(1, 5, "finished")];
  const unexplained = (lost: number) =>
    account(producers, [
      consumer([1], "signal", lost),
      consumer([4, 5], "finished"),
    ], { unsaid: 100, kernel: 0 }).unexplained;
  assertEquals([2, 1, 0].map(unexplained), [0, 1, 2]);
});

Deno.test("account() allows no loss while a consumer goes on", () => {
  const lost = (values: number[], before = 0) =>
    account(
      [producer(1, 4, "finished", before)],
      [consumer([], "kill -9"), consumer(values, "finished")],
      { unsaid: 100, kernel: 100 },
    ).unexplained;
  assertEquals(lost([1, 2, 4]), 1, "in the middle");
  assertEquals(lost([2, 3, 4], 2), 1, "at the start");
  assertEquals(lost([1, 2]), 2, "at the end");
  assertEquals(lost([2, 3, 4]), 0, "while the first consumer was there");
});

Deno.test("account() finds repeated, torn and late values", () => {
  const found = account(
    [producer(1, 4, "finished")],
    [consumer([1, 3, 3, 2, 34, 4], "finished")],
    NOTHING,
  );
  assertEquals([found.repeated, found.torn], [1, 1]);
  assertEquals(found.words, [
    "3 was read twice",
    "2 was read out of order",
    "34 was read and never written",
  ]);
});
