import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

/** Puts a payment link on the clipboard, or shows it where the browser does not allow that. */
async function copyLink(env, { params }) {
    try {
        await browser.navigator.clipboard.writeText(params.url);
        env.services.notification.add(_t("The payment link is on the clipboard."), { type: "success" });
    } catch {
        env.services.notification.add(params.url, {
            title: _t("Payment link"),
            sticky: true,
            type: "info",
        });
    }
    env.services.action.doAction({ type: "ir.actions.client", tag: "soft_reload" });
}

registry.category("actions").add("email_pay.copy_link", copyLink);
