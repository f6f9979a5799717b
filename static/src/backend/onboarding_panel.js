import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { Mutex } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { KanbanRenderer } from "@web/views/kanban/kanban_renderer";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { Component, onWillStart, status, useExternalListener, useState } from "@odoo/owl";

// One look at a time, whichever panel asks: two would note the same progress.
const looks = new Mutex();

/**
 * The first five minutes of a company, in the look of Odoo's onboarding panels, which no view of
 * Odoo shows by itself any more. It stands above the overview, above the records of a kanban view
 * whose `js_class` is `email_pay_onboarding_kanban`, and where a form says
 * `<widget name="email_pay_onboarding"/>`.
 */
export class OnboardingPanel extends Component {
    static template = "email_pay.OnboardingPanel";
    static props = {
        readonly: { ...standardWidgetProps.readonly, optional: true },
        record: { ...standardWidgetProps.record, optional: true },
        companies: { type: Array, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.state = useState({ panel: false });
        onWillStart(() => this.load());
        // Whoever comes back from the mail has paid meanwhile.
        useExternalListener(window, "focus", () => this.load());
    }

    async load() {
        if (!user.isSystem) {
            return;
        }
        const { orm } = this.env.services;
        await looks.exec(async () => {
            // A step may have opened a screen in place of this one.
            if (status(this) !== "destroyed") {
                this.state.panel = await orm.call("onboarding.onboarding", "email_pay_panel");
            }
        });
    }

    /** The step that is to be done now. */
    get nextStep() {
        return this.state.panel.steps.find(({ state }) => state === "not_done");
    }

    isDone({ state }) {
        return ["just_done", "done"].includes(state);
    }

    imageOf({ id }) {
        return `/web/image/onboarding.onboarding.step/${id}/step_image`;
    }

    async open({ panel_step_open_action_name: method }) {
        const action = await this.orm.call("onboarding.onboarding.step", method);
        if (action) {
            await this.action.doAction(action, { onClose: () => this.load() });
        } else {
            await this.load();
        }
    }

    async skip({ id }, skipped) {
        await this.orm.call("onboarding.onboarding.step", "email_pay_skip", [[id], skipped]);
        await this.load();
    }

    async close() {
        await this.orm.call("onboarding.onboarding", "action_email_pay_close");
        this.state.panel = false;
        this.notification.add(_t("You find these steps again under Configuration, Email Pay, Set up."));
    }
}

export class OnboardingKanbanRenderer extends KanbanRenderer {
    static template = "email_pay.OnboardingKanbanRenderer";
    static components = { ...KanbanRenderer.components, OnboardingPanel };
}

registry.category("views").add("email_pay_onboarding_kanban", {
    ...kanbanView,
    Renderer: OnboardingKanbanRenderer,
});

registry.category("view_widgets").add("email_pay_onboarding", { component: OnboardingPanel });
registry.category("email_pay.overview_banners").add("onboarding", OnboardingPanel);
