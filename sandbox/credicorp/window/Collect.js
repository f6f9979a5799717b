/* Stand-in of the gateway's Collect.js: the lightbox variant only.
 *
 * Everything is styled through the CSSOM, so that it works on a page whose Content-Security-Policy
 * allows this script and its frame, but no inline style.
 */
(function () {
    "use strict";

    const script =
        document.currentScript || document.querySelector("script[data-tokenization-key]");
    const origin = new URL(script.src).origin;
    let settings = { variant: "lightbox", callback() {} };
    let open = null;

    function configure(options) {
        settings = { variant: "lightbox", callback() {}, ...options };
        if (settings.variant !== "lightbox") {
            console.error("The sandbox's Collect.js has the lightbox variant only.");
        }
        for (const button of document.querySelectorAll(settings.paymentSelector || "#payButton")) {
            button.addEventListener("click", startPaymentRequest);
        }
    }

    function startPaymentRequest(event) {
        event?.preventDefault?.();
        if (open) {
            return;
        }
        const focused = document.activeElement;
        const frame = createFrame();
        open = { frame, focused, restore: quietPage() };
        document.body.append(frame);
        addEventListener("message", onMessage);
        addEventListener("keydown", onKey);
    }

    function closePaymentRequest() {
        if (!open) {
            return;
        }
        removeEventListener("message", onMessage);
        removeEventListener("keydown", onKey);
        open.frame.remove();
        open.restore();
        open.focused?.focus?.();
        open = null;
    }

    function createFrame() {
        const frame = document.createElement("iframe");
        frame.id = "CollectJSIframe";
        frame.title = "Payment";
        frame.src = windowAddress();
        frame.allow = "payment";
        Object.assign(frame.style, {
            position: "fixed",
            inset: "0",
            width: "100%",
            height: "100%",
            border: "0",
            zIndex: "2147483647",
            // A frame is see-through only where its colour scheme is its document's.
            colorScheme: "light",
            background: "transparent",
        });
        frame.addEventListener("load", () => frame.focus());
        return frame;
    }

    function windowAddress() {
        const address = new URL("/token/window", origin);
        address.search = new URLSearchParams({
            key: script.dataset.tokenizationKey || "",
            origin: location.origin,
            price: settings.price ?? script.dataset.price ?? "",
            currency: settings.currency ?? script.dataset.currency ?? "",
        });
        return address.href;
    }

    /* Behind the window nothing scrolls, and neither keyboard nor screen reader gets there. */
    function quietPage() {
        const others = [...document.body.children].filter((element) => !element.inert);
        const overflow = document.documentElement.style.overflow;
        others.forEach((element) => (element.inert = true));
        document.documentElement.style.overflow = "hidden";
        return () => {
            others.forEach((element) => (element.inert = false));
            document.documentElement.style.overflow = overflow;
        };
    }

    function onMessage(event) {
        if (event.origin !== origin || event.source !== open?.frame.contentWindow) {
            return;
        }
        const { token, card } = event.data;
        closePaymentRequest();
        if (token) {
            settings.callback({ tokenType: "lightbox", token, card });
        }
    }

    function onKey(event) {
        if (event.key === "Escape") {
            closePaymentRequest();
        }
    }

    window.CollectJS = { configure, startPaymentRequest, closePaymentRequest };
})();
