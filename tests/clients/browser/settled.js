// When a document has come to rest.

/** Runs in a document: resolves once what fades or moves there, and ends, has done so. */
export async function settled() {
  const ends = (animation) => animation.effect.getComputedTiming().iterations !== Infinity;
  await Promise.allSettled(document.getAnimations().filter(ends).map(({ finished }) => finished));
}
