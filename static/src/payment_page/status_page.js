/** @odoo-module ignore **/
// The status page asks whether the payment's state has changed, and loads itself again when it has.
(() => {
    "use strict";

    const QUICK = 2_000;
    const SLOW = 5_000;
    const QUICK_FOR = 30_000;
    const GIVE_UP_AFTER = 120_000;

    const status = document.getElementById("ep-status");
    if (!status?.dataset.pollUrl) {
        return;
    }
    const startedAt = Date.now();
    let timer = null;

    async function hasChanged() {
        try {
            const response = await fetch(status.dataset.pollUrl, {
                headers: { Accept: "application/json" },
                cache: "no-store",
                credentials: "same-origin",
            });
            const answer = response.ok ? await response.json() : {};
            return Boolean(answer.state) && answer.state !== status.dataset.state;
        } catch {
            return false; // offline for a moment: ask again
        }
    }

    async function poll() {
        clearTimeout(timer);
        if (await hasChanged()) {
            location.reload();
            return;
        }
        const elapsed = Date.now() - startedAt;
        if (elapsed < GIVE_UP_AFTER) {
            timer = setTimeout(poll, elapsed < QUICK_FOR ? QUICK : SLOW);
        } else {
            status.querySelector("[data-late]")?.removeAttribute("hidden");
        }
    }

    timer = setTimeout(poll, QUICK);
    // Back from the bank's app: ask at once.
    document.addEventListener("visibilitychange", () => {
        if (!document.hidden) {
            poll();
        }
    });
})();
