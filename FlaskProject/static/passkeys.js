/* Asks the browser for a passkey when a button says so, and sends the answer with the button's form.

Whatever needs passkeys is hidden until this script has seen that they work here. */

const Passkeys = window.PublicKeyCredential;
const WITHOUT_NAME = /^\[|^[\d.]+$/; // browsers keep no passkeys for an address that is a number
let autofill = new AbortController();
let isAsking = false;

const all = (selector) => document.querySelectorAll(selector);
const words = (name) => document.querySelector(`[data-for~="${name}"], [data-for=Error]`).textContent;

/* Fetches the question; one that is refused comes with the sentence that says why. */
const askPages = async (button) => {
  const body = new URLSearchParams({ csrf_token: button.form.elements.csrf_token.value });
  if (button.form.elements.current_password?.value) body.set("with_password", "true");
  const answer = await fetch(button.dataset.options, { method: "POST", body });
  const said = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(), { sentence: said.sentence, isRefused: answer.status < 500 });
  return said;
};

const askBrowser = ({ options }, button, conditions) =>
  button.dataset.passkey === "create"
    ? navigator.credentials.create({ publicKey: Passkeys.parseCreationOptionsFromJSON(options) })
    : navigator.credentials.get({ publicKey: Passkeys.parseRequestOptionsFromJSON(options), ...conditions });

const send = (button, { ceremony }, credential) => {
  isAsking = true; // until the next page is there: the answer is good once
  const part = button.parentElement;
  part.querySelector("[name=ceremony]").value = ceremony;
  part.querySelector("[name=credential]").value = JSON.stringify(credential);
  button.form.requestSubmit(button);
};

const explain = ({ name, sentence }, milliseconds, question) => {
  const isLate = name === "NotAllowedError" && milliseconds >= question?.options.timeout;
  return sentence ?? words(isLate ? "TimeoutError" : name);
};

/* Looks at every field but those that the passkey stands in for, before anybody touches a key. */
const isFilledIn = ({ form, dataset }) => {
  const instead = dataset.insteadOf.split(" ");
  return [...form.elements].every((field) => instead.includes(field.name) || field.reportValidity());
};

const answer = async (button, place) => {
  const begin = performance.now();
  let question;
  try {
    question = await askPages(button);
    send(button, question, await askBrowser(question, button));
  } catch (error) {
    if (error.isRefused && button.dataset.otherwise) {
      button.form.action = button.dataset.otherwise;
      return button.form.submit();
    }
    isAsking = false;
    place.textContent = explain(error, performance.now() - begin, question);
    offerAtFields();
  }
};

const press = (event) => {
  const button = event.currentTarget;
  event.preventDefault();
  if (isAsking || !isFilledIn(button)) return;
  isAsking = true;
  autofill.abort();
  const place = button.parentElement.querySelector("[data-passkey-said]");
  place.textContent = "";
  answer(button, place);
};

/* Offers passkeys in the browser's list at the name's field; before a question is too old, another one is asked. */
const offer = async (field) => {
  const button = field.form.querySelector("[data-passkey]");
  if (!button || !(await Passkeys.isConditionalMediationAvailable?.())) return;
  while (document.hidden) {
    await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  }
  if (isAsking) return;
  const { signal } = (autofill = new AbortController());
  try {
    const question = await askPages(button);
    tellUnknown(question.options.rpId);
    setTimeout(() => renew(field, signal), question.options.timeout * 0.9);
    send(button, question, await askBrowser(question, button, { mediation: "conditional", signal }));
  } catch {
    // Nobody has asked for anything.
  }
};

const offerAtFields = () => all("[autocomplete~=webauthn]").forEach(offer);

const renew = (field, signal) => {
  if (isAsking || signal.aborted) return;
  autofill.abort();
  offer(field);
};

/* So that the browser offers it no more. */
const tellUnknown = (rpId) => {
  const unknown = document.querySelector("[data-passkey-unknown]");
  if (unknown) Passkeys.signalUnknownCredential?.({ rpId, credentialId: unknown.dataset.passkeyUnknown }).catch(() => {});
};

const tellKnown = ({ dataset }) => {
  const known = JSON.parse(dataset.passkeysKnown);
  const { name, displayName } = dataset;
  Passkeys.signalAllAcceptedCredentials?.(known).catch(() => {});
  Passkeys.signalCurrentUserDetails?.({ ...known, name, displayName }).catch(() => {});
};

if (Passkeys?.parseRequestOptionsFromJSON && !WITHOUT_NAME.test(location.hostname)) {
  for (const part of all("[data-needs-passkeys]")) part.hidden = false;
  for (const part of all("[data-without-passkeys]")) part.hidden = true;
  for (const button of all("button[data-passkey]")) button.addEventListener("click", press);
  all("[data-passkeys-known]").forEach(tellKnown);
  offerAtFields();
  // Back at a page as it was left: what it asked has been answered.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
}
