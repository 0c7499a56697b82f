/* The gateway's API: one place that sends the token and turns problem documents into errors. */

import { here } from "./here.js";
import { t } from "./language.js";

/** Something that the gateway refused or could not do; `detail` is a sentence for people. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || "Something went wrong.");
    this.status = status;
    this.slug = String(document.type || "").split("/").pop();
    this.title = document.title || "Error";
    this.detail = this.message;
    this.field = document.field || null;
  }
}

export class Api {
  /** `token` is asked for each request; `refused` is told when it no longer holds. */
  constructor({ token, refused }) {
    this.token = token;
    this.refused = refused;
  }

  async request(method, path, body, { signal, accept = "application/json" } = {}) {
    let answer;
    try {
      answer = await fetch(`${here.origin}/api/v1${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${this.token() || ""}`,
          Accept: accept,
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        signal,
      });
    } catch {
      throw new Problem(0, { detail: t("error.no_connection") });
    }
    if (answer.ok) return answer;
    const document = await answer.json().catch(() => ({ title: answer.statusText }));
    const problem = new Problem(answer.status, document);
    if (answer.status === 401) this.refused(problem);
    throw problem;
  }

  async get(path) {
    return (await this.request("GET", path)).json();
  }

  /** An answer without an end; its body is read by the caller. */
  async stream(path, signal) {
    return this.request("GET", path, undefined, { signal, accept: "text/event-stream" });
  }

  /** A changing request; an empty answer is null. */
  async send(method, path, body) {
    const answer = await this.request(method, path, body);
    const text = await answer.text();
    return text ? JSON.parse(text) : null;
  }

  /** A document as a file; `name` is what it is saved as. */
  async download(path, name) {
    const blob = await (await this.request("GET", path)).blob();
    const address = URL.createObjectURL(blob);
    const anchor = document.createElement("a");
    anchor.href = address;
    anchor.download = name;
    document.body.append(anchor);
    anchor.click();
    anchor.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }
}

/** An address with only those parameters that have a value. */
export const withQuery = (path, parameters) => {
  const query = new URLSearchParams(
    Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== ""),
  ).toString();
  return query ? `${path}?${query}` : path;
};
