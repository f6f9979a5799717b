/** @odoo-module ignore **/
// The list of a statement: what is ticked adds up at once. Without this file the buttons of the list
// are sent to the server, which adds up; it does so in any case before anything is paid.
(() => {
    "use strict";

    const form = document.querySelector(".ep-statement #ep-pay");
    if (!form) {
        return;
    }
    const boxes = [...document.querySelectorAll("input[name=document]")];
    const credit = form.querySelector("input[name=credit]");
    const full = form.querySelector("input[name=choice][value=full]");
    const other = form.querySelector(".ep-other");
    const limit = form.querySelector("[data-limit]");
    const unit = 10 ** Number(form.dataset.decimals);
    const write = (units) => window.epAmounts.write(units / unit, form.dataset);

    /** In units of the currency's last decimal: whole numbers add up exactly. */
    function toPay() {
        const picked = boxes.filter((box) => box.checked);
        const total = picked.reduce((sum, box) => sum + Number(box.dataset.due), 0);
        const used = credit?.checked ? Math.min(Number(credit.dataset.credit), total) : 0;
        const count = picked.reduce((sum, box) => sum + Number(box.dataset.count ?? 1), 0);
        return { count, rest: total - used };
    }

    function setLimit(units) {
        const most = write(units);
        const least = Math.min(Number(other.dataset.least) * unit, units);
        other.dataset.min = (least / unit).toFixed(form.dataset.decimals);
        other.dataset.max = (units / unit).toFixed(form.dataset.decimals);
        for (const text of [other.querySelector(".ep-hint"), other.querySelector("#ep-amount-error > span")]) {
            text.textContent = text.dataset.label.replace("%s", () => write(least)).replace("%s", () => most);
        }
    }

    function addUp() {
        const { count, rest } = toPay();
        form.elements.shown.value = (rest / unit).toFixed(form.dataset.decimals);
        form.querySelector("[data-count]").textContent = form.dataset.countLabel
            .replace("%s", count).replace("%s", form.dataset.rows);
        form.querySelector("[data-total]").textContent = write(rest);
        full.dataset.amount = rest ? write(rest) : "";
        const label = full.closest(".ep-option")?.querySelector(".ep-option-amount");
        if (label) {
            label.textContent = write(rest);
        }
        if (other) {
            setLimit(rest);
        }
        if (limit) {
            limit.hidden = rest <= Number(limit.dataset.limit);
        }
        form.dataset.plain = count && !rest ? form.dataset.creditLabel : "";
        form.dispatchEvent(new Event("change"));
    }

    const picks = { all: () => true, overdue: (box) => "late" in box.dataset, none: () => false };
    document.querySelectorAll(".ep-pick").forEach((button) =>
        button.addEventListener("click", (event) => {
            // Of the documents that are not shown, some are overdue and some not: the server knows.
            if (button.value === "overdue" && boxes.some((box) => "mixed" in box.dataset)) {
                return;
            }
            event.preventDefault();
            boxes.forEach((box) => (box.checked = picks[button.value](box)));
            addUp();
        })
    );
    boxes.forEach((box) => box.addEventListener("change", addUp));
    credit?.addEventListener("change", addUp);
    // The page may be shown already; it is again when the browser brings it back from its history,
    // with the boxes as left.
    addUp();
    window.addEventListener("pageshow", addUp);
})();
