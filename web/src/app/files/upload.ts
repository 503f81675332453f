// One upload over the service's REST face: a browser cannot stream to gRPC-web, and only
// XMLHttpRequest tells how far an upload has come.

import { RefusedError, refusalOfResponse } from 'selvedge-challenge';

interface Upload {
  url: string;
  file: Blob;
  headers: Record<string, string>;
  signal: AbortSignal;
  onProgress: (bytes: number) => void;
}

export function upload({ url, file, headers, signal, onProgress }: Upload): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    signal.addEventListener('abort', stop, { once: true });
    request.open('PUT', url);
    request.setRequestHeader('content-type', 'application/octet-stream');
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onloadend = () => {
      signal.removeEventListener('abort', stop);
      const { status, responseText } = request;
      if (signal.aborted) reject(signal.reason);
      else if (status >= 200 && status < 300) resolve();
      // A status of 0 is a service that cannot be reached, or broke off.
      else reject(new RefusedError(refusalOfResponse(status, responseText, headersOf(request))));
    };
    request.send(file);
  });
}

function headersOf(request: XMLHttpRequest): Headers {
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}
