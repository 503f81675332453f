// A call that a client says has failed, whichever client it is.

export class Refused {
  /** `details` are messages; `challenge` is the header `www-authenticate`. */
  constructor(code, message, details, challenge) {
    Object.assign(this, { code, message, details, challenge });
  }
}
