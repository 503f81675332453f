// What axe says against a page.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { settled } from "./settled.js";

const source = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const GRAVE = new Set(["serious", "critical"]);

/** Asserts that a frame's document, as it stands, breaks no rule gravely. */
export async function assertAccessible(frame) {
  await frame.evaluate(source);
  // What fades in is judged once it is there.
  await frame.evaluate(settled);
  const violations = await frame.evaluate(async () => {
    // Fluent's dialogs keep the focus with empty elements that hand it on as soon as they get it.
    const judged = { include: document, exclude: ["[data-tabster-dummy]"] };
    // Other frames are judged by themselves.
    const { violations } = await axe.run(judged, { resultTypes: ["violations"], iframes: false });
    return violations.map(({ id, impact, help, nodes }) => ({
      id,
      impact,
      help,
      nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })),
    }));
  });
  const grave = violations.filter(({ impact }) => GRAVE.has(impact));
  assert.deepEqual(grave, [], `${frame.url()} is not accessible`);
}
