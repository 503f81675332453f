// Whether a host has loaded this page into a frame, as Fabric does: with the parameters that the
// workload client needs to find it.

export function isFramed(frame: Pick<Window, 'parent' | 'location'>): boolean {
  const parameters = new URLSearchParams(frame.location.search);
  return frame.parent !== frame && parameters.has('__iframeId') && parameters.has('__iframeType');
}
