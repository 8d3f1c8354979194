// Asks the browser for a passkey, at the login and where one is added. The only script of the workspace outside the charts:
// it reads nothing but its own form, and sends nothing but that form.
"use strict";
(() => {
  const form = document.querySelector("form[data-passkey]");
  if (!form || !window.PublicKeyCredential) return;
  const button = form.querySelector("#passkey");
  const trouble = form.querySelector("#passkey-trouble");
  const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const put = (name, value) => { form.elements["passkey-" + name].value = value; };
  const challenge = bytes(form.dataset.challenge);
  const rpId = location.hostname;

  const make = async () => {
    const made = await navigator.credentials.create({ publicKey: {
      challenge, rp: { id: rpId, name: "lanternfish" },
      user: { id: new TextEncoder().encode(form.dataset.user), name: form.dataset.name, displayName: form.dataset.name },
      pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "preferred" },
      attestation: "none", timeout: 120000,
    } });
    put("client", text(made.response.clientDataJSON));
    put("data", text(made.response.getAuthenticatorData()));
  };

  const show = async () => {
    const shown = await navigator.credentials.get({ publicKey: { challenge, rpId, userVerification: "preferred", timeout: 120000 } });
    put("id", text(shown.rawId));
    put("client", text(shown.response.clientDataJSON));
    put("data", text(shown.response.authenticatorData));
    put("signature", text(shown.response.signature));
  };

  button.hidden = false;
  button.addEventListener("click", async () => {
    if (!form.reportValidity()) return;
    trouble.hidden = true;
    try {
      await (form.dataset.passkey === "make" ? make() : show());
      form.submit();
    } catch {
      trouble.hidden = false;
    }
  });
})();
