import { DateTimeInput } from "@web/core/datetime/datetime_input";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { deserializeDate, formatDate, serializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { formatFloat, formatMonetary } from "@web/views/fields/formatters";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { Component, onWillStart, useRef, useState } from "@odoo/owl";

import { OverviewChart, methodColor } from "./overview_chart";

const PERIODS = {
    days: _t("Last 30 days"),
    month: _t("This month"),
    quarter: _t("This quarter"),
    free: _t("From … to …"),
};

// What the views of these records need.
const CONTEXTS = {
    "account.payment": { create: false },
    "ir.mail_server": { email_pay_account: true },
};

/** What stands above the overview: components that get its companies. */
export const banners = registry.category("email_pay.overview_banners");

/** What was sent, opened, paid, collected, is outstanding, and needs a person. */
export class Overview extends Component {
    static template = "email_pay.Overview";
    static components = { DateTimeInput, Dropdown, DropdownItem, Layout, OverviewChart };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.keepLast = new KeepLast();
        this.periods = PERIODS;
        this.banners = banners.getAll();
        this.state = useState({ period: {}, companies: [] });
        useSetupAction({
            rootRef: useRef("root"),
            getLocalState: () => ({ period: { ...this.state.period } }),
        });
        onWillStart(() => this.load(this.props.state?.period || { name: "days" }));
    }

    async load({ name, first = false, last = false }) {
        const found = await this.keepLast.add(
            this.orm.call("email.pay.overview", "read_overview", [name, first, last])
        );
        Object.assign(this.state, found);
    }

    // A free period begins with the days that are shown.
    choose(name) {
        return this.load({ ...this.state.period, name });
    }

    chooseDay(end, day) {
        if (day) {
            return this.load({ ...this.state.period, [end]: serializeDate(day) });
        }
    }

    day(end) {
        return deserializeDate(this.state.period[end]);
    }

    get days() {
        return `${formatDate(this.day("first"))} – ${formatDate(this.day("last"))}`;
    }

    /** Show the records that a figure counts. */
    async open({ label, action, model, domain }) {
        const shown = action
            ? await this.action.loadAction(action)
            : { type: "ir.actions.act_window", res_model: model, views: [[false, "list"], [false, "form"]] };
        return this.action.doAction({
            ...shown, domain, name: label, display_name: label, context: CONTEXTS[model] || {},
        });
    }

    openDays(method, { first, last }) {
        return this.open({
            ...method,
            domain: [...method.domain, ["date", ">=", first], ["date", "<=", last]],
        });
    }

    openSettings({ portal_id: id }) {
        return this.action.doAction({
            type: "ir.actions.act_window", res_model: "email.pay.portal", res_id: id,
            views: [[false, "form"]],
        });
    }

    openInvoices() {
        return this.action.doAction("account.action_move_out_invoice_type");
    }

    money(amount, { currency_id: currencyId }) {
        return formatMonetary(amount, { currencyId });
    }

    color(index, { methods }) {
        return methodColor(index, methods.length);
    }

    share({ share }) {
        return `${Math.round(share * 100)} %`;
    }

    duration(days) {
        if (days < 1 / 24) {
            return _t("%s min", Math.round(days * 24 * 60));
        }
        if (days < 2) {
            return _t("%s h", Math.round(days * 24));
        }
        return _t("%s days", formatFloat(days, { digits: [16, 1] }));
    }
}

registry.category("actions").add("email_pay.overview", Overview);
