/** @odoo-module ignore **/
// The payment form: the amount on the button, another amount within its limits, no double submit.
// Without this file the form works just the same; the server checks everything again.
(() => {
    "use strict";

    const form = document.getElementById("ep-pay");
    if (!form) {
        return;
    }
    const button = form.querySelector("button[type=submit]");
    const buttonText = form.querySelector("[data-pay-text]");
    const other = form.querySelector(".ep-other");
    const input = other?.querySelector("input");
    const error = other?.querySelector("#ep-amount-error > span");
    let byPointer = false;

    function currentChoice() {
        return form.querySelector("input[name=choice]:checked, input[name=choice][type=hidden]");
    }

    const isOther = () => currentChoice()?.value === "other";

    /** The amount as a number when "another amount" is chosen and within its limits, else NaN. */
    function validOther() {
        const amount = window.epAmounts.parse(input.value, other.dataset);
        const inside = amount >= Number(other.dataset.min) && amount <= Number(other.dataset.max);
        return inside ? amount : NaN;
    }

    function showError(shown) {
        error.hidden = !shown;
        input.setAttribute("aria-invalid", String(shown));
    }

    function refreshButton() {
        const choice = currentChoice();
        let label = choice?.dataset.amount;
        if (isOther()) {
            const amount = validOther();
            label = Number.isNaN(amount) ? null : window.epAmounts.write(amount, other.dataset);
        }
        buttonText.textContent = label
            ? form.dataset.payLabel.replace("%s", () => label)
            : form.dataset.plain || buttonText.dataset.plain;
    }

    function unlock() {
        button.removeAttribute("aria-disabled");
        form.removeAttribute("aria-busy");
        refreshButton();
    }

    function onSubmit(event) {
        if (form.getAttribute("aria-busy")) {
            event.preventDefault();
            return;
        }
        if (isOther()) {
            const amount = validOther();
            showError(Number.isNaN(amount));
            if (Number.isNaN(amount)) {
                event.preventDefault();
                input.focus();
                return;
            }
            const decimal = other.dataset.decimalPoint === "," ? "," : ".";
            input.value = amount.toFixed(Number(other.dataset.decimals)).replace(".", decimal);
        }
        form.setAttribute("aria-busy", "true");
        button.setAttribute("aria-disabled", "true");
        buttonText.textContent = form.dataset.busyLabel;
    }

    buttonText.dataset.plain = buttonText.textContent.trim();
    form.addEventListener("submit", onSubmit);
    form.addEventListener("change", (event) => {
        refreshButton();
        if (byPointer && event.target.name === "choice" && isOther()) {
            input.focus();
        }
    });
    // The arrow keys walk through the choices and must not be taken into the field.
    form.addEventListener("pointerdown", () => (byPointer = true));
    form.addEventListener("keydown", () => (byPointer = false));
    input?.addEventListener("input", () => {
        if (!error.hidden) {
            showError(Number.isNaN(validOther()));
        }
        refreshButton();
    });
    input?.addEventListener("blur", () => {
        if (isOther() && input.value) {
            showError(Number.isNaN(validOther()));
        }
    });
    const refusal = form.querySelector("[role=alert]");
    if (refusal) {
        form.querySelector(".ep-card").scrollIntoView({ block: "center" });
        refusal.focus({ preventScroll: true });
    }
    // The page may be shown already; it is again when the browser brings it back from its history,
    // with the fields as left.
    unlock();
    window.addEventListener("pageshow", unlock);
})();
