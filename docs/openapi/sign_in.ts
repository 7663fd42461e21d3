// Sign in with the types that openapi-typescript makes, in one step or in two: it type-checks under tsc.
import type { components, operations } from "./api";

type Body = Partial<components["schemas"]["LoginRequest"]>; // what has a default may be left out
type Pair = components["schemas"]["TokenPair"];
type Answers = operations["log_in"]["responses"];
type Refusal = Answers[Exclude<keyof Answers, 200>]["content"]["application/problem+json"];

async function logIn(url: string, body: Body): Promise<Pair | Refusal> {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${url}/login`, { method: "POST", headers, body: JSON.stringify(body) });
  return (await answer.json()) as Pair | Refusal;
}

export async function signIn(url: string, username: string, password: string, readCode: () => string): Promise<Pair> {
  let answer = await logIn(url, { username, password });
  if ("code" in answer && (answer.code === "totp_required" || answer.code === "second_factor_required")) {
    answer = await logIn(url, { login_token: answer.login_token, totp: readCode() });
  }
  if ("code" in answer) {
    throw new Error(answer.code);
  }
  return answer;
}
