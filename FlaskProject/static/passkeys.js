/* Asks the browser for a passkey when a button says so, and sends the answer with the button's form.

Whatever needs passkeys is hidden until this script has seen that they work here. */
"use strict";

{
  const Passkeys = window.PublicKeyCredential;
  const WITHOUT_NAME = /^\[|^[\d.]+$/; // browsers keep no passkeys for an address that is a number
  const autofill = new AbortController();

  const say = (place, sentence) => {
    place.textContent = sentence;
  };

  const words = (name) => document.querySelector(`#passkey-words [data-for="${name}"]`).textContent;

  /* Fetches the question, or fails with the sentence that says why there is none. */
  const askPages = async (button) => {
    const body = new URLSearchParams({ csrf_token: button.form.elements.csrf_token.value });
    if (button.form.elements.current_password?.value) body.set("with_password", "true");
    const answer = await fetch(button.dataset.options, { method: "POST", body });
    const said = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(), { sentence: said.sentence });
    return said;
  };

  const askBrowser = ({ options }, button, conditions) =>
    button.dataset.passkey === "create"
      ? navigator.credentials.create({ publicKey: Passkeys.parseCreationOptionsFromJSON(options) })
      : navigator.credentials.get({ publicKey: Passkeys.parseRequestOptionsFromJSON(options), ...conditions });

  const send = (button, { ceremony }, credential) => {
    const part = button.parentElement;
    part.querySelector("[name=ceremony]").value = ceremony;
    part.querySelector("[name=credential]").value = JSON.stringify(credential);
    button.form.requestSubmit(button);
  };

  const explain = (error, seconds, question) => {
    if (error.sentence) return error.sentence;
    if (error.name === "InvalidStateError") return words("known");
    if (error.name === "SecurityError") return words("elsewhere");
    if (error.name === "NotSupportedError" || error.name === "ConstraintError") return words("unfit");
    if (error.name !== "NotAllowedError") return words("failed");
    return words(question && seconds * 1000 >= question.options.timeout ? "timeout" : "cancelled");
  };

  const press = async (event) => {
    const button = event.currentTarget;
    const place = button.parentElement.querySelector("[data-passkey-said]");
    if (button.parentElement.querySelector("[name=credential]").value) return; // the answer is on its way
    event.preventDefault();
    say(place, "");
    autofill.abort();
    const begin = performance.now();
    let question;
    try {
      question = await askPages(button);
      send(button, question, await askBrowser(question, button));
    } catch (error) {
      say(place, explain(error, (performance.now() - begin) / 1000, question));
    }
  };

  /* Offers passkeys in the list that the browser shows at the name's field. */
  const offer = async (field) => {
    const button = field.form.querySelector("[data-passkey]");
    if (!button || !(await Passkeys.isConditionalMediationAvailable?.())) return;
    try {
      const question = await askPages(button);
      tellUnknown(question.options.rpId);
      const conditions = { mediation: "conditional", signal: autofill.signal };
      send(button, question, await askBrowser(question, button, conditions));
    } catch {
      // Nobody has asked for anything: there is nothing to say.
    }
  };

  /* Tells the browser which passkeys are good for nothing here, so that it offers them no more. */
  const tellUnknown = (rpId) => {
    const unknown = document.querySelector("[data-passkey-unknown]");
    if (unknown) Passkeys.signalUnknownCredential?.({ rpId, credentialId: unknown.dataset.passkeyUnknown }).catch(() => {});
  };

  const tellKnown = ({ dataset }) => {
    const known = JSON.parse(dataset.passkeysKnown);
    const { rpId, userId } = known;
    Passkeys.signalAllAcceptedCredentials?.(known).catch(() => {});
    Passkeys.signalCurrentUserDetails?.({ rpId, userId, name: dataset.name, displayName: dataset.name }).catch(() => {});
  };

  if (Passkeys?.parseRequestOptionsFromJSON && !WITHOUT_NAME.test(location.hostname)) {
    for (const part of document.querySelectorAll("[data-needs-passkeys]")) part.hidden = false;
    for (const part of document.querySelectorAll("[data-without-passkeys]")) part.hidden = true;
    for (const button of document.querySelectorAll("button[data-passkey]")) button.addEventListener("click", press);
    document.querySelectorAll("[data-passkeys-known]").forEach(tellKnown);
    document.querySelectorAll("[autocomplete~=webauthn]").forEach(offer);
  }
}
