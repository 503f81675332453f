// Clicking and looking without Playwright's own help: each of its looks at a document counts as a
// click to the browser, after which a page may open a window.

/** Clicks the elements at once, where they are now, and does not look again. */
export async function click(page, ...elements) {
  const places = [];
  for (const element of elements) {
    places.push(await element.boundingBox());
  }
  for (const { x, y, width, height } of places) {
    await page.mouse.click(x + width / 2, y + height / 2);
  }
}

/** Resolves once the expression is true in a page, or in a frame of another site than its page. */
export async function seenUnaided(context, pageOrFrame, expression, withinMs = 15_000) {
  const session = await context.newCDPSession(pageOrFrame);
  try {
    const deadline = Date.now() + withinMs;
    while (!(await isTrue(session, expression))) {
      if (Date.now() > deadline) {
        throw new Error(`not within ${withinMs} ms: ${expression}`);
      }
    }
  } finally {
    await session.detach();
  }
}

/** Resolves once no click counts any more for what the document does. */
export function withoutActivation(context, pageOrFrame) {
  return seenUnaided(context, pageOrFrame, "!navigator.userActivation.isActive");
}

async function isTrue(session, expression) {
  const { result } = await session.send("Runtime.evaluate", { expression, userGesture: false });
  return result.value === true;
}
