/* Asks the browser for a passkey when a button says so, and sends the answer with the button's form.

Whatever needs passkeys is hidden until this script has seen that they work here. */
"use strict";

{
  const Passkeys = window.PublicKeyCredential;
  const WITHOUT_NAME = /^\[|^[\d.]+$/; // browsers keep no passkeys for an address that is a number
  let autofill = new AbortController();
  let isAsking = false;

  const words = (name) => document.querySelector(`#passkey-words [data-for="${name}"]`).textContent;

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

  const explain = (error, milliseconds, question) => {
    if (error.sentence) return error.sentence;
    if (error.name === "InvalidStateError") return words("known");
    if (error.name === "SecurityError") return words("elsewhere");
    if (error.name === "NotSupportedError" || error.name === "ConstraintError") return words("unfit");
    if (error.name !== "NotAllowedError") return words("failed");
    return words(question && milliseconds >= question.options.timeout ? "timeout" : "cancelled");
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

  const beingLookedAt = async () => {
    while (document.visibilityState !== "visible") {
      await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
    }
  };

  /* Offers passkeys in the list that the browser shows at the name's field. A question is good for some minutes:
  whoever looks at the page for longer gets another one. */
  const offer = async (field) => {
    const button = field.form.querySelector("[data-passkey]");
    if (!button || !(await Passkeys.isConditionalMediationAvailable?.())) return;
    await beingLookedAt();
    if (isAsking) return;
    const { signal } = (autofill = new AbortController());
    try {
      const question = await askPages(button);
      tellUnknown(question.options.rpId);
      setTimeout(() => renew(field, signal), question.options.timeout * 0.9);
      send(button, question, await askBrowser(question, button, { mediation: "conditional", signal }));
    } catch {
      // Nobody has asked for anything: there is nothing to say.
    }
  };

  const offerAtFields = () => document.querySelectorAll("[autocomplete~=webauthn]").forEach(offer);

  const renew = (field, signal) => {
    if (isAsking || signal.aborted) return;
    autofill.abort();
    offer(field);
  };

  /* Tells the browser which passkeys are good for nothing here, so that it offers them no more. */
  const tellUnknown = (rpId) => {
    const unknown = document.querySelector("[data-passkey-unknown]");
    if (unknown) Passkeys.signalUnknownCredential?.({ rpId, credentialId: unknown.dataset.passkeyUnknown }).catch(() => {});
  };

  const tellKnown = ({ dataset }) => {
    const known = JSON.parse(dataset.passkeysKnown);
    const { rpId, userId } = known;
    const { name, displayName } = dataset;
    Passkeys.signalAllAcceptedCredentials?.(known).catch(() => {});
    Passkeys.signalCurrentUserDetails?.({ rpId, userId, name, displayName }).catch(() => {});
  };

  if (Passkeys?.parseRequestOptionsFromJSON && !WITHOUT_NAME.test(location.hostname)) {
    for (const part of document.querySelectorAll("[data-needs-passkeys]")) part.hidden = false;
    for (const part of document.querySelectorAll("[data-without-passkeys]")) part.hidden = true;
    for (const button of document.querySelectorAll("button[data-passkey]")) button.addEventListener("click", press);
    document.querySelectorAll("[data-passkeys-known]").forEach(tellKnown);
    offerAtFields();
    // Back at a page as it was left: what it asked has been answered.
    window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  }
}
