// A service that lets in whoever Pupero says is signed in, by introspection (RFC 7662). Node 20, and no package.
//
//     PUPERO_URL=http://127.0.0.1:8000 SERVICE_ID=shop SERVICE_SECRET=... PORT=9001 node server.mjs
//
// The secret is the service's own, made by `CreateDB/main.py --create-service shop`. It stays here: no browser or app
// gets it, and Pupero's JWT_SECRET_KEY is not needed anywhere but at Pupero.

import { createServer } from "node:http";

const { PUPERO_URL, SERVICE_ID, SERVICE_SECRET, PORT = "9001" } = process.env;
const CREDENTIAL = "Basic " + Buffer.from(`${SERVICE_ID}:${SERVICE_SECRET}`).toString("base64");
const PATIENCE = 5000; // milliseconds for Pupero to answer

/** Ask whose a token is, at every request, so that a logout counts at once. */
async function introspect(token) {
  const answer = await fetch(`${PUPERO_URL}/introspect`, {
    method: "POST",
    headers: { authorization: CREDENTIAL },
    body: new URLSearchParams({ token }),
    signal: AbortSignal.timeout(PATIENCE),
  });
  // 401 is about our own secret, and never the caller's fault.
  if (!answer.ok) throw new Error(`Pupero answered ${answer.status}`);
  return answer.json();
}

/** Return what Pupero says of the caller. */
async function findCaller(request) {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  return token ? introspect(token) : { active: false };
}

/** Make the answer for somebody who is signed in; `sub` names the account for good, names and addresses change. */
function answer(path, caller) {
  if (path === "/orders") return [200, { of: caller.sub, orders: [] }];
  if (path === "/stock") return caller.role === "staff" ? [200, { stock: [] }] : [403, { detail: "This is for staff." }];
  return [404, { detail: "Not Found" }];
}

const server = createServer(async (request, response) => {
  let status, body, headers = {};
  try {
    const caller = await findCaller(request);
    if (caller.active) {
      [status, body] = answer(request.url, caller);
    } else {
      [status, body, headers] = [401, { detail: "Sign in." }, { "www-authenticate": "Bearer" }];
    }
  } catch (error) {
    // While nobody answers, nobody is let in.
    console.error("introspection failed:", error.message);
    [status, body, headers] = [503, { detail: "It cannot be checked at the moment who you are. Try again." }, { "retry-after": "1" }];
  }
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
});

server.listen(Number(PORT), "127.0.0.1");
