// Which certificates this process trusts, in every TLS client that it runs.

import tls from "node:tls";

import { generate } from "selfsigned";

/** Trusts one more root. */
export function trust(certificate) {
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), certificate]);
}

/** A certificate and its key for `localhost`, under a root of their own. */
export async function makeServerCertificate() {
  const root = await generate([{ name: "commonName", value: "Second authority's root" }], {
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: "commonName", value: "localhost" }], {
    algorithm: "sha256",
    ca: { key: root.private, cert: root.cert },
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
    ],
  });
  return { root: root.cert, certificate: leaf.cert, key: leaf.private };
}

/** A self-signed certificate and its key, as a client registers it. */
export async function makeClientCertificate() {
  const { cert, private: key } = await generate([{ name: "commonName", value: "daemon" }], {
    algorithm: "sha256",
  });
  return { certificate: cert, key };
}
