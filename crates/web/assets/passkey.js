// Asks the browser for a passkey, at the login and where one is added. The only script of the workspace outside the charts:
// it reads nothing but its own forms, and sends nothing but the form whose button was pressed.
"use strict";
(() => {
  if (!window.PublicKeyCredential) return;
  const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const rpId = location.hostname;
  const timeout = 120000;
  // An authenticator that can answers this text with a value of its own (WebAuthn PRF). One text for everybody: it is asked
  // before it is known who comes, and the value differs with each passkey all the same.
  const asked = { prf: { eval: { first: new TextEncoder().encode("lanternfish/v1/passkey-alone") } } };
  const valueOf = (answer) => answer.getClientExtensionResults().prf?.results?.first;

  // Many give the value when the passkey is shown, and not yet when it is made.
  const showAgain = async (made) => {
    if (!made.getClientExtensionResults().prf?.enabled) return undefined;
    return valueOf(await navigator.credentials.get({ publicKey: {
      challenge: crypto.getRandomValues(new Uint8Array(32)), rpId, allowCredentials: [{ type: "public-key", id: made.rawId }],
      userVerification: "required", extensions: asked, timeout,
    } }));
  };

  const make = async (form, challenge, put) => {
    const alone = form.elements.passphrase.value !== "";
    const made = await navigator.credentials.create({ publicKey: {
      challenge, rp: { id: rpId, name: "lanternfish" },
      user: { id: new TextEncoder().encode(form.dataset.user), name: form.dataset.name, displayName: form.dataset.name },
      pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: alone ? "required" : "preferred" },
      attestation: "none", extensions: alone ? asked : {}, timeout,
    } });
    put("client", text(made.response.clientDataJSON));
    put("data", text(made.response.getAuthenticatorData()));
    const value = alone ? valueOf(made) ?? await showAgain(made) : undefined;
    if (value) put("value", text(value));
  };

  const show = async (form, challenge, put, more = { userVerification: "preferred" }) => {
    const shown = await navigator.credentials.get({ publicKey: { challenge, rpId, timeout, ...more } });
    put("id", text(shown.rawId));
    put("client", text(shown.response.clientDataJSON));
    put("data", text(shown.response.authenticatorData));
    put("signature", text(shown.response.signature));
    return shown;
  };

  const alone = async (form, challenge, put) => {
    const shown = await show(form, challenge, put, { userVerification: "required", allowCredentials: [], extensions: asked });
    const value = valueOf(shown);
    if (!value || !shown.response.userHandle) throw "value";
    put("person", text(shown.response.userHandle));
    put("value", text(value));
  };

  const offer = (form) => {
    const button = form.querySelector("[data-ask]");
    const since = Date.now();
    const put = (name, value) => { form.elements["passkey-" + name].value = value; };
    const trouble = (which) => { for (const said of form.querySelectorAll("[data-trouble]")) said.hidden = said.dataset.trouble !== which; };
    form.hidden = false;
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (!form.reportValidity()) return;
      // A question is good for ten minutes; nothing was typed here that a new page would lose.
      if (form.dataset.passkey === "alone" && Date.now() - since > 540000) { location.assign("/login" + location.search); return; }
      trouble();
      try {
        await { make, show, alone }[form.dataset.passkey](form, bytes(form.dataset.challenge), put);
        form.submit();
      } catch (why) {
        trouble(why === "value" ? "value" : "passkey");
      }
    });
  };

  const start = async () => {
    // No passkey is kept for a number; and a browser may say that it knows of no such values.
    const named = !/^[\d.]+$|^\[/.test(rpId);
    const can = await PublicKeyCredential.getClientCapabilities?.().catch(() => undefined);
    for (const form of document.querySelectorAll("form[data-passkey]")) {
      if (form.dataset.passkey !== "alone" || (named && can?.["extension:prf"] !== false)) offer(form);
    }
  };
  start();
})();
