/** @odoo-module ignore **/
// The card page: loads the gateway's script, lets its driver open the window, and submits the
// one-time token that the window gives, once. Drivers: card_window_*.js.
(() => {
    "use strict";

    const LOAD_TIMEOUT = 15_000;

    const form = document.getElementById("ep-card");
    if (!form) {
        return;
    }
    const openButton = form.querySelector("[data-open]");
    const retryButton = form.querySelector("[data-retry]");
    const backLink = form.querySelector("[data-back]");
    const states = [...form.querySelectorAll("[data-state]")];
    let cardWindow = null;
    let submitted = false;

    /** `name` is loading, ready, processing or failed. */
    function show(name) {
        for (const element of states) {
            element.hidden = element.dataset.state !== name;
        }
        openButton.hidden = name === "failed";
        openButton.disabled = name !== "ready";
        retryButton.hidden = name !== "failed";
        if (backLink) {
            backLink.hidden = name === "processing";
        }
    }

    function loadScript() {
        return new Promise((resolve, reject) => {
            const script = document.createElement("script");
            script.src = form.dataset.scriptUrl;
            script.nonce = document.querySelector("script[nonce]").nonce;
            for (const [name, value] of Object.entries(JSON.parse(form.dataset.attributes))) {
                script.setAttribute(name, value);
            }
            script.addEventListener("load", resolve);
            script.addEventListener("error", reject);
            setTimeout(reject, LOAD_TIMEOUT);
            document.head.append(script);
        });
    }

    function onToken(token) {
        if (submitted || !token) {
            return;
        }
        submitted = true;
        form.elements.payment_token.value = token;
        show("processing");
        form.submit();
    }

    async function start() {
        show("loading");
        try {
            await loadScript();
            cardWindow = window.emailPayCardWindows[form.dataset.driver]({
                price: form.dataset.price,
                currency: form.dataset.currency,
                onToken,
            });
            show("ready");
            cardWindow.open();
        } catch {
            show("failed");
            retryButton.focus();
        }
    }

    openButton.addEventListener("click", () => cardWindow.open());
    retryButton.addEventListener("click", () => location.reload());
    window.addEventListener("pageshow", (event) => {
        if (event.persisted) {
            location.reload(); // the token of before is used up
        }
    });
    queueMicrotask(start); // once the drivers, which come later in the bundle, are there too
})();
